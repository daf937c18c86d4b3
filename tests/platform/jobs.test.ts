import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Job, startJobs } from '../../server/jobs/runner.ts';
import { createLog } from '../../server/platform/log.ts';
import { startMessenger } from '../../server/platform/messenger.ts';
import { database } from '../helpers/postgres.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

const CHANNEL = 'cardea_test_jobs';

async function setUp(t: Scope) {
  const { db } = await database(t);
  const lines: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  const messenger = await startMessenger({ db, log, channels: [CHANNEL] });
  defer(t, () => messenger.close());
  const query = (text: string) => db.run({ name: '', text }, []);
  return { query, lines, start: (job: Job) => startJobs([job], { log, messenger, now: Date.now }) };
}

test('a job runs repeatedly, also after a failure, never twice at the same time, and not after a stop', async (t) => {
  const { query, lines, start } = await setUp(t);
  let runs = 0;
  let inProgress = 0;
  let most = 0;
  const jobs = start({
    name: 'slow',
    everyMs: 1,
    async run() {
      runs += 1;
      inProgress += 1;
      most = Math.max(most, inProgress);
      for (let i = 0; i < 10; i += 1) await query('SELECT 1');
      inProgress -= 1;
      if (runs === 2) throw new Error('once');
    },
  });
  await until('some runs', () => runs > 3);
  await jobs.stop();
  assert.deepEqual([most, inProgress], [1, 0], 'stopping waits for the run in progress');
  const before = runs;
  await query('SELECT 1');
  assert.equal(runs, before);
  assert.equal(lines.filter((line) => line.includes('a job failed')).length, 1);
});

test('a job with a channel also runs at the start, when notified and after a gap, even while it is running', async (t) => {
  const { query, start } = await setUp(t);
  const stopped = Promise.withResolvers<void>();
  let runs = 0;
  const jobs = start({
    name: 'queue',
    everyMs: 3_600_000,
    channel: CHANNEL,
    run() {
      runs += 1;
      return stopped.promise;
    },
    stop: async () => stopped.resolve(),
  });
  assert.equal(runs, 1);
  await query(`SELECT pg_notify('${CHANNEL}', '')`);
  await until('the notification', () => runs === 2);
  await query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()",
  );
  await until('the gap', () => runs === 3);
  await jobs.stop();
});
