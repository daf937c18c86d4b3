import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createOpenKeys } from '../../server/accounts/open_keys.ts';
import { sealDataKey } from '../../server/accounts/rows.ts';
import { createSealer, deriveSealingKey } from '../../server/platform/sealing.ts';

const MINUTE = 60_000;
const PLACE = { table: 'accounts', column: 'sealed_profile', row: 'one' };

/** Opened keys, and the buffers that hold them. */
function setUp(max: number) {
  const clock = { ms: 0 };
  const timers: { work: () => void; at: number }[] = [];
  const opened: Buffer[] = [];
  const derived: Buffer[] = [];
  const sealer = createSealer([randomBytes(32)]);
  const spy = {
    ...sealer,
    open(...given: Parameters<typeof sealer.open>) {
      const plain = sealer.open(...given);
      opened.push(plain);
      return plain;
    },
  };
  const keys = createOpenKeys({
    sealer: spy,
    now: () => clock.ms,
    max,
    derive(secret) {
      const key = deriveSealingKey(secret);
      derived.push(key.bytes);
      return key;
    },
    later: (work, ms) => void timers.push({ work, at: clock.ms + ms }),
  });
  const person = () => {
    const id = randomUUID();
    const sealed = sealDataKey(sealer, id, randomBytes(32));
    return (keep = true) => keys.sealerOf(id, sealed, keep);
  };
  const pass = (ms: number) => {
    clock.ms += ms;
    const all = timers.splice(0);
    timers.push(...all.filter(({ at }) => at > clock.ms));
    for (const { work, at } of all) if (at <= clock.ms) work();
  };
  /** For each key that was opened: whether its bytes are still there. */
  const held = () => derived.map((bytes) => bytes.some((byte) => byte !== 0));
  /** When the timers end that run, in milliseconds. */
  const waiting = () => timers.map(({ at }) => at);
  return { keys, person, pass, opened, held, waiting };
}

test('a key is opened once in five minutes, and its bytes are zero as soon as they are not needed', () => {
  const { person, pass, opened } = setUp(10);
  const open = person();
  const sealed = open().seal(PLACE, Buffer.from('x'));
  pass(4 * MINUTE);
  assert.equal(open().open(PLACE, sealed).toString(), 'x');
  assert.equal(opened.length, 1);
  assert.deepEqual(opened[0], Buffer.alloc(32), 'what was opened');
  pass(2 * MINUTE);
  open();
  assert.equal(opened.length, 2, 'the time counts from the opening, however often it is used');
});

test('keys leave when their time is over, although nobody asks for one', () => {
  const { keys, person, pass, held, waiting } = setUp(10);
  person()();
  pass(3 * MINUTE);
  person()();
  assert.equal(keys.size, 2);
  assert.deepEqual(waiting(), [5 * MINUTE], 'one timer, for the oldest');
  pass(2 * MINUTE);
  assert.equal(keys.size, 1);
  assert.deepEqual(held(), [false, true], 'the bytes are overwritten');
  assert.deepEqual(waiting(), [8 * MINUTE]);
  pass(3 * MINUTE);
  assert.equal(keys.size, 0);
  assert.deepEqual(waiting(), []);
  assert.deepEqual(held(), [false, false]);
});

test('there are at most so many: the oldest leaves, and a sealer that is in use goes on', () => {
  const { keys, person, held } = setUp(2);
  const first = person();
  const inUse = first();
  const sealed = inUse.seal(PLACE, Buffer.from('x'));
  for (let i = 0; i < 5; i += 1) person()();
  assert.equal(keys.size, 2);
  assert.deepEqual(held(), [false, false, false, false, true, true]);
  assert.equal(inUse.open(PLACE, sealed).toString(), 'x');
  assert.equal(first().open(PLACE, sealed).toString(), 'x');
});

test('the keys of lists are not kept', () => {
  const { keys, person, opened, held } = setUp(2);
  person()(false);
  assert.equal(keys.size, 0);
  assert.deepEqual(opened, [Buffer.alloc(32)]);
  assert.deepEqual(held(), [false]);
});
