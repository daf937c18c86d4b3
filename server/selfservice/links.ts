import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUsedUp, LINK_LIFETIMES, LINK_PURPOSES, type Link, type LinkPurpose } from '../accounts/links.ts';
import { maskEmail } from '../accounts/masking.ts';
import { AppError } from '../platform/errors.ts';
import { readForm, sendPage } from '../platform/forms.ts';
import { linkPath } from '../views/paths.ts';
import type { Locale } from '../views/views.ts';
import { LINK_ACTIONS, type LinkActionContext } from './link_actions.ts';
import { inSameLanguage, localeOf, type PublicOptions, takeTurn } from './public_options.ts';
import type { SignedIn } from './sessions.ts';

/**
 * Where mailed links lead. A GET uses up nothing: programs that look for bad links in mails follow them all.
 *
 * The token moves from the address into a cookie at once, so that it is neither in the address bar, nor in the history,
 * nor in what a person copies to somebody else. A hidden field alone would leave it in the address of the page that has
 * the field. The cookie is not `SameSite=Strict`: browsers would hold it back on the very redirect that a link in a
 * webmail leads to. It opens nothing by itself: each form carries a token that was made for this one link, so that of two
 * links in two tabs neither form can do the errand of the other.
 *
 * A link proves a mailbox and nothing more. What changes an account that is signed in to elsewhere is done for whoever is
 * signed in to that account alone: else the owner of the mailbox confirms what somebody else has asked for (Keycloak
 * CVE-2026-9087).
 */
export async function linkRoutes(app: FastifyInstance, options: PublicOptions): Promise<void> {
  for (const purpose of LINK_PURPOSES) linkRoute(app, options, purpose);
}

const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** What the cookie holds when there is no link, so that one that is missing means that the browser keeps none. */
const NO_TOKEN = 'none';

function linkRoute(app: FastifyInstance, options: PublicOptions, purpose: LinkPurpose): void {
  const { views, csrf, links, sessions, limit, secure } = options;
  const path = linkPath(purpose);
  // A cookie of one path cannot have the __Host- prefix; this one says at least that it came over https.
  const cookie = secure ? '__Secure-cardea_link' : 'cardea_link';
  const errand = LINK_ACTIONS[purpose];
  /** A form is good for the link that it was shown for, and where it matters in the session that it was shown in. */
  const subjectOf = (token: string, session: SignedIn | undefined) => `${path} ${token} ${session?.sessionUid ?? ''}`;

  function keep(reply: FastifyReply, value: string): void {
    const maxAge = LINK_LIFETIMES[purpose];
    reply.setCookie(cookie, value, { path, httpOnly: true, sameSite: 'lax', secure, maxAge });
  }

  async function open(
    request: FastifyRequest,
    token: string,
    session: SignedIn | undefined,
  ): Promise<LinkActionContext | undefined> {
    const link = TOKEN.test(token) ? await links.peek(purpose, token) : undefined;
    if (!link) return undefined;
    const account = link.accountId === undefined ? undefined : await options.accounts.findById(link.accountId);
    if (!isStillGood(link, account)) return undefined;
    request.languages = account?.locale ?? '';
    const form = { action: path, csrf: csrf.tokenFor(subjectOf(token, session)) };
    const consume = links.consume(purpose, token);
    return { options, request, link, account, form, consume, locale: localeOf(options, request) };
  }

  /** The signed-in person, when the link requires a sign-in. */
  async function sessionOf(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined> {
    return errand.forOwner ? sessions.current(request, reply) : undefined;
  }

  function isOwner(session: SignedIn | undefined, { link }: LinkActionContext): boolean {
    return !errand.forOwner || (session !== undefined && session.accountId === link.accountId);
  }

  function gone(request: FastifyRequest, reply: FastifyReply, data: { isTaken?: boolean } = {}): FastifyReply {
    keep(reply, NO_TOKEN);
    return sendPage(reply, 410, views.render('link-gone', { purpose, ...data }, localeOf(options, request)));
  }

  function withoutCookie(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return sendPage(reply, 400, views.render('link-cookies', { purpose }, localeOf(options, request)));
  }

  /** The account is named as its owner would recognise it: whoever reads this may be somebody else. */
  async function askToSignIn(session: SignedIn | undefined, context: LinkActionContext): Promise<string> {
    const { account, link, locale } = context;
    const other = session && (await options.accounts.findById(session.accountId));
    const data = {
      purpose: purpose === 'change_email' ? purpose : 'verify_email',
      email: link.payload.email ?? '',
      account: maskEmail(account?.email ?? ''),
      ...(other ? { signedInAs: other.email } : {}),
      // Without a language: how the page that comes next speaks is for whoever signs in there to say.
      signInUrl: sessions.signInUrl({ returnTo: path, fresh: session !== undefined }),
    } as const;
    return views.render('link-sign-in', data, locale);
  }

  app.get<{ Querystring: { token?: unknown } }>(path, { config: { ...limit } }, async (request, reply) => {
    const { token } = request.query;
    if (token !== undefined) {
      // Whatever is wrong with it is told by the page that the browser is sent to.
      keep(reply, typeof token === 'string' && TOKEN.test(token) ? token : NO_TOKEN);
      return reply.redirect(path, 303);
    }
    const kept = request.cookies[cookie];
    if (kept === undefined) return withoutCookie(request, reply);
    const session = await sessionOf(request, reply);
    const context = await open(request, kept, session);
    if (!context) return gone(request, reply);
    const html = isOwner(session, context) ? errand.show(context) : await askToSignIn(session, context);
    return sendPage(reply, 200, html);
  });

  app.post(path, { config: { ...limit } }, async (request, reply) => {
    const kept = request.cookies[cookie];
    await takeTurn(options, 'link', request);
    if (kept === undefined) return withoutCookie(request, reply);
    if (!TOKEN.test(kept)) return gone(request, reply);
    const session = await sessionOf(request, reply);
    const fields = readForm(request, csrf, subjectOf(kept, session));
    const context = await open(request, kept, session);
    if (!context) return gone(request, reply);
    // The page itself says who has to sign in.
    if (!isOwner(session, context)) return reply.redirect(path, 303);
    try {
      const answer = await errand.submit(context, fields);
      if (answer.kind === 'again') return sendPage(reply, 400, answer.html);
      if (answer.kind === 'taken') return gone(request, reply, { isTaken: true });
    } catch (error) {
      // Of parallel uses this is not the one that found it unused (Keycloak CVE-2026-37982).
      if (isUsedUp(error) || isOvertaken(error)) return gone(request, reply);
      throw error;
    }
    keep(reply, NO_TOKEN);
    return reply.redirect(inSameLanguage(options, request, `${path}/done`), 303);
  });

  app.get(`${path}/done`, async (request, reply) => {
    const locale: Locale = localeOf(options, request);
    return sendPage(reply, 200, views.render('link-done', { purpose }, locale));
  });
}

/** The password was changed while this link was used, by another link maybe: it is good for nothing any more. */
function isOvertaken(error: unknown): boolean {
  return error instanceof AppError && error.code === 'credentials_changed';
}

/**
 * A link is for one account (authentik CVE-2023-26481), as that was when the mail went out. Changes of password and
 * address end links anyway; one that was made while such a change went on is caught here.
 */
function isStillGood({ purpose, accountId, payload }: Link, account: LinkActionContext['account']): boolean {
  if (accountId === undefined) return purpose === 'sign_up';
  if (!account || account.disabled) return false;
  if (payload.epoch !== undefined && payload.epoch !== account.epoch) return false;
  return purpose === 'change_email' || payload.email === account.email;
}
