import { createFailedSignIns } from '../login/failures.ts';
import type { InteractionResult, Progress } from '../login/interactions.ts';
import { createNotices } from '../login/notices.ts';
import type { LoginOptions } from '../login/routes.ts';
import { CLAIMS, SCOPES } from '../oidc/configuration.ts';
import { createInteractions } from '../oidc/interactions.ts';
import { pinned } from '../oidc/pinned_request.ts';
import { PATHS } from '../views/paths.ts';
import type { FormParts, SharedByForms } from './form_parts.ts';
import { ownDeletionOf } from './server_operations.ts';

/** The pages of a sign-in. */
export function loginOptions(
  { infrastructure, accountServices, clientServices, protocol }: FormParts,
  { deviceCookie, limit, readLimit }: SharedByForms,
): LoginOptions {
  const { config, csrf } = infrastructure;
  const { issuer } = config;
  const { serving, units } = protocol;
  return {
    csrf,
    deviceCookie,
    inUnit: (work) => units.run(work),
    limit,
    readLimit,
    parts: loginParts({ infrastructure, accountServices, clientServices, protocol }),
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
  };
}

function loginParts({
  infrastructure,
  accountServices,
  clientServices,
  protocol,
}: Omit<FormParts, 'dataExports' | 'observed'>): LoginOptions['parts'] {
  const { config, db, now, limits, views, mailer, writes, counts } = infrastructure;
  const { requestAccounts, units } = protocol;
  const { accounts, attempts, devices, events, mails, passwords, personEvents, texts } = accountServices;
  const { totp, recoveryCodes, passkeys, passkeyChallenge, secondFactorPolicy } = accountServices;
  return {
    views,
    now,
    signInLimit: limits['sign-in'].address,
    writes,
    passwords: passwords.passwords,
    passwordPolicy: passwords.policy,
    changePassword: passwords.change.set,
    upgradeIfOutdated: passwords.upgradeIfOutdated,
    findAccount: requestAccounts.find,
    keepAccount: requestAccounts.keep,
    withAccepted: accounts.withAccepted,
    requireEpochAtSignIn: accounts.requireEpochAtSignIn,
    attempts,
    devices,
    transaction: {
      addStatement: (bound) => units.current().addStatement(bound),
      addGuard: (bound) => units.current().addGuard(bound),
      addAuditLine: (make) => units.current().addAuditLine(make),
    },
    personEvents,
    texts,
    transact: db.transact,
    failures: createFailedSignIns({
      db,
      personEvents,
      limit: limits['failed-sign-ins'].address,
      writes,
      counts: counts.signIns,
    }),
    signIns: counts.signIns,
    notices: createNotices({ db, mails, events, personEvents, lockouts: counts.lockouts }),
    deletion: ownDeletionOf({ infrastructure, accountServices, clientServices, protocol }),
    totp,
    recoveryCodes,
    passkeys,
    passkeyChallenge,
    secondFactorPolicy,
    trustDeviceSeconds: config.secondFactor.trustDeviceSeconds,
    alternativeLinks: {
      ...(mailer ? { forgotUrl: PATHS.forgotPassword } : {}),
      ...(mailer && config.signUp ? { signUpUrl: PATHS.signUp } : {}),
    },
    resourceServerName: clientServices.resourceServerName,
    describeDetail: config.detailsTypes.describe,
  };
}
