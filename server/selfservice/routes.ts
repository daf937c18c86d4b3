import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import type { Account } from '../accounts/account.ts';
import { isEnough, strongestAcr } from '../accounts/assurance.ts';
import type { Clock } from '../platform/clock.ts';
import type { Csrf } from '../platform/csrf.ts';
import type { BoundStatement } from '../platform/db.ts';
import { redirectTo } from '../platform/forms.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { Limit } from '../platform/limit.ts';
import { readPosition } from '../platform/pages.ts';
import { originOf, type RequestOrigin } from '../platform/request_origin.ts';
import type { Sessions, SignedIn } from '../ports/sessions.ts';
import { type Admission, formRoute } from '../views/form_pages.ts';
import { PATHS } from '../views/paths.ts';
import { isAccountDone } from '../views/views.ts';
import type { AccountPage, AccountParts, PageContext } from './page.ts';
import { loadPages, type SelfServicePage } from './pages.ts';
import { wellKnownRoutes } from './well_known.ts';

/** A sign-in counts as fresh for so long: after that, another person may be at an unlocked screen. */
export const FRESH_SECONDS = 5 * 60;

export interface AccountOptions {
  readonly issuer: Issuer;
  readonly parts: AccountParts;
  readonly sessions: Sessions;
  readonly csrf: Csrf;
  readonly now: Clock;
  /** The cookie that identifies a browser (accounts/devices.ts). */
  deviceCookieOf(request: FastifyRequest): string | undefined;
  /** How many pages an address, or an account, may read in a minute. */
  readonly readLimits: Readonly<Record<'address' | 'account', Pick<Limit, 'consume'>>>;
  /** Limits on the form posts. */
  readonly limit: RouteShorthandOptions['config'];
}

/** The person who sent a request, and the session that says so. */
interface SignedInPerson {
  readonly account: Account;
  readonly session: SignedIn;
}

/**
 * The pages that a signed-in person sees of their account. Their guard is here alone: a page is called only with a person
 * whose sign-in is good enough for it.
 */
export async function accountRoutes(app: FastifyInstance, options: AccountOptions): Promise<void> {
  const { parts, sessions, csrf, limit } = options;
  const pages = (await loadPages()).filter(isAccountPage);
  for (const page of pages) {
    const guard = (request: FastifyRequest, reply: FastifyReply) => admit(page, request, reply);
    formRoute(app, { ...page, guard }, { views: parts.views, csrf, limit, localeOf });
  }
  for (const { path } of pages) app.get(`${path}/`, async (_request, reply) => redirectTo(reply, path));
  wellKnownRoutes(app, options.issuer);

  /** The browser comes back here from signing in. The code that it brings along is never redeemed. */
  app.get<{ Querystring: { state?: unknown } }>(PATHS.signedIn, async (request, reply) => {
    const isSignedIn = (await sessions.current(request, reply)) !== undefined;
    // A person who has cancelled the sign-in is not sent to it again.
    const to = isCancelled(request) ? undefined : sessions.returnTo(request.query.state);
    return redirectTo(reply, isSignedIn ? (to ?? PATHS.account) : PATHS.home);
  });

  async function admit(
    page: AccountPage,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Admission<PageContext>> {
    const isRead = request.method !== 'POST';
    const redirect = (to: string) => ({ kind: 'redirect', to }) as const;
    if (isRead) await options.readLimits.address.consume(request.ip);
    const person = await signedInPerson(request, reply);
    // A form leads to its page, and the page to the sign-in that it needs; without `ui_locales`, as the account's language
    // is not known yet.
    if (!person) return { denied: redirect(isRead ? sessions.signInUrl({ returnTo: page.path }) : page.path) };
    const { account, session } = person;
    // A form is valid in the session that it was shown in, and in no other one of the same person.
    const subject = `account ${session.sessionUid}`;
    if (page.guard !== 'signed_in' && !isFresh(person)) {
      return { denied: redirect(isRead ? freshSignIn(page, account, request) : page.path), subject };
    }
    const context = contextOf(page, request, person, csrf.tokenFor(subject));
    if (isRead) {
      await options.readLimits.account.consume(account.id);
      await parts.transact([parts.sessionDetails.touch(session.sessionUid, account, context.origin)]);
    }
    return { context, subject };
  }

  async function signedInPerson(request: FastifyRequest, reply: FastifyReply): Promise<SignedInPerson | undefined> {
    const session = await sessions.current(request, reply);
    if (!session) return undefined;
    const account = await parts.accounts.findById(session.accountId);
    if (account?.standing !== 'active') {
      await parts.transact([
        ...parts.overview.endSessions(session.accountId),
        // Those of an account that is gone went with it.
        ...(account ? [endedBecause(account, originOf(request, { sessionId: session.sessionUid }))] : []),
      ]);
      return undefined;
    }
    request.languages = account.locale ?? '';
    return { account, session };
  }

  /** The entry of the sessions of an account that cannot be used. */
  function endedBecause(account: Account, origin: RequestOrigin): BoundStatement {
    return parts.personEvents.entry(account, 'users.end_sessions', origin, {
      actor: { kind: 'system', id: 'account-pages' },
      changes: { because: { after: account.standing } },
    });
  }

  /** Recent, and with every factor that the account has: otherwise a stolen password would be enough. */
  function isFresh({ account, session }: SignedInPerson): boolean {
    const age = options.now() / 1_000 - session.authTime;
    return age <= FRESH_SECONDS && isEnough(session.acr, strongestAcr(account));
  }

  function freshSignIn(page: AccountPage, account: Account, request: FastifyRequest): string {
    const acr = account.secondFactors.length > 0 ? { acr: strongestAcr(account) } : {};
    return sessions.signInUrl({ returnTo: page.path, fresh: true, ...acr, locale: localeOf(request) });
  }

  function contextOf(
    page: AccountPage,
    request: FastifyRequest,
    { account, session }: SignedInPerson,
    token: string,
  ): PageContext {
    const { done, after } = request.query as { done?: unknown; after?: unknown };
    return {
      parts,
      account,
      session,
      origin: originOf(request, { sessionId: session.sessionUid }),
      deviceCookie: options.deviceCookieOf(request),
      now: new Date(options.now()),
      locale: localeOf(request),
      csrf: token,
      after: request.method === 'GET' ? readPosition(after) : undefined,
      done: request.method === 'GET' && isAccountDone(done) ? done : undefined,
      signInUrl: (acr) => sessions.signInUrl({ returnTo: page.path, fresh: true, acr, locale: localeOf(request) }),
    };
  }

  function localeOf(request: FastifyRequest) {
    return parts.views.negotiate(request.languages, request.headers['accept-language']);
  }
}

function isAccountPage(page: SelfServicePage): page is AccountPage {
  return page.guard === 'signed_in' || page.guard === 'fresh_sign_in';
}

function isCancelled(request: FastifyRequest): boolean {
  return (request.query as { error?: unknown }).error !== undefined;
}
