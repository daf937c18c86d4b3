import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Distributes test files over several processes. It is a folder, since the processes share nothing else. */
export interface Queue {
  readonly files: readonly string[];
  /** Takes a file that no other process has taken. @returns undefined when all are taken */
  take(process: string): string | undefined;
  finish(file: string): void;
  /** True if there is a file that no process has taken. */
  isWaiting(): boolean;
  /** The file that a process has taken and not finished, which it was running when it ended. */
  unfinished(process: string): string | undefined;
}

export function createQueue(folder: string, files: readonly string[]): Queue {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'files.json'), JSON.stringify(files));
  return openQueue(folder);
}

export function openQueue(folder: string): Queue {
  const files = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8')) as string[];
  const mark = (file: string, kind: 'taken' | 'finished') => join(folder, `${files.indexOf(file)}.${kind}`);
  const taker = (file: string) => read(mark(file, 'taken'));
  return {
    files,
    take: (process) => files.find((file) => taker(file) === undefined && create(mark(file, 'taken'), process)),
    finish: (file) => void create(mark(file, 'finished'), ''),
    isWaiting: () => files.some((file) => taker(file) === undefined),
    unfinished: (process) =>
      files.find((file) => taker(file) === process && read(mark(file, 'finished')) === undefined),
  };
}

/** @returns false when the file exists: of two processes, one succeeds */
function create(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
