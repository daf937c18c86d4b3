import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { type BoundStatement, type Db, SERVER_NAME } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { exclusively } from '../platform/exclusive.ts';
import { knownMigrations, migrateTo } from '../platform/migrate.ts';
import type { Sealer } from '../platform/sealing.ts';
import { UNFINISHED_RESTORE } from '../platform/unfinished_restore.ts';
import { readParts } from './archive.ts';
import { auditHeadIn, listHeadIn, rowsIn, schemaDigest } from './catalogue.ts';
import { COPYING } from './copy.ts';
import { type CopyProgress, nameOf } from './create.ts';
import type { ListHead } from './erasure_chain.ts';
import { loadRows } from './load.ts';
import {
  assertUsable,
  belongTogether,
  damaged,
  type Header,
  type Label,
  type Manifest,
  openSealed,
} from './manifest.ts';
import { noting } from './runs.ts';
import { AGE, LABEL, type Storage, textOf } from './storage.ts';

export interface Source {
  readonly storage: Storage;
  /** Without an ending. */
  readonly name: string;
  /** Secret keys of age, `AGE-SECRET-KEY-1…`. */
  readonly identities: readonly string[];
  readonly sealer: Sealer;
}

export type Progress = (at: CopyProgress & { readonly doing: 'reading' | 'writing' | 'comparing' }) => void;

/**
 * Reads a backup to its end and writes nothing: what it says is true afterwards, and it can be restored by this version with this master
 * key.
 * @throws AppError `backup_identity`, `backup_damaged`, `backup_newer`, `backup_of_other_key`, `not_found`, `backup_storage`
 */
export async function checkBackup(source: Source, progress: Progress): Promise<Manifest> {
  const label = await labelOf(source);
  let manifest: Manifest | undefined;
  let header: Header | undefined;
  let bytes = 0;
  for await (const part of partsOf(source)) {
    if ('header' in part) {
      header = part.header;
      assertUsable(header, source.sealer, await knownMigrations());
      if (label && label.id !== header.id) throw damaged('its label is that of another backup');
      if (nameOf(header) !== source.name) throw damaged(`it is ${nameOf(header)} under another name`);
    }
    if ('manifest' in part) manifest = part.manifest;
    if ('table' in part) {
      bytes += part.rows.length;
      progress({ doing: 'reading', table: part.table, bytes });
    }
  }
  if (!manifest || !header) throw damaged('it has no manifest');
  if (label && !belongTogether(header, label)) throw damaged('its label is that of another backup');
  return manifest;
}

/** The label beside the file; undefined where the file alone was kept. @throws AppError `backup_damaged` and so on */
async function labelOf({ storage, name, sealer }: Source): Promise<Label | undefined> {
  const text = await textOf(storage, `${name}${LABEL}`).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'not_found') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const label = openSealed(sealer, 'label', text);
  if (label.file.name !== `${name}${AGE}`) throw damaged(`its label is that of ${label.file.name}`);
  return label;
}

const partsOf = ({ storage, name, identities, sealer }: Source) =>
  readParts(storage.get(`${name}${AGE}`), { identities, sealer });

/** What a database had and knew before its restore, which a restore that is interrupted leaves to the next one. */
export interface Known {
  readonly rows: readonly { readonly name: string; readonly rows: number }[];
  /** The newest of the audit; null where there is none. */
  readonly auditHead: Header['audit_head'];
  /** The newest lists of erased people. */
  readonly erasures: readonly ListHead[];
}

/** The database that a restore would replace. */
export interface Target extends Known {
  /** An earlier restore was interrupted: there is a part of a backup, and what is known is from before it. */
  readonly unfinished: boolean;
}

/** @throws AppError `database_in_use` when servers are connected */
async function assertNoServers(client: Client): Promise<void> {
  const { rows: connected } = await client.query(
    'SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 LIMIT 1',
    [SERVER_NAME],
  );
  if (connected.length > 0)
    throw new AppError('database_in_use', 'servers are connected to the database: stop every one, then restore');
}

/** @throws AppError `database_in_use` when servers are connected, `database_not_empty` when others use the database */
export async function examineTarget(client: Client): Promise<Target> {
  await assertNoServers(client);
  const { rows } = await client.query<{ unfinished: boolean; audit: boolean; others: string | null }>(
    `SELECT to_regclass($1) IS NOT NULL AS unfinished, to_regclass('audit_heads') IS NOT NULL AS audit,
            CASE WHEN to_regclass('kysely_migration') IS NULL THEN
              (SELECT string_agg(name, ', ') FROM (SELECT relname::text AS name FROM pg_class
                WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') LIMIT 10) few)
            END AS others`,
    [UNFINISHED_RESTORE],
  );
  const { unfinished = false, audit = false, others = null } = rows[0] ?? {};
  if (others !== null && !unfinished)
    throw new AppError('database_not_empty', `the database is used by others (${others}): name an empty one`);
  if (unfinished) return { ...(await leftIn(client)), unfinished };
  const list = await listHeadIn(client);
  return {
    rows: await rowsIn(client),
    auditHead: audit ? await auditHeadIn(client) : null,
    erasures: list ? [list] : [],
    unfinished,
  };
}

/** The newest lists of erased people that a database knows of. */
export async function knownLists(
  client: Client,
): Promise<{ readonly isPart: boolean; readonly lists: readonly ListHead[] }> {
  const { rows } = await client.query<{ part: boolean }>('SELECT to_regclass($1) IS NOT NULL AS part', [
    UNFINISHED_RESTORE,
  ]);
  if (rows[0]?.part) return { isPart: true, lists: (await leftIn(client)).erasures };
  const list = await listHeadIn(client);
  return { isPart: false, lists: list ? [list] : [] };
}

/** What the restore that was interrupted has left; nothing for one of a version that kept nothing. */
async function leftIn(client: Client): Promise<Known> {
  const { rows } = await client.query<{ known: Known | null }>(
    `SELECT to_jsonb(mark) -> 'known' AS known FROM ${UNFINISHED_RESTORE} mark ORDER BY began_at LIMIT 1`,
  );
  return rows[0]?.known ?? { rows: [], auditHead: null, erasures: [] };
}

/** The newest head of the audit of some. */
export const newestHead = (heads: readonly Header['audit_head'][]): Header['audit_head'] =>
  heads.filter((head) => head !== null).toSorted((a, b) => b.tree_size - a.tree_size)[0] ?? null;

/**
 * Replaces what a database has by a backup that was checked. Until the statements `ended` have run, servers refuse the database, also
 * when this process is killed; a restore that is run again begins anew.
 * @param client has the lock of restores
 * @param seen what is known of the database from elsewhere, such as later backups
 * @returns the id of this restore, when the rows are there and the schema is that of the backup
 */
export async function replaceAll(
  db: Db,
  client: Client,
  source: Source,
  manifest: Manifest,
  seen: Omit<Known, 'rows'>,
  progress: Progress,
): Promise<string> {
  const id = randomUUID();
  // Also what was written while the backup was read.
  const { unfinished: _, ...target } = await examineTarget(client);
  const known: Known = {
    rows: target.rows,
    auditHead: newestHead([target.auditHead, seen.auditHead]),
    erasures: distinct([...target.erasures, ...seen.erasures]),
  };
  // As one transaction: a database that is marked has nothing of before, and one that is whole has no mark.
  await client.query('BEGIN');
  await mark(client, id, manifest, known);
  await removeAll(client);
  await assertNoServers(client);
  await client.query('COMMIT');
  await migrateTo(db, manifest.migrations.at(-1));
  if ((await schemaDigest(client)) !== manifest.schema_digest)
    throw new AppError(
      'migration_failed',
      'the schema is not that of the backup, although its migrations are the same',
    );
  for (const text of COPYING) await client.query(text);
  await loadRows(client, partsOf(source), manifest, (at) => progress({ doing: 'writing', ...at }));
  return id;
}

async function mark(client: Client, id: string, manifest: Manifest, known: Known): Promise<void> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${UNFINISHED_RESTORE} (backup_id uuid NOT NULL, began_at timestamptz NOT NULL)`,
  );
  await client.query(
    `ALTER TABLE ${UNFINISHED_RESTORE} ADD COLUMN IF NOT EXISTS id uuid, ADD COLUMN IF NOT EXISTS known jsonb`,
  );
  await client.query(`DELETE FROM ${UNFINISHED_RESTORE}`);
  await client.query(
    `INSERT INTO ${UNFINISHED_RESTORE} (backup_id, began_at, id, known) VALUES ($1, clock_timestamp(), $2, $3)`,
    [manifest.id, id, JSON.stringify(known)],
  );
}

/** The backup as the last good one of the database that was made of it, which by itself knows of those before alone. */
export async function notingRestored({ storage, name }: Source, { created_at }: Manifest): Promise<BoundStatement> {
  const file = (await storage.list(name)).find((one) => one.name === `${name}${AGE}`);
  const at = new Date(created_at);
  return noting({ id: randomUUID(), name, began_at: at, ended_at: at, bytes: file?.bytes ?? null, failure: null });
}

const distinct = (heads: readonly ListHead[]): ListHead[] => [
  ...new Map(heads.map((head) => [`${head.installation} ${head.number} ${head.sha256}`, head])).values(),
];

/**
 * Work on a database that one restore or trial does at a time.
 * @param work gets the connection that has the lock
 * @throws AppError 409 `restore_under_way`
 */
export const exclusivelyRestoring = <T>(db: Pick<Db, 'connect'>, work: (client: Client) => Promise<T>): Promise<T> =>
  exclusively(db, 'restore', restoreUnderWay, work);

export const restoreUnderWay = () =>
  new AppError('restore_under_way', 'another process restores a backup into the database at this moment');

/** Fails its transaction by `require_rows` when another restore has begun, as when the connection with the lock was lost. */
export const stillOwn = (id: string): BoundStatement => ({
  // The lock on the row lets no other restore begin before the transaction has ended.
  statement: {
    text: `SELECT require_rows((SELECT count(*) FROM (SELECT FROM ${UNFINISHED_RESTORE} WHERE id = $1 FOR UPDATE) own))`,
  },
  values: [id],
});

/**
 * Ends the mark by which servers refuse the database; for the transaction of the last change of a restore. It fails as that of `stillOwn`
 * does.
 */
export const ended = (id: string): readonly BoundStatement[] => [
  stillOwn(id),
  { statement: { text: `DROP TABLE ${UNFINISHED_RESTORE}` }, values: [] },
];

/** Drops tables and functions, which extensions of the database are not; for a transaction. */
export async function removeAll(client: Client): Promise<void> {
  const { rows } = await client.query<{ text: string }>(
    `SELECT format('DROP TABLE IF EXISTS %s CASCADE', c.oid::regclass) AS text FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> $1
        AND NOT c.relispartition
     UNION ALL
     SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) FROM pg_proc p
      WHERE p.pronamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
    [UNFINISHED_RESTORE],
  );
  for (const { text } of rows) await client.query(text);
}
