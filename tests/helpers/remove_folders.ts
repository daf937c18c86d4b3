/**
 * Waits for the end of its standard input, stops every Postgres that runs in the given folders, and removes the
 * folders. The input is RUN_ENDED when the run has ended normally.
 * node tests/helpers/remove_folders.ts <folder>…
 */
import { globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { RUN_ENDED } from './run_folders.ts';
import { isAlive, until } from './waiting.ts';

const folders = process.argv.slice(2);
/** The run's own cluster is directly in a folder; those of tests are in its temporary directory. */
const POSTMASTERS = '{,tmp/*/}postgres/postmaster.pid';

const isClean = (await text(process.stdin)) === RUN_ENDED;
// Processes that outlive a killed run notice it within a second; until then they start processes and write files.
const passes = isClean ? 1 : 50;
for (let pass = 0; pass < passes; pass++) {
  if (pass > 0) await setTimeout(100);
  await until('everything is removed', () => stopAll() && remove(), { withinMs: 60_000 });
}

/** @returns true when every Postgres has ended */
function stopAll(): boolean {
  const files = folders.flatMap((cwd) => globSync(POSTMASTERS, { cwd }).map((file) => join(cwd, file)));
  return files.map(stop).every((isEnded) => isEnded);
}

function stop(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    if (!(pid > 0)) return false; // it is still starting
    if (!isAlive(pid)) return true;
    process.kill(pid, 'SIGQUIT'); // an immediate shutdown, since the data is not needed
    process.kill(pid, 'SIGCONT'); // a test may have frozen it
    return false;
  } catch {
    return false; // it has ended or is about to, and its file is gone
  }
}

function remove(): boolean {
  try {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}
