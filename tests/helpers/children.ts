import { type ChildProcess, execFileSync } from 'node:child_process';

const running = new Set<ChildProcess>();
let watching = false;

/**
 * Ensures that a child process and its process group do not outlive the test process, even when that ends early, is
 * interrupted, or is stopped by the runner's timeout.
 * @param child started with `detached: true`, so that it leads a process group
 */
export function track(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const one of running) killGroup(one, 'SIGKILL');
  });
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.once(signal, () => process.exit(128 + number));
  }
  onParentEnd(() => process.exit(1));
}

/** Calls `listener` when the parent process has ended, even by SIGKILL. */
export function onParentEnd(listener: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    listener();
  }, PARENT_CHECK_MS);
  timer.unref();
}

const PARENT_CHECK_MS = 500;

/** @returns false when the group has no process left */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

/** Resolves when the process has ended, at once if it has already. */
export async function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise<void>((done) => {
      child.once('exit', () => done());
    });
  }
  return { code: child.exitCode, signal: child.signalCode };
}

/** The child processes of a process (POSIX ps). */
export function childrenOf(parent: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid] : []));
}

/** The user that a process runs as (POSIX ps). */
export function userOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'uid=', '-p', String(pid)], { encoding: 'utf8' }));
}
