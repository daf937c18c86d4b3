import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUsedUp, LINK_LIFETIMES, type Link } from '../accounts/links.ts';
import { cookieAt } from '../platform/cookies.ts';
import { AppError } from '../platform/errors.ts';
import { type Fields, sendPage } from '../platform/forms.ts';
import { maskEmail } from '../platform/masking.ts';
import type { SignedIn } from '../ports/sessions.ts';
import { type Admission, contentOf, formRoute, pageReply, type Reply } from '../views/form_pages.ts';
import type { LinkPurposeName, View } from '../views/views.ts';
import type { LinkContext, LinkPage } from './link_page.ts';
import { countForm, inSameLanguage, localeOf, type PublicOptions } from './public_options.ts';

/** The page after the link was used. */
export const linkDoneView: View<{ readonly purpose: LinkPurposeName }> = {
  template: 'link-done',
  layout: 'step',
  title: ({ purpose }, t) => t(`link.${purpose}.done-title`),
};

/** The link was used, replaced or made up, or is too old; the page does not say which. */
export const linkGoneView: View<{
  readonly purpose: LinkPurposeName;
  /** Another account has the address by now. */
  readonly isTaken?: boolean;
}> = { template: 'link-gone', layout: 'step', title: 'link-gone.title' };

/** The browser has not sent the cookie that the page needs. */
export const linkCookiesView: View<{ readonly purpose: LinkPurposeName }> = {
  template: 'link-cookies',
  layout: 'step',
  title: 'link-cookies.title',
};

/** The link needs a sign-in to its account. */
export const linkSignInView: View<{
  readonly purpose: 'verify_email' | 'change_email';
  /** The address that the link is about: the reader's own, if the mail was theirs. */
  readonly email: string;
  /** The account's address, masked: the reader may be another person. */
  readonly account: string;
  /** The signed-in person, when that is another account. */
  readonly signedInAs?: string;
  readonly signInUrl: string;
}> = { template: 'link-sign-in', layout: 'step', title: 'link-sign-in.title' };

const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** The cookie's value when there is no link: a missing cookie then means that the browser keeps none. */
const NO_TOKEN = 'none';

/**
 * The guard of the pages that mailed links lead to. A GET uses up nothing, because programs that check mails for bad links
 * open them all.
 *
 * The token moves from the URL into a cookie at once, so that it is not in the address bar, in the history, or in a URL that
 * a person copies for others. The cookie is not `SameSite=Strict`, because browsers would not send it after a redirect that
 * began with a link in a webmail. It is not enough by itself: each form carries a token that was made for this one link,
 * so that with two links in two tabs neither form can use the other link.
 *
 * A link proves a mailbox and nothing more. A change to an account that has sessions is made only by a person who is signed
 * in to that account: otherwise the owner of the mailbox would confirm what another person has requested (Keycloak
 * CVE-2026-9087).
 */
export function linkRoute(app: FastifyInstance, options: PublicOptions, page: LinkPage): void {
  const { views, csrf, links, sessions, limit } = options;
  const { path, purpose } = page;
  const cookie = cookieAt(options.issuer, 'cardea_link', path);

  formRoute(
    app,
    { path, guard: admit, show: page.show, submit },
    { views, csrf, limit, readLimit: limit, localeOf: (request) => localeOf(options, request) },
  );

  app.get(`${path}/done`, async (request, reply) =>
    sendPage(reply, 200, views.render(linkDoneView, { purpose }, localeOf(options, request))),
  );

  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<Admission<LinkContext>> {
    const isForm = request.method === 'POST';
    const { token: linked } = request.query as { token?: unknown };
    if (!isForm && linked !== undefined) {
      // The page that the browser is redirected to shows the error.
      setCookie(reply, typeof linked === 'string' && TOKEN.test(linked) ? linked : NO_TOKEN);
      return { denied: { kind: 'redirect', to: path } };
    }
    if (isForm) await countForm(options, 'link', request);
    const token = request.cookies[cookie.name];
    if (token === undefined) return { denied: pageReply(400, linkCookiesView, { purpose }) };
    if (!TOKEN.test(token)) return { denied: gone(reply) };
    const session = page.forOwner ? await sessions.current(request, reply) : undefined;
    // A form is valid for the link that it was shown for and, where the person has to be signed in, in that session.
    const subject = `${path} ${token} ${session?.sessionUid ?? ''}`;
    const context = await open(request, reply, token, subject);
    if (!context) return { denied: gone(reply), subject };
    if (page.forOwner && (session === undefined || session.accountId !== context.link.accountId)) {
      // The page itself says who has to sign in.
      return { denied: isForm ? { kind: 'redirect', to: path } : await askToSignIn(session, context), subject };
    }
    return { context, subject };
  }

  async function open(
    request: FastifyRequest,
    reply: FastifyReply,
    token: string,
    subject: string,
  ): Promise<LinkContext | undefined> {
    const link = await links.peek(purpose, token);
    if (!link) return undefined;
    const account = link.accountId === undefined ? undefined : await options.accounts.findById(link.accountId);
    if (!isStillValid(link, account)) return undefined;
    request.languages = account?.locale ?? '';
    const form = { action: path, csrf: csrf.tokenFor(subject) };
    const consume = links.consume(purpose, token);
    return { options, request, reply, link, account, form, consume, locale: localeOf(options, request) };
  }

  async function submit(context: LinkContext, fields: Fields): Promise<Reply> {
    const { request, reply } = context;
    try {
      const result = await page.submit(context, fields);
      if (result.kind === 'page') return result;
    } catch (error) {
      if (isTaken(error)) return gone(reply, { isTaken: true });
      // Only one of several parallel uses finds the link unused (Keycloak CVE-2026-37982).
      if (isUsedUp(error) || isOvertaken(error)) return gone(reply);
      throw error;
    }
    setCookie(reply, NO_TOKEN);
    return { kind: 'redirect', to: inSameLanguage(options, request, `${path}/done`) };
  }

  function setCookie(reply: FastifyReply, value: string): void {
    const maxAge = LINK_LIFETIMES[purpose];
    reply.setCookie(cookie.name, value, { ...cookie.options, maxAge });
  }

  function gone(reply: FastifyReply, more: { isTaken?: boolean } = {}): Reply {
    setCookie(reply, NO_TOKEN);
    return pageReply(410, linkGoneView, { purpose, ...more });
  }

  /** Names the account in a way that only its owner recognises: the reader may be another person. */
  async function askToSignIn(session: SignedIn | undefined, { account, link }: LinkContext): Promise<Reply> {
    const other = session && (await options.accounts.findById(session.accountId));
    const content = contentOf(linkSignInView, {
      purpose: purpose === 'change_email' ? purpose : 'verify_email',
      email: link.payload.email ?? '',
      account: maskEmail(account?.email ?? ''),
      ...(other ? { signedInAs: other.email } : {}),
      // Without `ui_locales`: the language of the next page is that of the person who signs in there.
      signInUrl: sessions.signInUrl({ returnTo: path, fresh: session !== undefined }),
    });
    return { kind: 'page', status: 200, content };
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof AppError && error.code === 'identifier_taken';
}

/** The password was changed while this link was used, perhaps by another link, and that ended this one. */
function isOvertaken(error: unknown): boolean {
  return error instanceof AppError && error.code === 'credentials_changed';
}

/**
 * A link is for one account (authentik CVE-2023-26481), as it was when the mail was sent. Changes of password and address
 * end links anyway; this catches a link that was made during such a change.
 */
function isStillValid({ purpose, accountId, payload }: Link, account: LinkContext['account']): boolean {
  if (accountId === undefined) return purpose === 'sign_up';
  if (account?.standing !== 'active') return false;
  if (payload.epoch !== undefined && payload.epoch !== account.epoch) return false;
  return purpose === 'change_email' || payload.email === account.email;
}
