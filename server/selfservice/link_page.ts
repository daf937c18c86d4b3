import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import { type Link, type LinkPurpose, linkGone } from '../accounts/links.ts';
import { PasswordRefused } from '../accounts/policy.ts';
import type { BoundStatement } from '../platform/db.ts';
import { type Fields, textField } from '../platform/forms.ts';
import { shareOfAddress } from '../platform/limits.ts';
import { originOf } from '../platform/request_origin.ts';
import { type Again, type AnyFormPage, again, formPage } from '../views/form_pages.ts';
import { linkPath } from '../views/paths.ts';
import type { FormTarget, Locale, NewPasswordView, PasswordRuleName, View } from '../views/views.ts';
import type { PublicOptions } from './public_options.ts';

export interface LinkContext {
  readonly options: PublicOptions;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly link: Link;
  /** The account that the link was made for; undefined for a sign-up. */
  readonly account: Account | undefined;
  readonly form: FormTarget;
  /** Uses the link up; a part of the transaction that carries out the form. */
  readonly consume: BoundStatement;
  readonly locale: Locale;
}

/** The form was carried out, and the link is used up. */
const COMPLETED = { kind: 'done' } as const;
type Completed = typeof COMPLETED;

/** The page that a mailed link leads to. Its guard is in links.ts. */
export interface LinkPage extends Required<AnyFormPage<LinkContext, Completed>> {
  readonly path: string;
  readonly guard: 'link';
  readonly purpose: LinkPurpose;
  /**
   * Only a person who is signed in to the link's account may send the form. The other links are for people who cannot sign
   * in: they give no session, and the next sign-in needs the same factors as before.
   */
  readonly forOwner: boolean;
}

/** A context whose link was made for an account. */
export type AccountLinkContext = LinkContext & {
  readonly account: Account;
  /** The address that the link is about. */
  readonly email: string;
};

interface ConfirmLinkData extends FormTarget {
  readonly purpose: ConfirmPurpose;
  readonly email: string;
  /** The address of the account that the link is about. */
  readonly account: string;
}

type ConfirmPurpose = Extract<LinkPurpose, 'verify_email' | 'change_email' | 'unlock'>;

export const confirmLinkView: View<ConfirmLinkData> = {
  template: 'confirm-link',
  layout: 'step',
  title: ({ purpose }, t) => t(`link.${purpose}.title`),
};

/** A page with a button: a link that is merely opened changes nothing. */
export function confirmPage(page: {
  readonly purpose: ConfirmPurpose;
  readonly forOwner: boolean;
  run(context: AccountLinkContext): Promise<unknown>;
}): LinkPage {
  const { purpose } = page;
  return linkPage<ConfirmLinkData, never>({
    purpose,
    forOwner: page.forOwner,
    view: confirmLinkView,
    show(context) {
      const { email, account } = withAccount(context);
      return { ...context.form, purpose, email, account: account.email };
    },
    async submit(context) {
      await page.run(withAccount(context));
      return COMPLETED;
    },
  });
}

interface SetPasswordData extends FormTarget {
  readonly purpose: SetPasswordPurpose;
  readonly email: string;
  readonly newPassword: NewPasswordView;
  /** For a sign-up. */
  readonly name?: string;
  readonly nameFailed?: boolean;
}

type SetPasswordPurpose = Extract<LinkPurpose, 'reset_password' | 'invitation' | 'sign_up'>;

interface PasswordProblem {
  readonly failed?: readonly PasswordRuleName[];
  readonly nameFailed?: boolean;
}

export const setPasswordView: View<SetPasswordData> = {
  template: 'set-password',
  layout: 'step',
  title: ({ purpose }, t) => t(`link.${purpose}.title`),
  isError: ({ newPassword, nameFailed }) => newPassword.failed !== undefined || nameFailed === true,
  note: 'login.address',
};

/** A page for a new password. Inputs `new_password`, and for a sign-up `name`. */
export function setPasswordPage(page: {
  readonly purpose: SetPasswordPurpose;
  run(context: LinkContext, fields: Fields): Promise<Again<PasswordProblem> | undefined>;
}): LinkPage {
  const { purpose } = page;
  return linkPage<SetPasswordData, PasswordProblem>({
    purpose,
    forOwner: false,
    view: setPasswordView,
    show({ options, form, link, account }, refused) {
      const { failed, nameFailed } = refused?.problem ?? {};
      return {
        ...form,
        purpose,
        email: account?.email ?? link.payload.email ?? '',
        newPassword: {
          rules: options.passwordRules,
          isFirst: purpose !== 'reset_password',
          ...(failed ? { failed } : {}),
        },
        ...(refused ? { name: textField(refused.fields, 'name') } : {}),
        ...(nameFailed ? { nameFailed } : {}),
      };
    },
    async submit(context, fields) {
      try {
        return (await page.run(context, fields)) ?? COMPLETED;
      } catch (error) {
        if (error instanceof PasswordRefused) return again({ failed: error.rules });
        throw error;
      }
    },
  });
}

/** Sets the password of the account that the link was made for. The person has the mail, so the address is theirs. */
export async function setPassword(
  context: LinkContext,
  fields: Fields,
  by: 'reset_link' | 'invitation',
): Promise<undefined> {
  const { account, options, consume, request } = withAccount(context);
  const verified = account.emailVerified ? [] : [options.accounts.updating(account, { emailVerified: true })];
  await options.passwordChange.set(account, textField(fields, 'new_password'), {
    by,
    origin: originOf(request),
    also: [consume, ...verified],
    shares: [shareOfAddress(request.ip), `account:${account.id}`],
  });
}

function linkPage<Data, Problem>(page: {
  readonly purpose: LinkPurpose;
  readonly forOwner: boolean;
  readonly view: View<Data>;
  show(context: LinkContext, refused?: { fields: Fields; problem: Problem | undefined }): Data;
  submit(context: LinkContext, fields: Fields): Promise<Completed | Again<Problem>>;
}): LinkPage {
  const { purpose, forOwner } = page;
  const { show, submit } = formPage<LinkContext, Data, Problem, Completed>(page);
  return {
    path: linkPath(purpose),
    guard: 'link',
    purpose,
    forOwner,
    show,
    submit: submit as NonNullable<typeof submit>,
  };
}

function withAccount(context: LinkContext): AccountLinkContext {
  const { account, link } = context;
  if (!account) throw linkGone();
  return { ...context, account, email: link.payload.email ?? account.email };
}
