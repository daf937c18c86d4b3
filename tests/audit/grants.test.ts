import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LOG_STATEMENTS } from '../../server/audit/log_store.ts';
import { addAuditMonths, removeOldAudit } from '../../server/audit/retention.ts';
import { createDb, type Db } from '../../server/platform/db.ts';
import type { AppError } from '../../server/platform/errors.ts';
import { migrateUp } from '../../server/platform/migrate.ts';
import { explainStart } from '../../server/start_problems.ts';
import { runCli } from '../cli/run_cli.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { auditLog } from '../helpers/audit.ts';
import { deployment } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { authorize } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';

/** A server with the role that ops/postgres/roles.sql makes: it works, and cannot change what the audit has. */
const scope = { after };
const FILE = readFileSync(join(ROOT, 'ops/postgres/roles.sql'), 'utf8');
const DENIED = { code: '42501' };
const APPEND_ONLY = ['audit', 'audit_leaves', 'audit_nodes', 'audit_heads', 'audit_anchors', 'audit_keys'];

async function assigned() {
  const url = await databaseUrl(scope);
  const connected = (own: string): Db => {
    const db = createDb({ url: own, poolSize: 2 });
    defer(scope, () => db.close());
    return db;
  };
  const superuser = connected(url);
  await sendFile(superuser);
  const password = remember('other', randomBytes(16).toString('hex'));
  for (const role of ['cardea_owner', 'cardea_server']) {
    await superuser.run({ text: `ALTER ROLE ${role} PASSWORD '${password}'` }, []);
  }
  const urlOf = (role: string, of = url) => Object.assign(new URL(of), { username: role, password }).href;
  return { superuser, owner: connected(urlOf('cardea_owner')), urlOf };
}

/** It is sent as `psql -f` does. */
async function sendFile(as: Db): Promise<void> {
  const client = await as.connect();
  try {
    await client.query(FILE);
  } finally {
    await client.end();
  }
}

const { superuser, owner, urlOf } = await assigned();
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const app = await deployment(scope, { databaseUrl: urlOf('cardea_server'), masterKey });
const party = await app.seed.party();
const person = await app.seed.person();
const server = app.db;
const clock = { ms: Date.now() };
const log = await auditLog({ db: server, masterKey }, () => clock.ms);
/** Parts of the audit and of its log, with the default part. */
const partsOf = async () =>
  (
    await superuser.run<{ name: string }>(
      {
        text: `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent IN ('audit'::regclass, 'audit_leaves'::regclass)`,
      },
      [],
    )
  ).map(({ name }) => name);

async function months(ahead: number): Promise<string[]> {
  const before = await partsOf();
  const day = new Date(clock.ms);
  clock.ms = Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + ahead, 3);
  await log.audit.prepare();
  await addAuditMonths(server, () => clock.ms);
  return (await partsOf()).filter((name) => !before.includes(name));
}

test('the server starts, signs somebody in, seals the audit and verifies it', async () => {
  assert.deepEqual(await migrateUp(server), [], 'nothing is pending');
  await authorize({ issuer: app.issuer, party, person });
  await log.seal();
  const { findings, events } = await log.verify();
  assert.deepEqual(findings, []);
  assert.ok(events > 0);
  const begun = { text: "SELECT count(*)::int AS count FROM audit WHERE action = 'sessions.begin' AND target_id = $1" };
  assert.deepEqual(await server.run(begun, [person.id]), [{ count: 1 }]);
});

test('it adds months and parts of the log, and removes what a signed anchor covers', async () => {
  await server.query(LOG_STATEMENTS.addLeafPart.bind({ part: 7 }));
  const added = await months(4);
  assert.equal(added.length, 3);
  assert.ok((await partsOf()).includes('audit_leaves_7'));
  await log.fill(3);
  const removed = await removeOldAudit({
    db: server,
    audit: log.audit,
    issuer: 'https://id.example.com',
    now: () => clock.ms,
    months: 1,
  });
  assert.ok(removed?.parts.includes('audit_first'));
  await log.seal();
  assert.deepEqual((await log.verify()).findings, []);
});

test('it can change nothing of the audit, neither in the whole tables nor in their parts, also of later months', async () => {
  const [month] = await months(2);
  const tables = [...APPEND_ONLY, ...(await partsOf())];
  assert.ok(month && tables.includes(month));
  for (const table of tables) {
    const [{ attname: column } = {}] = await superuser.run<{ attname: string }>(
      { text: 'SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1' },
      [table],
    );
    for (const text of [
      `UPDATE ${table} SET ${column} = ${column}`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
      `SELECT 1 FROM ${table} FOR UPDATE`,
      `ALTER TABLE ${table} ADD COLUMN more text`,
      `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
      `DROP TRIGGER append_only_whole ON ${table}`,
      `DROP TABLE ${table}`,
      `CREATE RULE nothing AS ON INSERT TO ${table} DO INSTEAD NOTHING`,
    ]) {
      await assert.rejects(server.run({ text }, []), DENIED, text);
    }
  }
  for (const part of await partsOf()) {
    await assert.rejects(server.run({ text: `SELECT 1 FROM ${part}` }, []), DENIED, part);
    await assert.rejects(server.run({ text: `INSERT INTO ${part} DEFAULT VALUES` }, []), DENIED, part);
    await assert.rejects(server.run({ text: `ALTER TABLE audit DETACH PARTITION ${part}` }, []), DENIED, part);
  }
});

test('it cannot get around that', async () => {
  for (const text of [
    "SET session_replication_role = 'replica'",
    'SET ROLE cardea_owner',
    'CREATE TABLE more (id int)',
    'CREATE TEMPORARY TABLE audit_anchors (before_id uuid)',
    'CREATE FUNCTION more() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE OR REPLACE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
    'ALTER FUNCTION drop_audit_part(text) SECURITY INVOKER',
    'DELETE FROM destroyed_data_keys',
    'DELETE FROM kysely_migration',
  ]) {
    await assert.rejects(server.run({ text }, []), DENIED, text);
  }
  const [part = ''] = (await partsOf()).filter((name) => /^audit_\d/.test(name)).slice(-1);
  await assert.rejects(server.run({ text: 'SELECT drop_audit_part($1)' }, [part]), { code: 'CD006' });
});

test('the functions that run as the owner are for the server alone, and see no tables of their caller', async () => {
  const rows = await superuser.run(
    {
      text: `SELECT proname, has_function_privilege('pg_monitor', oid, 'EXECUTE') AS anybody,
                    has_function_privilege('cardea_server', oid, 'EXECUTE') AS server, array_to_string(proconfig, ' ') AS config
               FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1`,
    },
    [],
  );
  const expected = { anybody: false, server: true, config: 'search_path=public, pg_temp' };
  assert.deepEqual(
    rows,
    ['add_audit_leaves', 'add_audit_month', 'drop_audit_part'].map((proname) => ({ proname, ...expected })),
  );
});

test('a server with something pending says who must migrate', async () => {
  const [last] = await superuser.run<{ name: string; timestamp: string }>(
    {
      text: `DELETE FROM kysely_migration WHERE name = (SELECT max(name) FROM kysely_migration) RETURNING name, timestamp`,
    },
    [],
  );
  assert.ok(last);
  await assert.rejects(migrateUp(server), (error: AppError) => {
    assert.equal(error.code, 'migration_failed');
    for (const part of [last.name, 'cardea migrate up']) assert.ok(error.message.includes(part), error.message);
    return true;
  });
  const back = 'INSERT INTO kysely_migration (name, timestamp) VALUES ($1, $2)';
  await superuser.run({ text: back }, [last.name, last.timestamp]);
});

test('the owner migrates an empty database and sends the file, and the server has rights to what later migrations make', async (t) => {
  const empty = await databaseUrl(t, { name: () => 'template1', make: async () => {} });
  const on = (role?: string): Db => {
    const db = createDb({ url: role === undefined ? empty : urlOf(role, empty), poolSize: 1, timeoutMs: 30_000 });
    defer(t, () => db.close());
    return db;
  };
  const name = new URL(empty).pathname.slice(1);
  await on().run({ text: `ALTER DATABASE ${name} OWNER TO cardea_owner` }, []);
  const [its, served] = [on('cardea_owner'), on('cardea_server')];
  await assert.rejects(sendFile(its), { code: 'P0001' }, 'there are no tables yet');
  assert.ok((await migrateUp(its)).length > 0);
  const tooEarly = await migrateUp(served).catch((error: unknown) => error);
  const line = explainStart(tooEarly, { host: '127.0.0.1', port: 3000, databaseUrl: urlOf('cardea_server', empty) });
  assert.match(line ?? '', /has no rights to the tables.*ops\/postgres\/roles\.sql.*ops\/docs\/audit\.md/);
  assert.doesNotMatch(line ?? '', /OWNER TO/, 'it would undo the roles');
  const env = { CARDEA_DATABASE_URL: urlOf('cardea_server', empty), CARDEA_MASTER_KEY: masterKey };
  assert.deepEqual((await runCli(['users', 'list'], { env })).stderr, `cardea: ${line}\n`);
  await sendFile(its);
  assert.deepEqual(await migrateUp(served), []);
  await assert.rejects(served.run({ text: 'DELETE FROM audit' }, []), DENIED);
  await its.run({ text: 'CREATE TABLE later (id int PRIMARY KEY)' }, []);
  for (const text of ['INSERT INTO later VALUES (1)', 'UPDATE later SET id = 2', 'DELETE FROM later']) {
    await served.run({ text }, []);
  }
  await assert.rejects(served.run({ text: 'DROP TABLE later' }, []), DENIED);
});

test('the owner can send the file again, and it takes back what was granted otherwise', async () => {
  const [part = ''] = await months(1);
  await superuser.run({ text: `GRANT UPDATE ON audit, ${part} TO cardea_server` }, []);
  await sendFile(owner);
  for (const table of ['audit', part]) {
    await assert.rejects(server.run({ text: `UPDATE ${table} SET reason = NULL` }, []), DENIED, table);
  }
  await superuser.run({ text: 'GRANT cardea_owner TO cardea_server' }, []);
  await assert.rejects(sendFile(superuser), { code: 'P0001' });
  await superuser.run({ text: 'REVOKE cardea_owner FROM cardea_server' }, []);
});

test('a month that it drops by an anchor of its own is missed', async () => {
  const ids = await log.fill(2);
  const [{ part } = { part: '' }] = await superuser.run<{ part: string }>(
    { text: 'SELECT tableoid::regclass::text AS part FROM audit WHERE id = $1' },
    [ids[0]],
  );
  const end = 'ffffffff-0000-7000-8000-000000000000';
  await server.run({ text: "INSERT INTO audit_anchors VALUES (gen_random_uuid(), $1, '{}', '\\x00', now())" }, [end]);
  await server.run({ text: 'SELECT drop_audit_part($1)' }, [part]);
  const { findings } = await log.verify();
  const removed = findings.filter(({ kind }) => kind === 'removed').map(({ eventId }) => eventId);
  assert.ok(ids.every((id) => removed.includes(id)));
  assert.ok(findings.some(({ kind }) => kind === 'anchor_changed'));
});
