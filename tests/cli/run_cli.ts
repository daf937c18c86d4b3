import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { main } from '../../server/cli/main.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { track } from '../helpers/children.ts';
import { database } from '../helpers/postgres.ts';
import { inherited } from '../helpers/processes.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Standard output as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it and asserts what it finds
  json: any;
}

export interface RunOptions {
  /** Written to standard input, which is closed after it. */
  input?: string | Buffer;
  env?: Readonly<Record<string, string>>;
}

/** `cardea` on a database of its own. */
export async function setUpCli(scope: Scope) {
  const { url, db } = await database(scope);
  const masterKey = remember('master_key', randomBytes(32).toString('base64'));
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-cli-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const env = { CARDEA_DATABASE_URL: url, CARDEA_MASTER_KEY: masterKey, CARDEA_DATA_DIR: folder };
  return {
    url,
    db,
    masterKey,
    folder,
    env,
    cardea: (args: readonly string[], options: RunOptions = {}) =>
      runCli(args, { ...options, env: { ...env, ...options.env } }),
  };
}

/** Runs the command in this process with the given environment and streams. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const code = await main(args, {
    env: { ...inherited(), ...options.env },
    stdin: Readable.from(options.input === undefined ? [] : [Buffer.from(options.input)]),
    stdout,
    stderr,
    once: () => {},
    off: () => {},
  });
  return ran(code, stdout.text(), stderr.text());
}

/** A stream that keeps what is written to it. */
export class Collected extends Writable {
  readonly #chunks: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

/**
 * Runs the command as a separate process, for tests of signals and the like. It does not inherit the test's
 * environment.
 */
export function spawnCli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = startCli(args, options.env);
  child.stdin?.on('error', () => {}); // the process may end before it has read everything
  child.stdin?.end(options.input ?? '');
  return finished(child);
}

export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(process.execPath, ['server/cli.ts', ...args], {
    cwd: ROOT,
    env: { ...inherited(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    timeout: 60_000,
  });
  track(child);
  return child;
}

/** The complete output of a process, once it has ended. */
export async function finished(child: ChildProcess): Promise<Ran> {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const code = await new Promise<number | null>((done) => {
    child.once('close', done);
  });
  return ran(code, stdout(), stderr());
}

function ran(code: number | null, stdout: string, stderr: string): Ran {
  return {
    code,
    stdout,
    stderr,
    get json() {
      const value = JSON.parse(stdout);
      return Array.isArray(value) ? value : rememberAll(value);
    },
  };
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk)));
  return () => Buffer.concat(chunks).toString();
}
