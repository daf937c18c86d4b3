import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { createMails, MAIL_LIST, MAILS_CHANNEL } from '../../server/accounts/mails.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createDeliveries, DELIVERIES_CHANNEL, DELIVERY_LIST } from '../../server/records/deliveries.ts';
import { explain } from '../helpers/explain.ts';
import { NO_PEOPLE } from '../helpers/no_people.ts';
import { database } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

const scope = { after };
const { db } = await database(scope);
const clock = { ms: Date.UTC(2030, 0, 1) };
const now = () => clock.ms;
const sealer = createSealer([randomBytes(32)]);
const mails = createMails({ db, sealer, people: NO_PEOPLE, now });
const deliveries = createDeliveries({ db, sealer, people: NO_PEOPLE, now });
const ACCOUNT = randomUUID();
const LEASE_MS = 60_000;

const heard: string[] = [];
const connection = await db.connect();
defer(scope, () => connection.end());
connection.on('notification', ({ channel }) => heard.push(channel));
for (const channel of [MAILS_CHANNEL, DELIVERIES_CHANNEL]) await connection.query(`LISTEN ${channel}`);

const QUEUES = {
  mails: {
    queue: mails,
    channel: MAILS_CHANNEL,
    enqueue: () => db.query(mails.enqueue({ kind: 'locked', accountId: ACCOUNT }, undefined)),
    claim: () => mails.claimDue({ limit: 10, leaseMs: LEASE_MS }),
  },
  deliveries: {
    queue: deliveries,
    channel: DELIVERIES_CHANNEL,
    enqueue: () =>
      db.query(
        deliveries.enqueue({
          kind: 'ping',
          clientId: 'shop',
          accountId: ACCOUNT,
          content: {},
          expiresAt: new Date(clock.ms + 3_600_000),
        }),
      ),
    claim: () => deliveries.claimDue({ kinds: ['ping'], limit: 10, leaseMs: LEASE_MS }),
  },
} as const;

for (const [name, { queue, channel, enqueue, claim }] of Object.entries(QUEUES)) {
  describe(`${name} that wait`, () => {
    test('can be tried at once, and dropped', async () => {
      await enqueue();
      const [claimed] = await claim();
      const id = claimed?.id ?? '';
      await queue.postpone(id, new Date(clock.ms + 1_800_000));
      assert.deepEqual(await claim(), []);
      heard.length = 0;
      await carryOut(db, await queue.retrying(id));
      await until('the nodes are notified', async () => heard.includes(channel));
      assert.deepEqual(
        (await claim()).map((one) => one.id),
        [id],
      );
      await queue.postpone(id, new Date(clock.ms + 1_800_000));
      const dropping = [await queue.dropping(id), await queue.dropping(id)] as const;
      await carryOut(db, dropping[0]);
      await assert.rejects(carryOut(db, dropping[1]), { code: 'conflict' });
      await assert.rejects(queue.dropping(id), { code: 'not_found', status: 404 });
      for (const wrong of [randomUUID(), 'nothing', '\u0000']) {
        await assert.rejects(queue.retrying(wrong), { code: 'not_found' });
      }
    });

    test('are left alone while a node sends them, so that nothing is sent twice', async () => {
      await enqueue();
      const [{ items }] = [await queue.list()];
      const id = items[0]?.id ?? '';
      const planned = [await queue.retrying(id), await queue.dropping(id)];
      assert.equal((await claim()).length, 1);
      for (const one of planned) await assert.rejects(carryOut(db, one), { code: 'conflict', status: 409 });
      await assert.rejects(queue.retrying(id), { code: 'conflict' });
      await assert.rejects(queue.dropping(id), { code: 'conflict' });
      clock.ms += LEASE_MS;
      await carryOut(db, await queue.dropping(id));
      assert.deepEqual((await queue.list()).items, []);
    });
  });
}

test('mails are listed by when they are due, without their recipients', async () => {
  const email = 'ada.recipient@example.com';
  await db.query(mails.enqueue({ kind: 'reset', email, locale: 'en' }, undefined));
  clock.ms += 1_000;
  await db.query(mails.enqueue({ kind: 'change_email', accountId: ACCOUNT, email }, undefined));
  const { items, total } = await mails.list({ total: true });
  assert.deepEqual(
    items.map(({ kind, accountId, attempts }) => [kind, accountId, attempts]),
    [
      ['reset', undefined, 0],
      ['change_email', ACCOUNT, 0],
      ['change_email', ACCOUNT, 0],
    ],
  );
  assert.equal(total, 3);
  assert.equal(JSON.stringify(items).includes('recipient'), false);
  const pages = await mails.list({ limit: 1, sort: '-next_attempt_at' });
  assert.equal((await mails.list({ limit: 5, sort: '-next_attempt_at', cursor: pages.next })).items.length, 2);
  const [only] = (await mails.list({ filter: `id eq "${items[0]?.id}"` })).items;
  assert.equal(only?.kind, 'reset');
  const other = createMails({ db, sealer: createSealer([randomBytes(32)]), people: NO_PEOPLE, now });
  assert.deepEqual(
    (await other.list()).items.map(({ kind }) => kind),
    [undefined, undefined, undefined],
  );
  clock.ms = (items[0]?.expiresAt.getTime() ?? 0) + 1;
  assert.deepEqual(
    (await mails.list()).items.map(({ kind }) => kind),
    ['change_email', 'change_email'],
  );
});

test('deliveries are listed by their next attempt, and filtered by client, kind and account', async () => {
  const enqueue = (kind: string, clientId: string, accountId?: string) =>
    db.query(
      deliveries.enqueue({
        kind,
        clientId,
        content: { secret: 'content' },
        expiresAt: new Date(clock.ms + 3_600_000),
        ...(accountId ? { accountId } : {}),
      }),
    );
  await enqueue('ping', 'shop', ACCOUNT);
  await enqueue('push', 'shop');
  await enqueue('ping', 'bank');
  const count = async (filter: string) => (await deliveries.list({ filter })).items.length;
  assert.deepEqual(
    [await count('client_id eq "shop"'), await count('kind eq "ping"'), await count(`user_id eq "${ACCOUNT}"`)],
    [2, 2, 1],
  );
  const [{ items }] = [await deliveries.list({ filter: 'kind eq "push"' })];
  assert.deepEqual(items[0]?.nextAttemptAt, new Date(0), 'at once');
  assert.equal(JSON.stringify(items).includes('content'), false);
  const first = await deliveries.list({ limit: 2 });
  assert.equal((await deliveries.list({ limit: 2, cursor: first.next })).items.length, 1);
});

test('both are read by the index of what is due', async () => {
  for (const [list, index] of [
    [MAIL_LIST, 'mails_due'],
    [DELIVERY_LIST, 'deliveries_due'],
  ] as const) {
    const [statement] = list.plan({}).statements;
    assert.ok(statement);
    const plan = await explain(db, statement);
    assert.match(plan, new RegExp(`Index Scan using ${index}\\b`));
    assert.doesNotMatch(plan, /Sort|Seq Scan/);
  }
});
