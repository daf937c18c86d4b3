import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { limitsOf } from '../helpers/limits.ts';

const scope = { after };
const app = await deployment(scope);
const env = { CARDEA_LIMITS: 'admin.client=3,admin.account=2,admin.address=2,admin.server=1000' };
const limits = limitsOf(env, () => 30_000).admin;
const machine = await adminApi(scope, app, { kind: 'client', id: 'machine' }, { limits });
const other = await adminApi(scope, app, { kind: 'client', id: 'other' }, { limits });
const person = await adminApi(scope, app, { kind: 'person', id: 'ada', clientId: 'console' }, { limits });
const stranger = await adminApi(scope, app, 'nobody', { limits });
const list = (api: typeof machine) => api.request('GET', '/groups');
const left = (answer: Awaited<ReturnType<typeof list>>) => [answer.status, answer.headers.ratelimit];

test('every response says what is left, by client, and over the limit it is 429 for that client alone', async () => {
  assert.deepEqual(left(await list(machine)), [200, '"admin.client";r=2;t=30']);
  const failed = await machine.request('GET', '/groups/nothing');
  assert.deepEqual(left(failed), [404, '"admin.client";r=1;t=30']);
  assert.equal(failed.headers['ratelimit-policy'], '"admin.client";q=3;w=60');
  assert.equal((await list(machine)).status, 200);
  const refused = await list(machine);
  assert.deepEqual(left(refused), [429, '"admin.client";r=0;t=30']);
  assert.equal(refused.headers['retry-after'], '30');
  assert.equal(refused.body.type.endsWith('rate_limited'), true);
  assert.equal((await list(other)).status, 200);
});

test('a person counts for themselves, and for the app by which they act', async () => {
  assert.deepEqual(left(await list(person)), [200, '"admin.client";r=2;t=30, "admin.account";r=1;t=30']);
  assert.equal((await list(person)).status, 200);
  assert.deepEqual(left(await list(person)), [429, '"admin.account";r=0;t=30']);
});

test('requests without a valid token count for their address, at which others go on', async () => {
  assert.deepEqual(left(await list(stranger)), [401, '"admin.address";r=1;t=30']);
  assert.equal((await list(stranger)).status, 401);
  assert.deepEqual(left(await list(stranger)), [429, '"admin.address";r=0;t=30']);
  assert.equal((await list(other)).status, 200);
});

test('of the whole server a client may use a half, and is refused with 503 then, while others go on', async () => {
  const whole = limitsOf({ CARDEA_LIMITS: 'admin.server=8' }, () => 30_000).admin;
  const [greedy, modest] = await Promise.all(
    ['greedy', 'modest'].map((id) => adminApi(scope, app, { kind: 'client', id }, { limits: whole })),
  );
  assert.ok(greedy && modest);
  const statuses: number[] = [];
  for (let n = 0; n < 5; n += 1) statuses.push((await list(greedy)).status);
  assert.deepEqual(statuses, [...Array(4).fill(200), 503]);
  const refused = await list(greedy);
  assert.deepEqual(
    [refused.headers['retry-after'], refused.body.type.split('/').at(-1)],
    ['30', 'temporarily_unavailable'],
  );
  assert.equal((await list(modest)).status, 200);
});
