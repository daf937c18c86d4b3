import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Fields } from '../platform/forms.ts';
import { type AnyFormPage, again, type Content, contentOf, formPage, pageReply } from '../views/form_pages.ts';
import type { FormTarget, View } from '../views/views.ts';
import { countForm, inSameLanguage, type PublicOptions } from './public_options.ts';

interface AskMailData extends FormTarget {
  readonly purpose: MailPurpose;
  /** `cookies`: the browser sent no cookie, so nothing was done. */
  readonly problem?: 'typed' | 'cookies';
  readonly typed?: string;
}

type MailPurpose = 'forgot' | 'sign-up';

export const askMailView: View<AskMailData> = {
  template: 'ask-mail',
  layout: 'step',
  title: ({ purpose }, t) => t(`${purpose}.title`),
  isError: ({ problem }) => problem !== undefined,
  note: 'login.address',
};

/** The same for every input, none of which it repeats. */
export const mailSentView: View<{ readonly purpose: MailPurpose; readonly lifetimeSeconds: number }> = {
  template: 'mail-sent',
  layout: 'step',
  title: 'mail-sent.title',
};

export interface VisitorContext {
  readonly options: PublicOptions;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** A token for the form, which is bound to the browser by a cookie. */
  newToken(): string;
}

/** A page that mails a link to the person who is named in its form. No session is needed: see visitor.ts for its guard. */
export interface MailRequestPage extends AnyFormPage<VisitorContext> {
  readonly path: string;
  readonly guard: 'visitor';
  isOffered(options: Pick<PublicOptions, 'signUp'>): boolean;
  /** The page, for a browser that has sent its form without the cookie. */
  showWithoutCookie(context: VisitorContext): Content;
}

export function mailRequestPage(page: {
  readonly path: string;
  readonly purpose: MailPurpose;
  /** Seconds for which the link works. */
  readonly lifetimeSeconds: number;
  isOffered(options: Pick<PublicOptions, 'signUp'>): boolean;
  /** The input as typed. */
  typedIn(fields: Fields): string;
  /** @returns undefined for text that cannot be an identifier */
  read(typed: string): string | undefined;
  /** @throws AppError 429 when too many mails were requested */
  mail(context: VisitorContext, identifier: string): Promise<void>;
}): MailRequestPage {
  const { path, purpose, lifetimeSeconds } = page;
  const show = ({ options, request, newToken }: VisitorContext, more: Pick<AskMailData, 'problem' | 'typed'>) => ({
    action: inSameLanguage(options, request, path),
    csrf: newToken(),
    purpose,
    ...more,
  });
  return {
    path,
    guard: 'visitor',
    isOffered: page.isOffered,
    showWithoutCookie: (context) => contentOf(askMailView, show(context, { problem: 'cookies' })),
    ...formPage<VisitorContext, AskMailData, 'typed'>({
      view: askMailView,
      show: (context, refused) =>
        show(context, refused ? { problem: 'typed', typed: page.typedIn(refused.fields) } : {}),
      async submit(context, fields) {
        await countForm(context.options, 'mail', context.request);
        const identifier = page.read(page.typedIn(fields));
        if (identifier === undefined) return again('typed');
        await page.mail(context, identifier);
        return pageReply(200, mailSentView, { purpose, lifetimeSeconds });
      },
    }),
  };
}
