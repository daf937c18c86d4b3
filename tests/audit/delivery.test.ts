import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { isAwaited } from '../../server/audit/destinations.ts';
import { PAUSES_MS } from '../../server/audit/webhooks.ts';
import { leastUuidv7 } from '../../server/platform/ids.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { accept, answer, type Behaviour, deliveryWorld, type Receiver, receiver } from '../helpers/audit_delivery.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

const scope = { after };
const world = await deliveryWorld(scope, { timeoutMs: 400 });
const { clock, delivery, destinations, append, find, letters } = world;
const HOUR_MS = 3_600_000;
const verifying = await receiver(scope);
const healthy = await receiver(scope);

const idsAt = ({ received }: Receiver) => received.map(({ headers }) => headers['webhook-id']);

/** Disables a destination at the end of its test, so that it has no part in the others. */
const end = async (id: string) => carryOut(world.db, destinations.disabling(await find(id)));

test('a receiver that verifies by the library of Standard Webhooks takes every event once, in the order of the log', async () => {
  const { id, secret } = await world.destination('webhook', { url: verifying.url });
  const ids = await append(['groups.create', 'groups.update', 'groups.delete']);
  await delivery.run();
  await delivery.run();
  assert.deepEqual(idsAt(verifying), ids);
  const bodies = verifying.received.map(
    ({ headers, body }) =>
      new Webhook(secret).verify(body, headers as Record<string, string>) as {
        type: string;
        timestamp: string;
        data: Record<string, unknown>;
      },
  );
  assert.deepEqual(
    bodies.map(({ type }) => type),
    ['groups.create', 'groups.update', 'groups.delete'],
  );
  assert.equal(bodies[0]?.timestamp, new Date(clock.ms).toISOString());
  assert.deepEqual(
    [bodies[0]?.data.id, bodies[0]?.data.target_id, bodies[0]?.data.outcome, bodies[0]?.data.index],
    [ids[0], 'staff', 'done', 0],
  );
  assert.equal(
    Object.keys(bodies[0]?.data ?? {}).some((name) => name.startsWith('details') || name.startsWith('sealed')),
    false,
  );
  assert.throws(() => new Webhook(secret).verify('{}', verifying.received[0]?.headers as Record<string, string>));
  assert.equal((await find(id)).position, 3);
  await end(id);
});

const FAILING: readonly [string, Behaviour, string][] = [
  ['slow', () => {}, 'time'],
  ['down', (response) => void response.destroy(), 'connection'],
  [
    'lying about the length of its answer',
    (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('short', () => response.destroy());
    },
    'connection',
  ],
  ['redirecting', answer(302, { location: healthy.url }), 'redirect'],
  [
    'dying in the middle of its headers',
    (response) => void response.socket?.end('HTTP/1.1 200 OK\r\nContent-'),
    'connection',
  ],
  [
    'answering without an end',
    (response) => {
      response.writeHead(200);
      const more = () => void (response.destroyed || response.write('x'.repeat(65_536), more));
      more();
    },
    'size',
  ],
  ['unavailable', answer(503), 'status_503'],
];

for (const [about, behaviour, reason] of FAILING) {
  test(`a receiver that is ${about} gets the event again after a pause, and nothing is jumped over`, async (t) => {
    const one = await receiver(t, behaviour);
    const { id, position } = await world.destination('webhook', { url: one.url });
    const ids = await append(['groups.create', 'groups.update']);
    await delivery.run();
    const failed = await find(id);
    assert.deepEqual([failed.position, failed.attempts, failed.lastFailure], [position, 1, reason]);
    assert.equal(failed.nextAttemptAt.getTime(), clock.ms + PAUSES_MS[0]);
    await delivery.run();
    assert.equal(one.received.length, 1, 'nothing is sent before its time');
    one.behave = accept;
    clock.ms += PAUSES_MS[0];
    await delivery.run();
    assert.deepEqual(idsAt(one), [ids[0], ...ids]);
    const caughtUp = await find(id);
    assert.deepEqual([caughtUp.position, caughtUp.attempts, caughtUp.lastFailure], [position + 2, 0, undefined]);
    assert.equal(healthy.received.length, 0, 'no redirect is followed');
    await end(id);
  });
}

test('an event that fails in all attempts becomes a dead letter, and the next one has its own attempts', async (t) => {
  const one = await receiver(t, answer(500));
  const { id, position } = await world.destination('webhook', { url: one.url });
  const ids = await append(['groups.create', 'groups.update']);
  for (const pause of [0, ...PAUSES_MS]) {
    clock.ms += pause;
    assert.equal((await find(id)).position, position);
    await delivery.run();
  }
  assert.deepEqual(idsAt(one), [...Array(10).fill(ids[0]), ids[1]]);
  const warned = world.logLines.filter((line) => line.includes('entries of the audit were not delivered'));
  assert.equal(warned.filter((line) => line.includes(id)).length, 1);
  const [letter, ...others] = await letters(id);
  assert.deepEqual(others, []);
  assert.deepEqual([letter?.first_index, letter?.reason, letter?.attempts], [String(position), 'status_500', 10]);
  const next = await find(id);
  assert.deepEqual([next.position, next.attempts], [position + 1, 1]);
  await end(id);
});

test('an event that the receiver calls wrong is given up after a few attempts', async (t) => {
  const one = await receiver(t, (response, n) => answer(n <= 4 ? 422 : 200)(response, n, response.req));
  const { id, position } = await world.destination('webhook', { url: one.url });
  const ids = await append(['groups.create', 'groups.update']);
  for (const pause of [0, ...PAUSES_MS.slice(0, 3)]) {
    clock.ms += pause;
    await delivery.run();
  }
  assert.deepEqual(idsAt(one), [...Array(4).fill(ids[0]), ids[1]]);
  assert.equal((await find(id)).position, position + 2);
  assert.deepEqual(
    (await letters(id)).map(({ reason }) => reason),
    ['status_422'],
  );
  await end(id);
});

test('Retry-After makes a pause longer, up to a day, and never shorter', async (t) => {
  const one = await receiver(t);
  const { id } = await world.destination('webhook', { url: one.url });
  await append(['groups.create']);
  const pauseAfter = async (value: string) => {
    one.behave = answer(429, { 'retry-after': value });
    await delivery.run();
    const { nextAttemptAt } = await find(id);
    const pause = nextAttemptAt.getTime() - clock.ms;
    clock.ms = nextAttemptAt.getTime();
    return pause;
  };
  assert.equal(await pauseAfter('3600'), HOUR_MS);
  assert.equal(await pauseAfter('1'), PAUSES_MS[1]);
  assert.equal(await pauseAfter(new Date(clock.ms + 2 * HOUR_MS).toUTCString()), 2 * HOUR_MS);
  assert.equal(await pauseAfter('999999999'), 24 * HOUR_MS);
  assert.equal(await pauseAfter('soon'), PAUSES_MS[4]);
  await end(id);
});

test('410 disables the destination, with an entry in the audit, and keeps its position', async (t) => {
  const one = await receiver(t, answer(410));
  const { id, position } = await world.destination('webhook', { url: one.url });
  const ids = await append(['groups.create']);
  await delivery.run();
  clock.ms += 24 * HOUR_MS;
  await delivery.run();
  assert.equal(one.received.length, 1);
  const { enabled, disabledReason, position: kept } = await find(id);
  assert.deepEqual([enabled, disabledReason, kept], [false, 'status_410', position]);
  const [entry] = await world.db.run(
    { text: "SELECT action, actor_kind FROM audit WHERE target_id = $1 AND outcome = 'done'" },
    [id],
  );
  assert.deepEqual(entry, { action: 'destinations.disable', actor_kind: 'system' });
  one.behave = accept;
  await carryOut(world.db, destinations.enabling(await find(id)));
  const more = await append(['groups.update']);
  await delivery.run();
  assert.deepEqual([idsAt(one)[1], idsAt(one).at(-1)], [...ids, ...more], 'it goes on where it stopped');
  await end(id);
});

test('a slow receiver does not hold others', async (t) => {
  const [slow, quick] = [await receiver(t, () => {}), await receiver(t)];
  const first = await world.destination('webhook', { url: slow.url });
  const second = await world.destination('webhook', { url: quick.url });
  const ids = await append(['groups.create', 'groups.update', 'groups.delete']);
  const running = delivery.run();
  await until('the others are served', () => quick.received.length === 3);
  assert.deepEqual([(await find(first.id)).attempts, (await find(first.id)).position], [0, first.position]);
  await running;
  assert.deepEqual(idsAt(quick), ids);
  await end(first.id);
  await end(second.id);
});

test('a worker that ends between the sending and the new position sends the same id again, and skips nothing', async (t) => {
  const one = await receiver(t);
  const { id, position } = await world.destination('webhook', { url: one.url });
  const ids = await append(['groups.create', 'groups.update']);
  // It has sent, and never gets to the statement that moves the position.
  const node = world.node((real) => ({
    ...real,
    webhook: {
      most: 1,
      async send(to, messages) {
        await real.webhook?.send(to, messages);
        throw new Error('killed');
      },
    },
  }));
  await node.run();
  assert.equal((await find(id)).position, position);
  await delivery.run();
  assert.equal(one.received.length, 1, 'its lease is still there');
  clock.ms += 60_001;
  await delivery.run();
  assert.deepEqual(idsAt(one), [ids[0], ...ids]);
  await end(id);
});

test('two nodes at once send every event once', async (t) => {
  const one = await receiver(t);
  const { id } = await world.destination('webhook', { url: one.url });
  const ids = await append(Array(12).fill('groups.update'));
  await Promise.all([delivery.run(), world.node().run(), world.node().run()]);
  assert.deepEqual(idsAt(one), ids);
  await end(id);
});

test('a change by an operator takes the lease away: the worker that was sending moves nothing', async (t) => {
  const one = await receiver(t);
  const { id, position } = await world.destination('webhook', { url: one.url });
  const ids = await append(['groups.create', 'groups.update']);
  await delivery.run();
  const node = world.node((real) => ({
    ...real,
    webhook: {
      most: 1,
      async send() {
        await carryOut(world.db, await destinations.replaying(await find(id), position));
        return undefined;
      },
    },
  }));
  const [later] = await append(['groups.delete']);
  await Promise.race([node.run(), until('the replay', async () => (await find(id)).version > 1)]);
  await node.stop();
  assert.equal((await find(id)).position, position);
  await delivery.run();
  assert.deepEqual(idsAt(one), [...ids, ...ids, later]);
  await end(id);
});

test('a replay from an index or a time sends the same events with the same ids again', async (t) => {
  const one = await receiver(t);
  const { id, position } = await world.destination('webhook', { url: one.url });
  const first = await append(['groups.create', 'groups.update']);
  clock.ms += HOUR_MS;
  const second = await append(['groups.delete']);
  await delivery.run();
  await carryOut(world.db, await destinations.replaying(await find(id), position));
  await delivery.run();
  assert.deepEqual(idsAt(one), [...first, ...second, ...first, ...second]);
  one.received.length = 0;
  await carryOut(world.db, await destinations.replaying(await find(id), new Date(clock.ms - 1_000)));
  await delivery.run();
  assert.deepEqual(idsAt(one), second);
  await assert.rejects(destinations.replaying(await find(id), 10_000), { code: 'invalid_input', field: 'from' });
  await end(id);
});

test('a filter of actions and outcomes is kept to, and what it leaves out moves the position as well', async (t) => {
  const one = await receiver(t);
  const { id, position } = await world.destination(
    'webhook',
    { url: one.url },
    { actions: ['groups.*', 'keys.rotate'], outcomes: ['done'] },
  );
  const ids = await append(['groups.create', 'roles.create', 'keys.rotate', 'keys.revoke']);
  await append(['groups.update'], undefined, 'denied');
  await delivery.run();
  assert.deepEqual(idsAt(one), [ids[0], ids[2]]);
  assert.equal((await find(id)).position, position + 5);
  await end(id);
});

test('signed heads are sent where they are wanted', async (t) => {
  const one = await receiver(t);
  const { id } = await world.destination('webhook', { url: one.url }, { heads: true, actions: ['keys.rotate'] });
  clock.ms += 2_000;
  await append(['groups.create']);
  await delivery.run();
  const [head] = one.received;
  const { type, data } = JSON.parse(head?.body ?? '{}');
  assert.equal(type, 'audit.head');
  assert.equal(head?.headers['webhook-id'], `head-${data.head.tree_size}`);
  assert.equal(typeof data.signature, 'string');
  await delivery.run();
  assert.equal(one.received.length, 1);
  await end(id);
});

test('while a secret is replaced both sign, and afterwards the new one alone', async (t) => {
  const one = await receiver(t);
  const { id, secret: old } = await world.destination('webhook', { url: one.url });
  const planned = await destinations.rotating(await find(id), new Date(clock.ms + HOUR_MS));
  await carryOut(world.db, planned);
  const secret = remember('other', planned.secret);
  const verifies = (key: string, received: Receiver['received'][number] | undefined) => {
    const { headers, body = '' } = received ?? {};
    const at = new Date(Number(headers?.['webhook-timestamp']) * 1_000);
    return String(headers?.['webhook-signature'])
      .split(' ')
      .includes(new Webhook(key).sign(String(headers?.['webhook-id']), at, body));
  };
  await append(['groups.create']);
  await delivery.run();
  assert.deepEqual(
    [old, secret].map((key) => verifies(key, one.received[0])),
    [true, true],
  );
  clock.ms += HOUR_MS;
  await append(['groups.create']);
  await delivery.run();
  assert.deepEqual(
    [old, secret].map((key) => verifies(key, one.received[1])),
    [false, true],
  );
  await end(id);
});

test('the retention leaves events that an enabled destination has not had', async (t) => {
  const one = await receiver(t, answer(500));
  const { id } = await world.destination('webhook', { url: one.url });
  const [event = ''] = await append(['groups.create']);
  await delivery.run();
  const after = leastUuidv7(clock.ms + 1);
  assert.deepEqual([await isAwaited(world.db, event), await isAwaited(world.db, after)], [false, true]);
  await end(id);
  assert.equal(await isAwaited(world.db, after), false);
});

test('a private address is refused without a connection, and no log line has an URL, a secret or an answer', async () => {
  const { id } = await world.destination('webhook', { url: 'https://10.0.0.1/private' });
  await append(['groups.create']);
  await delivery.run();
  assert.equal((await find(id)).lastFailure, 'address');
  await end(id);
  assert.ok(world.logLines.length > 0);
  for (const line of world.logLines) assert.doesNotMatch(line, /https?:\/\/|whsec_|ECONN/);
});

// The last one: the log has a gap afterwards.
test('what the audit does not have as it was becomes one dead letter, and what comes after it is sent', async (t) => {
  const one = await receiver(t);
  const { id, position } = await world.destination('webhook', { url: one.url });
  const ids = await append([
    'groups.create',
    'groups.update',
    'groups.delete',
    'roles.create',
    'roles.delete',
    'roles.update',
  ]);
  // As somebody with all rights would do it: no operation removes rows.
  await world.db.transaction(async (send) => {
    const statements = [
      "SET LOCAL session_replication_role = 'replica'",
      `DELETE FROM audit WHERE id IN ('${ids[1]}', '${ids[2]}')`,
      `DELETE FROM audit_leaves WHERE event_id = '${ids[3]}'`,
      `UPDATE audit SET actor_id = 'somebody-else' WHERE id = '${ids[4]}'`,
    ];
    for (const text of statements) await send([{ statement: { text }, values: [] }]);
  });
  await delivery.run();
  assert.deepEqual(idsAt(one), [ids[0], ids[5]]);
  assert.deepEqual(
    (await letters(id)).map(({ first_index, last_index, reason }) => [Number(first_index), Number(last_index), reason]),
    [
      [position + 1, position + 2, 'event_removed'],
      [position + 3, position + 3, 'leaf_missing'],
      [position + 4, position + 4, 'event_changed'],
    ],
  );
  await end(id);
});
