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
  /** Stops every Postgres in the folders and removes them, after all processes of the run have ended. */
  remove(): Promise<void>;
}

/**
 * Two folders that do not outlive this process: another process waits for its end, even by SIGKILL, and removes them.
 */
export function createRunFolders(): RunFolders {
  const make = (parent: string, name: string) => {
    const folder = mkdtempSync(join(parent, `cardea-test-${name}-${process.pid}-`));
    chmodSync(folder, 0o711); // Postgres runs as another user when the tests run as root, and needs access
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

/** The remover reads this when everything else of the run has ended. */
export const RUN_ENDED = 'ended';

/** Its standard input ends with this process, even when this process is killed. */
function startRemover(folders: readonly string[]): ChildProcess {
  const remover = spawn(process.execPath, ['tests/helpers/remove_folders.ts', ...folders], {
    cwd: ROOT,
    env: {},
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true, // Ctrl-C is sent to the whole process group of a terminal
  });
  remover.unref();
  return remover;
}

const MEMORY = '/dev/shm';
/** Several times the size of a run's cluster. */
const MEMORY_MIN_BYTES = 4 * 2 ** 30;

/**
 * A folder in memory: each test file has its own databases of about three hundred files, and on a disk creating and
 * removing them takes longer than most tests.
 * @returns undefined without a file system in memory, or with too little space
 */
function memoryFolder(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_MIN_BYTES ? MEMORY : undefined;
  } catch {
    return undefined;
  }
}
