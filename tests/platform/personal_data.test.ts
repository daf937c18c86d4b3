import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EXPIRES } from '../../server/jobs/cleanup.ts';
import { PERSONAL, personalTables, personalValues, TECHNICAL } from '../../server/operations/personal_data.ts';
import { SETTINGS } from '../../server/settings.ts';
import { database } from '../helpers/postgres.ts';

/** Compares the catalogue of personal data with the migrated schema. */

const { db } = await database({ after });

const columns = await db.run<{ table_name: string; column_name: string }>(
  {
    name: '',
    text: `SELECT c.table_name, c.column_name FROM information_schema.columns c
             JOIN information_schema.tables t USING (table_schema, table_name)
             JOIN pg_class p ON p.oid = format('%I.%I', c.table_schema, c.table_name)::regclass AND NOT p.relispartition
            WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name NOT LIKE 'kysely_%'`,
  },
  [],
);

/** The tables whose rows a foreign key deletes together with the account. */
const cascading = await db.run<{ table_name: string }>(
  {
    name: '',
    text: `WITH RECURSIVE hanging (id) AS (
             SELECT 'accounts'::regclass::oid
             UNION SELECT f.conrelid FROM pg_constraint f JOIN hanging h ON f.confrelid = h.id
              WHERE f.contype = 'f' AND f.confdeltype = 'c')
           SELECT c.relname AS table_name FROM hanging h JOIN pg_class c ON c.oid = h.id`,
  },
  [],
);

const nameOf = (table: string, column: string) => `${table}.${column}`;

test('every column of the schema is personal data, or is known to be none', () => {
  const listed = [
    ...personalTables().flatMap(([table, { personal, technical }]) =>
      [...Object.keys(personal), ...technical].map((column) => nameOf(table, column)),
    ),
    ...Object.entries(TECHNICAL).flatMap(([table, names]) => names.map((column: string) => nameOf(table, column))),
  ];
  assert.deepEqual(
    listed.toSorted(),
    columns.map((one) => nameOf(one.table_name, one.column_name)).toSorted(),
    'list it in the PERSONAL or TECHNICAL of the tables.ts of its folder (server/platform/personal.ts)',
  );
});

test('each personal value has a place in the export or a reason why not, and each place has one value', () => {
  const values = personalValues();
  assert.deepEqual(
    values.filter(({ exported, withheld }) => (exported === undefined) === (withheld === undefined)),
    [],
  );
  const places = values.flatMap(({ exported }) => exported ?? []);
  assert.deepEqual(places, [...new Set(places)]);
});

test('what is removed by the clean-up has an end, and all that has an end is cleaned up', () => {
  const cleaned = new Set([
    ...EXPIRES.map(({ table }) => table),
    'session_details',
    'session_authorizations',
    'clients',
  ]);
  const said = personalTables()
    .filter(([, { kept }]) => kept.removedBy.includes('expiry'))
    .map(([table]) => table);
  const personal = Object.keys(PERSONAL).filter((table) => cleaned.has(table));
  assert.deepEqual(said.toSorted(), personal.toSorted());
});

test('what is removed by an erasure hangs on the account in the database', () => {
  // `endSessions` deletes records that have no grant, and a trigger the tokens of the index.
  const otherwise = ['records', 'account_index'];
  const hanging = new Set([...cascading.map((one) => one.table_name), ...otherwise]);
  const said = personalTables()
    .filter(([, { kept }]) => kept.removedBy.includes('erasure'))
    .map(([table]) => table);
  assert.deepEqual(
    said.filter((table) => !hanging.has(table)),
    [],
  );
});

test('what is about a person ends with the account or by its time, except the audit', () => {
  const stays = personalTables().filter(
    ([, { kept }]) => !['erasure', 'expiry'].some((end) => kept.removedBy.includes(end as 'erasure')),
  );
  assert.deepEqual(
    stays.map(([table]) => table),
    ['audit'],
  );
  const technical = Object.entries(TECHNICAL).filter(([, names]) =>
    (names as readonly string[]).includes('account_id'),
  );
  assert.deepEqual(technical, [], 'a table that names accounts is about people: list it in PERSONAL');
});

test('each rule of retention names settings that exist', () => {
  const named = personalTables().flatMap(([, { kept }]) => kept.settings ?? []);
  assert.deepEqual(
    named.filter((name) => !Object.hasOwn(SETTINGS, name)),
    [],
  );
});
