import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createClient } from 'redis';
import { LIMIT_WINDOW_MS } from '../../server/platform/limits.ts';
import { createLog } from '../../server/platform/log.ts';
import { createRedisCounter } from '../../server/platform/redis.ts';
import { type Deployment, deployment, type Party } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { freshRedis } from '../helpers/redis.ts';
import { authorize, redeem, token } from '../helpers/relying_party.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** Promise 6: losing Redis loses nothing. */

const MAX = 6;
let at = Math.ceil(Date.now() / LIMIT_WINDOW_MS) * LIMIT_WINDOW_MS;
const nextWindow = () => {
  at += LIMIT_WINDOW_MS;
};
const scope = { after };
const url = await databaseUrl(scope);
const redis = await freshRedis(scope);
const env = { CARDEA_REDIS_URL: redis.url, CARDEA_RATE_LIMIT: String(MAX) };
const a = await deployment(scope, { databaseUrl: url, env, now: () => at });
const b = await deployment(scope, { databaseUrl: url, masterKey: a.masterKey, env, now: () => at });
const party = await a.seed.party({ firstParty: true });
const wrong: Party = { ...party, secret: 'wrong' };

async function guess(node: Deployment): Promise<number> {
  return (await token(node.issuer, wrong, { grant_type: 'client_credentials' })).status;
}

async function signsIn(node: Deployment): Promise<void> {
  const person = await a.seed.person();
  const { issuer } = node;
  const tokens = await redeem(issuer, party, await authorize({ issuer, party, person }));
  assert.equal(tokens.status, 200);
}

async function sharedCount(): Promise<number> {
  const client = createClient({ url: redis.url });
  client.on('error', () => {});
  await client.connect();
  try {
    let total = 0;
    for (const key of await client.keys('*')) {
      assert.ok(key.startsWith('cardea:'), key);
      assert.ok((await client.pTTL(key)) > 0, `${key} expires`);
      if (key.includes('client-authentication')) total += Number(await client.get(key));
    }
    return total;
  } finally {
    client.destroy();
  }
}

test('two nodes share one counter', async () => {
  nextWindow();
  for (let i = 0; i < MAX / 2; i += 1) {
    assert.equal(await guess(a), 401);
    assert.equal(await guess(b), 401);
  }
  await until('the last guess is counted', async () => (await sharedCount()) === MAX);
  assert.equal(await guess(a), 429);
  assert.equal(await guess(b), 429);
});

test('one node can take back what another has counted, and a missing counter stays missing', async () => {
  const log = createLog({ level: 'silent' });
  const open = () => createRedisCounter({ url: redis.url, log, now: () => at });
  const [one, two] = [await open(), await open()];
  try {
    assert.equal(await one.increment('taken', 60_000), 1);
    assert.equal(await two.increment('taken', 60_000), 2);
    await one.decrement('taken');
    assert.equal(await two.increment('taken', 60_000), 2);
    await one.decrement('never counted');
    assert.equal(await two.get('never counted'), 0);
    assert.equal(await one.increment('never counted', 60_000), 1);
    await sharedCount(); // each key expires
  } finally {
    one.close();
    two.close();
  }
});

for (const [how, lose, regain] of [
  ['that was killed', () => redis.kill(), () => redis.restart()],
  ['that answers nothing', async () => redis.freeze(), async () => redis.thaw()],
] as const) {
  test(`with Redis ${how} limits stay closed, sign-in works, and the counter is shared again afterwards`, async () => {
    nextWindow();
    assert.equal(await guess(a), 401);
    await lose();
    const answers: number[] = [];
    for (let i = 0; i < MAX + 1; i += 1) answers.push(await guess(a));
    // Earlier guesses still count: the limit comes after MAX guesses in all.
    assert.deepEqual(answers.slice(0, MAX - 1), Array(MAX - 1).fill(401));
    assert.deepEqual(answers.slice(MAX), [429]);
    await signsIn(b);

    await regain();
    nextWindow();
    await until('guesses on both nodes reach Redis again', async () => {
      const before = await sharedCount();
      const both = [await guess(a), await guess(b)];
      if (both.includes(429)) nextWindow();
      return (await sharedCount()) === before + 2;
    });
    // These guesses may have used up the current window.
    nextWindow();
    await signsIn(a);
  });
}

test('a node starts without Redis, logs it once, and does not log the URL', async () => {
  const away = `redis://someone:swordfish@127.0.0.1:${await freePort()}`;
  const c = await deployment(scope, {
    databaseUrl: url,
    masterKey: a.masterKey,
    env: { ...env, CARDEA_REDIS_URL: away },
    now: () => at,
  });
  await signsIn(c);
  const warnings = c.logLines.filter((line) => (JSON.parse(line) as { level: string }).level === 'warn');
  assert.equal(warnings.length, 1);
  assert.ok(!c.logLines.join('').includes('swordfish'));
});
