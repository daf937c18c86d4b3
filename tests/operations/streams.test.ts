import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROUTES } from '../../server/admin/routes.ts';
import { READ_IN_FULL } from '../../server/operations/full_reads.ts';
import { runCli } from '../cli/run_cli.ts';
import { auditLog, entryReader } from '../helpers/audit.ts';
import { alike } from '../helpers/faces.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { environmentOf } from '../helpers/operations.ts';
import { exchanged, jsonLines, linesIn, openStream, STREAM_VERBS, servedApi } from '../helpers/streams.ts';

/** What faces.test.ts tries for other operations, for those that are streams: on one database by a verb, on another by HTTP. */
const scope = { after };
const [operated, served] = await Promise.all([operatedDatabase(scope), operatedDatabase(scope)]);
const api = await servedApi(scope, served);
const env = environmentOf(operated);

const COLUMNS = 'action, target_kind, target_id, outcome, reason, changes, id';
const [byVerbSince, byRouteSince] = [entryReader(operated, COLUMNS), entryReader(served, COLUMNS)];
// Those of the keys that each server has made.
await Promise.all([byVerbSince(), byRouteSince()]);

async function sameEntries(): Promise<unknown[]> {
  const byVerb = alike(await byVerbSince()) as unknown[];
  const byRoute = alike(await byRouteSince()) as unknown[];
  assert.deepEqual(byVerb, byRoute, 'the same entries in the audit');
  return byRoute;
}

test('the streams of the API are those that are tried here', () => {
  const streams = ROUTES.filter(({ operation }) => operation.kind === 'stream');
  assert.deepEqual(
    streams.map(({ operation }) => operation.name),
    STREAM_VERBS.map(({ operation }) => operation.name),
  );
});

test('users.import: cardea users import does what POST /users/import does', async () => {
  const people = jsonLines(
    { email: 'ada@example.com', groups: ['staff'], roles: ['reader'], sub: 'auth0|ada' },
    { email: 'bob@example.com', totp_secret: 'GEZDGNBVGY3TQOJQ' },
    { email: 'ADA@example.com' },
    { email: 'eve@example.com', role: 'reader' },
  );
  const file = join(operated.dataDir, 'people.jsonl');
  writeFileSync(file, people);
  const ran = await runCli(['users', 'import', file, '--json'], { env });
  const lines = await exchanged(`${api.url}/users/import`, people);
  const { imported, skipped } = lines.at(-1);
  const rejected = lines.flatMap(({ type: _, result, ...line }) => (result === 'rejected' ? [line] : []));
  assert.deepEqual(ran.json, { imported, skipped, rejected, dry_run: false, notes: [] });
  assert.deepEqual([imported, rejected.length], [2, 2]);
  assert.equal((await sameEntries()).length, 2);
});

test('users.export: cardea users export does what GET /users/export does', async () => {
  const ran = await runCli(['users', 'export', '--filter', 'disabled eq false'], { env });
  const stream = openStream(`${api.url}/users/export?filter=disabled%20eq%20false`, { method: 'GET' });
  stream.end();
  const lines = await stream.rest();
  assert.deepEqual(alike(linesIn(ran.stdout)), alike(lines));
  assert.equal(lines.length, 2);
  const actions = (await sameEntries()).map((entry) => (entry as { action: string }).action);
  assert.deepEqual(actions, ['users.export', READ_IN_FULL]);
});

test('users.export that is refused', async () => {
  const ran = await runCli(['users', 'export', '--fields', 'shoe_size'], { env });
  assert.equal(ran.code, 1);
  const stream = openStream(`${api.url}/users/export?fields=shoe_size`, { method: 'GET' });
  stream.end();
  assert.equal((await stream.answer()).statusCode, 400);
  assert.equal((await sameEntries()).length, 1);
});

test('audit.export: cardea audit export does what GET /audit/export does', async () => {
  const query = 'filter=action%20eq%20%22users.import%22';
  const ran = await runCli(['audit', 'export', '--filter', 'action eq "users.import"'], { env });
  for (const lines of [linesIn(ran.stdout), linesIn(ran.stdout)]) {
    const stream = openStream(`${api.url}/audit/export?${query}`, { method: 'GET' });
    stream.end();
    await stream.answer();
    assert.deepEqual(
      (await stream.rest()).map(({ action }) => action),
      lines.map(({ action }) => action),
    );
  }
  const csv = await runCli(['audit', 'export', '--filter', 'action eq "users.import"', '--format', 'csv'], { env });
  assert.equal(csv.stdout.trim().split('\n').length, 1 + linesIn(ran.stdout).length);
  assert.match(csv.stdout, /^id,at,actor_kind,/);
  assert.equal((await sameEntries()).length, 4, 'each time that it was exported, with addresses in full');
});

test('audit.verify: cardea audit verify does what POST /audit/verify does', async () => {
  for (const app of [operated, served]) await (await auditLog(app)).seal();
  const ran = await runCli(['audit', 'verify', '--json'], { env });
  assert.equal(ran.code, 0, ran.stderr);
  const lines = await exchanged(`${api.url}/audit/verify`, '');
  const result = lines.at(-1);
  assert.deepEqual([result.type, result.findings, ran.json.findings], ['result', 0, []]);
  assert.deepEqual(await sameEntries(), [
    {
      action: 'audit.verify',
      target_kind: 'audit',
      target_id: '',
      outcome: 'done',
      reason: null,
      changes: { events: { after: result.events }, findings: { after: 0 } },
      id: 'made anew (0)',
    },
  ]);
  const { newest } = result;
  // JSON can have half of a surrogate pair, of which there is no hash.
  const notHashable = { ...newest, head: { ...newest.head, issuer: '\ud800' } };
  for (const line of [{ head: 1 }, notHashable]) {
    const refused = openStream(`${api.url}/audit/verify`);
    await refused.send(`${JSON.stringify(line)}\n`);
    refused.end();
    assert.equal((await refused.answer()).statusCode, 400, 'a line that is no head');
  }
});

test('audit.verify takes an empty body of any type, and says what it takes in place of another one', async () => {
  const headers = { 'content-type': 'application/json' };
  const asked = (body: string) => fetch(`${api.url}/audit/verify`, { method: 'POST', headers, body });
  const empty = await asked('');
  assert.equal(empty.status, 200);
  assert.equal(linesIn(await empty.text()).at(-1).type, 'result');
  const refused = await asked('{}');
  assert.equal(refused.status, 415);
  assert.match(
    await refused.text(),
    /application\/x-ndjson: JSON, one object a line, AuditHead .*an empty body needs none/,
  );
});
