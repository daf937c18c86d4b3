import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, signedIn } from '../flows/support.ts';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);
const second = await adminApi(scope, app);
const reader = await adminApi(scope, app, { permissions: new Set(['keys:read'] as const), id: 'reader' });

interface Listed {
  readonly kid: string;
  readonly ring: string;
  readonly state: string;
}

const list = async (): Promise<Listed[]> => (await reader.request('GET', '/keys?all=true')).body.items;
const kids = async (ring: string, state: string) =>
  (await list()).filter((key) => key.ring === ring && key.state === state).map(({ kid }) => kid);
const rotate = (body: object, path = '/keys/rotate', on = api) => on.request('POST', path, { body });
const entries = (action: string) =>
  app.db.run<{ target_id: string; outcome: string; changes: { keys?: { after: unknown[] } } }>(
    { name: '', text: 'SELECT target_id, outcome, changes FROM audit WHERE action = $1 ORDER BY id' },
    [action],
  );

test('keys are listed without their private halves, in pages', async () => {
  const whole = await reader.request('GET', '/keys?all=true');
  assert.equal(whole.status, 200);
  assert.ok(!/"(d|k|p|q|sealed|secret)":/.test(JSON.stringify(whole.body)));
  const seen: string[] = [];
  for (let path: string | undefined = '/keys?all=true&limit=1'; path; ) {
    const { body } = await reader.request('GET', path);
    seen.push(...body.items.map(({ kid }: Listed) => kid));
    path = body.next && `/keys?all=true&limit=1&cursor=${body.next}`;
  }
  assert.deepEqual(
    seen,
    whole.body.items.map(({ kid }: Listed) => kid),
  );
  assert.ok(seen.length >= 2);
  assert.equal((await reader.request('GET', '/keys?cursor=none')).status, 400);
});

test('a dry run of a rotation says what would happen, and changes nothing', async () => {
  const before = await list();
  const { status, body } = await rotate({ now: true }, '/keys/rotate?dryRun=true');
  assert.equal(status, 200);
  assert.deepEqual(
    body.done.map((one: { do: string }) => one.do),
    ['demote', 'create'],
  );
  assert.deepEqual(await list(), before);
  assert.deepEqual(await entries('keys.rotate'), []);
});

test('of rotations at the same time one replaces the key, and each that has done something is in the audit', async () => {
  const [old = ''] = await kids('RS256', 'active');
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, i) => rotate({ now: true, ring: 'RS256' }, '/keys/rotate', i % 2 ? api : second)),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  );
  const replaced = answers.flatMap(({ body }) => body.done).filter((one: { do: string }) => one.do === 'demote');
  // those that read the keys after the first has committed replace its key: an operator who sees it decides so
  const demoted = replaced.map((one: { kid: string }) => one.kid);
  assert.deepEqual(demoted, [...new Set(demoted)]);
  assert.ok(demoted.includes(old));
  assert.equal((await kids('RS256', 'active')).length, 1);
  const written = await entries('keys.rotate');
  assert.equal(written.length, answers.filter(({ body }) => body.done.length > 0).length);
  const audited = written.flatMap(({ changes }) => (changes.keys?.after ?? []) as { do: string; kid: string }[]);
  assert.deepEqual(
    audited
      .filter((one) => one.do === 'demote')
      .map(({ kid }) => kid)
      .toSorted(),
    demoted.toSorted(),
  );
});

test('a rotation that waits for another one replaces nothing that was made meanwhile', async () => {
  const before = await kids('RS256', 'active');
  const holder = await app.db.connect();
  defer(scope, () => holder.end());
  await holder.query("SELECT pg_advisory_lock(hashtextextended('cardea_keys', 0))");
  const answers = Promise.all([1, 2, 3].map(() => rotate({ now: true, ring: 'RS256' })));
  await until('all of them wait for the lock', async () => {
    const { rows } = await holder.query(
      `SELECT count(*)::int AS waiting FROM pg_locks
        WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return rows[0]?.waiting === 3;
  });
  await holder.query("SELECT pg_advisory_unlock(hashtextextended('cardea_keys', 0))");
  const done = (await answers).map(({ body }) => body.done.length);
  assert.deepEqual(done.toSorted(), [0, 0, 2]);
  assert.equal((await kids('RS256', 'active')).length, 1);
  assert.notDeepEqual(await kids('RS256', 'active'), before);
});

test('a rotation that cannot be written to the audit does not happen', async () => {
  const before = await list();
  await app.db.run(
    { name: '', text: "ALTER TABLE audit ADD CONSTRAINT refused CHECK (action <> 'keys.rotate') NOT VALID" },
    [],
  );
  const { status } = await rotate({ now: true });
  await app.db.run({ name: '', text: 'ALTER TABLE audit DROP CONSTRAINT refused' }, []);
  assert.equal(status, 500);
  assert.deepEqual(await list(), before);
});

test('a rotation by Idempotency-Key happens once', async () => {
  const headers = { 'idempotency-key': 'one' };
  const body = { now: true, ring: 'cookie' };
  const [one, two] = [
    await api.request('POST', '/keys/rotate', { headers, body }),
    await second.request('POST', '/keys/rotate', { headers, body }),
  ];
  assert.deepEqual(one.body, two.body);
  assert.equal((await kids('cookie', 'retiring')).length, 1);
});

test('a key is revoked at once, and once', async () => {
  const [kid = ''] = await kids('RS256', 'active');
  const path = `/keys/${kid}/revoke`;
  const dry = await api.request('POST', `${path}?dryRun=true`);
  assert.equal(dry.status, 200);
  assert.deepEqual(await kids('RS256', 'active'), [kid]);
  const { status, body } = await api.request('POST', path);
  assert.equal(status, 200);
  assert.deepEqual(body.done[0], { do: 'retire', ring: 'RS256', kid });
  assert.ok(!(await kids('RS256', 'active')).includes(kid));
  assert.equal((await api.request('POST', path)).status, 409);
  assert.equal((await api.request('POST', '/keys/none/revoke')).status, 404);
  assert.deepEqual(
    (await entries('keys.revoke')).map(({ target_id: id, outcome }) => [id, outcome]),
    [
      [kid, 'done'],
      [kid, 'refused'],
      ['none', 'refused'],
    ],
  );
});

test('revoking the key of cookies signs everybody out (ASVS 7.4.5)', async () => {
  const ours = await app.seed.party({ firstParty: true });
  const browser = await signedIn(app, ours, await app.seed.person());
  const isSignedIn = async () =>
    callbackOf((await begin(app, ours, { prompt: 'none' }, browser.clone())).page).code !== undefined;
  assert.ok(await isSignedIn());
  for (const kid of await kids('cookie', 'active')) {
    assert.equal((await api.request('POST', `/keys/${kid}/revoke`)).status, 200);
  }
  await until('the cookie is worth nothing', async () => !(await isSignedIn()));
  await signedIn(app, ours, await app.seed.person());
});

test('a ring that is none is refused, and rotating and revoking need a permission', async () => {
  const unknown = await rotate({ ring: 'PS512' });
  assert.equal(unknown.status, 400);
  assert.equal((await rotate({ ring: 'RS256', extra: 1 })).status, 400);
  assert.equal((await rotate({}, '/keys/rotate', reader)).status, 403);
  assert.equal((await reader.request('POST', '/keys/none/revoke')).status, 403);
});
