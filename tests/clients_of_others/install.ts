import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { ended, killGroup, track } from '../helpers/children.ts';
import { findOnPath } from '../helpers/chromium.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import type { App, Command } from './app.ts';

/** Builds give way to what else runs on the machine. */
const LOW_PRIORITY = 15;
const INSTALLED = '.installed';
const LAST_LINES = 25;
/** In the URLs that apps log. */
const SECRET = /\b((?:code|state|nonce|id_token_hint)=)[^&\s"]+/g;

/** @returns the first program that the app needs and the machine does not have */
export function missing({ needs }: App): string | undefined {
  return needs.find((one) => !(one.startsWith('/') ? existsSync(one) : findOnPath([one])));
}

/** Copies the app's folder below `.artifacts/` and installs there what it needs, unless that was done for the same files. */
export async function install(scope: Scope, app: App): Promise<string> {
  const from = join(ROOT, 'tests/clients_of_others', app.folder);
  const key = hashOf(from, JSON.stringify(app.install));
  const folder = join(artifacts('clients_of_others'), `${app.folder.replaceAll('/', '-')}-${key}`);
  if (existsSync(join(folder, INSTALLED))) return folder;
  rmSync(folder, { recursive: true, force: true });
  cpSync(from, folder, { recursive: true });
  for (const command of app.install) await finish(scope, { cwd: folder, ...command });
  writeFileSync(join(folder, INSTALLED), '');
  return folder;
}

function hashOf(folder: string, more: string): string {
  const hash = createHash('sha256').update(more);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    hash.update(`${path.slice(folder.length)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 12);
}

export interface Running {
  readonly child: ChildProcess;
  /** The last lines of its output. */
  output(): string;
}

/** Starts a program in a process group of its own; the scope ends it. */
export function run(scope: Scope, { command, args, cwd, env }: Command): Running {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child.once('error', (error) => void lines.push(error.message));
  track(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => void lines.push(line.replaceAll(SECRET, '$1…')));
  }
  defer(scope, async () => {
    if (killGroup(child, 'SIGKILL')) await ended(child);
  });
  return { child, output: () => lines.slice(-LAST_LINES).join('\n') };
}

async function finish(scope: Scope, command: Command): Promise<void> {
  const { child, output } = run(scope, command);
  if (child.pid !== undefined) setPriority(child.pid, LOW_PRIORITY);
  const { code } = await ended(child);
  if (code !== 0) throw new Error(`${command.command} ${command.args.join(' ')} ended with ${code}:\n${output()}`);
}
