import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EXPIRES } from '../../server/jobs/cleanup.ts';
import { SEALED, SEALED_OWN } from '../../server/operations/sealed_columns.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { database } from '../helpers/postgres.ts';

/** Compares the folders' lists of expiring and sealed tables with the migrated schema. */

const { db } = await database({ after });

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly is_key: boolean;
}

const columns = await db.run<Column>(
  {
    name: '',
    text: `SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS type,
                  COALESCE(a.attnum = ANY(p.conkey), false) AS is_key
             FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             LEFT JOIN pg_constraint p ON p.conrelid = c.oid AND p.contype = 'p'
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  },
  [],
);
const nameOf = ({ table, column }: Pick<Column, 'table' | 'column'>) => `${table}.${column}`;
const keyOf = new Map(columns.filter(({ is_key: isKey }) => isKey).map((one) => [one.table, one]));

/** registrations.ts removes clients, since one with a live grant stays. */
const EXPIRES_OTHERWISE = ['clients'];

/** Sealed with a key that is derived from a token; of the audit, with the own key of a person or a key of the month. */
const SEALED_OTHERWISE = ['sealed_by_token', 'sealed_details'];

/** Hashes, signatures, public keys and similar values. */
const NOT_SEALED =
  /_hash$|^(lookup|subject_lookup|bucket|origin|origin_prefix|filler)$|^passkeys\.(id|public_key)$|^audit(_\w+)?\.(mac|hash|(own_)?signature)$/;

test('every table with an expires_at column is cleaned up', () => {
  const expiring = columns.filter(({ column }) => column === 'expires_at').map(({ table }) => table);
  assert.deepEqual([...EXPIRES.map(({ table }) => table), ...EXPIRES_OTHERWISE].sort(), expiring.sort());
});

test('every bytea column is sealed by the master key or by people’s own keys, or is known not to be sealed', () => {
  const bytes = columns.filter(({ type }) => type === 'bytea');
  const sealed = bytes.filter(
    (one) => !SEALED_OTHERWISE.includes(one.column) && !NOT_SEALED.test(one.column) && !NOT_SEALED.test(nameOf(one)),
  );
  assert.deepEqual([...SEALED, ...SEALED_OWN].map(nameOf).sort(), sealed.map(nameOf).sort());
});

test('the listed keys are the primary keys', () => {
  for (const { table, key } of [...EXPIRES, ...SEALED, ...SEALED_OWN])
    assert.equal(keyOf.get(table)?.column, key, table);
  for (const { table, keyType } of [...SEALED, ...SEALED_OWN]) assert.equal(keyOf.get(table)?.type, keyType, table);
});

test('each migration has a number of its own, and nothing that undoes it', async () => {
  const files = readdirSync(join(ROOT, 'migrations'));
  assert.equal(new Set(files.map((file) => file.slice(0, 4))).size, files.length);
  for (const file of files) assert.deepEqual(Object.keys(await import(join(ROOT, 'migrations', file))), ['up'], file);
});
