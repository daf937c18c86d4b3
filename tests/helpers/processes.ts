import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadConfig } from '../../server/config.ts';
import { createLog } from '../../server/platform/log.ts';
import { start } from '../../server/start.ts';
import { ROOT } from './artifacts.ts';
import { ended, killGroup, track } from './children.ts';
import { takeOver } from './issuer.ts';
import { databaseUrl } from './postgres.ts';
import { defer, type Scope } from './scope.ts';
import { collectLog, remember } from './secrets.ts';
import { freePort, until } from './waiting.ts';

export interface NodeOptions {
  /** Default: a fresh database. */
  databaseUrl?: string;
  /** Uses the embedded Postgres in this directory instead. */
  embeddedIn?: string;
  port?: number;
  /** CARDEA_* settings and other variables. The process does not inherit the test's environment. */
  env?: Readonly<Record<string, string>>;
}

export interface ServerNode {
  /** The address of this node. */
  url: string;
  /** In a cluster the first node's URL. */
  issuer: string;
  port: number;
  /** The id of the current process. */
  pid(): number | undefined;
  isRunning(): boolean;
  /** Its output on standard output and standard error so far, over all restarts. */
  lines: readonly string[];
  /** The output lines that are JSON objects. */
  records(): Record<string, unknown>[];
  /** Waits until it has logged a matching line, and returns it. */
  logged(matches: (record: Record<string, unknown>) => boolean, withinMs?: number): Promise<Record<string, unknown>>;
  /**
   * Sends SIGTERM and waits for the end.
   * @throws when it does not end with code 0, or leaves a process behind
   */
  stop(): Promise<void>;
  /** Sends SIGKILL. */
  kill(): Promise<void>;
  /** Stops the process (SIGSTOP): it keeps its connections and responds to nothing until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Restarts it on the same port with the same settings; stops it first when it runs. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
}

const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 15_000;

/** Runs `node server/main.ts` as an operator would, and waits until it is healthy. The scope stops it. */
export async function startNode(scope: Scope, options: NodeOptions = {}): Promise<ServerNode> {
  const port = options.port ?? (await freePort());
  const url = `${options.env?.CARDEA_TLS_CERT === undefined ? 'http' : 'https'}://localhost:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-node-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const masterKey = options.env?.CARDEA_MASTER_KEY ?? randomBytes(32).toString('base64');
  const settings: Record<string, string> = {
    CARDEA_PORT: String(port),
    CARDEA_ISSUER: url,
    CARDEA_DEMO: 'false',
    CARDEA_DATA_DIR: options.embeddedIn ?? folder,
    // With the embedded Postgres the test covers the development key in the data directory too.
    ...(options.embeddedIn === undefined
      ? {
          CARDEA_DATABASE_URL: options.databaseUrl ?? (await databaseUrl(scope)),
          CARDEA_MASTER_KEY: remember('master_key', masterKey),
        }
      : {}),
    ...options.env,
  };

  if (options.databaseUrl !== undefined && options.env?.CARDEA_ISSUER === undefined) {
    await takeOver(options.databaseUrl, url);
  }

  const lines: string[] = [];
  let child: ChildProcess | undefined;

  async function start(extra: Readonly<Record<string, string>> = {}): Promise<void> {
    Object.assign(settings, extra);
    const started = spawn(process.execPath, ['server/main.ts'], {
      cwd: ROOT,
      env: { ...inherited(), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    track(started);
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        collectLog(line);
      });
    }
    try {
      await until(
        `${url}/healthz answers 200`,
        () => {
          if (started.exitCode !== null || started.signalCode !== null) throw new Error('the server ended at once');
          return isHealthy(url);
        },
        { withinMs: START_WITHIN_MS },
      );
    } catch (error) {
      killGroup(started, 'SIGKILL');
      throw new Error(`a node did not start; it wrote:\n${lines.slice(-30).join('\n')}`, { cause: error });
    }
  }

  async function stop(): Promise<void> {
    const stopping = child;
    if (!stopping) return;
    child = undefined;
    stopping.kill('SIGTERM');
    stopping.kill('SIGCONT');
    const end = await Promise.race([ended(stopping), deadline(STOP_WITHIN_MS)]);
    if (!end) {
      killGroup(stopping, 'SIGKILL');
      throw new Error(`a node did not stop within ${STOP_WITHIN_MS} ms; it wrote:\n${lines.slice(-30).join('\n')}`);
    }
    if (killGroup(stopping, 0)) {
      killGroup(stopping, 'SIGKILL');
      throw new Error('a node left a process behind');
    }
    if (end.code !== 0) {
      throw new Error(`a node ended with ${end.signal ?? end.code}; it wrote:\n${lines.slice(-30).join('\n')}`);
    }
  }

  async function kill(): Promise<void> {
    const killed = child;
    if (!killed) return;
    child = undefined;
    killGroup(killed, 'SIGKILL');
    await ended(killed);
  }

  defer(scope, stop);
  await start();

  return {
    url,
    issuer: settings.CARDEA_ISSUER ?? url,
    port,
    pid: () => child?.pid,
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    lines,
    records: () => lines.flatMap(parse),
    logged: (matches, withinMs = 10_000) =>
      until('the node logs it', () => lines.flatMap(parse).find(matches), { withinMs }),
    stop,
    kill,
    freeze() {
      child?.kill('SIGSTOP');
    },
    thaw() {
      child?.kill('SIGCONT');
    },
    async restart(extra) {
      await stop();
      await start(extra);
    },
  };
}

/** A node in the process of the test. */
export interface StartedHere {
  /** The address of this node. */
  readonly url: string;
  readonly issuer: string;
  /** The output lines so far, each a JSON object. */
  readonly lines: readonly string[];
  records(): Record<string, unknown>[];
  /** Stops it before the scope does. */
  close(): Promise<void>;
}

/**
 * Does in this process what `node server/main.ts` does between its configuration and its signals. The scope stops it.
 * @param env CARDEA_* settings; a database and a master key are required
 * @param lines gets the output lines, also when the start fails
 * @throws what ends the process with a message
 */
export async function startHere(
  scope: Scope,
  env: Readonly<Record<string, string>>,
  lines: string[] = [],
): Promise<StartedHere> {
  const port = env.CARDEA_PORT ?? String(await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-node-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const whole = {
    CARDEA_PORT: port,
    CARDEA_ISSUER: `http://localhost:${port}`,
    CARDEA_DEMO: 'false',
    CARDEA_DATA_DIR: folder,
    ...env,
  };
  const config = loadConfig(whole);
  const log = createLog({
    level: config.logLevel,
    destination: {
      write(line: string) {
        lines.push(line);
        collectLog(line);
      },
    },
  });
  const opened = new AsyncDisposableStack();
  const close = () => opened.disposeAsync();
  defer(scope, close);
  await start(config, log, opened, whole);
  return {
    url: `http://localhost:${config.port}`,
    issuer: config.issuer.identifier,
    lines,
    records: () => lines.flatMap(parse),
    close,
  };
}

export interface Cluster {
  nodes: readonly [StartedHere, ...ServerNode[]];
  issuer: string;
  databaseUrl: string;
  masterKey: string;
}

/**
 * Several nodes of one issuer with one database and master key: the first in this process, each other in a process of
 * its own. The issuer is the first node's URL; the other nodes have their own ports, as behind a load balancer.
 */
export async function startCluster(scope: Scope, options: NodeOptions & { nodes?: number } = {}): Promise<Cluster> {
  const { nodes: count = 2, ...shared } = options;
  const url = shared.databaseUrl ?? (await databaseUrl(scope));
  const port = shared.port ?? (await freePort());
  const masterKey = shared.env?.CARDEA_MASTER_KEY ?? randomBytes(32).toString('base64');
  const issuer = shared.env?.CARDEA_ISSUER ?? `http://localhost:${port}`;
  const env = { ...shared.env, CARDEA_MASTER_KEY: masterKey, CARDEA_ISSUER: issuer };
  const first = await startHere(scope, { CARDEA_DATABASE_URL: url, CARDEA_PORT: String(port), ...env });
  const others = await Promise.all(
    Array.from({ length: count - 1 }, () => startNode(scope, { databaseUrl: url, env })),
  );
  return { nodes: [first, ...others], issuer, databaseUrl: url, masterKey };
}

/** The part of the test's environment that a child process inherits. */
export function inherited(): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME: homedir(), ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}) };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url.replace('http://localhost:', 'http://127.0.0.1:').concat('/healthz'), {
      signal: AbortSignal.timeout(2_000),
      headers: { connection: 'close' },
    });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

function parse(line: string): Record<string, unknown>[] {
  if (!line.startsWith('{')) return [];
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return [];
  }
}

function deadline(ms: number): Promise<undefined> {
  return new Promise((done) => setTimeout(done, ms, undefined).unref());
}
