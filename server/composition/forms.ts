import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance } from 'fastify';
import { visitorDetails } from '../accounts/session_details.ts';
import { demoRoutes } from '../demo/demo.ts';
import { createDeviceCookie } from '../login/device_cookie.ts';
import type { InteractionResult, Progress } from '../login/interactions.ts';
import { createNotices } from '../login/notices.ts';
import { loginRoutes } from '../login/routes.ts';
import { CLAIMS, SCOPES } from '../oidc/configuration.ts';
import { createInteractions } from '../oidc/interactions.ts';
import { pinned } from '../oidc/pinned_request.ts';
import { createSessions } from '../oidc/sessions.ts';
import { repeatForms } from '../platform/form_repeats.ts';
import { createLimits } from '../platform/limits.ts';
import { createChallenges } from '../selfservice/challenges.ts';
import { publicRoutes } from '../selfservice/public.ts';
import { accountRoutes } from '../selfservice/routes.ts';
import { PATHS } from '../views/paths.ts';
import type { AccountServices } from './accounts.ts';
import type { ClientServices } from './clients.ts';
import { repeatsOf } from './form_repeats.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Protocol } from './protocol.ts';

/** Usernames that one person may try: more would be looking for those of others. */
const USERNAMES_A_DAY = 5;
const DAY_MS = 86_400_000;

/** People who look at their account at once from one address. */
const ACCOUNTS_AT_ADDRESS = 10;

/** All pages that people fill in: signing in, getting back in, their account, the demo. */
export async function formRoutes(
  http: FastifyInstance,
  infrastructure: Infrastructure,
  accountServices: AccountServices,
  clientServices: ClientServices,
  protocol: Protocol,
): Promise<void> {
  const { config, db, now, sealer, counter, limits, csrf, views, mailer, secure } = infrastructure;
  const { issuer } = config;
  const { units, serving } = protocol;
  const { accounts, attempts, devices, events, mails, passwords, totp, recoveryCodes, passkeys } = accountServices;
  const deviceCookie = createDeviceCookie(secure);
  const limit = { rateLimit: {} };
  const sessions = createSessions({ issuer, serving, units, sealer, now });
  const pages = (max: number) => createLimits({ counter, max, now, refusal: 'too many pages; wait a minute' });

  await http.register(async (scope) => {
    scope.removeAllContentTypeParsers(); // a form is a form: no JSON
    await scope.register(formbody);
    await scope.register(cookie);
    repeatForms(scope, repeatsOf(protocol.repeatedForms, secure));

    await loginRoutes(scope, {
      csrf,
      deviceCookie,
      inUnit: (work) => units.run(work),
      limit,
      parts: {
        views,
        now,
        limits,
        passwords: passwords.passwords,
        passwordPolicy: passwords.policy,
        changePassword: passwords.change.set,
        upgradeIfOutdated: passwords.upgradeIfOutdated,
        findAccount: protocol.requestAccounts.find,
        keepAccount: protocol.requestAccounts.keep,
        requireEpoch: accounts.requireEpoch,
        attempts,
        devices,
        transaction: {
          addStatement: (bound) => units.current().addStatement(bound),
          addGuard: (bound) => units.current().addGuard(bound),
        },
        notices: createNotices({ db, mails, events }),
        totp,
        recoveryCodes,
        passkeys,
        passkeyChallenge: accountServices.passkeyChallenge,
        secondFactorPolicy: accountServices.secondFactorPolicy,
        trustDeviceSeconds: config.secondFactor.trustDeviceSeconds,
        alternativeLinks: {
          ...(mailer ? { forgotUrl: PATHS.forgotPassword } : {}),
          ...(mailer && config.signUp ? { signUpUrl: PATHS.signUp } : {}),
        },
        resourceServerName: clientServices.resourceServerName,
        describeDetail: config.detailsTypes.describe,
      },
      interactions: createInteractions<Progress, InteractionResult>({
        issuer,
        serving,
        units,
        scopes: SCOPES,
        claims: CLAIMS,
        registeredScope: clientServices.registeredScope,
        prepare: (request) => pinned(request, issuer),
        resourceScopes: clientServices.resourceScopes,
        findClient: clientServices.findApp,
        wayBack: clientServices.wayBack,
      }),
    });

    if (mailer) {
      await publicRoutes(scope, {
        views,
        csrf,
        secure,
        limits,
        sessions,
        throttle: accountServices.throttle,
        devices,
        deviceCookieOf: deviceCookie.read,
        mails,
        links: accountServices.links,
        accounts,
        passwordChange: passwords.change,
        passwordRules: passwords.policy.rules,
        signUp: config.signUp,
        limit,
        transact: db.transact,
        unlockPassword: attempts.unlockPassword,
        event: events.append,
        origin: (request) => visitorDetails({ userAgent: request.headers['user-agent'], address: request.ip }),
      });
    }

    await accountRoutes(scope, {
      issuer,
      sessions,
      csrf,
      now,
      deviceCookieOf: deviceCookie.read,
      limit,
      readLimits: {
        byAddress: pages(config.rateLimit * ACCOUNTS_AT_ADDRESS),
        byAccount: pages(config.rateLimit),
      },
      parts: {
        views,
        accounts,
        events,
        mails,
        throttle: accountServices.throttle,
        overview: accountServices.overview,
        sessionDetails: accountServices.sessionDetails,
        usernameLimits: createLimits({ counter: infrastructure.counter, max: USERNAMES_A_DAY, now, windowMs: DAY_MS }),
        devices,
        waiting: protocol.approval,
        totp,
        recoveryCodes,
        passkeys,
        challenges: createChallenges({ sealer, now }),
        passwordChange: passwords.change,
        passwordRules: passwords.policy.rules,
        sendsMail: mailer !== undefined,
        transact: db.transact,
        findApp: clientServices.findApp,
        resourceServerName: clientServices.resourceServerName,
        describeDetail: config.detailsTypes.describe,
      },
    });

    if (config.demo) await demoRoutes(scope, { issuer, views, now });
  });
}
