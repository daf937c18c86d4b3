import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createClient } from 'redis';
import { openLimits } from '../../server/composition/limits.ts';
import { loadConfig } from '../../server/config.ts';
import { createLog } from '../../server/platform/log.ts';
import { createRedisCounter, type RedisCounter } from '../../server/platform/redis.ts';
import { createTally } from '../../server/platform/tally.ts';
import { type Deployment, deployment, type Party } from '../helpers/deployment.ts';
import { MINUTE_MS } from '../helpers/limits.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { freshRedis } from '../helpers/redis.ts';
import { authorize, redeem, token } from '../helpers/relying_party.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** Promise 6: losing Redis loses nothing. */

const MAX = 6;
let at = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;
const nextWindow = () => {
  at += MINUTE_MS;
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

test('without Redis every scope is limited by what the node counts itself, and nothing that was counted is forgotten', async () => {
  const log = createLog({ level: 'silent' });
  const counter = await createRedisCounter({ url: redis.url, log, now: () => at });
  const tally = createTally({ now: () => at, uptime: () => performance.now(), shared: counter });
  const small =
    'token.client=3,token.address=3,token.server=3,userinfo.account=3,user-codes.session=3,writes.address=3,sign-in.address=3';
  const limits = openLimits(loadConfig({ CARDEA_LIMITS: small }).limits, {
    counter,
    tally,
    now: () => at,
    onReached() {},
  });
  const counted = [limits.token.client, limits.token.address, limits.userinfo.account, limits.writes.address];
  const exact = [limits['sign-in'].address, limits['user-codes'].session];
  try {
    nextWindow();
    for (const limit of counted) limit.add('192.0.2.1', 2);
    for (const limit of exact) for (let n = 0; n < 2; n += 1) await limit.consume('192.0.2.1');
    limits.token.server.take('a');
    limits.token.server.take('b');
    await redis.kill();
    for (const limit of exact) {
      await limit.consume('192.0.2.1');
      await assert.rejects(limit.consume('192.0.2.1'), { code: 'rate_limited' });
    }
    for (const limit of counted) {
      limit.add('192.0.2.1');
      assert.throws(() => limit.assertLeft('192.0.2.1'), { code: 'rate_limited' }, limit.name);
    }
    limits.token.server.take('c');
    assert.throws(() => limits.token.server.take('d'), { status: 503 });
  } finally {
    counter.close();
    await redis.restart();
  }
});

test('two nodes count busy limits together, without a round trip for each request', async () => {
  const log = createLog({ level: 'silent' });
  const counters = [0, 1].map(() => createRedisCounter({ url: redis.url, log, now: () => at }));
  const [one, two] = (await Promise.all(counters)) as [RedisCounter, RedisCounter];
  const tallyOf = (shared: RedisCounter) => createTally({ now: () => at, uptime: () => performance.now(), shared });
  const [a, b] = [tallyOf(one), tallyOf(two)];
  try {
    a.add('busy', 60_000, 10);
    await until('the other node knows', async () => b.add('busy', 60_000, 1) > 10);
  } finally {
    one.close();
    two.close();
  }
});

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
