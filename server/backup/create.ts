import { createHash, randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { translate } from '../platform/db_errors.ts';
import { unavailable } from '../platform/errors.ts';
import type { Sealer } from '../platform/sealing.ts';
import type { SealedColumn } from '../platform/tables.ts';
import { headerEntry, manifestEntry, packed, tableEntries } from './archive.ts';
import {
  auditHeadIn,
  type CataloguedTable,
  listHeadIn,
  masterKeysIn,
  partitionsIn,
  schemaDigest,
  sequencesIn,
  signingKeysIn,
  tablesIn,
} from './catalogue.ts';
import { COPYING, copiedOut } from './copy.ts';
import { FORMAT, type Header, type Label, type Manifest, sealedText } from './manifest.ts';
import { AGE, LABEL, oneChunk, type Storage } from './storage.ts';
import { endBytes } from './tar.ts';

export interface CreateParts {
  readonly sealer: Sealer;
  readonly version: string;
  /** All columns that the master key seals. */
  readonly sealed: readonly SealedColumn[];
}

export interface CreateOptions {
  /** Public keys of age: who has an identity of one of them can open the backup. */
  readonly recipients: readonly string[];
  /** Told of each table before it is read, and of the rows and bytes of all so far. */
  progress?(at: CopyProgress): void;
}

export interface CopyProgress {
  readonly table: string;
  readonly bytes: number;
}

export const NAME = /^cardea-\d{8}T\d{6}Z-[0-9a-f]{8}$/;

/** The name of a backup, without an ending. */
export const nameOf = ({ id, created_at }: Pick<Header, 'id' | 'created_at'>): string =>
  `cardea-${created_at.replaceAll(/[-:]|\.\d+/g, '')}-${id.slice(0, 8)}`;

/**
 * Writes a backup: every table of one moment, while servers go on. What is in memory at a time does not depend on the size of the database.
 * The label is written last: a backup without one is not complete, and is not listed.
 * @param client a connection that is used for nothing else meanwhile. It also has the lock of the backup, so that a backup whose lock is
 * lost cannot be completed
 * @throws AppError `backup_storage`, 503 when the connection is lost
 */
export async function createBackup(
  { sealer, version, sealed }: CreateParts,
  client: Client,
  storage: Pick<Storage, 'put' | 'remove'>,
  { recipients, progress = () => {} }: CreateOptions,
): Promise<{ readonly name: string; readonly label: Label }> {
  const query = (text: string) =>
    client.query(text).catch((error: unknown) => {
      throw translate(error);
    });
  for (const text of COPYING) await query(text);
  const { header, tables } = await begun(client, version, sealed).catch((error: unknown) => {
    throw translate(error);
  });
  const name = nameOf(header);
  let manifest: Manifest | undefined;
  const contents = async function* () {
    try {
      manifest = yield* archived(client, header, tables, sealer, progress);
    } catch (error) {
      // The storage would tell of an error of its own.
      throw translate(error);
    }
  };
  const file = { name: `${name}${AGE}`, bytes: 0, sha256: '' };
  const hash = createHash('sha256');
  const encrypted = await packed(contents(), recipients);
  const counted = async function* () {
    for await (const chunk of encrypted) {
      hash.update(chunk);
      file.bytes += chunk.length;
      yield chunk;
    }
  };
  await storage.put(file.name, counted());
  try {
    if (!manifest) throw new Error('a backup was written without its manifest');
    file.sha256 = hash.digest('hex');
    // The lock is of this connection: without it another process may make a backup and remove old ones.
    await query('COMMIT');
    const label: Label = { ...manifest, file };
    const text = Buffer.from(sealedText(sealer, 'label', label));
    await storage.put(`${name}${LABEL}`, oneChunk(text));
    return { name, label };
  } catch (error) {
    // Otherwise each attempt would leave a file, as where the storage has no room for the label.
    await withdraw(storage, name).catch(() => {});
    throw error;
  }
}

/** First the label, which may be there although its write has failed. */
async function withdraw(storage: Pick<Storage, 'remove'>, name: string): Promise<void> {
  await storage.remove(`${name}${LABEL}`);
  await storage.remove(`${name}${AGE}`);
}

/** Begins the snapshot in which everything is read. One connection has it to the end, so that it need not be exported to others. */
async function begun(
  client: Client,
  version: string,
  sealed: readonly SealedColumn[],
): Promise<{ readonly header: Header; readonly tables: readonly CataloguedTable[] }> {
  const tables = await beginSnapshot(client);
  const { at, ...installation } = await installationOf(client);
  const header: Header = {
    type: 'cardea-backup',
    format: FORMAT,
    id: randomUUID(),
    created_at: at.toISOString(),
    product_version: version,
    ...installation,
    schema_digest: await schemaDigest(client),
    master_keys: await masterKeysIn(client, sealed),
    signing_keys: await signingKeysIn(client),
    audit_head: await auditHeadIn(client),
    erasures: await listHeadIn(client),
    partitions: await partitionsIn(client),
    sequences: await sequencesIn(client),
    tables: tables.map(({ name, columns }) => ({ name, columns })),
  };
  return { header, tables };
}

const SNAPSHOT_TRIES = 10;

/**
 * Begins the transaction in which all is read. Rows of a table that is rewritten, emptied or dropped are gone for older snapshots too, so
 * the tables are locked against that before the snapshot is taken, which the first query does (PostgreSQL, LOCK).
 */
async function beginSnapshot(client: Client): Promise<CataloguedTable[]> {
  for (let left = SNAPSHOT_TRIES; ; left -= 1) {
    const names = (await tablesIn(client)).map(({ name }) => name);
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query(
      `LOCK TABLE ${names.map((name) => client.escapeIdentifier(name)).join(', ')} IN ACCESS SHARE MODE`,
    );
    const tables = await tablesIn(client);
    if (tables.map(({ name }) => name).join() === names.join()) return tables;
    await client.query('ROLLBACK');
    if (left === 0) throw unavailable('the database', new Error('its tables change all the time'));
  }
}

type Installation = Pick<Header, 'issuer' | 'migrations' | 'postgres_version'> & { readonly at: Date };

/** @returns with the time of the database, as nodes may have other ones */
async function installationOf(client: Client): Promise<Installation> {
  const { rows } = await client.query<Installation>(
    `SELECT clock_timestamp() AS at,
            (SELECT issuer FROM installation) AS issuer,
            (SELECT array_agg(name::text ORDER BY name) FROM kysely_migration) AS migrations,
            current_setting('server_version_num')::int AS postgres_version`,
  );
  const [row] = rows;
  if (!row) throw new Error('a SELECT without FROM has one row');
  return row;
}

async function* archived(
  client: Client,
  header: Header,
  tables: readonly CataloguedTable[],
  sealer: Sealer,
  progress: NonNullable<CreateOptions['progress']>,
): AsyncGenerator<Buffer, Manifest> {
  const at = Math.floor(Date.parse(header.created_at) / 1_000);
  yield* headerEntry(sealedText(sealer, 'header', header), at);
  const done: Manifest['tables'] = [];
  let bytes = 0;
  for (const table of tables) {
    progress({ table: table.name, bytes });
    let rows = 0;
    const counted = async function* () {
      const copied = copiedOut(client, table);
      for (let next = await copied.next(); ; next = await copied.next()) {
        if (next.done) {
          rows = next.value;
          return;
        }
        bytes += next.value.length;
        progress({ table: table.name, bytes });
        yield next.value;
      }
    };
    const totals = yield* tableEntries(table.name, counted(), at);
    done.push({ name: table.name, columns: table.columns, rows, ...totals });
  }
  const manifest: Manifest = { ...header, tables: done };
  yield* manifestEntry(sealedText(sealer, 'manifest', manifest), at);
  yield endBytes();
  return manifest;
}
