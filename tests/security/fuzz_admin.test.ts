import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { LONG } from '../helpers/long.ts';
import { createDraw } from './fuzz/draw.ts';
import { createDeck } from './fuzz_admin/deck.ts';
import { run } from './fuzz_admin/run.ts';
import { createAdminWorld } from './fuzz_admin/world.ts';

/**
 * Requests to every operation of the admin API, generated from the OpenAPI document that the server serves: each member, parameter
 * and header with each kind of wrong value. `make chaos` sends all of them. TEST_FUZZ_SEED repeats a run, TEST_FUZZ_REQUESTS sets
 * its length.
 */
const REQUESTS = Number(process.env.TEST_FUZZ_REQUESTS ?? (LONG ? 40_000 : 360));

const draw = createDraw();
const world = await createAdminWorld({ after });

test(`${REQUESTS} generated requests to the admin API get answers as described, and change nothing unless they succeed (TEST_FUZZ_SEED=${draw.seed})`, async (t) => {
  const onProgress = (line: string) => (LONG ? console.log(line) : t.diagnostic(line));
  const { faults, requests, statuses, successes, compared, unsent } = await run(draw, world, {
    requests: REQUESTS,
    onProgress,
  });
  const counts = [...statuses].sort().map(([status, n]) => `${n} × ${status}`);
  t.diagnostic(`${requests} requests, ${compared} of them compared by the tables: ${counts.join(', ')}`);
  if (LONG) t.diagnostic([...successes].map(([id, n]) => `${id}: ${n}`).join(', '));
  const report = faults.map(({ what, request }) => `${what}\n    ${request}`).join('\n\n');
  assert.equal(faults.length, 0, `TEST_FUZZ_SEED=${draw.seed}\n\n${report}`);
  // A generator whose requests are all refused early finds nothing.
  const never = [...successes].filter(([, n]) => n === 0).map(([id]) => id);
  if (LONG)
    assert.deepEqual(
      [never, unsent],
      [[], 0],
      'operations that no request has reached, and kinds of requests that were not sent',
    );
  else if (never.length > 0) t.diagnostic(`never reached: ${never.join(', ')}`);
  for (const status of [200, 201, 400, 401, 403, 404, 409])
    assert.ok((statuses.get(status) ?? 0) > 0, `no response with ${status}`);
});

test('every kind of request is sent before one is sent again, also to the operation that has the most', () => {
  const kinds = [['a'], [], ['b1', 'b2', 'b3', 'b4'], ['c1', 'c2']];
  const deck = createDeck(draw, kinds);
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(deck.take(7).toSorted(), kinds.flat());
    assert.equal(deck.left(), 0);
  }
});
