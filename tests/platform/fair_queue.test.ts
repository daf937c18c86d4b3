import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { AppError } from '../../server/platform/errors.ts';
import {
  createFairQueue,
  type FairQueueOptions,
  QueueFullError,
  type Shares,
} from '../../server/platform/fair_queue.ts';

/** A queue in which the test decides when each piece of work ends. */
function stage(options: Omit<FairQueueOptions, 'name'>) {
  const queue = createFairQueue({ name: 'work', ...options });
  const begun: string[] = [];
  const refused: string[] = [];
  const gaveUp: string[] = [];
  const ends = new Map<string, () => void>();
  const aborts = new Map<string, AbortController>();
  return {
    queue,
    begun,
    refused,
    gaveUp,
    submit(id: string, shares: Shares, weight = 1) {
      const abort = new AbortController();
      aborts.set(id, abort);
      const work = () =>
        new Promise<void>((end) => {
          begun.push(id);
          ends.set(id, end);
        });
      queue.run({ shares, weight, signal: abort.signal }, work).catch((error: unknown) => {
        if (error instanceof QueueFullError) refused.push(id);
        else gaveUp.push(id);
      });
    },
    async end(id: string) {
      ends.get(id)?.();
      ends.delete(id);
      await setImmediate();
    },
    async abort(id: string) {
      aborts.get(id)?.abort(new Error('time is up'));
      await setImmediate();
    },
  };
}

describe('a fair queue', () => {
  test('takes turns among shares, for any number of their requests', async () => {
    const { submit, begun, end } = stage({ concurrency: 1, waiting: 100 });
    for (let i = 0; i < 50; i += 1) submit(`a${i}`, ['a']);
    submit('b', ['b']);
    submit('c', ['c']);
    for (let i = 0; i < 3; i += 1) await end(begun.at(-1) ?? '');
    assert.deepEqual(begun, ['a0', 'a1', 'b', 'c']);
  });

  test('limits how much of one share runs at once, and lets others pass it', async () => {
    const { submit, begun, end } = stage({ concurrency: 3, concurrencyPerShare: 2, waiting: 10 });
    for (const id of ['a1', 'a2', 'a3']) submit(id, ['a']);
    submit('b1', ['b']);
    assert.deepEqual(begun, ['a1', 'a2', 'b1']);
    await end('a1');
    assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3']);
  });

  test('limits every share that a piece of work counts for, not only the first', async () => {
    const { submit, begun } = stage({ concurrency: 3, concurrencyPerShare: 1, waiting: 10 });
    submit('1', ['from 1', 'to x']);
    submit('2', ['from 2', 'to x']);
    submit('3', ['from 3', 'to y']);
    assert.deepEqual(begun, ['1', '3']);
  });

  test('refuses work beyond the limit of a share without running it', async () => {
    const { submit, begun, refused, end } = stage({ concurrency: 1, waiting: 10, waitingPerShare: 1 });
    submit('1', ['from 1', 'to x']);
    submit('2', ['from 2', 'to x']);
    submit('3', ['from 3', 'to x']);
    await end('1');
    await end('2');
    assert.deepEqual([begun, refused], [['1', '2'], ['3']]);
  });

  test('gives a new share the place of the last waiting work of the largest share', async () => {
    const { submit, begun, refused, end } = stage({ concurrency: 1, waiting: 3 });
    for (const id of ['a1', 'a2', 'a3', 'a4']) submit(id, ['a']);
    submit('b1', ['b']);
    submit('c1', ['c']);
    submit('d1', ['d']);
    await setImmediate();
    assert.deepEqual(refused, ['a4', 'a3', 'd1']);
    for (let i = 0; i < 3; i += 1) await end(begun.at(-1) ?? '');
    assert.deepEqual(begun, ['a1', 'a2', 'b1', 'c1']);
  });

  test('counts waiting work for each of its shares: many addresses with one target are one share', async () => {
    const { submit, refused } = stage({ concurrency: 1, waiting: 3 });
    for (const id of ['1', '2', '3', '4']) submit(id, [`from ${id}`, 'to x']);
    submit('5', ['from 5', 'to y']);
    await setImmediate();
    assert.deepEqual(refused, ['4']);
  });

  test('removes work whose caller has given up', async () => {
    const { submit, begun, gaveUp, end, abort } = stage({ concurrency: 1, waiting: 2 });
    submit('a', ['a']);
    submit('b', ['b']);
    submit('c', ['c']);
    await abort('b');
    submit('d', ['d']);
    await end('a');
    await end('c');
    assert.deepEqual([begun, gaveUp], [['a', 'c', 'd'], ['b']]);
  });

  test('does not start work that was given up before', async () => {
    const queue = createFairQueue({ name: 'work', concurrency: 1, waiting: 1 });
    const reason = new Error('time is up');
    const run = queue.run({ shares: ['a'], signal: AbortSignal.abort(reason) }, () => assert.fail('it began'));
    await assert.rejects(run, reason);
  });

  test('lets light work pass a heavy one only for a limited time', async () => {
    const { submit, begun, end } = stage({ concurrency: 3, capacity: 3, waiting: 10 });
    submit('a', ['a'], 2);
    submit('heavy', ['b'], 9);
    submit('light', ['c'], 1);
    assert.deepEqual(begun, ['a']);
    await end('a');
    assert.deepEqual(begun, ['a', 'heavy']);
    await end('heavy');
    assert.deepEqual(begun, ['a', 'heavy', 'light']);
  });

  test('continues with light work when the heavy one before it is given up', async () => {
    const { submit, begun, abort } = stage({ concurrency: 3, capacity: 3, waiting: 10 });
    submit('a', ['a'], 2);
    submit('heavy', ['b'], 9);
    submit('light', ['c'], 1);
    await abort('heavy');
    assert.deepEqual(begun, ['a', 'light']);
  });

  test('continues after work that throws', async () => {
    const queue = createFairQueue({ name: 'work', concurrency: 1, waiting: 1 });
    const failure = new Error('no');
    await assert.rejects(
      queue.run({ shares: ['a'] }, () => {
        throw failure;
      }),
      failure,
    );
    assert.equal(await queue.run({ shares: ['a'] }, async () => 'yes'), 'yes');
  });

  test('refuses waiting and new work with 503 once it is closed', async () => {
    const { queue, submit, refused, begun } = stage({ concurrency: 1, waiting: 5 });
    submit('a', ['a']);
    submit('b', ['b']);
    queue.close();
    submit('c', ['c']);
    await setImmediate();
    assert.deepEqual([begun, refused], [['a'], ['b', 'c']]);
    await assert.rejects(
      queue.run({ shares: ['d'] }, () => assert.fail('it began')),
      (error) => error instanceof AppError && error.code === 'temporarily_unavailable' && error.status === 503,
    );
  });

  test('behaves like a plain list of all work (property)', async () => {
    const share = fc.integer({ min: 0, max: 3 }).map((n) => `s${n}`);
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ shares: fc.tuple(share, share), weight: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 2, arbitrary: fc.record({ end: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ abort: fc.nat(9) }) },
    );
    const bounds = fc.record({
      concurrency: fc.integer({ min: 1, max: 4 }),
      concurrencyPerShare: fc.integer({ min: 1, max: 4 }),
      capacity: fc.integer({ min: 1, max: 6 }),
      waiting: fc.integer({ min: 0, max: 6 }),
      waitingPerShare: fc.integer({ min: 0, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(bounds, fc.array(step, { maxLength: 40 }), async (options, steps) => {
        const real = stage(options);
        const model = createModel(options);
        for (const [at, one] of steps.entries()) {
          const id = String(at);
          if ('shares' in one) {
            real.submit(id, one.shares, one.weight);
            model.submit(id, one.shares, one.weight);
          } else if ('end' in one) {
            const ended = model.underWay[one.end % (model.underWay.length || 1)]?.id ?? '';
            await real.end(ended);
            model.end(ended);
          } else {
            const left = model.waiting[one.abort % (model.waiting.length || 1)]?.id ?? '';
            await real.abort(left);
            model.abort(left);
          }
          await setImmediate();
          assert.deepEqual([real.begun, real.refused], [model.begun, model.refused]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

interface Item {
  readonly id: string;
  readonly shares: readonly string[];
  readonly weight: number;
}

/** The simplest model of the queue: one list of waiting work, and for each share the number of its last turn. */
function createModel(options: Required<Omit<FairQueueOptions, 'name'>>) {
  const { concurrency, concurrencyPerShare, capacity, waiting: mostWaiting, waitingPerShare } = options;
  const begun: string[] = [];
  const refused: string[] = [];
  const waiting: Item[] = [];
  const underWay: Item[] = [];
  const turns = new Map<string, number>();
  let turn = 0;
  const first = (item: Item) => item.shares[0] ?? '';
  const lineOf = (share: string) => waiting.filter((item) => first(item) === share);
  const countOf = (items: readonly Item[], share: string) => items.filter((item) => item.shares.includes(share)).length;
  const byTurn = () => [...new Set(waiting.map(first))].sort((a, b) => (turns.get(a) ?? 0) - (turns.get(b) ?? 0));
  const mayGo = (item: Item) => item.shares.every((share) => countOf(underWay, share) < concurrencyPerShare);
  const weight = () => underWay.reduce((sum, item) => sum + item.weight, 0);
  const fits = (item: Item) =>
    underWay.length < concurrency && (underWay.length === 0 || weight() + item.weight <= capacity);
  const next = () =>
    byTurn()
      .flatMap(lineOf)
      .find((item) => mayGo(item));
  const takeOut = (items: Item[], item: Item) => items.splice(items.indexOf(item), 1);

  function begin(item: Item): void {
    begun.push(item.id);
    underWay.push(item);
  }

  function beginMore(): void {
    for (let item = next(); item && fits(item); item = next()) {
      takeOut(waiting, item);
      turns.set(first(item), ++turn);
      begin(item);
    }
  }

  return {
    begun,
    refused,
    waiting,
    underWay,
    submit(id: string, named: readonly string[], itemWeight: number) {
      const item = { id, shares: [...new Set(named)], weight: itemWeight };
      const share = first(item);
      if (!next() && mayGo(item) && fits(item)) return begin(item);
      if (item.shares.some((one) => countOf(waiting, one) >= waitingPerShare)) return void refused.push(id);
      if (waiting.length >= mostWaiting) {
        const largest = (one: Item) => Math.max(...one.shares.map((name) => countOf(waiting, name)));
        const [last] = waiting.toReversed().sort((a, b) => largest(b) - largest(a));
        if (!last || largest(last) <= largest(item) + 1) return void refused.push(id);
        takeOut(waiting, last);
        refused.push(last.id);
      }
      // A share with nothing waiting comes last.
      if (lineOf(share).length === 0) turns.set(share, ++turn);
      waiting.push(item);
      beginMore();
    },
    end(id: string) {
      const item = underWay.find((one) => one.id === id);
      if (!item) return;
      takeOut(underWay, item);
      beginMore();
    },
    abort(id: string) {
      const item = waiting.find((one) => one.id === id);
      if (!item) return;
      takeOut(waiting, item);
      beginMore();
    },
  };
}
