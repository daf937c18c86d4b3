import type { Db } from '../platform/db.ts';
import type { Sealer } from '../platform/sealing.ts';

/** A column of values that the master key seals, each bound to its place: table, column and the row's key as text. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  readonly key: string;
  readonly keyType: 'text' | 'uuid' | 'bytea';
  /** Makes the key's text, in SQL. */
  readonly keyText: string;
}

/**
 * All there are. The people's profiles are not among them: those are sealed by their own keys, which are.
 * A room that seals something new adds its column here.
 */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'server_secrets', column: 'sealed', key: 'name', keyType: 'text', keyText: 'name' },
  { table: 'signing_keys', column: 'sealed', key: 'kid', keyType: 'text', keyText: 'kid' },
  { table: 'signing_keys', column: 'sealed_public', key: 'kid', keyType: 'text', keyText: 'kid' },
  { table: 'accounts', column: 'sealed_key', key: 'id', keyType: 'uuid', keyText: 'id::text' },
  { table: 'grants', column: 'sealed', key: 'id', keyType: 'text', keyText: 'id' },
  { table: 'sessions', column: 'sealed', key: 'uid', keyType: 'text', keyText: 'uid' },
  { table: 'records', column: 'sealed', key: 'id_hash', keyType: 'bytea', keyText: "encode(id_hash, 'hex')" },
  { table: 'user_codes', column: 'sealed', key: 'lookup', keyType: 'bytea', keyText: "encode(lookup, 'hex')" },
  { table: 'waiting_requests', column: 'sealed', key: 'id', keyType: 'uuid', keyText: 'id::text' },
  { table: 'links', column: 'sealed', key: 'token_hash', keyType: 'bytea', keyText: "encode(token_hash, 'hex')" },
  { table: 'deliveries', column: 'sealed', key: 'id', keyType: 'uuid', keyText: 'id::text' },
  { table: 'mails', column: 'sealed', key: 'id', keyType: 'uuid', keyText: 'id::text' },
];

export interface Progress {
  /** Values looked at. */
  seen: number;
  /** Of those, how many were under an older key and are under the current one now. */
  resealed: number;
  /** Of those, how many no key in the list opens. */
  unreadable: number;
}

const BATCH = 500;
// A value that a server changes while we re-seal it is left as the server wrote it; the next pass looks at it again.
const PASSES = 5;

/**
 * Re-seals what is not under the current master key, in batches of one statement each, which hold no locks that a
 * server would wait for. Whatever interrupts it, what has been done stays done, and the next run does the rest.
 * @param onProgress called after each batch
 */
export async function reseal(
  db: Db,
  sealer: Sealer,
  sealed: SealedColumn,
  onProgress: (progress: Progress) => void,
): Promise<Progress> {
  const total = { seen: 0, resealed: 0, unreadable: 0 };
  for (let pass = 1; pass <= PASSES; pass += 1) {
    const missed = await resealOnce(db, sealer, sealed, total, onProgress);
    if (missed === 0) break;
    if (pass < PASSES) Object.assign(total, { seen: 0, unreadable: 0 });
  }
  return total;
}

export function resealStatements({ table, column, key, keyType, keyText }: SealedColumn) {
  return {
    next: {
      name: `reseal.next.${table}.${column}`,
      text: `SELECT ${key} AS key, ${keyText} AS key_text, ${column} AS sealed FROM ${table}
            WHERE ${column} IS NOT NULL AND ($1::${keyType} IS NULL OR ${key} > $1) ORDER BY ${key} LIMIT ${BATCH}`,
    },
    replace: {
      name: `reseal.replace.${table}.${column}`,
      text: `UPDATE ${table} t SET ${column} = c.fresh
             FROM unnest($1::${keyType}[], $2::bytea[], $3::bytea[]) AS c (key, stale, fresh)
            WHERE t.${key} = c.key AND t.${column} = c.stale RETURNING 1`,
    },
  };
}

interface SealedRow {
  key: unknown;
  key_text: string;
  sealed: Buffer;
}

/** @returns how many values changed under our hands */
async function resealOnce(
  db: Db,
  sealer: Sealer,
  sealedColumn: SealedColumn,
  total: Progress,
  onProgress: (progress: Progress) => void,
): Promise<number> {
  const { table, column } = sealedColumn;
  const { next, replace } = resealStatements(sealedColumn);
  let missed = 0;
  let after: unknown = null;
  for (;;) {
    const rows = await db.run<SealedRow>(next, [after]);
    const stale = rows.filter((row) => sealer.isStale(row.sealed));
    const fresh = stale.flatMap((row) => {
      const place = { table, column, row: row.key_text };
      const plain = open(() => sealer.open(place, row.sealed));
      return plain ? [{ ...row, fresh: sealer.seal(place, plain) }] : [];
    });
    const done =
      fresh.length === 0
        ? []
        : await db.run(replace, [
            fresh.map((one) => one.key),
            fresh.map((one) => one.sealed),
            fresh.map((one) => one.fresh),
          ]);
    total.seen += rows.length;
    total.resealed += done.length;
    total.unreadable += stale.length - fresh.length;
    missed += fresh.length - done.length;
    onProgress(total);
    if (rows.length < BATCH) return missed;
    after = rows.at(-1)?.key;
  }
}

function open(attempt: () => Buffer): Buffer | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}
