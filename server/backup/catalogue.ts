import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { SealedColumn } from '../platform/tables.ts';
import type { Header } from './manifest.ts';

/* The schema as the catalogue of Postgres has it: backups have no list of tables of their own, so that none is forgotten. */

/**
 * Tables that are of running processes, or of Kysely: their rows mean nothing elsewhere. `key_nodes` has the servers that are up, and
 * `write_checks` what a server writes to see whether it can.
 */
export const LEFT_OUT: readonly string[] = ['key_nodes', 'kysely_migration_lock', 'unfinished_restore', 'write_checks'];

export interface CataloguedTable {
  readonly name: string;
  readonly columns: string[];
  /** Its rows are in other tables, which are parts of it. */
  readonly partitioned: boolean;
}

const rowsOf = async <R extends object>(client: ClientBase, text: string, values: unknown[] = []): Promise<R[]> =>
  (await client.query<R>(text, values)).rows;

/** All tables whose rows are in a backup, by name. */
export async function tablesIn(client: ClientBase): Promise<CataloguedTable[]> {
  const tables = await rowsOf<CataloguedTable>(
    client,
    `SELECT c.relname AS name, c.relkind = 'p' AS partitioned,
            (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
       FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      ORDER BY c.relname`,
  );
  return tables.filter(({ name }) => !LEFT_OUT.includes(name));
}

/** SHA-256 of all columns with their types, hex. */
export async function schemaDigest(client: ClientBase): Promise<string> {
  const columns = await rowsOf(
    client,
    `SELECT c.relname AS name, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> ALL ($1)
      ORDER BY c.relname, a.attname`,
    [LEFT_OUT],
  );
  return createHash('sha256').update(JSON.stringify(columns)).digest('hex');
}

export const partitionsIn = (client: ClientBase): Promise<Header['partitions']> =>
  rowsOf(
    client,
    `SELECT c.relname AS name, p.relname AS parent, pg_get_expr(c.relpartbound, c.oid) AS bound
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relispartition AND c.relkind = 'r' ORDER BY c.relname`,
  );

/** The number that each sequence gives next. */
export async function sequencesIn(client: ClientBase): Promise<Header['sequences']> {
  const names = await rowsOf<{ name: string }>(
    client,
    `SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S' ORDER BY relname`,
  );
  const sequences: Header['sequences'] = [];
  for (const { name } of names) {
    const [row] = await rowsOf<{ next: string }>(
      client,
      `SELECT (last_value + is_called::int)::text AS next FROM ${client.escapeIdentifier(name)}`,
    );
    sequences.push({ name, next: row?.next ?? '1' });
  }
  return sequences;
}

/** The ids of the master keys under which values are sealed, with their numbers (`platform/sealing.ts`). */
export async function masterKeysIn(
  client: ClientBase,
  sealed: readonly SealedColumn[],
): Promise<Header['master_keys']> {
  const each = sealed.map(({ table, column }) => {
    const [from, value] = [client.escapeIdentifier(table), client.escapeIdentifier(column)];
    return `SELECT substring(${value} FROM 2 FOR 4) AS id FROM ${from} WHERE ${value} IS NOT NULL`;
  });
  return rowsOf(
    client,
    `SELECT encode(id, 'hex') AS id, count(*)::int AS values FROM (${each.join(' UNION ALL ')}) AS all_values
      GROUP BY id ORDER BY count(*) DESC, id`,
  );
}

export const signingKeysIn = (client: ClientBase): Promise<Header['signing_keys']> =>
  rowsOf(client, 'SELECT kid, ring, state FROM signing_keys ORDER BY created_at, kid');

export async function auditHeadIn(client: ClientBase): Promise<Header['audit_head']> {
  const [row] = await rowsOf<{ head: string }>(client, 'SELECT head FROM audit_heads ORDER BY tree_size DESC LIMIT 1');
  if (!row) return null;
  const { tree_size, root_hash } = JSON.parse(row.head) as NonNullable<Header['audit_head']>;
  return { tree_size, root_hash };
}

/** The newest list of erased people; null for a schema of before. */
export async function listHeadIn(client: ClientBase): Promise<Header['erasures']> {
  const [table] = await rowsOf<{ there: boolean }>(client, "SELECT to_regclass('erasure_lists') IS NOT NULL AS there");
  if (!table?.there) return null;
  const [row] = await rowsOf<{ installation: string; number: string; sha256: string | null }>(
    client,
    'SELECT installation, number, sha256 FROM erasure_lists',
  );
  return row ? { ...row, number: Number(row.number) } : null;
}

/** The tables that have rows, with how many. */
export async function rowsIn(client: ClientBase): Promise<{ name: string; rows: number }[]> {
  const counts: { name: string; rows: number }[] = [];
  for (const { name } of await tablesIn(client)) {
    if (name.startsWith('kysely_')) continue;
    const [row] = await rowsOf<{ rows: number }>(
      client,
      `SELECT count(*)::int AS rows FROM ${client.escapeIdentifier(name)}`,
    );
    if (row && row.rows > 0) counts.push({ name, rows: row.rows });
  }
  return counts;
}
