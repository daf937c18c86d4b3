import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { createClients } from '../../server/clients/store.ts';
import { createCache } from '../../server/platform/cache.ts';
import { createExpiring } from '../../server/platform/expiring.ts';
import { createMemoryCounter } from '../../server/platform/limits.ts';
import { createLog } from '../../server/platform/log.ts';
import { startMessenger } from '../../server/platform/messenger.ts';
import { endRecordsOfClient } from '../../server/records/ended.ts';
import { database } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';

const clock = { ms: 1_000 };
const now = () => clock.ms;

const scope = { after };
const { db } = await database(scope);
const messenger = await startMessenger({ db, log: createLog({ level: 'silent' }), channels: ['kept'] });
defer(scope, () => messenger.close());
const clients = createClients({ db, now, endRecordsOf: endRecordsOfClient });
const cache = createCache({ load: clients.find, messenger, channel: 'kept', now });

describe('an entry with an expiry', () => {
  test('is found until then, and not afterwards', () => {
    const kept = createExpiring<string>({ max: 10, now });
    kept.set('a', 'x', clock.ms + 5);
    clock.ms += 4;
    assert.equal(kept.get('a'), 'x');
    clock.ms += 1;
    assert.equal(kept.get('a'), undefined);
    assert.equal(kept.size, 0);
  });

  test('is removed after that also without being read', () => {
    const kept = createExpiring<number>({ max: 10_000, now });
    kept.set('lasting', 0, clock.ms + 1_000_000);
    for (let n = 0; n < 1_000; n += 1) kept.set(`short ${n}`, n, clock.ms + 10);
    clock.ms += 10;
    for (let n = 0; n < 1_100; n += 1) kept.set('other', n, clock.ms + 1_000_000);
    assert.equal(kept.size, 2);
    assert.equal(kept.get('lasting'), 0);
  });

  test('is removed when there are too many: the oldest first', () => {
    const kept = createExpiring<number>({ max: 2, now });
    for (const name of ['a', 'b', 'a', 'c']) kept.set(name, 1, clock.ms + 10);
    assert.deepEqual([kept.get('a'), kept.get('b'), kept.get('c')], [1, undefined, 1]);
  });

  test('of a counter is removed with its window', async () => {
    const counter = createMemoryCounter(now);
    for (let n = 0; n < 500; n += 1) await counter.increment(`address ${n}`, 1_000);
    clock.ms += 1_000;
    for (let n = 0; n < 300; n += 1) await counter.increment('one', 1_000_000);
    assert.equal(counter.size, 1);
  });
});

describe('a cached client', () => {
  test('keeps the 32 bytes of its secret’s hash in memory, not the buffer that they were part of', async () => {
    const { client } = await clients.create({
      name: 'Test app',
      metadata: { redirect_uris: ['https://rp.example.com/'] },
    });
    const first = await cache.get(client.id);
    assert.deepEqual(first?.secretHash, client.secretHash);
    for (const one of [first, await cache.get(client.id)]) assert.equal(one?.secretHash?.buffer.byteLength, 32);
    assert.equal(await cache.get(client.id), first, 'the same object, which other caches use as a key');
  });

  test('is removed from memory after its time, also without being read', async () => {
    const before = cache.size;
    const ids = Array.from({ length: 20 }, () => randomBytes(8).toString('hex'));
    for (const id of ids) {
      await clients.create({ id, name: 'Test app', metadata: { redirect_uris: ['https://rp.example.com/'] } });
      await cache.get(id);
    }
    assert.equal(cache.size, before + ids.length);
    const [one = ''] = ids;
    for (let n = 0; n < 40; n += 1) {
      clock.ms += 60_000;
      await cache.get(one);
    }
    assert.equal(cache.size, 1);
  });
});
