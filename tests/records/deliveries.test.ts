import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import { openAudit } from '../../server/audit/entries.ts';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { createDeliveryWorker, pauseAfter } from '../../server/jobs/deliveries.ts';
import { createLog } from '../../server/platform/log.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createDeliveries } from '../../server/records/deliveries.ts';
import { NO_PEOPLE } from '../helpers/no_people.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

const { db } = await database({ after });
const clock = { ms: Date.parse('2030-01-01T00:00:00Z') };
const now = () => clock.ms;
const sealer = createSealer([randomBytes(32)]);
const deliveries = createDeliveries({ db, sealer, people: NO_PEOPLE, now });
const audit = await openAudit({ db, sealer, now, issuer: 'https://id.example.com' });
const ALL = { kinds: ['ping', 'push'], limit: 16, leaseMs: 60_000 };
const HOUR_MS = 3_600_000;

beforeEach(async () => {
  await db.run({ name: 'empty', text: 'DELETE FROM deliveries' }, []);
});

async function enqueue(kind: string, clientId = 'app', content: unknown = {}, accountId?: string): Promise<void> {
  const expiresAt = new Date(clock.ms + HOUR_MS);
  await db.transact([deliveries.enqueue({ kind, clientId, content, expiresAt, ...(accountId ? { accountId } : {}) })]);
}

async function count(): Promise<number> {
  return (await db.run({ name: 'count', text: 'SELECT 1 FROM deliveries' }, [])).length;
}

test('the content of a delivery is sealed, and is read back when it is claimed', async () => {
  const secret = remember('access_token', randomBytes(32).toString('base64url'));
  await enqueue('push', 'app', { access_token: secret });
  const [row] = await db.run<{ sealed: Buffer }>({ name: 'raw', text: 'SELECT sealed FROM deliveries' }, []);
  assert.ok(!row?.sealed.includes(secret));
  const [taken] = await deliveries.claimDue(ALL);
  assert.deepEqual([taken?.clientId, taken?.content, taken?.attempts], ['app', { access_token: secret }, 1]);
});

test('two nodes share what is due, and neither claims what the other has until its lease ends', async () => {
  for (let i = 0; i < 20; i += 1) await enqueue('ping');
  const shares = await Promise.all([deliveries.claimDue(ALL), deliveries.claimDue(ALL)]);
  const ids = shares.flat().map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const rest = await deliveries.claimDue(ALL);
  assert.equal(new Set([...ids, ...rest.map(({ id }) => id)]).size, 20);
  assert.deepEqual(await deliveries.claimDue(ALL), []);
  clock.ms += ALL.leaseMs;
  assert.equal((await deliveries.claimDue(ALL)).length, 16);
});

test('a kind that a node does not know is left for one that does', async () => {
  await enqueue('of-tomorrow');
  assert.deepEqual(await deliveries.claimDue(ALL), []);
  assert.equal((await deliveries.claimDue({ ...ALL, kinds: ['of-tomorrow'] })).length, 1);
});

test('one failure postpones all that is due for the same client, and nothing of others', async () => {
  for (const app of ['down', 'down', 'down', 'up']) await enqueue('ping', app);
  const [first] = await deliveries.claimDue({ ...ALL, limit: 1 });
  assert.ok(first?.clientId === 'down');
  await deliveries.postpone(first.id, new Date(clock.ms + 10_000));
  assert.deepEqual(
    (await deliveries.claimDue(ALL)).map(({ clientId }) => clientId),
    ['up'],
  );
  clock.ms += 10_000;
  assert.equal((await deliveries.claimDue(ALL)).length, 3);
});

test('an expired delivery is removed', async () => {
  await enqueue('ping');
  clock.ms += HOUR_MS + 1;
  assert.deepEqual(await deliveries.claimDue(ALL), []);
  await cleanUp({ db, now });
  assert.equal(await count(), 0);
});

test('a worker that is stopped finishes what is in progress, and leaves the rest', async () => {
  for (let i = 0; i < 40; i += 1) await enqueue('ping');
  const going = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  let taken = 0;
  const ping = async () => {
    taken += 1;
    if (taken === 16) began.resolve();
    await going.promise;
    return 'done' as const;
  };
  const worker = createDeliveryWorker({
    deliveries,
    deliver: { ping },
    audit,
    now,
    log: createLog({ level: 'silent' }),
  });
  void worker.run();
  await began.promise;
  const stopped = worker.stop();
  going.resolve();
  await stopped;
  assert.equal(taken, 16);
  assert.equal(await count(), 24);
});

/** A worker and its deliveries. Clients named `hanging…` do not respond before `answer`. */
function worker() {
  const told: string[] = [];
  const hung: string[] = [];
  const { promise, resolve: answer } = Promise.withResolvers<'done'>();
  const ping = ({ clientId }: { clientId: string }) => {
    if (clientId.startsWith('hanging')) {
      hung.push(clientId);
      return promise;
    }
    told.push(clientId);
    return Promise.resolve('done' as const);
  };
  return {
    told,
    hung,
    answer: () => answer('done'),
    ...createDeliveryWorker({ deliveries, deliver: { ping }, audit, now, log: createLog({ level: 'silent' }) }),
  };
}

test('96 clients of one account that do not respond keep no other client waiting', async () => {
  const account = randomUUID();
  for (let i = 0; i < 96; i += 1) await enqueue('ping', `hanging-${i}`, {}, account);
  await enqueue('ping', 'app of the same person', {}, account);
  await enqueue('ping', 'app of another', {}, randomUUID());
  await enqueue('ping', 'app without an account');
  const { told, hung, answer, run, stop } = worker();
  const done = run();
  await until('the others to be notified', () => told.length === 2);
  assert.deepEqual(told.toSorted(), ['app of another', 'app without an account']);
  // No client has responded yet, and the account has only its share of the places.
  assert.equal(hung.length, 64);

  await enqueue('ping', 'late');
  void run();
  await until('the late one to be notified', () => told.includes('late'));
  assert.equal(hung.length, 64);

  answer();
  await done;
  assert.deepEqual([hung.length, told.length], [96, 4]);
  assert.equal(await count(), 0);
  await stop();
});

test('a client that does not respond keeps only its own deliveries waiting', async () => {
  for (let i = 0; i < 300; i += 1) await enqueue('ping', 'hanging');
  await enqueue('ping', 'other');
  const { told, hung, answer, run, stop } = worker();
  const done = run();
  await until('the other to be notified', () => told.length === 1);
  assert.ok(hung.length < 32, `${hung.length} in progress`);
  answer();
  await done;
  assert.equal(hung.length, 300);
  await stop();
});

test('pauses double up to an hour, and half of each is random', () => {
  assert.deepEqual(
    [1, 2, 3].map((attempts) => pauseAfter(attempts, 1)),
    [10_000, 20_000, 40_000],
  );
  assert.deepEqual(
    [1, 2, 3].map((attempts) => pauseAfter(attempts, 0)),
    [5_000, 10_000, 20_000],
  );
  assert.equal(pauseAfter(60, 1), HOUR_MS);
});
