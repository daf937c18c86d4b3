import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUsedUp, LINK_LIFETIMES, LINK_PURPOSES, type Link, type LinkPurpose } from '../accounts/links.ts';
import { AppError } from '../platform/errors.ts';
import { readForm, sendPage } from '../platform/forms.ts';
import type { Locale } from '../views/views.ts';
import { ERRANDS, type ErrandContext } from './errands.ts';
import { dropCookie, inSameLanguage, localeOf, type PublicOptions, takeTurn } from './public_options.ts';

export const LINK_PATH = '/account/link';

/**
 * Where mailed links lead. A GET uses up nothing: programs that look for bad links in mails follow them all.
 *
 * The token moves from the address into a cookie at once, so that it is neither in the address bar, nor in the history,
 * nor in what a person copies to somebody else. A hidden field alone would leave it in the address of the page that has
 * the field. The cookie is not `SameSite=Strict`: browsers would hold it back on the very redirect that a link in a
 * webmail leads to. It opens nothing by itself: each form carries a token that was made for this one link, so that of two
 * links in two tabs neither form can do the errand of the other.
 */
export async function linkRoutes(app: FastifyInstance, options: PublicOptions): Promise<void> {
  for (const purpose of LINK_PURPOSES) linkRoute(app, options, purpose);
}

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

function linkRoute(app: FastifyInstance, options: PublicOptions, purpose: LinkPurpose): void {
  const { views, csrf, links, limit, secure } = options;
  const path = `${LINK_PATH}/${purpose}`;
  // A cookie of one path cannot have the __Host- prefix; this one says at least that it came over https.
  const cookie = secure ? '__Secure-cardea_link' : 'cardea_link';
  const errand = ERRANDS[purpose];
  const subjectOf = (token: string) => `${path} ${token}`;

  function tokenOf(request: FastifyRequest): string {
    const token = request.cookies[cookie] ?? '';
    return TOKEN.test(token) ? token : '';
  }

  async function open(request: FastifyRequest, token: string): Promise<ErrandContext | undefined> {
    const link = token === '' ? undefined : await links.peek(purpose, token);
    if (!link) return undefined;
    const account = link.accountId === undefined ? undefined : await options.accounts.findById(link.accountId);
    if (!isStillGood(link, account)) return undefined;
    request.languages = account?.locale ?? '';
    const form = { action: path, csrf: csrf.tokenFor(subjectOf(token)) };
    const consume = links.consume(purpose, token);
    return { options, request, link, account, form, consume, locale: localeOf(options, request) };
  }

  function gone(request: FastifyRequest, reply: FastifyReply, data: { isTaken?: boolean } = {}): FastifyReply {
    dropCookie(reply, cookie, path, secure);
    return sendPage(reply, 410, views.render('link-gone', { purpose, ...data }, localeOf(options, request)));
  }

  app.get<{ Querystring: { token?: unknown } }>(path, { config: { ...limit } }, async (request, reply) => {
    const { token } = request.query;
    if (token !== undefined) {
      // Whatever is wrong with it is told by the page that the browser is sent to.
      const value = typeof token === 'string' && TOKEN.test(token) ? token : 'none';
      const maxAge = LINK_LIFETIMES[purpose];
      reply.setCookie(cookie, value, { path, httpOnly: true, sameSite: 'lax', secure, maxAge });
      return reply.redirect(path, 303);
    }
    const context = await open(request, tokenOf(request));
    if (!context) return gone(request, reply);
    return sendPage(reply, 200, errand.show(context));
  });

  app.post(path, { config: { ...limit } }, async (request, reply) => {
    const token = tokenOf(request);
    await takeTurn(options, 'link', request);
    if (token === '') return gone(request, reply);
    const fields = readForm(request, csrf, subjectOf(token));
    const context = await open(request, token);
    if (!context) return gone(request, reply);
    try {
      const answer = await errand.submit(context, fields);
      if (answer.kind === 'again') return sendPage(reply, 400, answer.html);
      if (answer.kind === 'taken') return gone(request, reply, { isTaken: true });
    } catch (error) {
      // Of parallel uses this is not the one that found it unused (Keycloak CVE-2026-37982).
      if (isUsedUp(error) || isOvertaken(error)) return gone(request, reply);
      throw error;
    }
    dropCookie(reply, cookie, path, secure);
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
function isStillGood({ purpose, accountId, payload }: Link, account: ErrandContext['account']): boolean {
  if (accountId === undefined) return purpose === 'sign_up';
  if (!account || account.disabled) return false;
  if (payload.epoch !== undefined && payload.epoch !== account.epoch) return false;
  return purpose === 'change_email' || payload.email === account.email;
}
