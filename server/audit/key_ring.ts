import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { AuditKeys } from '../platform/database.ts';
import type { Db } from '../platform/db.ts';
import { sqlState, UNIQUE_VIOLATION } from '../platform/db_errors.ts';
import { AppError } from '../platform/errors.ts';
import { LEAST_UUID } from '../platform/key_pages.ts';
import type { Sealer } from '../platform/sealing.ts';
import { findServerSecret, loadServerSecret } from '../platform/server_secrets.ts';
import { statement } from '../platform/statement.ts';
import { emptyHead } from './heads.ts';
import { AUDIT_SECRET, type AuditKey, auditKey, isSignedBy, type TreeKeys } from './keys.ts';
import type { LogReader } from './log_store.ts';
import type { SignedSuccession, Succession } from './successions.ts';

type KeyRow = Selectable<AuditKeys>;

export const KEY_STATEMENTS = {
  list: statement('audit_keys.list', () => sql<KeyRow>`SELECT * FROM audit_keys ORDER BY generation`),
  /** The number of keys that there have been. */
  newest: statement(
    'audit_keys.newest',
    () => sql<{ generation: number }>`SELECT coalesce(max(generation), 1) AS generation FROM audit_keys`,
  ),
};

/** A key, and since when it counts. */
export interface KeyPeriod {
  readonly key: AuditKey;
  /** From this index on, leaves have its MACs; it signs the heads of trees of this size and larger ones. */
  readonly fromSize: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** The least id that the retention had left: earlier keys have signed no anchor that covers more. */
  readonly removedBefore: string;
  /** Undefined for the first key. */
  readonly signed: SignedSuccession | undefined;
}

/** For so long an entry may wait for its place in the log with the MAC of a key that was replaced meanwhile. */
const FORMER_MACS_MS = 24 * 3_600_000;

/** The keys of the audit. The newest signs and makes MACs; those before it show that what they signed was not changed. */
export interface AuditKeyRing extends TreeKeys {
  readonly newest: AuditKey;
  /** The oldest first. */
  readonly periods: readonly KeyPeriod[];
  /** Statements about keys that are not as they were signed, or whose key is gone. */
  readonly changed: number;
  /** The key whose MAC a leaf has. */
  ofLeaf(index: number): AuditKey;
  /** True when Cardea has written an entry. @param at when it gets its place in the log: a replaced key counts no longer than a day */
  isEntryMac(mac: Uint8Array, bytes: Uint8Array, at?: number): boolean;
  /** The least id that an anchor by this key can say to be left; undefined: any. */
  lastRemovedBy(keyId: string): string | undefined;
  /**
   * Reads keys that were made since. Those that were changed or removed meanwhile stay known, and count as changed.
   * @param db the transaction in which this is known. Default: none
   */
  refresh(db?: LogReader): Promise<void>;
}

const FIRST_KEY_MISSING =
  'the first key of the audit is gone, and the audit has entries that it signed: restore the row "audit" of server_secrets from a backup';

/**
 * @throws AppError 500 `sealed_value_unreadable` with another master key than that of the database, and `audit_key_missing` when somebody
 *   has removed the first key
 */
export async function openKeyRing(parts: {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly now: Clock;
  readonly issuer: string;
}): Promise<AuditKeyRing> {
  const { db, sealer, now, issuer } = parts;
  const secret = await loadServerSecret(db, sealer, AUDIT_SECRET, now, (made) => [
    emptyHead(auditKey(made), { issuer, at: new Date(now()) }),
  ]).catch((error) => {
    // There is a head of the empty log already, which another key has signed.
    if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
    throw new AppError('audit_key_missing', FIRST_KEY_MISSING, { cause: error });
  });
  const first: KeyPeriod = {
    key: auditKey(secret),
    fromSize: 0,
    since: 0,
    removedBefore: LEAST_UUID,
    signed: undefined,
  };
  let periods: readonly KeyPeriod[] = [first];
  let changed = 0;

  const indexOf = (keyId: string) => periods.findIndex(({ key }) => key.publicKey.kid === keyId);
  const newest = () => periods.at(-1) ?? first;

  /** A key that was known once stays known, also when its row is changed or removed. */
  async function refresh(reader: LogReader = db): Promise<void> {
    const known = periods;
    const rows = await reader.query(KEY_STATEMENTS.list.bind());
    const read: KeyPeriod[] = [first];
    let problems = 0;
    for (const row of rows) {
      const before = read.at(-1) ?? first;
      const same = known.find(({ key, signed }) => signed && key.publicKey.kid === row.key_id);
      const key = same?.key ?? (await keyOf(reader, row.key_id));
      const stored = key && periodOf(row, key);
      const follows = stored !== undefined && isSignedBy(before.key.publicKey, row.succession, row.signature);
      const isRight = follows && stored.signed?.succession.previous_key.kid === before.key.publicKey.kid;
      if (!isRight || row.generation !== read.length + 1) problems += 1;
      const period = same ?? stored;
      if (period) read.push(period);
    }
    // Keys that came while this was read are no sign of a removal.
    const others = (all: readonly KeyPeriod[]) => all.filter(({ key }) => !isAmong(read, key));
    periods = [...read, ...others(periods)].toSorted((one, other) => generationOf(one) - generationOf(other));
    changed = problems + others(known).length;
  }

  async function keyOf(reader: LogReader, keyId: string): Promise<AuditKey | undefined> {
    try {
      const secret = await findServerSecret(reader, sealer, secretName(keyId));
      return secret && auditKey(secret);
    } catch (error) {
      if (error instanceof AppError && error.code === 'sealed_value_unreadable') return undefined;
      throw error;
    }
  }

  await refresh();
  return {
    get newest() {
      return newest().key;
    },
    get periods() {
      return periods;
    },
    get changed() {
      return changed;
    },
    ofLeaf: (index) => (periods.findLast(({ fromSize }) => fromSize <= index) ?? first).key,
    ofTree(keyId, size) {
      const i = indexOf(keyId);
      const [own, next] = [periods[i], periods[i + 1]];
      return own && own.fromSize <= size && size <= (next?.fromSize ?? size) ? own.key : undefined;
    },
    isEntryMac(mac, bytes, at = 0) {
      return periods.some(({ key }, i) => {
        const replaced = periods[i + 1]?.since ?? Number.POSITIVE_INFINITY;
        return at <= replaced + FORMER_MACS_MS && key.isMac(mac, bytes);
      });
    },
    lastRemovedBy: (keyId) => periods[indexOf(keyId) + 1]?.removedBefore,
    refresh,
  };
}

const isAmong = (periods: readonly KeyPeriod[], { publicKey }: AuditKey): boolean =>
  periods.some(({ key }) => key.publicKey.kid === publicKey.kid);

const generationOf = ({ signed }: KeyPeriod): number => signed?.succession.generation ?? 1;

/** @returns undefined when the statement is not one that the key itself has signed */
function periodOf(row: KeyRow, key: AuditKey): KeyPeriod | undefined {
  if (key.publicKey.kid !== row.key_id) return undefined;
  if (!isSignedBy(key.publicKey, row.succession, row.own_signature)) return undefined;
  const succession = JSON.parse(row.succession) as Succession;
  if (succession.type !== 'cardea-audit-succession' || succession.key.kid !== row.key_id) return undefined;
  return {
    key,
    fromSize: succession.tree_size,
    since: Date.parse(succession.time),
    removedBefore: succession.removed_before,
    signed: {
      succession,
      signature: row.signature.toString('base64url'),
      own_signature: row.own_signature.toString('base64url'),
    },
  };
}

/** The name of the secret that a later key is derived from. */
export const secretName = (keyId: string): string => `audit-key-${keyId}`;
