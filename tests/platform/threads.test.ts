import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { after, test } from 'node:test';
import { signingThreads } from '../../server/platform/threads.ts';
import { startNode } from '../helpers/processes.ts';

test('there are as many signing threads as additional processors, within limits', () => {
  const expected = { 1: 2, 2: 2, 3: 2, 4: 3, 8: 7, 9: 8, 64: 8 };
  for (const [processors, threads] of Object.entries(expected))
    assert.equal(signingThreads(Number(processors)), threads);
});

test('a server has that number: the pool is not used before it is sized', async () => {
  const node = await startNode({ after });
  const named = execFileSync('ps', ['-L', '-o', 'comm=', '-p', String(node.pid())], { encoding: 'utf8' }).split('\n');
  assert.equal(named.filter((name) => name === 'libuv-worker').length, signingThreads(availableParallelism()));
});
