import { createHash, randomBytes } from 'node:crypto';
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Devices as DevicesTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { subnet } from '../platform/limits.ts';
import { hashToken, openJson, type Place, sealJson } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import type { Account } from './account.ts';
import { type BrowserName, browserOf, type Visitor } from './session_details.ts';
import type { Accounts } from './store.ts';

/**
 * Browsers in which a person has signed in before (OWASP, "Device Cookies"). A browser has one random token for each
 * account, all of them in one cookie. Only a token that was issued to this account counts, and each sign-in replaces it,
 * so a token that an attacker has put into the browser is never accepted (Zitadel CVE-2026-119128). Only a hash of the
 * token and the account's id is stored, so that a dump reveals neither.
 */
export interface Devices {
  /**
   * Remembers the browser as one of the person's, with a new token.
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
   * Forgets all browsers except the one with this cookie.
   * @param options `required`: the transaction fails by `require_rows` when there is none
   */
  forgetOthers(accountId: string, cookie?: string, options?: { readonly required?: boolean }): BoundStatement;
  /** Forgets one browser. For a transaction that fails by `require_rows` when there is no such browser. */
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
/** Maximum number of browsers of one person; a new one replaces the one that was used longest ago. */
export const DEVICES_MAX = 50;
/** Maximum number of accounts that one browser is remembered for. */
const TOKENS_MAX = 6;
/** For this time the previous token is accepted as well, because the response with the new one may have been lost. */
const PREVIOUS_SECONDS = 600;

const TAG_BYTES = 6;
const SECRET_BYTES = 26;
/** Tokens of 256 bits in base64url: a tag of the account, so that a new token replaces the old one, and a secret. */
export const DEVICE_COOKIE = new RegExp(`^[A-Za-z0-9_-]{43}(?:\\.[A-Za-z0-9_-]{43}){0,${TOKENS_MAX - 1}}$`);

type Sql = RawBuilder<unknown>;

/** The hashes that the tokens of a cookie have for one account. */
const hashesOf = (tokens: Sql, account: Sql): Sql =>
  sql`ARRAY(SELECT sha256(h || uuid_send(${account})) FROM unnest(${tokens}::bytea[]) AS h)`;

/** Rows of the browser that sent the cookie, by its latest token or the one before. */
export const knownDevice = (tokens: Sql, account: Sql, now: Sql): Sql =>
  sql`account_id = ${account} AND expires_at > ${now}
     AND (id_hash = ANY(${hashesOf(tokens, account)})
          OR (previous_hash = ANY(${hashesOf(tokens, account)}) AND previous_until > ${now}))`;

/** True for an account without a sign-in so far; it does not depend on the browsers that are remembered. */
export const neverSignedIn = (account: Sql): Sql =>
  sql`NOT EXISTS (SELECT 1 FROM devices d WHERE d.account_id = ${account})
   AND NOT EXISTS (SELECT 1 FROM security_events e
                    WHERE e.account_id = ${account} AND e.kind IN ('signed_in', 'new_device'))`;

/** A browser that shows the cookie, at some time. */
interface ShownCookie {
  readonly accountId: string;
  /** Hashes of the tokens in the cookie. */
  readonly tokens: readonly Buffer[];
  readonly now: Date;
}

const isShown = ($: ShownCookie): Sql =>
  knownDevice(sql`${$.tokens}`, sql`${$.accountId}::uuid`, sql`${$.now}::timestamptz`);

export const DEVICE_STATEMENTS = {
  remember: statement(
    'devices.remember',
    (
      $: ShownCookie & {
        idHash: Buffer;
        trustedUntil: Date | null;
        expiresAt: Date;
        sealed: Buffer;
        previousUntil: Date;
      },
    ) => sql`
      WITH known AS (
        SELECT id_hash, id_hash = ANY(${hashesOf(sql`${$.tokens}`, sql`${$.accountId}::uuid`)}) AS is_latest FROM devices
         WHERE ${isShown($)} ORDER BY 2 DESC LIMIT 1
      ), renewed AS (
        UPDATE devices d
           SET id_hash = ${$.idHash}, trusted_until = coalesce(${$.trustedUntil}, d.trusted_until),
               last_used_at = ${$.now}, expires_at = ${$.expiresAt}, sealed_own = ${$.sealed},
               previous_until = ${$.previousUntil},
               previous_hash = CASE WHEN k.is_latest THEN d.id_hash ELSE d.previous_hash END
          FROM known k WHERE d.id_hash = k.id_hash RETURNING d.id
      ), dropped AS (
        DELETE FROM devices WHERE NOT EXISTS (SELECT 1 FROM known) AND id_hash IN (
          SELECT id_hash FROM devices WHERE account_id = ${$.accountId}
           ORDER BY coalesce(last_used_at, created_at) DESC OFFSET ${DEVICES_MAX - 1})
      )
      INSERT INTO devices (id_hash, account_id, trusted_until, created_at, last_used_at, expires_at, sealed_own)
      SELECT ${$.idHash}, ${$.accountId}, ${$.trustedUntil}, ${$.now}, ${$.now}, ${$.expiresAt}, ${$.sealed}
       WHERE NOT EXISTS (SELECT 1 FROM known)`,
  ),
  isKnown: statement(
    'devices.is_known',
    ($: ShownCookie) => sql<{ known: boolean; first: boolean }>`
      SELECT EXISTS (SELECT 1 FROM devices WHERE ${isShown($)}) AS known, ${neverSignedIn(sql`${$.accountId}`)} AS first`,
  ),
  forgetOthers: statement(
    'devices.forget_others',
    ($: ShownCookie & { required: boolean }) => sql`
      WITH forgotten AS (
        DELETE FROM devices WHERE account_id = ${$.accountId} AND id NOT IN (
          SELECT id FROM devices WHERE ${isShown($)}) RETURNING 1)
      SELECT (SELECT count(*)::int FROM forgotten) AS forgotten,
             CASE WHEN ${$.required}::boolean THEN require_rows((SELECT count(*) FROM forgotten)) END`,
  ),
  forget: statement(
    'devices.forget',
    ($: { accountId: string; id: string }) => sql`
      WITH forgotten AS (DELETE FROM devices WHERE account_id = ${$.accountId} AND id::text = ${$.id} RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM forgotten))`,
  ),
  list: statement(
    'devices.list',
    ($: ShownCookie) => sql<
      Pick<
        Selectable<DevicesTable>,
        'id' | 'id_hash' | 'sealed_own' | 'created_at' | 'last_used_at' | 'trusted_until'
      > & { is_current: boolean }
    >`
      SELECT id, id_hash, sealed_own, created_at, last_used_at, trusted_until, coalesce(${isShown($)}, false) AS is_current
        FROM devices WHERE account_id = ${$.accountId} AND expires_at > ${$.now}
       ORDER BY coalesce(last_used_at, created_at) DESC LIMIT ${DEVICES_MAX}`,
  ),
};

/** @param parts `keptSeconds`: how long a browser is remembered after the last sign-in there */
export function createDevices(parts: {
  db: Db;
  accounts: Pick<Accounts, 'sealerOf'>;
  now: Clock;
  keptSeconds?: number;
}): Devices {
  const { db, accounts, now, keptSeconds = DEVICE_SECONDS } = parts;
  const inSeconds = (seconds: number) => new Date(now() + seconds * 1_000);
  const shown = (accountId: string, cookie: string | undefined): ShownCookie => ({
    accountId,
    tokens: deviceHashes(cookie),
    now: inSeconds(0),
  });

  return {
    remember(account, { cookie, visitor, trustSeconds = 0 }) {
      const tag = tagOf(account.id);
      const token = Buffer.concat([tag, randomBytes(SECRET_BYTES)]).toString('base64url');
      const others = tokensIn(cookie).filter(
        (one) => !Buffer.from(one, 'base64url').subarray(0, TAG_BYTES).equals(tag),
      );
      const idHash = idHashOf(token, account.id);
      const seen = { ...browserOf(visitor.userAgent), network: subnet(visitor.address) };
      const bound = DEVICE_STATEMENTS.remember.bind({
        ...shown(account.id, cookie),
        idHash,
        trustedUntil: trustSeconds > 0 ? inSeconds(trustSeconds) : null,
        expiresAt: inSeconds(keptSeconds),
        sealed: sealJson(accounts.sealerOf(account), devicePlace(idHash), seen),
        previousUntil: inSeconds(PREVIOUS_SECONDS),
      });
      return { cookie: [...others, token].slice(-TOKENS_MAX).join('.'), bound };
    },

    async isKnown(accountId, cookie) {
      const [row] = await db.query(DEVICE_STATEMENTS.isKnown.bind(shown(accountId, cookie)));
      return row ?? { known: false, first: true };
    },

    forgetOthers: (accountId, cookie, { required = false } = {}) =>
      DEVICE_STATEMENTS.forgetOthers.bind({ ...shown(accountId, cookie), required }),

    forget: (accountId, id) => DEVICE_STATEMENTS.forget.bind({ accountId, id }),

    async list(account, cookie) {
      const rows = await db.query(DEVICE_STATEMENTS.list.bind(shown(account.id, cookie)));
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

/** The hashes of the tokens in a browser's cookie, as parameters of statements (`knownDevice`). */
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

/** The place of `sealed_own`, which is null in rows of versions without rotation; sealed again when the token changes. */
const devicePlace = (idHash: Buffer): Place => ({
  table: 'devices',
  column: 'sealed_own',
  row: idHash.toString('hex'),
});
