import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyTables } from '../../keys/store.ts';
import type { DB } from '../../server/platform/database.ts';
import { database } from '../helpers/postgres.ts';
import { exportedStatements } from '../helpers/statements.ts';

/** Each table belongs to one folder, and only the statements of that folder read and write it. */
const OWNERS: Readonly<Record<string, readonly (keyof DB)[]>> = {
  'server/accounts': [
    'accepted_texts',
    'texts',
    'account_identifiers',
    'account_index',
    'accounts',
    'attempts',
    'data_keys',
    'departed_subjects',
    'destroyed_data_keys',
    'erased_accounts',
    'devices',
    'groups',
    'links',
    'mails',
    'passkeys',
    'password_history',
    'recovery_codes',
    'roles',
    'security_events',
    'session_details',
    'totp',
  ],
  'server/audit': [
    'audit',
    'audit_anchors',
    'audit_dead_letters',
    'audit_destinations',
    'audit_heads',
    'audit_keys',
    'audit_leaves',
    'audit_nodes',
    'audit_unsealed',
  ],
  'server/backup': ['backups', 'erasure_lists', 'unlisted_destroyed_keys'],
  'server/operations': ['operation_results'],
  'server/clients': ['clients', 'registration_tokens', 'resource_server_clients', 'resource_servers'],
  'server/records': [
    'deliveries',
    'ended_tokens',
    'former_grants',
    'grants',
    'polls',
    'records',
    'repeated_answers',
    'replays',
    'session_authorizations',
    'sessions',
    'status_list_places',
    'user_codes',
    'waiting_requests',
  ],
  'server/platform': ['declared_entries', 'declared_settings', 'installation', 'server_secrets', 'write_checks'],
  keys: ['key_nodes', 'key_set', 'signing_keys'],
};

/** Two statements instead would need another round trip, or leave a gap between a check and its change. */
const EXCEPTIONS: Readonly<Record<string, readonly (keyof DB)[]>> = {
  // a token is read with its account, the account's key and its client in one statement; an ended session queues the logouts of its clients
  // and the audit tells of a request in the statement of its changes; an account comes with the texts that its person accepted
  'server/records': ['accepted_texts', 'accounts', 'audit', 'clients', 'data_keys'],
  // session details are stored only for an existing session of the account; a wrong guess, a lock and a used recovery code
  // have their entries in the audit
  'server/accounts': ['audit', 'sessions'],
  // a backup that is restored has keys of people who were erased since
  'server/backup': ['data_keys'],
  // the result of a call about a person is read with the person’s own key
  'server/operations': ['data_keys'],
  // a client with a live grant stays
  'server/clients': ['grants'],
};

/** Their statements are made from the lists that the owners export (`tables.ts`). */
const MADE_FROM_LISTS = ['server/jobs/cleanup.ts', 'server/operations/stored_rows.ts', 'server/platform/reseal.ts'];

type UnknownColumn = { [T in keyof KeyTables]: Exclude<keyof KeyTables[T], keyof DB[T]> }[keyof KeyTables];
/**
 * `keys/` imports nothing from `server/`, so it declares the types of its tables; each of their columns exists in the
 * schema.
 */
const unknownColumns = (column: UnknownColumn): never => column;

interface Plan {
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

const relationsOf = (plan: Plan): string[] =>
  [plan['Relation Name'] ?? [], ...(plan.Plans ?? []).map(relationsOf)].flat();

test('every table has one owner', async (t) => {
  const { db } = await database(t);
  const tables = await db.run<{ name: string }>(
    {
      name: '',
      text: `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                AND NOT relispartition AND relname !~ '^kysely_'`,
    },
    [],
  );
  assert.deepEqual(Object.values(OWNERS).flat().sort(), tables.map(({ name }) => name).sort());
  assert.equal(typeof unknownColumns, 'function');
});

test('a statement names tables of its own folder alone, and the exceptions are needed', async (t) => {
  const { db } = await database(t);
  const client = await db.connect();
  const foreign = new Set<string>();
  const parts = await db.run<{ part: string; whole: string }>(
    { text: 'SELECT inhrelid::regclass::text AS part, inhparent::regclass::text AS whole FROM pg_inherits' },
    [],
  );
  const wholes = new Map(parts.map(({ part, whole }) => [part, whole]));
  try {
    for (const { file, text } of await exportedStatements()) {
      if (MADE_FROM_LISTS.includes(file)) continue;
      const folder = file.split('/').slice(0, -1).join('/');
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
      );
      const named = relationsOf(rows[0]?.['QUERY PLAN'][0].Plan ?? {}).filter((name) => !/^(kysely|pg)_/.test(name));
      for (const one of named) {
        const name = wholes.get(one) ?? one;
        if (!OWNERS[folder]?.includes(name as keyof DB)) foreign.add(`${folder}: ${name}`);
      }
    }
  } finally {
    await client.end();
  }
  const allowed = Object.entries(EXCEPTIONS).flatMap(([folder, names]) => names.map((name) => `${folder}: ${name}`));
  assert.deepEqual([...foreign].sort(), allowed.sort());
});
