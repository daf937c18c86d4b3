import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { LONG } from '../helpers/long.ts';
import { createDraw } from './fuzz/draw.ts';
import { run } from './fuzz/run.ts';
import { createWorld } from './fuzz/world.ts';

/**
 * Generated requests: wrong values in valid structures, whole lives of clients, and bytes that are nearly HTTP. `make
 * chaos` sends a million. TEST_FUZZ_SEED repeats a run, TEST_FUZZ_REQUESTS sets its length.
 */
const REQUESTS = Number(process.env.TEST_FUZZ_REQUESTS ?? (LONG ? 1_000_000 : 300));
/** Caches still grow after a short warm-up; the long run finds a small leak in each request. */
const GROWTH_MAX = 32 * 2 ** 20;

const draw = createDraw();
const world = await createWorld({ after });

test(`${REQUESTS} generated requests cause no 5xx but 503 of a missing dependency, no error in the log, no slow response, no lasting memory (TEST_FUZZ_SEED=${draw.seed})`, async (t) => {
  const onProgress = (line: string) => (LONG ? console.log(line) : t.diagnostic(line));
  const { faults, growth, requests, statuses } = await run(draw, world, { requests: REQUESTS, onProgress });
  t.diagnostic(
    `${requests} requests: ${[...statuses]
      .sort()
      .map(([status, n]) => `${n} × ${status}`)
      .join(', ')}`,
  );
  const report = faults.map(({ what, request }) => `${what}\n    ${request}`).join('\n\n');
  assert.equal(faults.length, 0, `TEST_FUZZ_SEED=${draw.seed}\n\n${report}`);
  assert.ok(requests >= REQUESTS);
  assert.ok(growth <= GROWTH_MAX, `${Math.round(growth / 2 ** 20)} MiB more than after the warm-up`);
  // A generator whose requests are all refused early finds nothing.
  for (const status of [200, 201, 303, 400, 401])
    assert.ok((statuses.get(status) ?? 0) > 0, `no response with ${status}`);
});
