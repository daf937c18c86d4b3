import type { FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import { type Link, type LinkPurpose, linkGone } from '../accounts/links.ts';
import { PasswordRefused } from '../accounts/policy.ts';
import { checkProfile } from '../accounts/profile.ts';
import type { BoundStatement } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { type Fields, textField } from '../platform/forms.ts';
import { shareOfAddress } from '../platform/limits.ts';
import type { FormData, Locale, PasswordRuleName, SetPasswordData } from '../views/views.ts';
import type { PublicOptions } from './public_options.ts';

export interface LinkActionContext {
  readonly options: PublicOptions;
  readonly request: FastifyRequest;
  readonly link: Link;
  /** Whom the link was made for; undefined for a sign-up. */
  readonly account: Account | undefined;
  readonly form: FormData;
  /** Uses the link up; part of the transaction that does the errand. */
  readonly consume: BoundStatement;
  readonly locale: Locale;
}

/** What came of a form: it is done, its page is shown again, or somebody else has the address by now. */
export type LinkActionReply =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly html: string }
  | { readonly kind: 'taken' };

export interface LinkAction {
  /**
   * It is done for whoever is signed in to the link's account alone. The others are for people who cannot sign in: they
   * give no session, and ask for no less at the next sign-in than there was to show before.
   */
  readonly forOwner: boolean;
  show(context: LinkActionContext): string;
  submit(context: LinkActionContext, fields: Fields): Promise<LinkActionReply>;
}

const DONE: LinkActionReply = { kind: 'done' };

/** What each kind of link is for. */
export const LINK_ACTIONS: Readonly<Record<LinkPurpose, LinkAction>> = {
  reset_password: setPasswordAction('reset_link'),
  invitation: setPasswordAction('invitation'),
  sign_up: { forOwner: false, show: (context) => setPassword(context, {}), submit: signUp },
  verify_email: confirmAction({ forOwner: true }, async ({ account, options, consume, request }) => {
    const event = options.event(account, 'email_verified', options.origin(request));
    await options.accounts.update(account, { emailVerified: true }, [consume, event]);
  }),
  change_email: confirmAction({ forOwner: true }, async ({ account, options, consume, request, email }) => {
    const details = options.origin(request);
    await options.accounts.update(account, { email, emailVerified: true }, [
      consume,
      options.links.endAllOf(account.id),
      options.event(account, 'email_changed', details),
      options.mails.enqueue({ kind: 'email_changed', accountId: account.id, previous: account.email, details }),
    ]);
  }),
  unlock: confirmAction({ forOwner: false }, async ({ account, options, consume, request }) => {
    const details = options.origin(request);
    await options.transact([
      consume,
      options.unlockPassword(account.id),
      options.event(account, 'unlocked', details),
      options.mails.enqueue({ kind: 'unlocked', accountId: account.id, details }),
    ]);
  }),
};

type Known = LinkActionContext & { readonly account: Account; readonly email: string };

function known(context: LinkActionContext): Known {
  const { account, link } = context;
  if (!account) throw linkGone();
  return { ...context, account, email: link.payload.email ?? account.email };
}

/** Sets the password of the one account that the link was made for. Whoever has got the mail has shown whose address it is. */
function setPasswordAction(by: 'reset_link' | 'invitation'): LinkAction {
  return {
    forOwner: false,
    show: (context) => setPassword(context, {}),
    async submit(context, fields) {
      const { account, options, consume, request } = known(context);
      const candidate = textField(fields, 'new_password');
      const verified = account.emailVerified ? [] : [options.accounts.updating(account, { emailVerified: true })];
      try {
        await options.passwordChange.set(account, candidate, {
          by,
          visitor: { userAgent: request.headers['user-agent'], address: request.ip },
          also: [consume, ...verified],
          shares: [shareOfAddress(request.ip), `account:${account.id}`],
        });
        return DONE;
      } catch (error) {
        if (!(error instanceof PasswordRefused)) throw error;
        return { kind: 'again', html: setPassword(context, { failed: error.rules }) };
      }
    },
  };
}

async function signUp(context: LinkActionContext, fields: Fields): Promise<LinkActionReply> {
  const { options, link, consume, locale, request } = context;
  const { email } = link.payload;
  if (email === undefined) throw linkGone();
  const name = textField(fields, 'name');
  const candidate = textField(fields, 'new_password');
  const profile = profileOf({ email, emailVerified: true, name, locale });
  if (!profile) return { kind: 'again', html: setPassword(context, { name, nameFailed: true }) };
  try {
    const passwordHash = await options.passwordChange.hashFirst(profile, candidate, [shareOfAddress(request.ip)]);
    await options.accounts.create({ ...profile, passwordHash }, [consume]);
    return DONE;
  } catch (error) {
    if (error instanceof PasswordRefused) {
      return { kind: 'again', html: setPassword(context, { name, failed: error.rules }) };
    }
    if (isTaken(error)) return { kind: 'taken' };
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof AppError && error.code === 'identifier_taken';
}

function profileOf(input: Parameters<typeof checkProfile>[0]) {
  try {
    return checkProfile(input);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** A page with a button: what is done takes a POST. */
function confirmAction(
  { forOwner }: Pick<LinkAction, 'forOwner'>,
  run: (context: Known) => Promise<unknown>,
): LinkAction {
  return {
    forOwner,
    show(context) {
      const { options, form, link, locale } = context;
      const { email, account } = known(context);
      const data = { ...form, purpose: confirmed(link.purpose), email, account: account.email };
      return options.views.render('confirm-link', data, locale);
    },
    async submit(context) {
      try {
        await run(known(context));
      } catch (error) {
        if (isTaken(error)) return { kind: 'taken' };
        throw error;
      }
      return DONE;
    },
  };
}

function confirmed(purpose: LinkPurpose): 'verify_email' | 'change_email' | 'unlock' {
  if (purpose === 'verify_email' || purpose === 'change_email') return purpose;
  return 'unlock';
}

function setPassword(
  { options, form, link, account, locale }: LinkActionContext,
  more: { failed?: readonly PasswordRuleName[]; name?: string; nameFailed?: boolean },
): string {
  const { failed, name, nameFailed } = more;
  const purpose: SetPasswordData['purpose'] =
    link.purpose === 'sign_up' || link.purpose === 'invitation' ? link.purpose : 'reset_password';
  const data: SetPasswordData = {
    ...form,
    purpose,
    email: account?.email ?? link.payload.email ?? '',
    newPassword: {
      rules: options.passwordRules,
      isFirst: purpose !== 'reset_password',
      ...(failed ? { failed } : {}),
    },
    ...(name === undefined ? {} : { name }),
    ...(nameFailed ? { nameFailed } : {}),
  };
  return options.views.render('set-password', data, locale);
}
