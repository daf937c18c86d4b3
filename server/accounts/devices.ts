import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { subnet } from '../platform/limits.ts';
import { hashToken, openJson, type Place, sealJson } from '../platform/sealing.ts';
import type { Account } from './account.ts';
import { type BrowserName, browserOf, type Visitor } from './session_details.ts';
import type { Accounts } from './store.ts';

/**
 * Browsers on which a person has signed in before (OWASP, "Device Cookies"). A browser has one random token for each of
 * its people, all of them in one cookie. Only a token that was issued here, to this very account, is worth anything, and
 * each sign-in replaces it: one that somebody else has put into the browser is never taken over (Zitadel
 * CVE-2026-119128). What is stored is the hash of the token and of the account's id, so a dump tells neither.
 */
export interface Devices {
  /**
   * The browser is one of the person's from now on, by a new token.
   * @param cookie as the browser sent it
   * @param trustSeconds for how long it need not show the second factor; 0 leaves that as it is
   * @returns the cookie that it gets in place of that, and a statement for the transaction of the sign-in
   */
  remember(
    account: Account,
    browser: { readonly cookie: string | undefined; readonly visitor: Visitor; readonly trustSeconds?: number },
  ): { readonly cookie: string; readonly bound: BoundStatement };
  isKnown(accountId: string, cookie: string | undefined): Promise<{ known: boolean; first: boolean }>;
  /**
   * Every browser is a stranger again, but for the one with this cookie.
   * @param options `required`: the transaction fails by `require_rows` when there is none
   */
  forgetOthers(accountId: string, cookie?: string, options?: { readonly required?: boolean }): BoundStatement;
  /** One browser is a stranger again. For a transaction that fails by `require_rows` when there is no such browser. */
  forget(accountId: string, id: string): BoundStatement;
  /** The one used last first; at most `DEVICES_MAX`. @param cookie tells which of them the person is looking at */
  list(account: Account, cookie?: string): Promise<Device[]>;
}

export interface Device extends BrowserName {
  readonly id: string;
  readonly isCurrent: boolean;
  /** Where it was last signed in on: an IPv4 address, or an IPv6 /64. */
  readonly network?: string;
  readonly since: Date;
  readonly lastUsedAt: Date | undefined;
  /** Until then the second factor is not asked for there. */
  readonly trustedUntil: Date | undefined;
}

/** Browsers keep no cookie for longer than 400 days (RFC 6265bis §5.5). */
export const DEVICE_SECONDS = 400 * 86_400;
/** Browsers of one person; the one used longest ago goes when another one comes. */
export const DEVICES_MAX = 50;
/** People of one browser. */
const TOKENS_MAX = 6;
/** For so long the token before is good as well: the answer that carried the new one may have been lost. */
const PREVIOUS_SECONDS = 600;

const TAG_BYTES = 6;
const SECRET_BYTES = 26;
/** Tokens of 256 bits in base64url: which account one is for, so that a new one takes its place, and a secret. */
export const DEVICE_COOKIE = new RegExp(`^[A-Za-z0-9_-]{43}(?:\\.[A-Za-z0-9_-]{43}){0,${TOKENS_MAX - 1}}$`);

/** The hashes that a cookie's tokens would have, were they this account's (SQL expressions of the hashes and of the id). */
const hashesOf = (tokens: string, account: string) =>
  `ARRAY(SELECT sha256(h || uuid_send(${account})) FROM unnest(${tokens}::bytea[]) AS h)`;

/** Rows of the browser that has the cookie, whichever its token is. */
export const knownDevice = (tokens: string, account: string, now: string) =>
  `account_id = ${account} AND expires_at > ${now}
     AND (id_hash = ANY(${hashesOf(tokens, account)})
          OR (previous_hash = ANY(${hashesOf(tokens, account)}) AND previous_until > ${now}))`;

/** SQL that is true for an account without a sign-in so far; it does not depend on the browsers that are remembered. */
export const neverSignedIn = (account: string) =>
  `NOT EXISTS (SELECT 1 FROM devices d WHERE d.account_id = ${account})
   AND NOT EXISTS (SELECT 1 FROM security_events e
                    WHERE e.account_id = ${account} AND e.kind IN ('signed_in', 'new_device'))`;

export const DEVICE_STATEMENTS = {
  remember: {
    name: 'devices.remember',
    text: `WITH known AS (
             SELECT id_hash, id_hash = ANY(${hashesOf('$2', '$1::uuid')}) AS is_latest FROM devices
              WHERE ${knownDevice('$2', '$1::uuid', '$4::timestamptz')} ORDER BY 2 DESC LIMIT 1
           ), renewed AS (
             UPDATE devices d
                SET id_hash = $3, trusted_until = coalesce($5, d.trusted_until), last_used_at = $4, expires_at = $6,
                    sealed_own = $7, previous_until = $8,
                    previous_hash = CASE WHEN k.is_latest THEN d.id_hash ELSE d.previous_hash END
               FROM known k WHERE d.id_hash = k.id_hash RETURNING d.id
           ), dropped AS (
             DELETE FROM devices WHERE NOT EXISTS (SELECT 1 FROM known) AND id_hash IN (
               SELECT id_hash FROM devices WHERE account_id = $1
                ORDER BY coalesce(last_used_at, created_at) DESC OFFSET ${DEVICES_MAX - 1})
           )
           INSERT INTO devices (id_hash, account_id, trusted_until, created_at, last_used_at, expires_at, sealed_own)
           SELECT $3, $1, $5, $4, $4, $6, $7 WHERE NOT EXISTS (SELECT 1 FROM known)`,
  },
  isKnown: {
    name: 'devices.is_known',
    text: `SELECT EXISTS (SELECT 1 FROM devices WHERE ${knownDevice('$2', '$1::uuid', '$3')}) AS known,
                  ${neverSignedIn('$1')} AS first`,
  },
  forgetOthers: {
    name: 'devices.forget_others',
    text: `WITH forgotten AS (
             DELETE FROM devices WHERE account_id = $1 AND id NOT IN (
               SELECT id FROM devices WHERE ${knownDevice('$2', '$1::uuid', '$3')}) RETURNING 1)
           SELECT CASE WHEN $4::boolean THEN require_rows((SELECT count(*) FROM forgotten)) END`,
  },
  forget: {
    name: 'devices.forget',
    text: `WITH forgotten AS (DELETE FROM devices WHERE account_id = $1 AND id::text = $2 RETURNING 1)
           SELECT require_rows((SELECT count(*) FROM forgotten))`,
  },
  list: {
    name: 'devices.list',
    text: `SELECT id, id_hash, sealed_own, created_at, last_used_at, trusted_until,
                  coalesce(${knownDevice('$2', '$1::uuid', '$3')}, false) AS is_current
             FROM devices WHERE account_id = $1 AND expires_at > $3
            ORDER BY coalesce(last_used_at, created_at) DESC LIMIT ${DEVICES_MAX}`,
  },
};

interface DeviceRow {
  readonly id: string;
  readonly id_hash: Buffer;
  readonly sealed_own: Buffer | null;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
  readonly trusted_until: Date | null;
  readonly is_current: boolean;
}

export function createDevices(parts: { db: Db; accounts: Pick<Accounts, 'sealerOf'>; now: Clock }): Devices {
  const { db, accounts, now } = parts;
  const inSeconds = (seconds: number) => new Date(now() + seconds * 1_000);

  return {
    remember(account, { cookie, visitor, trustSeconds = 0 }) {
      const tag = tagOf(account.id);
      const token = Buffer.concat([tag, randomBytes(SECRET_BYTES)]).toString('base64url');
      const kept = tokensIn(cookie).filter((one) => !Buffer.from(one, 'base64url').subarray(0, TAG_BYTES).equals(tag));
      const idHash = idHashOf(token, account.id);
      const seen = { ...browserOf(visitor.userAgent), network: subnet(visitor.address) };
      const values = [
        account.id,
        deviceHashes(cookie),
        idHash,
        inSeconds(0),
        trustSeconds > 0 ? inSeconds(trustSeconds) : null,
        inSeconds(DEVICE_SECONDS),
        sealJson(accounts.sealerOf(account), devicePlace(idHash), seen),
        inSeconds(PREVIOUS_SECONDS),
      ];
      const tokens = [...kept, token].slice(-TOKENS_MAX);
      return { cookie: tokens.join('.'), bound: { statement: DEVICE_STATEMENTS.remember, values } };
    },

    async isKnown(accountId, cookie) {
      const values = [accountId, deviceHashes(cookie), inSeconds(0)];
      const [row] = await db.run<{ known: boolean; first: boolean }>(DEVICE_STATEMENTS.isKnown, values);
      return row ?? { known: false, first: true };
    },

    forgetOthers: (accountId, cookie, { required = false } = {}) => ({
      statement: DEVICE_STATEMENTS.forgetOthers,
      values: [accountId, deviceHashes(cookie), inSeconds(0), required],
    }),

    forget: (accountId, id) => ({ statement: DEVICE_STATEMENTS.forget, values: [accountId, id] }),

    async list(account, cookie) {
      const rows = await db.run<DeviceRow>(DEVICE_STATEMENTS.list, [account.id, deviceHashes(cookie), inSeconds(0)]);
      const sealer = accounts.sealerOf(account);
      return rows.map((row) => ({
        ...(row.sealed_own === null
          ? {}
          : (openJson(sealer, devicePlace(row.id_hash), row.sealed_own) as BrowserName & { network: string })),
        id: row.id,
        isCurrent: row.is_current,
        since: row.created_at,
        lastUsedAt: row.last_used_at ?? undefined,
        trustedUntil: row.trusted_until && row.trusted_until > inSeconds(0) ? row.trusted_until : undefined,
      }));
    },
  };
}

function tokensIn(cookie: string | undefined): string[] {
  return cookie !== undefined && DEVICE_COOKIE.test(cookie) ? cookie.split('.') : [];
}

/** Of the tokens in a browser's cookie, as statements take them (`knownDevice`). */
export function deviceHashes(cookie: string | undefined): Buffer[] {
  return tokensIn(cookie).map(hashToken);
}

function tagOf(accountId: string): Buffer {
  return createHash('sha256').update(`device of ${accountId}`).digest().subarray(0, TAG_BYTES);
}

function idHashOf(token: string, accountId: string): Buffer {
  const account = Buffer.from(accountId.replaceAll('-', ''), 'hex');
  return createHash('sha256').update(hashToken(token)).update(account).digest();
}

/** A row written by a version that knows of no rotation has none; one that is taken over is sealed anew with its token. */
const devicePlace = (idHash: Buffer): Place => ({
  table: 'devices',
  column: 'sealed_own',
  row: idHash.toString('hex'),
});
