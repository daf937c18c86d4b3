import type { Client } from 'pg';
import { type Db, SERVER_NAME } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { knownMigrations, migrateTo } from '../platform/migrate.ts';
import type { Sealer } from '../platform/sealing.ts';
import { UNFINISHED_RESTORE } from '../platform/unfinished_restore.ts';
import { readParts } from './archive.ts';
import { auditHeadIn, listHeadIn, rowsIn, schemaDigest } from './catalogue.ts';
import { COPYING } from './copy.ts';
import { AGE, type CopyProgress, LABEL, nameOf } from './create.ts';
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
import { type Storage, textOf } from './storage.ts';

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

/** The content of a database that a restore would replace. */
export interface Target {
  readonly rows: readonly { readonly name: string; readonly rows: number }[];
  /** Of the audit that is there; null where there is none. */
  readonly auditHead: Header['audit_head'];
  /** The newest list of erased people that it knows of. */
  readonly erasures: Header['erasures'];
  /** An earlier restore was interrupted: what is there is a part of a backup. */
  readonly unfinished: boolean;
}

/** @throws AppError `database_in_use` when servers are connected */
export async function examineTarget(client: Client): Promise<Target> {
  const { rows: connected } = await client.query(
    'SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 LIMIT 1',
    [SERVER_NAME],
  );
  if (connected.length > 0)
    throw new AppError('database_in_use', 'servers are connected to the database: stop every one, then restore');
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
  return {
    rows: unfinished ? [] : await rowsIn(client),
    auditHead: audit && !unfinished ? await auditHeadIn(client) : null,
    erasures: unfinished ? null : await listHeadIn(client),
    unfinished,
  };
}

/**
 * Replaces what a database has by a backup that was checked. Until `finish` has run, servers refuse the database, also when this process
 * is killed; a restore that is run again begins anew.
 * @returns when the rows are there and the schema is that of this version
 */
export async function replaceAll(
  db: Db,
  client: Client,
  source: Source,
  manifest: Manifest,
  progress: Progress,
): Promise<void> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${UNFINISHED_RESTORE} (backup_id uuid NOT NULL, began_at timestamptz NOT NULL)`,
  );
  await client.query(`INSERT INTO ${UNFINISHED_RESTORE} VALUES ($1, now())`, [manifest.id]);
  await removeAll(client);
  await migrateTo(db, manifest.migrations.at(-1));
  if ((await schemaDigest(client)) !== manifest.schema_digest)
    throw new AppError(
      'migration_failed',
      'the schema is not that of the backup, although its migrations are the same',
    );
  for (const text of COPYING) await client.query(text);
  await loadRows(client, partsOf(source), manifest, (at) => progress({ doing: 'writing', ...at }));
}

/** Tables and functions, which extensions of the database are not. */
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
  await client.query('BEGIN');
  for (const { text } of rows) await client.query(text);
  await client.query('COMMIT');
}
