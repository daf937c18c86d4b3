import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './artifacts.ts';

export interface RunFolders {
  /** For temporary files. */
  readonly data: string;
  /** For the run's Postgres cluster. */
  readonly cluster: string;
  /** Stops every Postgres that runs in them, and removes them. All processes of the run have ended. */
  remove(): Promise<void>;
}

/** Two folders that do not outlive this process: another one waits for its end, which may be SIGKILL, and removes them. */
export function createRunFolders(): RunFolders {
  const make = (parent: string, name: string) => {
    const folder = mkdtempSync(join(parent, `cardea-test-${name}-${process.pid}-`));
    chmodSync(folder, 0o711); // as root, Postgres runs as another user, who has to get through
    return folder;
  };
  const data = make(tmpdir(), 'run');
  const cluster = make(memoryFolder() ?? tmpdir(), 'cluster');
  const remover = startRemover([cluster, data]);
  return {
    data,
    cluster,
    async remove() {
      const ended = once(remover, 'exit');
      remover.ref();
      remover.stdin?.end(RUN_ENDED);
      await ended;
    },
  };
}

/** What the remover reads when everything else of the run has ended. */
export const RUN_ENDED = 'ended';

/** It learns of this process's end by its standard input, which ends as well. */
function startRemover(folders: readonly string[]): ChildProcess {
  const remover = spawn(process.execPath, ['tests/helpers/remove_folders.ts', ...folders], {
    cwd: ROOT,
    env: {},
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true, // Ctrl-C reaches the whole group of a terminal
  });
  remover.unref();
  return remover;
}

const MEMORY = '/dev/shm';
/** Several times the size of a run's cluster. */
const MEMORY_MIN_BYTES = 4 * 2 ** 30;

/**
 * Each test file has databases of its own, and each of those is three hundred files to make and to remove: on a disk that
 * takes longer than most tests. @returns undefined where memory is no file system, or has not enough space
 */
function memoryFolder(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_MIN_BYTES ? MEMORY : undefined;
  } catch {
    return undefined;
  }
}
