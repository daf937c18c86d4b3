import { createLimits } from '../platform/limits.ts';
import { createChallenges } from '../selfservice/challenges.ts';
import type { AccountOptions } from '../selfservice/routes.ts';
import type { FormParts, SharedByForms } from './form_parts.ts';

/** Usernames that a person may try in a day; more would let them find out the usernames of others. */
const USERNAMES_A_DAY = 5;
const DAY_MS = 86_400_000;

/** People behind one address who may read their account pages at once. */
const ACCOUNTS_AT_ADDRESS = 10;

/** The pages at `/account`. */
export function accountOptions(parts: FormParts, { deviceCookie, limit, sessions }: SharedByForms): AccountOptions {
  const { config, counter, csrf, now } = parts.infrastructure;
  const pageLimits = (max: number) => createLimits({ counter, max, now, refusal: 'too many pages; wait a minute' });
  return {
    issuer: config.issuer,
    sessions,
    csrf,
    now,
    deviceCookieOf: deviceCookie.read,
    limit,
    readLimits: {
      byAddress: pageLimits(config.rateLimit * ACCOUNTS_AT_ADDRESS),
      byAccount: pageLimits(config.rateLimit),
    },
    parts: accountParts(parts),
  };
}

function accountParts({
  infrastructure,
  accountServices,
  clientServices,
  protocol,
}: FormParts): AccountOptions['parts'] {
  const { config, counter, db, mailer, now, sealer, views } = infrastructure;
  const { accounts, devices, events, mails, overview, passwords, sessionDetails, throttle } = accountServices;
  const { totp, recoveryCodes, passkeys } = accountServices;
  return {
    views,
    accounts,
    events,
    mails,
    throttle,
    overview,
    sessionDetails,
    usernameLimits: createLimits({ counter, max: USERNAMES_A_DAY, now, windowMs: DAY_MS }),
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
  };
}
