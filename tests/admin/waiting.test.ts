import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { createMails } from '../../server/accounts/mails.ts';
import type { Permission } from '../../server/operations/permissions.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createDeliveries } from '../../server/records/deliveries.ts';
import { adminApi } from '../helpers/admin.ts';
import { createRegistrationTokens } from '../helpers/client_stores.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';

const scope = { after };
// without a server: its own workers would send what waits here
const { db, url } = await database(scope);
const masterKey = remember('master_key', Buffer.alloc(32, 7).toString('base64'));
const clock = { ms: Date.now() };
const now = () => clock.ms;
const seed = await createSeeder(db, masterKey, now);
const served = { db, databaseUrl: url, masterKey, issuer: 'https://id.example.com', dataDir: '.' };
const api = await adminApi(scope, served, {}, { now });
const onlyAs = (...permissions: Permission[]) =>
  adminApi(scope, served, { permissions: new Set(permissions) }, { now });
const reader = await onlyAs('mails:read', 'deliveries:read', 'registrations:read');
const registrar = await onlyAs('registrations:write', 'registrations:read', 'users:read');
const parts = { db, sealer: createSealer([Buffer.from(masterKey, 'base64')]), now };
const mails = createMails({ ...parts, people: seed.accounts });
const deliveries = createDeliveries({ ...parts, people: seed.accounts });
const registrationTokens = createRegistrationTokens({ db, now });
const person = await seed.person();
const account = await seed.accounts.resolve(person.id);
const party = await seed.party();
const SECRET = remember('other', 'content-of-this-delivery');
const HOUR = 3_600_000;

const entriesOf = (action: string, target: string) =>
  db.run<{ outcome: string; reason: string | null }>(
    { name: '', text: 'SELECT outcome, reason FROM audit WHERE action = $1 AND target_id = $2 ORDER BY id' },
    [action, target],
  );

/** A queue, as its workers and as operators have it. */
interface Waiting {
  readonly path: string;
  /** Of the time of the next attempt. */
  readonly column: string;
  /** @returns the id */
  enqueue(): Promise<string>;
  /** A worker takes what is due. */
  claim(): Promise<readonly string[]>;
  postpone(id: string, at: Date): Promise<void>;
  remove(id: string): Promise<void>;
}

const QUEUES: readonly Waiting[] = [
  {
    path: '/mails',
    column: 'due_at',
    async enqueue() {
      const id = randomUUID();
      await db.transact([mails.enqueue({ kind: 'invitation', accountId: person.id }, account, { id, afterMs: 0 })]);
      return id;
    },
    claim: async () => (await mails.claimDue({ limit: 10, leaseMs: 60_000 })).map(({ id }) => id),
    postpone: mails.postpone,
    remove: mails.remove,
  },
  {
    path: '/deliveries',
    column: 'next_attempt_at',
    async enqueue() {
      const before = new Set((await deliveries.list()).items.map(({ id }) => id));
      const input = { kind: 'ping', clientId: party.id, accountId: person.id, content: { token: SECRET } };
      await db.transact([deliveries.enqueue({ ...input, expiresAt: new Date(now() + HOUR) })]);
      return (await deliveries.list()).items.find(({ id }) => !before.has(id))?.id ?? '';
    },
    claim: async () => (await deliveries.claimDue({ kinds: ['ping'], limit: 10, leaseMs: 60_000 })).map(({ id }) => id),
    postpone: deliveries.postpone,
    remove: deliveries.remove,
  },
];

for (const { path, column, enqueue, claim, postpone, remove } of QUEUES) {
  test(`${path}: what waits is seen without its content, retried now, and dropped`, async () => {
    const id = await enqueue();
    const listed = await reader.request('GET', path);
    assert.deepEqual(
      listed.body.items.map((one: { id: string }) => one.id),
      [id],
    );
    const [item] = listed.body.items;
    assert.deepEqual([item.attempts, Date.parse(item.next_attempt_at) <= now()], [0, true]);
    const filter = `attempts eq 0 and next_attempt_at le "${new Date(now()).toISOString()}"`;
    const due = await reader.request('GET', `${path}?${new URLSearchParams({ filter, sort: '-next_attempt_at' })}`);
    assert.deepEqual(due.body.items, [item]);
    assert.equal(item.user_id, person.id);
    assert.deepEqual((await reader.request('GET', `${path}/${id}`)).body, item);
    for (const hidden of [SECRET, person.email, 'sealed', 'https:']) {
      assert.ok(!JSON.stringify(listed.body).includes(hidden), hidden);
    }
    assert.deepEqual(await claim(), [id]);
    await postpone(id, new Date(now() + HOUR / 2));
    assert.deepEqual(await claim(), []);
    assert.equal((await api.request('POST', `${path}/${id}/retry?dryRun=true`)).status, 200);
    assert.deepEqual(await claim(), [], 'a dry run changes nothing');
    const retried = await api.request('POST', `${path}/${id}/retry`);
    assert.deepEqual([retried.status, retried.body.next_attempt_at], [200, new Date(now()).toISOString()]);
    assert.deepEqual(await claim(), [id]);
    await postpone(id, new Date(now() + HOUR / 2));
    assert.equal((await api.request('DELETE', `${path}/${id}`)).status, 200);
    assert.deepEqual((await reader.request('GET', path)).body.items, []);
    assert.equal((await api.request('DELETE', `${path}/${id}`)).status, 404);
    assert.equal((await api.request('POST', `${path}/${id}/retry`)).status, 404);
    assert.equal((await reader.request('GET', `${path}/${id}`)).status, 404);
  });

  test(`${path}: what a node sends at this moment is neither retried nor dropped, until its lease ends`, async () => {
    const id = await enqueue();
    assert.deepEqual(await claim(), [id]);
    for (const [method, at] of [
      ['POST', `${path}/${id}/retry`],
      ['DELETE', `${path}/${id}`],
    ] as const) {
      const refused = await api.request(method, at);
      assert.equal(refused.status, 409, at);
    }
    assert.deepEqual(await claim(), [], 'no other node gets it');
    const noun = path.slice(1);
    assert.deepEqual(await entriesOf(`${noun}.retry`, id), [{ outcome: 'refused', reason: 'conflict' }]);
    clock.ms += 61_000; // the node has crashed
    assert.equal((await api.request('POST', `${path}/${id}/retry`)).status, 200);
    assert.deepEqual(await claim(), [id]);
    await remove(id);
  });

  test(`${path}: of a retry and a worker at the same moment, one has the item`, async () => {
    const id = await enqueue();
    const worker = await db.connect();
    try {
      // In SQL, because the worker's statement is to be stopped in its middle.
      await worker.query('BEGIN');
      const table = path.slice(1);
      await worker.query(`SELECT 1 FROM ${table} WHERE id = $1 FOR UPDATE`, [id]);
      const retrying = api.request('POST', `${path}/${id}/retry`);
      const leased = new Date(now() + 60_000);
      await worker.query(`UPDATE ${table} SET ${column} = $2, leased_until = $2 WHERE id = $1`, [id, leased]);
      await worker.query('COMMIT');
      assert.equal((await retrying).status, 409);
    } finally {
      await worker.end();
    }
    assert.deepEqual(await claim(), []);
    await remove(id);
  });

  test(`${path}: reading and changing need permissions of their own`, async () => {
    const id = randomUUID();
    assert.equal((await registrar.request('GET', path)).status, 403);
    assert.equal((await registrar.request('GET', `${path}/${id}`)).status, 403);
    assert.equal((await reader.request('POST', `${path}/${id}/retry`)).status, 403);
    assert.equal((await reader.request('DELETE', `${path}/${id}`)).status, 403);
    assert.equal((await reader.request('GET', `${path}/x`)).status, 400);
    assert.equal((await reader.request('GET', `${path}?filter=${encodeURIComponent('sealed pr')}`)).status, 400);
  });
}

test('an initial access token is shown once, and what it allows afterwards', async () => {
  const body = { uses: 2, expires_in: 600, redirect_hosts: ['app.example.com'], scope: 'openid' };
  const dry = await api.request('POST', '/registrations?dryRun=true', { body });
  assert.equal(dry.status, 201);
  assert.equal(dry.body.token, undefined, 'a token that does not work');
  assert.deepEqual((await reader.request('GET', '/registrations')).body.items, []);
  const made = await api.request('POST', '/registrations', { body });
  assert.equal(made.status, 201);
  const { token, ...rest } = made.body;
  remember('other', token);
  assert.equal((await registrationTokens.find(token))?.id, rest.id);
  assert.equal(made.headers.location, `/api/v1/registrations/${rest.id}`);
  assert.deepEqual((await reader.request('GET', '/registrations')).body.items, [rest]);
  assert.deepEqual((await reader.request('GET', `/registrations/${rest.id}`)).body, rest);
  const [entry] = await db.run<{ changes: object }>(
    { name: '', text: "SELECT changes FROM audit WHERE action = 'registrations.create' AND outcome = 'done'" },
    [],
  );
  assert.ok(!JSON.stringify(entry).includes(token));
  assert.equal((await api.request('DELETE', `/registrations/${rest.id}`)).status, 200);
  assert.equal(await registrationTokens.find(token), undefined);
  assert.equal((await api.request('DELETE', `/registrations/${rest.id}`)).status, 404);
});

test('an initial access token by Idempotency-Key is made once, and shown again for the same request', async () => {
  const headers = { 'idempotency-key': 'registration' };
  const [one, two] = [
    await api.request('POST', '/registrations', { headers, body: { uses: 1 } }),
    await api.request('POST', '/registrations', { headers, body: { uses: 1 } }),
  ];
  remember('other', one.body.token);
  assert.deepEqual(one.body, two.body);
  assert.equal((await registrationTokens.list()).items.length, 1);
});

test('an initial access token gives clients no more of this API than its maker has', async () => {
  const create = (scopes: string) => registrar.request('POST', '/registrations', { body: { scope: scopes } });
  assert.equal((await create('openid cardea:users:read')).status, 201);
  const refused = await create('openid cardea:users:write');
  assert.deepEqual([refused.status, String(refused.body.type).split('/').at(-1)], [403, 'beyond_own_permissions']);
  assert.equal((await reader.request('POST', '/registrations', { body: {} })).status, 403);
});

test('wrong values of an initial access token are refused by their names', async () => {
  for (const [body, named] of [
    [{ uses: 0 }, 'uses'],
    [{ expires_in: 1 }, 'expires_in'],
    [{ grant_types: ['password'] }, 'grant_types'],
    [{ redirect_hosts: ['not a host'] }, 'redirect_hosts'],
    [{ scope: 'with"quote' }, 'scope'],
    [{ token: 'x' }, 'token'],
  ] as const) {
    const refused = await api.request('POST', '/registrations', { body });
    assert.equal(refused.status, 400, named);
    assert.ok(JSON.stringify(refused.body.errors).includes(named), JSON.stringify(refused.body));
  }
});
