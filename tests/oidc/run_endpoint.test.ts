import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Exchange, Step, Steps } from '../../server/oidc/exchange.ts';
import { runEndpoint } from '../../server/oidc/run_endpoint.ts';
import { unavailable } from '../../server/platform/errors.ts';

/** The order of a request's steps when one of them fails: nothing is committed then, and a committed response is sent. */

const failing: Step = async () => {
  throw new Error('broken');
};

/** A request, with a note of all that happens to it. */
function request() {
  const happened: string[] = [];
  const note =
    (what: string): Step =>
    async () =>
      void happened.push(what);
  const ctx = { status: 200, body: 'tokens' as unknown, remove() {}, get: () => '', set() {}, accepts: () => 'json' };
  const exchange = {
    ctx,
    route: 'token',
    unit: { commit: async () => void happened.push('commit'), discard: () => void happened.push('discard') },
    services: { logFailure: (_ctx: unknown, error: Error) => void happened.push(`log ${error.message}`) },
  } as unknown as Exchange;
  const run = (steps: Partial<Steps>, provide: () => Promise<unknown> = note('provide') as () => Promise<void>) =>
    runEndpoint(
      { before: [], parameters: [], after: [], beforeCommit: [], onError: [], finally: [], ...steps },
      exchange,
      provide,
    );
  return { ctx, happened, note, run };
}

describe('a request', () => {
  test('is committed after the last step that may refuse it, and the last steps follow', async () => {
    const { ctx, happened, note, run } = request();
    await run({
      before: [note('before')],
      after: [note('after')],
      beforeCommit: [note('beforeCommit')],
      onError: [note('onError')],
      finally: [note('finally')],
    });
    assert.deepEqual(happened, ['before', 'provide', 'after', 'beforeCommit', 'commit', 'finally']);
    assert.deepEqual([ctx.status, ctx.body], [200, 'tokens']);
  });

  for (const list of ['before', 'after', 'beforeCommit'] as const) {
    test(`that fails in ${list} is not committed, and its last steps run`, async () => {
      const { ctx, happened, note, run } = request();
      await run({ [list]: [failing], onError: [note('onError')], finally: [note('finally')] });
      assert.deepEqual(
        happened.filter((what) => what !== 'provide'),
        ['discard', 'onError', 'log broken', 'finally'],
      );
      assert.equal(happened.includes('provide'), list !== 'before');
      assert.equal(ctx.status, 500);
      assert.equal((ctx.body as { error: string }).error, 'server_error');
    });
  }

  test('whose error cannot be dealt with gets a response nevertheless, and its last steps run', async () => {
    const { ctx, happened, note, run } = request();
    const down: Step = async () => {
      throw unavailable('the database');
    };
    await run({ after: [failing], onError: [down], finally: [note('finally')] });
    assert.deepEqual(happened.slice(-2), ['log the database is unavailable; try again shortly', 'finally']);
    assert.equal(ctx.status, 503);
  });

  test('that is committed keeps its response when a last step fails, and the other last steps run', async () => {
    const { ctx, happened, note, run } = request();
    await run({ finally: [failing, note('finally')] });
    assert.deepEqual(happened, ['provide', 'commit', 'log broken', 'finally']);
    assert.deepEqual([ctx.status, ctx.body], [200, 'tokens']);
  });
});
