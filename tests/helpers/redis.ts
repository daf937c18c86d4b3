import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, killGroup, track } from './children.ts';
import { findOnPath } from './chromium.ts';
import { defer, type Scope } from './scope.ts';
import { freePort, until } from './waiting.ts';

export interface TestRedis {
  /** Stays the same over all restarts. */
  url: string;
  port: number;
  pid(): number | undefined;
  /** Shuts it down. */
  stop(): Promise<void>;
  /** Kills it like a crash. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty, since it has no persistence. */
  restart(): Promise<void>;
  /** Stops the process (SIGSTOP): it keeps its connections and responds to nothing. */
  freeze(): void;
  thaw(): void;
}

/** An empty Redis without persistence on a free port. The scope ends it. @param extra settings that it starts with */
export async function freshRedis(scope: Scope, extra: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const program = findOnPath(['redis-server']);
  if (!program) throw new Error('redis-server is not installed: apt-get install redis-server');
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-redis-'));
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const settings = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder, ...extra };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const started = spawn(program ?? '', args, { stdio: 'ignore', detached: true });
    track(started);
    child = started;
    await until('Redis answers', () => {
      if (started.exitCode !== null) throw new Error(`redis-server ended with ${started.exitCode}`);
      return answersPing(port);
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (!ending) return;
    child = undefined;
    killGroup(ending, signal);
    killGroup(ending, 'SIGCONT'); // a frozen process handles only SIGKILL
    await ended(ending);
  }

  await start();
  defer(scope, async () => {
    await end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: () => child?.pid,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      await start();
    },
    freeze() {
      if (child) killGroup(child, 'SIGSTOP');
    },
    thaw() {
      if (child) killGroup(child, 'SIGCONT');
    },
  };
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      done(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}
