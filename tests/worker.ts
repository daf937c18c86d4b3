/**
 * Runs test files in turn in this process, since importing the application takes longer than most tests. tests/run.ts
 * starts as many workers as may run at a time.
 * node tests/worker.ts <folder of the queue> <name of this process> <milliseconds that one file may take>
 */
import assert from 'node:assert/strict';
import asyncHooks, { type AsyncHook } from 'node:async_hooks';
import { flushCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { ROOT } from './helpers/artifacts.ts';
import { onParentEnd } from './helpers/children.ts';
import { idleThreads } from './helpers/password_threads.ts';
import { openQueue } from './helpers/queue.ts';
import { until } from './helpers/waiting.ts';

/**
 * node:test follows every promise and socket, so that `test()` finds the test that it stands in, and an uncaught error
 * its test. That takes a quarter of the CPU time, so it is on only while a file is loaded, when a file and its
 * suites call `test()`. No function of a suite is async, since it would call `test()` later.
 */
const tracking: AsyncHook[] = [];
const { createHook } = asyncHooks;
asyncHooks.createHook = (callbacks) => {
  const hook = createHook(callbacks);
  tracking.push(hook);
  return hook;
};
const { test } = await import('node:test');

const [folder = '', name = '', milliseconds] = process.argv.slice(2);
const timeout = Number(milliseconds);
onParentEnd(() => process.exit(1));

const CLOSED_WITHIN_MS = 10_000;
/** Time for the last results to reach the parent process. */
const REPORT_MS = 500;

const threads = new Set<Worker>();
process.on('worker', (thread) => {
  threads.add(thread);
  thread.once('exit', () => threads.delete(thread));
});

/** Resources that keep a process alive: sockets, servers, timers, child processes, threads. */
function open(): string[] {
  return [
    ...process.getActiveResourcesInfo(),
    ...Array.from(threads)
      .filter((thread) => !idleThreads.includes(thread))
      .map(() => 'Worker'),
  ];
}

// The first file that imports node:process opens these, and they stay open.
void [process.stdin, process.stdout, process.stderr];
const openBefore = open();

function leftOpen(): string[] {
  const left = open();
  for (const one of openBefore) if (left.includes(one)) left.splice(left.indexOf(one), 1);
  return left;
}

/** @returns false when the process can no longer be used, since the next file would be affected */
async function runFile(file: string): Promise<boolean> {
  const began = performance.now();
  for (const hook of tracking) hook.enable();
  await test(file, { timeout }, async () => {
    await import(resolve(ROOT, file));
    for (const hook of tracking) hook.disable();
  });
  if (performance.now() - began >= timeout) return false;
  try {
    await until('everything is closed', () => leftOpen().length === 0, { withinMs: CLOSED_WITHIN_MS });
    return true;
  } catch {
    await test(file, () => assert.deepEqual(leftOpen(), [], 'the tests of this file left these open'));
    return false;
  }
}

const queue = openQueue(folder);
for (let file = queue.take(name); file !== undefined; file = queue.take(name)) {
  const goesOn = await runFile(file);
  queue.finish(file);
  // The processes that this run starts from now on need not compile the same modules.
  flushCompileCache();
  if (goesOn) continue;
  await setTimeout(REPORT_MS);
  process.exit(1);
}
