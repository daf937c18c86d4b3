import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { SessionDetails as SessionDetailsTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { subnet } from '../platform/limits.ts';
import { openJson, type Place, sealJson } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import type { Account } from './account.ts';
import type { Accounts } from './store.ts';

/** Names the browser of a session for the person. */
export interface BrowserName {
  /** Such as `Firefox`; undefined for an unknown browser. */
  readonly browser?: string;
  /** Such as `Linux`. */
  readonly system?: string;
}

export interface SessionDetails extends BrowserName {
  readonly sessionUid: string;
  /** The network that it was last seen in: an IPv4 address, or an IPv6 /64. */
  readonly network: string;
  readonly signedInAt: Date;
  readonly lastSeenAt: Date;
}

export interface Visitor {
  /** `User-Agent` */
  readonly userAgent: string | undefined;
  readonly address: string;
}

/** Details of sessions that are shown to the person. Sealed under the account's own key. */
export interface SessionDetailsStore {
  /** For the transaction of a request in which the session was seen. Changes something every five minutes at most. */
  touch(sessionUid: string, account: Account, visitor: Visitor): BoundStatement;
  /** @param uids of sessions of the account */
  list(account: Account, uids: readonly string[]): Promise<SessionDetails[]>;
}

export const SEEN_EVERY_MS = 5 * 60_000;

export const SESSION_DETAIL_STATEMENTS = {
  // Nothing is stored for a session that ended meanwhile; otherwise the foreign key would make the request fail.
  touch: statement(
    'session_details.touch',
    ($: { uid: string; accountId: string; sealed: Buffer; now: Date; seenBefore: Date }) => sql`
      INSERT INTO session_details AS d (session_uid, sealed_own, signed_in_at, last_seen_at)
      SELECT s.uid, ${$.sealed}, ${$.now}, ${$.now}
        FROM (SELECT uid FROM sessions WHERE uid = ${$.uid} AND account_id = ${$.accountId} FOR KEY SHARE) s
      ON CONFLICT (session_uid) DO UPDATE
         SET sealed_own = excluded.sealed_own, last_seen_at = excluded.last_seen_at
       WHERE d.last_seen_at <= ${$.seenBefore}`,
  ),
  list: statement(
    'session_details.list',
    ($: { accountId: string; uids: readonly string[] }) => sql<Selectable<SessionDetailsTable>>`
      SELECT d.session_uid, d.sealed_own, d.signed_in_at, d.last_seen_at
        FROM sessions s JOIN session_details d ON d.session_uid = s.uid
       WHERE s.account_id = ${$.accountId} AND s.uid = ANY(${$.uids}::text[])`,
  ),
};

export function createSessionDetails(parts: {
  db: Db;
  accounts: Pick<Accounts, 'sealerOf'>;
  now: Clock;
}): SessionDetailsStore {
  const { db, accounts, now } = parts;
  return {
    touch(sessionUid, account, { userAgent, address }) {
      const at = now();
      const seen = { ...browserOf(userAgent), network: subnet(address) };
      return SESSION_DETAIL_STATEMENTS.touch.bind({
        uid: sessionUid,
        accountId: account.id,
        sealed: sealJson(accounts.sealerOf(account), sessionDetailPlace(sessionUid), seen),
        now: new Date(at),
        seenBefore: new Date(at - SEEN_EVERY_MS),
      });
    },

    async list(account, uids) {
      const rows = await db.query(SESSION_DETAIL_STATEMENTS.list.bind({ accountId: account.id, uids }));
      const sealer = accounts.sealerOf(account);
      return rows.map((row) => ({
        ...(openJson(sealer, sessionDetailPlace(row.session_uid), row.sealed_own) as BrowserName & { network: string }),
        sessionUid: row.session_uid,
        signedInAt: row.signed_in_at,
        lastSeenAt: row.last_seen_at,
      }));
    },
  };
}

const sessionDetailPlace = (uid: string): Place => ({ table: 'session_details', column: 'sealed_own', row: uid });

type Names = readonly (readonly [RegExp, string])[];

/** The first match counts: most browsers also claim to be those further down in the list. */
const BROWSERS: Names = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\b(OPR|OPiOS)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|Chromium|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
  [/\bcurl\//, 'curl'],
];

const SYSTEMS: Names = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\b(Macintosh|Mac OS X)\b/, 'macOS'],
  [/\b(Linux|X11)\b/, 'Linux'],
];

/** Browser and system of a `User-Agent`. Only for display, because a browser can send any text. */
export function browserOf(userAgent: string | undefined): BrowserName {
  const text = userAgent?.slice(0, 512) ?? '';
  const nameIn = (names: Names) => names.find(([pattern]) => pattern.test(text))?.[1];
  const [browser, system] = [nameIn(BROWSERS), nameIn(SYSTEMS)];
  return { ...(browser === undefined ? {} : { browser }), ...(system === undefined ? {} : { system }) };
}

/** The details of a browser that an event and a mail have. */
export function visitorDetails({ userAgent, address }: Visitor): Readonly<Record<string, string>> {
  return { ...browserOf(userAgent), address: subnet(address) };
}

/** The location of a session as far as its address shows it, without any database of locations. */
export type PlaceKind = 'here' | 'private' | 'elsewhere';

/** RFC 1918, RFC 3927, RFC 4193, RFC 4291 §2.5: addresses that are valid only within one network. */
const PRIVATE: readonly RegExp[] = [
  /^10\./,
  /^127\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^169\.254\./,
  /^f[cd][0-9a-f]{2}:/,
  /^fe[89ab][0-9a-f]:/,
  /^0:0:0:0::\/64$/, // the loopback's
];

/**
 * @param network as it is noted of a session
 * @param viewer the address that the person is at now
 */
export function place(network: string, viewer: string): PlaceKind {
  if (network === subnet(viewer)) return 'here';
  return PRIVATE.some((pattern) => pattern.test(network)) ? 'private' : 'elsewhere';
}
