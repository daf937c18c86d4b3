import { createSecondFactorPolicy } from '../accounts/assurance.ts';
import { createMailThrottle } from '../accounts/mail_throttle.ts';
import { CHALLENGE_SECRET, challengeFor } from '../accounts/passkeys.ts';
import { createPersonEvents } from '../accounts/person_events.ts';
import { createTexts } from '../accounts/texts.ts';
import { ACCOUNT_INDEX_SECRET, loadServerSecret } from '../platform/server_secrets.ts';
import type { Infrastructure } from './infrastructure.ts';
import { createAccountStores, openFactors, openPasswords } from './stores.ts';

/** The stores of accounts, and what else the server needs to sign people in. */
export type AccountServices = Awaited<ReturnType<typeof createAccountServices>>;

export async function createAccountServices(infrastructure: Infrastructure) {
  const { config, db, now, sealer, counter, limits, onClose } = infrastructure;
  const secret = (name: string) => loadServerSecret(db, sealer, name, now);
  const opened = await createAccountStores(infrastructure);
  const stores = { ...opened, personEvents: createPersonEvents({ ...opened, audit: infrastructure.audit }) };
  const texts = createTexts({ db, now });
  await texts.load();
  const challengeSecret = await secret(CHALLENGE_SECRET);
  return {
    ...stores,
    texts,
    ...(await openFactors(stores, infrastructure)),
    throttle: createMailThrottle({
      counter,
      indexKey: await secret(ACCOUNT_INDEX_SECRET),
      limits: {
        requests: limits['mail-requests'],
        withLink: limits['mails-with-link'],
        ofRequests: limits['mails-of-requests'],
        notices: limits.notices,
      },
      now,
    }),
    passwords: onClose(await openPasswords(stores, infrastructure), (passwords) => passwords.close()),
    passkeyChallenge: (subject: string) => challengeFor(challengeSecret, subject),
    secondFactorPolicy: createSecondFactorPolicy(config.secondFactor),
  };
}
