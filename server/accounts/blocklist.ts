import { hash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../platform/errors.ts';
import { linesOf } from '../platform/lines.ts';
import { type BloomHeader, createBloomBuilder, openBloomFilter } from './bloom.ts';

/** Passwords that are refused because they are on the operator's list, such as a list of leaked passwords. */
export interface Blocklist {
  has(password: string): Promise<boolean>;
  close(): Promise<void>;
}

interface Leaks {
  /** @param digest SHA-1 of the password's UTF-8 form */
  has(digest: Buffer): Promise<boolean>;
  close(): Promise<void>;
}

const PREFIX_CHARACTERS = 5;
const PREFIX_FILE = /^[0-9A-Fa-f]{5}(\.txt)?$/;

/**
 * @param path a file that `buildBlocklist` made, or a folder of SHA-1 prefix files as Have I Been Pwned has them
 * (`ABCDE` or `ABCDE.txt`, with lines `SUFFIX:COUNT`); undefined: none
 * @throws AppError 500 `blocklist_unreadable`
 */
export async function openBlocklist(path?: string): Promise<Blocklist> {
  const leaks = path === undefined ? undefined : await openLeaks(path);
  return {
    async has(password) {
      if (!leaks) return false;
      for (const form of new Set([password, password.normalize('NFKC')])) {
        if (await leaks.has(sha1(form))) return true;
      }
      return false;
    },
    close: async () => leaks?.close(),
  };
}

async function openLeaks(path: string): Promise<Leaks> {
  try {
    return (await stat(path)).isDirectory() ? await openPrefixFiles(path) : await openBloomFilter(path);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw unreadable(path, error);
  }
}

async function openPrefixFiles(folder: string): Promise<Leaks> {
  const files = new Map<string, string>();
  for (const file of await readdir(folder)) {
    if (PREFIX_FILE.test(file)) files.set(file.slice(0, PREFIX_CHARACTERS).toUpperCase(), join(folder, file));
  }
  if (files.size === 0) throw unreadable(folder, undefined, 'it has no SHA-1 prefix files (ABCDE.txt)');
  return {
    async has(digest) {
      const hex = digest.toString('hex').toUpperCase();
      const file = files.get(hex.slice(0, PREFIX_CHARACTERS));
      if (file === undefined) return false;
      const text = await readFile(file, 'latin1').catch((error: unknown) => {
        throw unreadable(file, error);
      });
      return text
        .toUpperCase()
        .split(/\r?\n/)
        .some((line) => isListed(line, hex.slice(PREFIX_CHARACTERS)));
    },
    close: async () => {},
  };
}

/** `SUFFIX:COUNT`; a count of 0 is padding, which hides the number of matches from an observer of the download. */
function isListed(line: string, suffix: string): boolean {
  const [digits, count] = line.trim().split(':');
  return digits === suffix && count !== '0';
}

export interface BuildOptions {
  readonly out: string;
  /** Lines are SHA-1 digests in hex, with or without `:count`; otherwise they are passwords. */
  readonly sha1: boolean;
  readonly falsePositives: number;
  /** Called from time to time with the number of entries added so far and in total. */
  onProgress?(done: number, total: number): void;
}

const SHA1_LINE = /^([0-9A-Fa-f]{40})(?::(\d+))?$/;

/**
 * Makes a file for `openBlocklist` out of a list, line by line: first to count, then to add.
 * @throws AppError 400 `blocklist_line` with the number of a line that is not a digest
 */
export async function buildBlocklist(file: string, options: BuildOptions): Promise<BloomHeader> {
  const { out, sha1: areDigests, falsePositives, onProgress } = options;
  let total = 0;
  for await (const digests of digestsIn(file, areDigests)) total += digests.length;
  const builder = createBloomBuilder(total, falsePositives);
  let done = 0;
  for await (const digests of digestsIn(file, areDigests)) {
    for (const digest of digests) builder.add(digest);
    done += digests.length;
    onProgress?.(done, total);
  }
  return builder.write(out);
}

async function* digestsIn(file: string, areDigests: boolean): AsyncGenerator<Buffer[]> {
  const read = areDigests ? readDigest : (line: string) => (line === '' ? undefined : sha1(line));
  let number = 0;
  for await (const lines of linesOf(file)) {
    yield lines.map((line) => read(line, ++number)).filter((digest) => digest !== undefined);
  }
}

function readDigest(line: string, number: number): Buffer | undefined {
  if (line === '') return undefined;
  const [, hex, count] = SHA1_LINE.exec(line.trim()) ?? [];
  if (hex === undefined) {
    throw new AppError('blocklist_line', `line ${number} is no SHA-1 digest in hex, with or without :count`);
  }
  return count === '0' ? undefined : Buffer.from(hex, 'hex');
}

function sha1(password: string): Buffer {
  return hash('sha1', password, 'buffer');
}

function unreadable(path: string, cause: unknown, why?: string): AppError {
  const reason = why ?? (cause as NodeJS.ErrnoException | undefined)?.code ?? 'it cannot be read';
  return new AppError('blocklist_unreadable', `the password blocklist ${path} cannot be used: ${reason}`, { cause });
}
