import type { ClientBase } from 'pg';
import type { Part } from './archive.ts';
import { LEFT_OUT, tablesIn } from './catalogue.ts';
import { type CopyingIn, copyingIn } from './copy.ts';
import type { CopyProgress } from './create.ts';
import { damaged, type Manifest } from './manifest.ts';

interface Definition {
  readonly off: string;
  readonly on: string;
}

/**
 * Puts the rows of a backup into a database that has its schema, as one transaction. Keys and indexes are made after the rows, which is
 * quicker than with each row, and triggers do not see rows that they have seen once before.
 * @param parts of a backup that was read once to its end
 * @param manifest of that time: another backup in its place is refused
 * @throws AppError `backup_damaged`
 */
export async function loadRows(
  client: ClientBase,
  parts: AsyncIterable<Part>,
  manifest: Manifest,
  progress: (at: CopyProgress) => void,
): Promise<void> {
  await client.query('BEGIN');
  try {
    await makePartitions(client, manifest);
    const later = await laterOf(client);
    for (const { off } of later) await client.query(off);
    const names = (await tablesIn(client)).map(({ name }) => name);
    await client.query(`TRUNCATE ${names.map((name) => client.escapeIdentifier(name)).join(', ')}`);
    await copyAll(client, parts, manifest, progress);
    progress({ table: 'keys and indexes', bytes: bytesOf(manifest) });
    for (const { on } of later.toReversed()) await client.query(on);
    for (const { name, next } of manifest.sequences)
      await client.query('SELECT setval($1::regclass, $2::bigint, false)', [client.escapeIdentifier(name), next]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // the connection may be what failed
    throw error;
  }
  await client.query('ANALYZE');
}

export const bytesOf = ({ tables }: Manifest): number => tables.reduce((sum, { bytes }) => sum + bytes, 0);

async function copyAll(
  client: ClientBase,
  parts: AsyncIterable<Part>,
  manifest: Manifest,
  progress: (at: CopyProgress) => void,
): Promise<void> {
  let [table, copying, bytes]: [string, CopyingIn | undefined, number] = ['', undefined, 0];
  const finish = async () => {
    const expected = manifest.tables.find(({ name }) => name === table)?.rows;
    if (copying && (await copying.end()) !== expected)
      throw damaged(`${table} has not as many rows as its manifest says`);
  };
  for await (const part of parts) {
    if ('header' in part && part.header.id !== manifest.id) throw damaged('another one is in its place now');
    if ('manifest' in part) await finish();
    if (!('table' in part)) continue;
    if (part.table !== table) {
      await finish();
      table = part.table;
      const columns = manifest.tables.find(({ name }) => name === table)?.columns ?? [];
      copying = await copyingIn(client, { name: table, columns });
    }
    await copying?.write(part.rows);
    bytes += part.rows.length;
    progress({ table, bytes });
  }
}

/** The parts of tables as they were when the backup was made, in place of those that the migrations have made today. */
async function makePartitions(client: ClientBase, { partitions }: Manifest): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relispartition AND c.relkind = 'r'`,
  );
  for (const { name } of rows) await client.query(`DROP TABLE ${client.escapeIdentifier(name)}`);
  for (const { name, parent, bound } of partitions) {
    // The manifest is sealed under the master key; a bound is still nothing but a bound.
    if (!/^(DEFAULT|FOR VALUES FROM \([^;()]+\) TO \([^;()]+\))$/.test(bound)) throw damaged(`${bound} is no bound`);
    const [part, whole] = [client.escapeIdentifier(name), client.escapeIdentifier(parent)];
    await client.query(`CREATE TABLE ${part} PARTITION OF ${whole} ${bound}`);
    await client.query(
      `CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ${part} EXECUTE FUNCTION refuse_change_of_audit()`,
    );
    await client.query('SELECT keep_to_owner($1::regclass)', [part]);
  }
}

/** Constraints, indexes and triggers that are removed while rows are written, in this order; they are put back in the reverse order. */
async function laterOf(client: ClientBase): Promise<Definition[]> {
  const { rows } = await client.query<Definition>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS off,
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(c.oid)) AS on
       FROM pg_constraint c WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conparentid = 0
     UNION ALL
     SELECT format('ALTER TABLE %I DISABLE TRIGGER USER', relname), format('ALTER TABLE %I ENABLE TRIGGER USER', relname)
       FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relname <> ALL ($1)
     UNION ALL
     SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
       FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
      WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r' AND NOT t.relispartition
        AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)`,
    [LEFT_OUT],
  );
  return rows;
}
