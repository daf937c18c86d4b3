import { createChallenges } from '../selfservice/challenges.ts';
import type { AccountOptions } from '../selfservice/routes.ts';
import type { FormParts, SharedByForms } from './form_parts.ts';
import { ownDeletionOf } from './server_operations.ts';

/** The pages at `/account`. */
export function accountOptions(parts: FormParts, { deviceCookie, limit, sessions }: SharedByForms): AccountOptions {
  const { config, csrf, limits, now } = parts.infrastructure;
  return {
    issuer: config.issuer,
    sessions,
    csrf,
    now,
    deviceCookieOf: deviceCookie.read,
    limit,
    readLimits: limits['account-pages'],
    parts: accountParts(parts),
  };
}

function accountParts({
  infrastructure,
  accountServices,
  clientServices,
  protocol,
  dataExports,
}: FormParts): AccountOptions['parts'] {
  const { config, db, limits, mailer, now, sealer, views } = infrastructure;
  const { accounts, devices, events, mails, overview, passwords, personEvents, sessionDetails, texts, throttle } =
    accountServices;
  const { totp, recoveryCodes, passkeys } = accountServices;
  return {
    views,
    accounts,
    events,
    personEvents,
    mails,
    throttle,
    overview,
    sessionDetails,
    usernameLimit: limits.usernames.account,
    dataExports,
    exportLimit: limits['data-exports'].account,
    devices,
    waiting: protocol.approval,
    texts,
    totp,
    recoveryCodes,
    passkeys,
    challenges: createChallenges({ sealer, now }),
    deletion: ownDeletionOf({ infrastructure, accountServices, clientServices, protocol }),
    passwordChange: passwords.change,
    passwordRules: passwords.policy.rules,
    sendsMail: mailer !== undefined,
    transact: db.transact,
    findApp: clientServices.findApp,
    resourceServerName: clientServices.resourceServerName,
    describeDetail: config.detailsTypes.describe,
  };
}
