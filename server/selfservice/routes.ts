import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import type { Account } from '../accounts/account.ts';
import { isEnough, strongestAcr } from '../accounts/assurance.ts';
import type { Clock } from '../platform/clock.ts';
import type { Csrf } from '../platform/csrf.ts';
import { readForm, sendPage } from '../platform/forms.ts';
import type { Limits } from '../platform/limits.ts';
import { readPosition } from '../platform/pages.ts';
import { PATHS } from '../views/paths.ts';
import { isAccountDone } from '../views/views.ts';
import { appsPage } from './apps.ts';
import { authenticatorPage } from './authenticator.ts';
import { devicesPage } from './devices.ts';
import { emailPage } from './email.ts';
import { eventsPage } from './events.ts';
import { overviewPage } from './overview.ts';
import type { AccountPage, AccountParts, PageAnswer, PageContext } from './page.ts';
import { passkeysPage } from './passkeys.ts';
import { passwordPage } from './password.ts';
import { profilePage } from './profile.ts';
import { requestsPage } from './requests.ts';
import { secondFactorPage } from './second_factor.ts';
import type { Sessions, SignedIn } from './sessions.ts';
import { sessionsPage } from './sessions_page.ts';
import { usernamePage } from './username.ts';
import { wellKnownRoutes } from './well_known.ts';

const PAGES: readonly AccountPage[] = [
  overviewPage,
  profilePage,
  emailPage,
  usernamePage,
  passwordPage,
  secondFactorPage,
  authenticatorPage,
  passkeysPage,
  sessionsPage,
  devicesPage,
  appsPage,
  requestsPage,
  eventsPage,
];

/** For so long a sign-in is good enough for what an intruder at an unlocked screen must not do. */
export const FRESH_SECONDS = 5 * 60;

export interface AccountOptions {
  readonly issuer: URL;
  readonly parts: AccountParts;
  readonly sessions: Sessions;
  readonly csrf: Csrf;
  readonly now: Clock;
  /** What tells a browser from others (accounts/devices.ts). */
  deviceCookieOf(request: FastifyRequest): string | undefined;
  /** Of pages that an address, or an account, may read a minute. */
  readonly readLimits: Readonly<Record<'byAddress' | 'byAccount', Pick<Limits, 'consume'>>>;
  /** Limits on the form posts. */
  readonly limit: RouteShorthandOptions['config'];
}

/** How good the sign-in of whoever sent a request is for a page. */
type Standing =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'stale'; readonly account: Account; readonly session: SignedIn }
  | { readonly kind: 'good'; readonly account: Account; readonly session: SignedIn };

/**
 * What a signed-in person sees of their account. Who that is, and how freshly they have shown it, is found out here and
 * nowhere else: a page is asked only when it may answer.
 */
export async function accountRoutes(app: FastifyInstance, options: AccountOptions): Promise<void> {
  const { parts, sessions, csrf, limit } = options;

  for (const page of PAGES) {
    app.get(page.path, async (request, reply) => {
      await options.readLimits.byAddress.consume('account-pages-address', request.ip);
      const standing = await standingOf(request, reply, page);
      if (standing.kind !== 'good') return reply.redirect(signInFor(page, standing, request), 303);
      await options.readLimits.byAccount.consume('account-pages', standing.account.id);
      const context = contextOf(request, standing);
      await parts.transact([parts.sessionDetails.touch(context.session.sessionUid, context.account, context.visitor)]);
      return sendPage(reply, 200, await page.show(context));
    });

    const submit = page.submit?.bind(page);
    if (!submit) continue;
    app.post(page.path, { config: { ...limit } }, async (request, reply) => {
      const standing = await standingOf(request, reply, page);
      if (request.form) request.form.isTaken = false;
      // The page itself knows where to send them.
      if (standing.kind === 'nobody') return reply.redirect(page.path, 303);
      const fields = readForm(request, csrf, subjectOf(standing.session));
      if (standing.kind === 'stale') return reply.redirect(page.path, 303);
      const answered = await submit(contextOf(request, standing), fields);
      if (request.form) request.form.isTaken = answered.kind === 'done' || answered.kind === 'once';
      if (answered.kind === 'sign_in') return reply.redirect(strongerSignIn(page, answered.acr, request), 303);
      return answer(reply, answered);
    });
  }

  await wellKnownRoutes(app, { issuer: options.issuer, pages: PAGES.map(({ path }) => path) });

  /** Where the browser comes back to from signing in. */
  app.get<{ Querystring: { state?: unknown } }>(PATHS.signedIn, async (request, reply) => {
    const isSignedIn = (await sessions.current(request, reply)) !== undefined;
    // Whoever did not want to sign in is not asked again at once.
    const to = isCancelled(request) ? undefined : sessions.returnTo(request.query.state);
    return reply.redirect(isSignedIn ? (to ?? PATHS.account) : '/', 303);
  });

  function answer(reply: FastifyReply, answered: Exclude<PageAnswer, { kind: 'sign_in' }>): FastifyReply {
    switch (answered.kind) {
      case 'done':
        return reply.redirect(`${answered.to}?done=${answered.done}`, 303);
      case 'again':
        return sendPage(reply, 400, answered.html);
      case 'once':
        return sendPage(reply, 200, answered.html);
    }
  }

  async function standingOf(request: FastifyRequest, reply: FastifyReply, page: AccountPage): Promise<Standing> {
    const session = await sessions.current(request, reply);
    if (!session) return { kind: 'nobody' };
    const account = await parts.accounts.findById(session.accountId);
    if (!account || account.disabled) {
      await parts.transact(parts.overview.endSessions(session.accountId));
      return { kind: 'nobody' };
    }
    request.languages = account.locale ?? '';
    return { kind: page.sensitive && !isFresh(account, session) ? 'stale' : 'good', account, session };
  }

  /** Not longer ago than that, and with no less than the account can show: else a stolen password would do. */
  function isFresh(account: Account, session: SignedIn): boolean {
    const age = options.now() / 1_000 - session.authTime;
    return age <= FRESH_SECONDS && isEnough(session.acr, strongestAcr(account));
  }

  function signInFor(page: AccountPage, standing: Standing, request: FastifyRequest): string {
    const returnTo = page.path;
    // Without `ui_locales`: what the browser asks for must not come before what the account says, once that is known.
    if (standing.kind === 'nobody') return sessions.signInUrl({ returnTo });
    const { account } = standing;
    const acr = account.secondFactors.length > 0 ? { acr: strongestAcr(account) } : {};
    return sessions.signInUrl({ returnTo, fresh: true, ...acr, locale: localeOf(request) });
  }

  function strongerSignIn(page: AccountPage, acr: string, request: FastifyRequest): string {
    return sessions.signInUrl({ returnTo: page.path, fresh: true, acr, locale: localeOf(request) });
  }

  function contextOf(
    request: FastifyRequest,
    { account, session }: { readonly account: Account; readonly session: SignedIn },
  ): PageContext {
    const { done, after } = request.query as { done?: unknown; after?: unknown };
    return {
      parts,
      account,
      session,
      visitor: { userAgent: request.headers['user-agent'], address: request.ip },
      deviceCookie: options.deviceCookieOf(request),
      now: new Date(options.now()),
      locale: localeOf(request),
      csrf: csrf.tokenFor(subjectOf(session)),
      after: request.method === 'GET' ? readPosition(after) : undefined,
      done: request.method === 'GET' && isAccountDone(done) ? done : undefined,
    };
  }

  function localeOf(request: FastifyRequest) {
    return parts.views.negotiate(request.languages, request.headers['accept-language']);
  }
}

/** A form is good in the session that it was shown in, and in no other of the same person. */
const subjectOf = ({ sessionUid }: SignedIn) => `account ${sessionUid}`;

function isCancelled(request: FastifyRequest): boolean {
  return (request.query as { error?: unknown }).error !== undefined;
}
