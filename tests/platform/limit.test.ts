import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createLimit, createServerLimit } from '../../server/platform/limit.ts';
import { type Counter, createMemoryCounter } from '../../server/platform/limits.ts';
import { rateLimitHeaders, retryHeaders } from '../../server/platform/rate_limit_headers.ts';
import { createTally, SHARED_EVERY_MS } from '../../server/platform/tally.ts';
import { createWriteBounds } from '../../server/platform/write_bounds.ts';

const now = () => 0;

function partsOf(counter: Counter = createMemoryCounter(now)) {
  const reached: string[] = [];
  return {
    counter,
    tally: createTally({ now, uptime: now }),
    now,
    onReached: (name: string) => void reached.push(name),
    reached,
  };
}

describe('a limit of the whole server', () => {
  const serverLimit = (max: number) => createServerLimit('x.server', { max, seconds: 60, unit: 'requests' }, partsOf());

  test('is never exceeded, however the shares ask and by how much', () => {
    const asks = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 20 })), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(asks, fc.integer({ min: 1, max: 300 }), (taken, max) => {
        const limit = serverLimit(max);
        let used = 0;
        for (const [share, amount] of taken) if (limit.admits(`share ${share}`, { amount })) used += amount;
        assert.ok(used <= max);
      }),
    );
  });

  test('that a thousand shares have used up as far as they may still admits newcomers', () => {
    const limit = serverLimit(100_000);
    const admitted = new Map<number, number>();
    for (let round = 0; round < 400; round += 1) {
      for (let share = 0; share < 1_000; share += 1)
        if (limit.admits(`share ${share}`)) admitted.set(share, (admitted.get(share) ?? 0) + 1);
    }
    for (let share = 0; share < 1_000; share += 1) assert.equal(limit.admits(`share ${share}`), false);
    for (let n = 0; n < 40; n += 1) assert.equal(limit.admits(`newcomer ${n}`), true, String(n));
    assert.ok(Math.max(...admitted.values()) - Math.min(...admitted.values()) <= 1);
  });

  test('gives back what was refunded, and counts parts separately', () => {
    const limit = serverLimit(2);
    assert.equal(limit.admits('a'), true);
    assert.equal(limit.admits('a', { part: 'other' }), true);
    assert.equal(limit.admits('b'), true);
    assert.equal(limit.admits('c'), false);
    limit.refund('b', 1);
    assert.equal(limit.admits('c'), true);
    assert.throws(() => limit.take('d'), { status: 503, code: 'temporarily_unavailable' });
  });
});

describe('the bounds of what is stored', () => {
  const boundsOf = (address: number, server: number) => {
    const parts = partsOf();
    const terms = { seconds: 3_600, unit: 'bytes' } as const;
    const bounds = createWriteBounds({
      address: createLimit('writes.address', { max: address, ...terms }, parts),
      server: createServerLimit('writes.server', { max: server, ...terms }, parts),
    });
    return { bounds, reached: parts.reached };
  };

  test('are those of an address (429) and of all (503), whose refusals say so to the operator', () => {
    const { bounds, reached } = boundsOf(100, 250);
    bounds.charge('192.0.2.1', 100);
    assert.throws(() => bounds.charge('192.0.2.1', 1), { status: 429 });
    bounds.charge('198.51.100.1', 100);
    // The network of the first address has used much of the whole; a new one has not.
    assert.throws(() => bounds.charge('192.0.2.9', 10), { status: 503 });
    assert.throws(() => bounds.charge('203.0.113.1', 8), { status: 503 }, 'more than an eighth of what is left');
    bounds.charge('203.0.113.1', 6);
    assert.equal(bounds.mayStore('203.0.113.9', 1), false);
    assert.deepEqual(reached, ['writes.address', ...Array(3).fill('writes.server')]);
  });

  test('take back what was not stored', () => {
    const { bounds } = boundsOf(100, 1_000);
    bounds.charge('192.0.2.1', 100);
    bounds.refund('192.0.2.1', 60);
    assert.equal(bounds.mayStore('192.0.2.1', 60), true);
    assert.equal(bounds.mayStore('192.0.2.1', 1), false);
  });
});

test('a tally knows at once what its node has counted, and after the next exchange what others have', async () => {
  const shared = createMemoryCounter(now);
  let uptime = 0;
  const nodes = [0, 1].map(() => createTally({ now, uptime: () => uptime, shared }));
  const [a, b] = nodes as [ReturnType<typeof createTally>, ReturnType<typeof createTally>];
  const settled = () => new Promise((done) => setImmediate(done));
  assert.equal(a.add('k', 1_000, 3), 3);
  assert.equal(b.add('k', 1_000, 2), 2);
  await settled();
  assert.equal(b.read('k'), 5);
  // No round trip for each: the next one is due a moment later, with all that was counted meanwhile.
  for (let n = 0; n < 10; n += 1) a.add('k', 1_000, 1);
  await settled();
  assert.equal(await shared.get('k'), 5);
  uptime += SHARED_EVERY_MS;
  a.add('k', 1_000, 1);
  await settled();
  assert.equal(await shared.get('k'), 16);
  assert.equal(a.read('k'), 16);
});

test('the headers have the form of draft-ietf-httpapi-ratelimit-headers', () => {
  const requests = {
    name: 'token.client',
    unit: 'requests',
    max: 100,
    seconds: 60,
    remaining: 7,
    resetSeconds: 30,
  } as const;
  const bytes = {
    name: 'writes.address',
    unit: 'bytes',
    max: 9,
    seconds: 3_600,
    remaining: 0,
    resetSeconds: 1,
  } as const;
  assert.deepEqual(rateLimitHeaders([requests, bytes]), {
    'ratelimit-policy': '"token.client";q=100;w=60, "writes.address";q=9;qu="content-bytes";w=3600',
    ratelimit: '"token.client";r=7;t=30, "writes.address";r=0;t=1',
  });
  assert.deepEqual(rateLimitHeaders([]), {});
  assert.equal(retryHeaders({ status: 503, limit: bytes })['retry-after'], '1');
  assert.deepEqual(retryHeaders({ status: 503, limit: undefined }), { 'retry-after': '5' });
  assert.deepEqual(retryHeaders({ status: 400, limit: undefined }), {});
});
