import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import type { Permission } from '../../server/operations/permissions.ts';
import { userImport } from '../../server/operations/user_import.ts';
import { createDb } from '../../server/platform/db.ts';
import { BCRYPT } from '../accounts/exported_users.ts';
import { deleteAccounts } from '../helpers/account_changes.ts';
import { entryReader } from '../helpers/audit.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor } from '../helpers/operations.ts';
import { defer } from '../helpers/scope.ts';
import { exchanged, jsonLines, openStream, servedApi } from '../helpers/streams.ts';
import { until } from '../helpers/waiting.ts';

const scope = { after };
const app = await operatedDatabase(scope);
const { db, seed } = app;
const api = await servedApi(scope, app);
const IMPORT = `${api.url}/users/import`;

const person = (i: number) => ({ email: `p${i}@example.com`, name: `Person ${i}` });
const people = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => person(from + i));
const count = async () => Number((await db.run({ text: 'SELECT count(*) AS n FROM accounts' }, []))[0]?.n);

interface Entry {
  readonly action: string;
  readonly outcome: string;
  readonly target_kind: string;
  readonly target_id: string;
  readonly reason: string | null;
  readonly changes: Readonly<Record<string, { readonly after?: unknown }>>;
}

const entries = entryReader<Entry>({ db }, 'action, outcome, target_kind, target_id, reason, changes');

const afterOf = (entry: Entry | undefined) =>
  Object.fromEntries(Object.entries(entry?.changes ?? {}).map(([name, { after: value }]) => [name, value]));

/** Of the batches: how they are made depends on how the input arrives. */
const importedBy = (batches: readonly Entry[]) =>
  batches.reduce((sum, entry) => sum + Number(afterOf(entry).imported), 0);

async function fresh(): Promise<void> {
  await deleteAccounts(db);
  await entries();
}

describe('an import by the API', () => {
  test('imports what it can, tells of every bad line, and ends with totals', async () => {
    await fresh();
    const deep = `{"email":"deep@example.com","address":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const input = Buffer.concat([
      Buffer.from('\ufeff{"email":"first@example.com"}\r\n'),
      Buffer.from('\n   \r\nnot json\n{"email":"second@example.com","role":"admin"}\n'),
      Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d, 0x0a]),
      Buffer.from(`{"email":"long@example.com","name":"${'x'.repeat(10 * 1_024 * 1_024)}"}\n`),
      Buffer.from(`${deep}\n[]\n`),
      Buffer.from('{"email":"FIRST@example.com"}\n{"email":"ada@example.com","name":null,"nickname":""}'),
    ]);
    const lines = await exchanged(IMPORT, input);
    assert.deepEqual(lines[0], { type: 'progress', read: 0, imported: 0, skipped: 0, rejected: 0 });
    const rejected = lines.filter(({ result }) => result === 'rejected');
    assert.deepEqual(
      rejected.map(({ line }) => line),
      [4, 5, 6, 7, 8, 9, 10],
    );
    assert.equal(rejected.at(-1).earlier_line, 1);
    for (const [i, pattern] of [/JSON/, /^role: /, /UTF-8/, /longer/, /levels/, /JSON object/].entries())
      assert.match(rejected[i].reason, pattern);
    const end = { type: 'end', read: 9, imported: 2, skipped: 0, rejected: 7, dry_run: false, complete: true };
    assert.deepEqual(lines.at(-1), end);
    const ada = await seed.accounts.resolve('ada@example.com');
    assert.deepEqual([ada.name, ada.nickname], [undefined, undefined]);
    const all = await entries();
    for (const one of all) {
      assert.deepEqual([one.action, one.outcome, one.target_kind], ['users.import', 'done', 'import']);
    }
    assert.deepEqual(afterOf(all.pop()), { read: 9, imported: 2, skipped: 0, rejected: 7, complete: true });
    assert.equal(importedBy(all), 2);
  });

  test('gives nobody the id of a client as subject (RFC 9068 section 5)', async () => {
    await fresh();
    const { id } = await seed.party();
    const lines = await exchanged(IMPORT, jsonLines({ ...person(1), sub: id }, { ...person(2), sub: `${id}-2` }));
    const rejected = lines.filter(({ result }) => result === 'rejected');
    assert.deepEqual(
      rejected.map(({ line }) => line),
      [1],
    );
    assert.match(rejected[0].reason, /^sub: /);
    assert.equal(lines.at(-1).imported, 1);
  });

  test('answers while the input arrives', async () => {
    await fresh();
    const stream = openStream(`${IMPORT}?results=all`);
    await stream.send(jsonLines(person(1)));
    assert.equal((await stream.next()).type, 'progress');
    const { line, result, id } = await stream.next();
    assert.deepEqual([line, result], [1, 'imported']);
    assert.equal((await seed.accounts.findById(id))?.email, person(1).email);
    await stream.send(jsonLines(person(1), person(2)));
    assert.deepEqual(await stream.next(), {
      type: 'line',
      line: 2,
      result: 'rejected',
      reason: 'has the e-mail address, username or sub of an earlier one',
      earlier_line: 1,
    });
    stream.end();
    assert.deepEqual(
      (await stream.rest()).map(({ type }) => type),
      ['line', 'end'],
    );
  });

  test('commits in batches, each with its entry in the audit, and tells the progress', async () => {
    await fresh();
    const lines = await exchanged(IMPORT, jsonLines(...people(0, 1_200)));
    assert.deepEqual(
      lines.map(({ type }) => type),
      ['progress', 'progress', 'end'],
    );
    assert.equal(await count(), 1_200);
    const all = await entries();
    const ended = all.pop();
    assert.ok(all.length >= 3);
    assert.equal(importedBy(all), 1_200);
    assert.equal(afterOf(ended).imported, 1_200);
    assert.equal(new Set([...all, ended].map((entry) => entry?.target_id)).size, 1, 'they name the same import');
    const again = await exchanged(IMPORT, jsonLines(...people(0, 600)));
    assert.deepEqual(again.at(-1), {
      type: 'end',
      read: 600,
      imported: 0,
      skipped: 600,
      rejected: 0,
      dry_run: false,
      complete: true,
    });
  });

  test('changes nobody who exists', async () => {
    await fresh();
    await exchanged(IMPORT, jsonLines({ ...person(1), username: 'one', password_hash: BCRYPT }));
    const before = await seed.accounts.resolve('one');
    const other = { email: person(1).email, name: 'Mallory', groups: ['staff'], roles: ['support'], disabled: true };
    await exchanged(IMPORT, jsonLines(other, { ...other, password_hash: BCRYPT.replace('$2b$10', '$2b$04') }));
    assert.deepEqual(await seed.accounts.resolve('one'), before);
  });

  test('as a dry run says the same and changes nothing', async () => {
    await fresh();
    await exchanged(IMPORT, jsonLines(person(1)));
    await entries();
    const input = jsonLines(
      person(1),
      person(2),
      { ...person(2), groups: ['new'] },
      { ...person(3), groups: ['new'] },
      {},
    );
    const stream = openStream(`${IMPORT}?dryRun=true`);
    await stream.send(input);
    stream.end();
    assert.equal((await stream.answer()).headers['preference-applied'], 'handling=dry-run');
    const tried = await stream.rest();
    assert.deepEqual([await count(), await entries(), await api.services.groups.find('new')], [1, [], undefined]);
    const done = await exchanged(IMPORT, input);
    assert.deepEqual(tried.slice(0, -1), done.slice(0, -1));
    assert.deepEqual(tried.at(-1), { ...done.at(-1), dry_run: true });
  });

  test('reads its input no faster than its result is read', async () => {
    await fresh();
    let read = 0;
    async function* endless() {
      for (;;) {
        yield people(read, read + 500).map((value, i) => ({ number: read + i + 1, value, bytes: 60 }));
        read += 500;
      }
    }
    const call = { actor: actor(), requestId: 'r', dryRun: true };
    const input = { query: { results: 'all' as const }, lines: endless() };
    const running = await api.runner.stream(userImport.import, input, call);
    for (let taken = 0; taken < 4; taken += 1) {
      await running.next();
      // one batch that was taken, and one that is ready
      assert.ok(read <= 500 * (taken + 1), `${read} lines were read for ${taken} results`);
    }
    await running.stop();
    assert.equal(await running.next(), undefined);
  });

  test('stops after the batch when the client disconnects, and goes on when it is repeated', async () => {
    await fresh();
    const stream = openStream(`${IMPORT}?results=all`);
    await stream.send(jsonLines(...people(0, 700)));
    await stream.next();
    await stream.next();
    stream.destroy();
    const ended = await until('the import has ended', async () =>
      (await entries()).find((entry) => afterOf(entry).complete === false),
    );
    const imported = await count();
    assert.equal(afterOf(ended).imported, imported);
    assert.ok(imported >= 500 && imported <= 700, `${imported}`);
    const again = await exchanged(IMPORT, jsonLines(...people(0, 700)));
    assert.deepEqual([again.at(-1).imported, again.at(-1).skipped], [700 - imported, imported]);
  });

  test('that is cut off within a line imports no half of it', async () => {
    await fresh();
    const stream = openStream(IMPORT);
    await stream.send('{"email":"cut@example.com"}');
    await stream.next();
    stream.destroy();
    await until('the import has ended', async () => (await entries()).length > 0);
    assert.equal(await count(), 0);
  });
});

describe('who imports', () => {
  test('needs permissions for credentials, groups and roles, and can give no role with more than they have', async (t) => {
    await fresh();
    const roles = [['support', 'users:read'] as const, ['owner', 'keys:write'] as const];
    for (const [name, permission] of roles)
      await db.transact(api.services.roles.creating(name, { permissions: [permission] }).statements);
    const lines = jsonLines(
      person(1),
      { ...person(2), password_hash: BCRYPT },
      { ...person(3), totp_secret: 'GEZDGNBVGY3TQOJQ' },
      { ...person(4), groups: ['made'] },
      { ...person(5), roles: ['support'] },
      { ...person(6), roles: ['made'] },
      { ...person(7), roles: ['support', ' owner '] },
      { ...person(8), roles: ['cardea-admin'] },
    );
    const linesOf = async (...permissions: readonly Permission[]) => {
      const own = await servedApi(t, app, { as: permitted(...permissions) });
      const results = await exchanged(`${own.url}/users/import?results=all&dryRun=true`, lines);
      return results.filter(({ result }) => result === 'imported').map(({ line }) => line);
    };
    assert.deepEqual(await linesOf('users:write'), [1]);
    assert.deepEqual(await linesOf('users:write', 'credentials:write'), [1, 2, 3]);
    assert.deepEqual(await linesOf('users:write', 'groups:write'), [1, 4]);
    assert.deepEqual(await linesOf('users:write', 'roles:write'), [1, 6]);
    assert.deepEqual(await linesOf('users:write', 'roles:write', 'users:read'), [1, 5, 6]);
    assert.deepEqual((await exchanged(IMPORT, lines)).at(-1).imported, 8);
  });

  test('makes groups and roles that do not exist, without permissions', async () => {
    await fresh();
    const names = { groups: ['Büro', 'Bu\u0308ro'], roles: ['reader'] };
    await exchanged(IMPORT, jsonLines({ ...person(1), ...names }, { ...person(2), groups: ['Büro'] }));
    assert.deepEqual((await seed.accounts.resolve(person(1).email)).groups, ['Büro']);
    const [group, role] = [await api.services.groups.find('Büro'), await api.services.roles.find('reader')];
    assert.deepEqual([group?.version, role?.permissions], [1, []]);
    const [batch] = await entries();
    assert.deepEqual([afterOf(batch).groups_created, afterOf(batch).roles_created], [['Büro'], ['reader']]);
  });

  test('gives no permissions by a role that somebody makes at the same moment', async () => {
    await fresh();
    const { roles } = api.services;
    await db.transact(roles.creating('powerless', {}).statements);
    await db.transact(roles.creating('powerful', { permissions: ['keys:write'] }).statements);
    await assert.rejects(db.transact([roles.requirePowerless(['powerless', 'powerful'])]), { code: 'CD004' });
    await db.transact([roles.requirePowerless(['powerless', 'nobody-made-it'])]);
  });
});

describe('a request to import', () => {
  test('is refused as any other before its first line', async (t) => {
    await fresh();
    const reader = await servedApi(t, app, { as: permitted('users:read') });
    const statusOf = async (url: string, headers: Record<string, string> = {}) => {
      const stream = openStream(url, { headers });
      stream.end();
      const answer = await stream.answer();
      answer.resume();
      return [answer.statusCode, answer.headers['content-type']?.split(';')[0]];
    };
    const problem = 'application/problem+json';
    assert.deepEqual(await statusOf(`${reader.url}/users/import`), [403, problem]);
    assert.deepEqual(
      (await entries()).map(({ outcome, reason }) => [outcome, reason]),
      [['denied', 'insufficient_scope']],
    );
    assert.deepEqual(await statusOf(`${IMPORT}?result=all`), [400, problem]);
    assert.deepEqual(await statusOf(`${IMPORT}?results=none`), [400, problem]);
    assert.deepEqual(await statusOf(`${IMPORT}?force=true`), [400, problem]);
    assert.deepEqual(await statusOf(IMPORT, { 'idempotency-key': 'a' }), [400, problem]);
    assert.deepEqual(await statusOf(`${IMPORT}?dryRun=true`, { 'idempotency-key': 'a' }), [400, problem]);
    assert.deepEqual(await statusOf(IMPORT, { 'content-type': 'application/json' }), [415, problem]);
    const typed = openStream(IMPORT, { headers: { 'content-type': 'application/json' } });
    typed.end();
    assert.match(await text(await typed.answer()), /"Content-Type: must be application\/x-ndjson: /);
    assert.deepEqual(await statusOf(IMPORT, { accept: 'application/json' }), [406, problem]);
    assert.deepEqual(await statusOf(`${api.url}/groups`), [415, problem]);
    assert.deepEqual(await statusOf(IMPORT), [200, 'application/x-ndjson']);
  });

  test('is refused while as many are under way as may be', async (t) => {
    const own = await servedApi(t, app, { streams: { atOnce: 1 } });
    const first = openStream(`${own.url}/users/import`);
    await first.send('\n');
    await first.next();
    const second = await openStream(`${own.url}/users/export`, { method: 'GET' });
    second.end();
    const answer = await second.answer();
    assert.deepEqual([answer.statusCode, answer.headers['retry-after'] !== undefined], [503, true]);
    answer.resume();
    first.end();
    await first.rest();
    const third = openStream(`${own.url}/users/import`);
    third.end();
    assert.equal((await third.answer()).statusCode, 200);
    await third.rest();
  });

  test('may take longer than other requests, as long as something arrives', async (t) => {
    await fresh();
    const timeouts = { headers: 100, request: 100, checkEvery: 20 };
    const own = await servedApi(t, app, { timeouts, streams: { idle: 1_000 } });
    const slow = openStream(`${own.url}/users/import?results=all`);
    for (const [i, one] of people(0, 3).entries()) {
      await slow.send(jsonLines(one));
      if (i === 0) await slow.next();
      assert.equal((await slow.next()).line, i + 1); // comes after a pause of the input
    }
    const rest = await slow.rest();
    assert.deepEqual([rest[0].complete, rest[0].error.status, rest[0].next_line], [false, 408, 4]);
    assert.equal(await count(), 3);
  });

  test('that the server cannot complete says where to go on: it stops', async (t) => {
    await fresh();
    const own = await servedApi(t, app);
    const stream = openStream(`${own.url}/users/import?results=all`);
    await stream.send(jsonLines(person(1)));
    await stream.next();
    await stream.next();
    const closing = own.close();
    const { complete, imported, error, next_line: next } = await stream.next();
    assert.deepEqual([complete, imported, error.status, next], [false, 1, 503, 2]);
    await stream.rest();
    await closing;
  });

  test('that the server cannot complete says where to go on: the database is gone', async (t) => {
    await fresh();
    const { hostname, port } = new URL(app.databaseUrl);
    const sockets = new Set<Socket>();
    const proxy = createServer((near) => {
      const far = connect(Number(port), hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.on('error', () => {});
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
    });
    await new Promise<void>((done) => {
      proxy.listen(0, '127.0.0.1', done);
    });
    const url = new URL(app.databaseUrl);
    url.host = `127.0.0.1:${Object(proxy.address()).port}`;
    const proxied = createDb({ url: url.href });
    defer(t, async () => {
      proxy.close();
      await proxied.close();
    });
    const own = await servedApi(t, { ...app, db: proxied });
    const stream = openStream(`${own.url}/users/import?results=all`);
    await stream.send(jsonLines(person(1)));
    await stream.next();
    assert.equal((await stream.next()).result, 'imported');
    proxy.close();
    for (const socket of sockets) socket.destroy();
    await stream.send(jsonLines('bad', person(2)));
    stream.end();
    const rest = await stream.rest();
    const { complete, imported, error, next_line: next } = rest.at(-1);
    assert.deepEqual([complete, imported, error.status, next], [false, 1, 503, 2]);
    assert.match(error.type, /\/problems\/temporarily_unavailable$/);
    assert.equal(await count(), 1);
    const [batch] = await entries();
    assert.deepEqual(afterOf(batch), { first_line: 1, last_line: 1, imported: 1 }, 'what was imported is in the audit');
    assert.deepEqual(own.logged, [], 'an outage is logged once, and elsewhere');
  });
});

function permitted(...permissions: readonly Permission[]) {
  return { permissions: new Set(permissions) };
}
