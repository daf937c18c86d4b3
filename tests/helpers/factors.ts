import { randomBytes } from 'node:crypto';
import { createPasskeys, type Passkeys } from '../../server/accounts/passkeys.ts';
import { createRecoveryCodes, RECOVERY_CODES_SECRET } from '../../server/accounts/recovery_codes.ts';
import { type Accounts, createAccounts } from '../../server/accounts/store.ts';
import { createTotp } from '../../server/accounts/totp.ts';
import type { Clock } from '../../server/platform/clock.ts';
import type { Db } from '../../server/platform/db.ts';
import { readIssuer } from '../../server/platform/issuer.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { ACCOUNT_INDEX_SECRET, ACCOUNT_SEARCH_SECRET, loadServerSecret } from '../../server/platform/server_secrets.ts';
import { type SoftPasskey, totpCode } from './authenticator.ts';
import { attributeOf } from './html.ts';
import { remember } from './secrets.ts';

/** Adds second factors to accounts, as people would enrol them. */
export interface FactorSeeder {
  /** @returns the secret of the authenticator app; the code of the previous step has been used up */
  totp(accountId: string): Promise<string>;
  recoveryCodes(accountId: string): Promise<readonly string[]>;
  useRecoveryCode(accountId: string, code: string): Promise<void>;
  /** @param name default: `Test` */
  passkey(accountId: string, passkey: SoftPasskey, name?: string): Promise<void>;
  /** For a passkey that exists elsewhere, such as in Chromium; the caller runs its ceremony. */
  readonly passkeys: Passkeys;
  readonly accounts: Accounts;
}

export async function createFactorSeeder(
  app: { db: Db; masterKey: string; issuer: string },
  now: Clock = Date.now,
): Promise<FactorSeeder> {
  const { db, masterKey, issuer } = app;
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const secret = (name: string) => loadServerSecret(db, sealer, name, now);
  const accounts = createAccounts({
    db,
    sealer,
    indexKey: await secret(ACCOUNT_INDEX_SECRET),
    searchKey: await secret(ACCOUNT_SEARCH_SECRET),
    now,
  });
  // Enrolled two steps ago, so that the current code is still unused.
  const totp = createTotp({ db, accounts, issuer: 'Test', now: () => now() - 60_000 });
  const recoveryCodes = createRecoveryCodes({ db, key: await secret(RECOVERY_CODES_SECRET), now });
  const passkeys = createPasskeys({
    db,
    accounts,
    issuer: readIssuer(issuer),
    name: 'Test',
    now,
    onCounterRegression: async () => {},
  });
  return {
    passkeys,
    accounts,
    async totp(accountId) {
      const account = await accounts.resolve(accountId);
      const enrolment = totp.begin(account, '');
      await totp.confirm(account, '', enrolment.enrolment, totpCode(enrolment.secret, now() - 60_000));
      return remember('totp_secret', enrolment.secret);
    },
    async recoveryCodes(accountId) {
      const codes = await recoveryCodes.generate(await accounts.resolve(accountId));
      for (const code of codes) remember('recovery_code', code);
      return codes;
    },
    async useRecoveryCode(accountId, code) {
      if (!(await recoveryCodes.use(await accounts.resolve(accountId), code))) throw new Error('the code is not valid');
    },
    async passkey(accountId, passkey, name = 'Test') {
      const account = await accounts.resolve(accountId);
      const challenge = randomBytes(32).toString('base64url');
      const options = await passkeys.registrationOptions(account, challenge);
      await passkeys.register(account, challenge, passkey.create(options, issuer), name);
    },
  };
}

/** The options that a page gives to its passkey button. */
export function passkeyOptionsOn(page: { body: string }): { challenge: string; rpId?: string } {
  const json = attributeOf(page, '[data-passkey]', 'data-passkey');
  if (!json) throw new Error(`no passkey is asked for: ${page.body.slice(0, 1_000)}`);
  return JSON.parse(json);
}
