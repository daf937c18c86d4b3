import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { createDeadLetters } from '../../server/audit/dead_letters.ts';
import {
  createDestinations,
  DESTINATIONS_CHANNEL,
  type Destination,
  LETTERS_MAX,
} from '../../server/audit/destinations.ts';
import { PAUSES_MS } from '../../server/audit/webhooks.ts';
import { failedGuard } from '../../server/platform/db_errors.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { accept, answer, deliveryWorld, receiver } from '../helpers/audit_delivery.ts';
import { until } from '../helpers/waiting.ts';

const world = await deliveryWorld({ after });
const { clock, delivery, destinations, append, find, letters } = world;

/** Disables a destination at the end of its test, so that it has no part in the others. */
const end = async (id: string) => carryOut(world.db, destinations.disabling(await find(id)));

test('a destination with too many dead letters is disabled where it is, so that there are no more and nothing is lost', async (t) => {
  const one = await receiver(t, answer(422));
  const { id, position } = await world.destination('webhook', { url: one.url });
  const fill = `INSERT INTO audit_dead_letters (id, destination_id, first_index, last_index, is_head, reason, attempts, created_at)
                SELECT gen_random_uuid(), $1, 0, 0, false, 'status_422', 4, now() FROM generate_series(1, $2)`;
  await world.db.run({ text: fill }, [id, LETTERS_MAX]);
  const ids = await append(['groups.create', 'groups.update']);
  for (const pause of [0, ...PAUSES_MS.slice(0, 3)]) {
    clock.ms += pause;
    await delivery.run();
  }
  const full = await find(id);
  assert.deepEqual([full.enabled, full.disabledReason, full.position], [false, 'dead_letters', position]);
  assert.equal((await letters(id)).length, LETTERS_MAX);
  const [entry] = await world.db.run(
    { text: "SELECT changes FROM audit WHERE target_id = $1 AND action = 'destinations.disable'" },
    [id],
  );
  assert.deepEqual(entry?.changes, {
    enabled: { before: true, after: false },
    disabled_reason: { after: 'dead_letters' },
  });
  one.behave = accept;
  one.received.length = 0;
  await carryOut(world.db, destinations.enabling(await find(id)));
  await delivery.run();
  assert.deepEqual(
    one.received.slice(0, 2).map(({ headers }) => headers['webhook-id']),
    ids,
    'it goes on with the event that was not taken',
  );
  await end(id);
});

test('all dead letters of a destination are sent again, or dropped, and none that came meanwhile', async (t) => {
  const one = await receiver(t);
  const [, other] = await append(['groups.create', 'groups.update']);
  const { id } = await world.destination('webhook', { url: one.url });
  const add = (...reasons: readonly string[]) =>
    world.db.run(
      {
        text: `INSERT INTO audit_dead_letters (id, destination_id, first_index, last_index, is_head, reason, attempts, created_at)
               SELECT gen_random_uuid(), $1, index, index, false, reason, 4, now()
                 FROM unnest($2::text[]) AS reason, (SELECT index FROM audit_leaves WHERE event_id = $3) place`,
      },
      [id, reasons, other],
    );
  const all = createDeadLetters(world);
  await add('status_422', 'time', 'event_removed');
  const [letter] = (await all.list({ filter: `destination_id eq "${id}"` })).items;
  assert.deepEqual([letter?.firstEventId, letter?.lastEventId, letter?.action], [other, other, 'groups.update']);
  const early = await all.droppingAll(id);
  const retried = await all.retryingAll(id);
  assert.deepEqual([early.count, retried.count, retried.empty], [3, 2, 1]);
  await carryOut(world.db, retried);
  assert.equal((await all.retryingAll(id)).count, 0, 'they wait already');
  await delivery.run();
  assert.deepEqual(
    one.received.map(({ headers }) => headers['webhook-id']),
    [other, other],
  );
  assert.deepEqual(
    (await letters(id)).map(({ reason }) => reason),
    ['event_removed'],
  );
  await assert.rejects(carryOut(world.db, early), (error) => failedGuard(error) === 'require_as_read');
  await carryOut(world.db, await all.droppingAll(id));
  assert.deepEqual(await letters(id), []);
  await end(id);
});

test('the seal tells workers of new events, where there is a destination for them', async (t) => {
  const listener = await world.db.connect();
  let payloads: (string | undefined)[] = [];
  listener.on('notification', ({ payload }) => void payloads.push(payload));
  /** Received before a notification of the test's own. */
  const toldBy = async (work: () => Promise<unknown>) => {
    payloads = [];
    await work();
    await world.db.run({ text: "SELECT pg_notify($1, 'end')" }, [DESTINATIONS_CHANNEL]);
    await until('the last notification', () => payloads.at(-1) === 'end');
    return payloads.length - 1;
  };
  try {
    await listener.query(`LISTEN ${DESTINATIONS_CHANNEL}`);
    assert.equal(await toldBy(() => append(['groups.create'])), 0, 'every destination is disabled');
    let id = '';
    await toldBy(async () => {
      ({ id } = await world.destination('webhook', { url: (await receiver(t)).url }));
    });
    const told = await toldBy(() => append(['groups.create']));
    await end(id);
    assert.equal(told, 1);
  } finally {
    await listener.end();
  }
});

test('a change is answered with the time that is stored, also when the clock moves meanwhile', async () => {
  let ms = clock.ms;
  const moving = createDestinations({ db: world.db, sealer: createSealer([randomBytes(32)]), now: () => ms++ });
  const input = { name: 'a', settings: { url: 'https://siem.example.com' }, actions: [], outcomes: [] };
  const flags = { everybody: false, heads: false, details: false };
  const made = await moving.creating({ ...input, ...flags, kind: 'webhook', clientId: undefined }, undefined);
  await carryOut(world.db, made);
  let before = made.after;
  const changes: ((before: Destination) => ReturnType<typeof moving.replaying>)[] = [
    async (one) => moving.disabling(one),
    async (one) => moving.updating(one, { ...input, ...flags, name: 'b' }),
    (one) => moving.replaying(one, 0),
    (one) => moving.rotating(one, new Date(ms)),
    async (one) => moving.enabling(one),
    async (one) => moving.disabling(one),
  ];
  for (const change of changes) {
    const planned = await change(before);
    await carryOut(world.db, planned);
    before = (await moving.find(before.id)) ?? assert.fail();
    assert.deepEqual(planned.after.updatedAt, before.updatedAt);
  }
});
