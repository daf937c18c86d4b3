import { createSecondFactorPolicy } from '../accounts/assurance.ts';
import { createAttempts } from '../accounts/attempts.ts';
import { createDevices } from '../accounts/devices.ts';
import { createEvents } from '../accounts/events.ts';
import { createLinks } from '../accounts/links.ts';
import { createMailThrottle } from '../accounts/mail_throttle.ts';
import { createMails } from '../accounts/mails.ts';
import { CHALLENGE_SECRET, challengeFor, createPasskeys } from '../accounts/passkeys.ts';
import { createPasswordService, namesOf } from '../accounts/password_service.ts';
import { createRecoveryCodes, RECOVERY_CODES_SECRET } from '../accounts/recovery_codes.ts';
import { createSessionDetails } from '../accounts/session_details.ts';
import { createAccounts } from '../accounts/store.ts';
import { createTotp } from '../accounts/totp.ts';
import { ACCOUNT_INDEX_SECRET, loadServerSecret } from '../platform/server_secrets.ts';
import { endSessions } from '../records/overview.ts';
import type { Infrastructure } from './infrastructure.ts';

/** Everything about people. */
export type AccountServices = Awaited<ReturnType<typeof createAccountServices>>;

export async function createAccountServices({ config, db, log, now, sealer, counter, onClose }: Infrastructure) {
  const secret = (name: string) => loadServerSecret(db, sealer, name, now);
  const indexKey = await secret(ACCOUNT_INDEX_SECRET);
  const accounts = createAccounts({ db, sealer, indexKey, now });
  const devices = createDevices({ db, accounts, now });
  const events = createEvents({ db, accounts, now });
  const attempts = createAttempts({ db, accounts, indexKey, now });
  const mails = createMails({ db, sealer, now });
  const passwords = await createPasswordService(config.passwords, {
    db,
    accounts,
    devices,
    attempts,
    events,
    mails,
    endSessions,
    log,
    names: namesOf(config),
  });
  const challengeSecret = await secret(CHALLENGE_SECRET);
  return {
    accounts,
    devices,
    events,
    attempts,
    mails,
    links: createLinks({ db, sealer, now }),
    throttle: createMailThrottle({ counter, indexKey, limits: config.mails, now }),
    sessionDetails: createSessionDetails({ db, accounts, now }),
    passwords: onClose(passwords, (room) => room.close()),
    totp: createTotp({ db, accounts, issuer: config.name, now }),
    recoveryCodes: createRecoveryCodes({ db, key: await secret(RECOVERY_CODES_SECRET), now }),
    passkeys: createPasskeys({
      db,
      accounts,
      issuer: config.issuer,
      name: config.name,
      now,
      async onCounterRegression(account) {
        log.warn({ accountId: account.id }, 'a passkey was refused: its counter fell back, as that of a copy would');
        await db.transact([events.append(account, 'passkey_refused')]);
      },
    }),
    passkeyChallenge: (subject: string) => challengeFor(challengeSecret, subject),
    secondFactorPolicy: createSecondFactorPolicy(config.secondFactor),
  };
}
