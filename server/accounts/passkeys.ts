import { createHmac } from 'node:crypto';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Passkeys as PasskeysTable } from '../platform/database.ts';
import { type BoundStatement, type Db, type Row, transactIfNeeded } from '../platform/db.ts';
import { sqlState, UNIQUE_VIOLATION } from '../platform/db_errors.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { RequestOrigin } from '../platform/request_origin.ts';
import { openJson, type Place, sealJson } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';
import type { Account } from './account.ts';
import { changeFactors } from './factor_change.ts';
import { COLUMNS } from './rows.ts';
import type { Accounts } from './store.ts';

/** Loaded by the first page that offers passkeys: its 270 modules are a sixth of those that a start would load. */
const webAuthn = () => import('@simplewebauthn/server');

/** Passkeys (WebAuthn Level 3): as a second factor, and instead of password and second factor together. */
export interface Passkeys {
  /** @param challenge base64url; that of the visit or session in which the response is expected */
  registrationOptions(account: Account, challenge: string): Promise<PublicKeyCredentialCreationOptionsJSON>;
  /**
   * @param response the browser's response as JSON
   * @param name the person's name for the passkey
   * @param also statements for the same transaction
   * @returns the account's epoch from now on
   * @throws AppError 400 `passkey_refused` for a response to another challenge, 409 `passkey_exists`, 400
   *   `credentials_changed`
   */
  register(
    account: Account,
    challenge: string,
    response: string,
    name: string,
    also?: readonly BoundStatement[],
  ): Promise<{ id: string; epoch: number }>;
  list(account: Account): Promise<Passkey[]>;
  /** @throws AppError 404 `not_found`, 400 `invalid_input` */
  rename(account: Account, id: string, name: string, also?: readonly BoundStatement[]): Promise<void>;
  /** @throws AppError 404 `not_found`, 400 `credentials_changed`, 409 `last_administrator` */
  remove(account: Account, id: string, also?: readonly BoundStatement[]): Promise<void>;
  /** @param account whose passkeys are allowed; without one the browser offers all that it has for this site */
  assertionOptions(challenge: string, account?: Account): Promise<PublicKeyCredentialRequestOptionsJSON>;
  /**
   * @param response the browser's response as JSON
   * @returns the account and its `amr`; undefined when the assertion is not valid, or is that of another than `account`
   */
  verify(
    challenge: string,
    response: string,
    options: { account?: Account | undefined; requireUserVerification: boolean; origin: RequestOrigin },
  ): Promise<Assertion | undefined>;
}

export interface Assertion {
  readonly account: Account;
  /** `hwk` or `swk`: bound to one device, or kept in software that copies it; `user` when that checked who uses it (RFC 8176). */
  readonly amr: readonly string[];
}

export interface Passkey {
  /** The credential id in base64url. */
  readonly id: string;
  readonly name: string;
  /** Synchronised by the person's platform rather than bound to one device. */
  readonly backedUp: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

type PasskeyRow = Selectable<PasskeysTable>;

/** The server secret that challenges are made with. */
export const CHALLENGE_SECRET = 'passkey-challenges';

/**
 * A challenge that is not stored: only this server can make it, and it is valid for one subject only, a visit or a session
 * that is itself bound to one browser (WebAuthn L3 §13.4.3).
 */
export function challengeFor(secret: Uint8Array, subject: string): string {
  return createHmac('sha256', secret).update(subject).digest('base64url');
}

/** WebAuthn L3 §4: a credential id has at most 1023 bytes. */
const ID_BYTES_MAX = 1_023;
const NAME_MAX = 100;
const PASSKEYS_MAX = 50;
const TIMEOUT_MS = 5 * 60_000;
/** The algorithms of common authenticators: EdDSA, ES256, RS256 (RFC 9053 §2, RFC 8812 §2). */
const ALGORITHMS = [-8, -7, -257];
const TRANSPORT = /^[a-z][a-z-]{0,31}$/;
const TRANSPORTS_MAX = 10;

export const PASSKEY_STATEMENTS = {
  insert: statement('passkeys.insert', ($: Omit<PasskeyRow, 'last_used_at' | 'counter'> & { counter: number }) =>
    tables.insertInto('passkeys').values({
      id: $.id,
      account_id: $.account_id,
      public_key: $.public_key,
      counter: $.counter,
      transports: $.transports,
      backed_up: $.backed_up,
      sealed_own: $.sealed_own,
      created_at: $.created_at,
    }),
  ),
  list: statement('passkeys.list', ($: { accountId: string }) =>
    tables
      .selectFrom('passkeys')
      .select(['id', 'transports', 'backed_up', 'sealed_own', 'created_at', 'last_used_at'])
      .where('account_id', '=', $.accountId)
      .orderBy('created_at')
      .orderBy('id'),
  ),
  find: statement(
    'passkeys.find',
    ($: { id: Buffer }) => sql<Row & Pick<PasskeyRow, 'public_key' | 'counter'>>`
      SELECT p.public_key, p.counter, ${sql.raw(COLUMNS)}
        FROM passkeys p JOIN accounts a ON a.id = p.account_id WHERE p.id = ${$.id}`,
  ),
  // The counter grows with every use, or is always 0 where an authenticator has none (WebAuthn L3 §6.1.1).
  use: statement(
    'passkeys.use',
    ($: { id: Buffer; counter: number; backedUp: boolean; now: Date }) => sql`
      UPDATE passkeys SET counter = ${$.counter}, backed_up = ${$.backedUp}, last_used_at = ${$.now}
       WHERE id = ${$.id} AND (counter < ${$.counter} OR (counter = 0 AND ${$.counter} = 0)) RETURNING 1`,
  ),
  rename: statement(
    'passkeys.rename',
    ($: { id: Buffer; accountId: string; sealed: Buffer }) => sql`
      WITH renamed AS (
        UPDATE passkeys SET sealed_own = ${$.sealed} WHERE id = ${$.id} AND account_id = ${$.accountId} RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM renamed))`,
  ),
  remove: statement('passkeys.remove', ($: { id: Buffer; accountId: string }) =>
    tables.deleteFrom('passkeys').where('id', '=', $.id).where('account_id', '=', $.accountId).returning('id'),
  ),
  removeAll: statement('passkeys.remove_all', ($: { accountId: string }) =>
    tables.deleteFrom('passkeys').where('account_id', '=', $.accountId),
  ),
};

/** For a transaction that `changingFactors` makes. @param id the credential id in base64url */
export function removingPasskey(accountId: string, id: string): BoundStatement {
  return PASSKEY_STATEMENTS.remove.bind({ id: idBytes(id), accountId });
}

/**
 * @param parts `name`: the name of this site in authenticators; `onCounterRegression` is called when two authenticators
 *   seem to have the same key, and the sign-in is refused
 */
export function createPasskeys(parts: {
  db: Db;
  accounts: Accounts;
  issuer: Issuer;
  name: string;
  now: Clock;
  onCounterRegression(account: Account, origin: RequestOrigin): Promise<void>;
}): Passkeys {
  const { db, accounts, issuer, now } = parts;
  const rpID = issuer.hostname;
  const origin = issuer.origin;

  const rowsOf = (account: Account) => db.query(PASSKEY_STATEMENTS.list.bind({ accountId: account.id }));
  const nameOf = (account: Account, row: Pick<PasskeyRow, 'id' | 'sealed_own'>) =>
    openJson(accounts.sealerOf(account), namePlace(row.id), row.sealed_own) as string;
  const descriptors = async (account: Account) =>
    (await rowsOf(account)).map(({ id, transports }) => ({ id: id.toString('base64url'), transports }));

  return {
    async registrationOptions(account, challenge) {
      return (await webAuthn()).generateRegistrationOptions({
        rpName: parts.name,
        rpID,
        userID: userHandle(account),
        userName: account.email,
        userDisplayName: account.name ?? account.email,
        challenge: bytesOf(challenge),
        timeout: TIMEOUT_MS,
        attestationType: 'none',
        supportedAlgorithmIDs: ALGORITHMS,
        excludeCredentials: await descriptors(account),
        authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
      });
    },

    async register(account, challenge, response, name, also = []) {
      const label = checkName(name);
      const { credential, credentialBackedUp } = await verifiedRegistration(challenge, response);
      const id = Buffer.from(credential.id, 'base64url');
      if ((await rowsOf(account)).length >= PASSKEYS_MAX) {
        throw new AppError('too_many_passkeys', `an account has at most ${PASSKEYS_MAX} passkeys; remove one first`);
      }
      const insert = PASSKEY_STATEMENTS.insert.bind({
        id,
        account_id: account.id,
        public_key: Buffer.from(credential.publicKey),
        counter: credential.counter,
        transports: (credential.transports ?? []).filter((one) => TRANSPORT.test(one)).slice(0, TRANSPORTS_MAX),
        backed_up: credentialBackedUp,
        sealed_own: sealJson(accounts.sealerOf(account), namePlace(id), label),
        created_at: new Date(now()),
      });
      try {
        const { epoch } = await changeFactors(db, account, [insert], also);
        return { id: credential.id, epoch };
      } catch (cause) {
        if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
        throw new AppError('passkey_exists', 'this passkey is registered already', { cause });
      }
    },

    async list(account) {
      return (await rowsOf(account)).map((row) => ({
        id: row.id.toString('base64url'),
        name: nameOf(account, row),
        backedUp: row.backed_up,
        createdAt: row.created_at,
        lastUsedAt: row.last_used_at,
      }));
    },

    async rename(account, id, name, also = []) {
      const bytes = idBytes(id);
      const sealed = sealJson(accounts.sealerOf(account), namePlace(bytes), checkName(name));
      const rename = PASSKEY_STATEMENTS.rename.bind({ id: bytes, accountId: account.id, sealed });
      if (!(await transactIfNeeded(db, [rename, ...also]))) throw notFound('passkey', id);
    },

    async remove(account, id, also = []) {
      const remove = removingPasskey(account.id, id);
      // First, so that the transaction fails for a passkey that does not exist.
      if (!(await rowsOf(account)).some((row) => row.id.equals(idBytes(id)))) throw notFound('passkey', id);
      await changeFactors(db, account, [remove], also);
    },

    async assertionOptions(challenge, account) {
      return (await webAuthn()).generateAuthenticationOptions({
        rpID,
        challenge: bytesOf(challenge),
        timeout: TIMEOUT_MS,
        ...(account
          ? { allowCredentials: await descriptors(account), userVerification: 'preferred' as const }
          : { userVerification: 'required' as const }),
      });
    },

    async verify(challenge, response, { account: expected, requireUserVerification, origin: from }) {
      const assertion = parse<AuthenticationResponseJSON>(response);
      const id = Buffer.from(assertion?.id ?? '', 'base64url');
      if (!assertion || id.length === 0 || id.length > ID_BYTES_MAX) return undefined;
      const [row] = await db.query(PASSKEY_STATEMENTS.find.bind({ id }));
      const account = row && accounts.fromRow(row);
      if (!account || account.standing === 'disabled' || (expected && expected.id !== account.id)) return undefined;
      if (!answersFor(account, assertion.response.userHandle, expected === undefined)) return undefined;
      const verified = await verifiedAssertion({ challenge, assertion, requireUserVerification, row });
      if (!verified) return undefined;

      const { newCounter, credentialBackedUp, userVerified } = verified;
      const use = { id, counter: newCounter, backedUp: credentialBackedUp, now: new Date(now()) };
      const used = await db.query(PASSKEY_STATEMENTS.use.bind(use));
      if (used.length === 0) {
        await parts.onCounterRegression(account, from);
        return undefined;
      }
      return { account, amr: [credentialBackedUp ? 'swk' : 'hwk', ...(userVerified ? ['user'] : [])] };
    },
  };

  async function verifiedRegistration(challenge: string, response: string) {
    const refused = (cause?: unknown) =>
      new AppError('passkey_refused', 'the passkey was not accepted; try again', { cause });
    const registration = parse<RegistrationResponseJSON>(response);
    if (!registration) throw refused();
    try {
      const { registrationInfo } = await (await webAuthn()).verifyRegistrationResponse({
        response: registration,
        expectedChallenge: challenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
        supportedAlgorithmIDs: ALGORITHMS,
        requireUserVerification: false, // required only where the passkey replaces the password
      });
      if (!registrationInfo) throw new Error('not verified');
      return registrationInfo;
    } catch (cause) {
      throw refused(cause);
    }
  }

  async function verifiedAssertion(given: {
    challenge: string;
    assertion: AuthenticationResponseJSON;
    requireUserVerification: boolean;
    row: Pick<PasskeyRow, 'public_key' | 'counter'>;
  }) {
    try {
      const { verified, authenticationInfo } = await (await webAuthn()).verifyAuthenticationResponse({
        response: given.assertion,
        expectedChallenge: given.challenge,
        expectedOrigin: origin,
        expectedRPID: rpID,
        requireUserVerification: given.requireUserVerification,
        // The library would check the counter before the signature. The database checks it afterwards, for all nodes.
        credential: { id: given.assertion.id, publicKey: new Uint8Array(given.row.public_key), counter: 0 },
      });
      return verified ? authenticationInfo : undefined;
    } catch {
      return undefined; // not a valid assertion
    }
  }
}

/** WebAuthn L3 §7.2, step 6: the user handle names the account; it is required when no account is known yet. */
function answersFor(account: Account, handle: string | undefined, required: boolean): boolean {
  if (handle === undefined) return !required;
  return Buffer.from(handle, 'base64url').equals(userHandle(account));
}

/** The account's id, which reveals nothing about the person to an authenticator (WebAuthn L3 §14.6.1). */
function userHandle({ id }: Account): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(id.replaceAll('-', ''), 'hex'));
}

function bytesOf(challenge: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(challenge, 'base64url'));
}

/** The members that are read before the library checks the whole response. */
function parse<R extends { id: string; response: { userHandle?: string } | object }>(json: string): R | undefined {
  try {
    const value = JSON.parse(json) as R | null;
    if (typeof value?.id !== 'string' || typeof value.response !== 'object' || !value.response) return undefined;
    const { userHandle: handle } = value.response as { userHandle?: unknown };
    return handle === undefined || typeof handle === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function idBytes(id: string): Buffer {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.length === 0 || bytes.length > ID_BYTES_MAX) throw notFound('passkey', id.slice(0, 32));
  return bytes;
}

function checkName(value: string): string {
  const name = value.trim();
  if (name === '' || [...name].length > NAME_MAX) throw invalidInput('name', `must have 1 to ${NAME_MAX} characters`);
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name)) throw invalidInput('name', 'must not contain invisible characters');
  return name;
}

function namePlace(id: Buffer): Place {
  return { table: 'passkeys', column: 'sealed_own', row: id.toString('hex') };
}
