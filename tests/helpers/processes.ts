import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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
  /** Runs on the embedded Postgres in this directory instead. */
  embeddedIn?: string;
  port?: number;
  /** CARDEA_* settings, and anything else that the process shall see. It sees nothing of the test's own environment. */
  env?: Readonly<Record<string, string>>;
}

export interface ServerNode {
  /** Where this node listens. */
  url: string;
  /** Who it says it is: in a cluster the first node's URL. */
  issuer: string;
  port: number;
  /** Of the process that runs now. */
  pid(): number | undefined;
  isRunning(): boolean;
  /** What it has written so far to standard output and standard error, over all restarts. */
  lines: readonly string[];
  /** The lines that are JSON objects. */
  records(): Record<string, unknown>[];
  /** Waits until it has logged such a line, and returns it. */
  logged(matches: (record: Record<string, unknown>) => boolean, withinMs?: number): Promise<Record<string, unknown>>;
  /** SIGTERM, and waits for the end. @throws when it does not end by itself with code 0, or leaves a process behind */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Keeps its connections and answers nothing until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on the same port with the same settings; stops it before when it runs. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
}

const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 15_000;

/** Runs `node server/main.ts` as an operator would, and waits until it is healthy. The scope stops it. */
export async function startNode(scope: Scope, options: NodeOptions = {}): Promise<ServerNode> {
  const port = options.port ?? (await freePort());
  const url = `http://localhost:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-node-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const masterKey = options.env?.CARDEA_MASTER_KEY ?? randomBytes(32).toString('base64');
  const settings: Record<string, string> = {
    CARDEA_PORT: String(port),
    CARDEA_ISSUER: url,
    CARDEA_DEMO: 'false',
    CARDEA_DATA_DIR: options.embeddedIn ?? folder,
    // With the embedded Postgres the development key in the data directory is part of what is tested.
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
          return isHealthy(port);
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

export interface Cluster {
  nodes: readonly [ServerNode, ...ServerNode[]];
  issuer: string;
  databaseUrl: string;
  masterKey: string;
}

/**
 * Several nodes of one issuer on one database with one master key. The issuer is the first node's URL; the others say the same
 * on ports of their own, as behind a load balancer.
 */
export async function startCluster(scope: Scope, options: NodeOptions & { nodes?: number } = {}): Promise<Cluster> {
  const { nodes: count = 2, ...shared } = options;
  const url = shared.databaseUrl ?? (await databaseUrl(scope));
  const port = shared.port ?? (await freePort());
  const masterKey = shared.env?.CARDEA_MASTER_KEY ?? randomBytes(32).toString('base64');
  const issuer = shared.env?.CARDEA_ISSUER ?? `http://localhost:${port}`;
  const env = { ...shared.env, CARDEA_MASTER_KEY: masterKey, CARDEA_ISSUER: issuer };
  const first = await startNode(scope, { databaseUrl: url, port, env });
  const others = await Promise.all(
    Array.from({ length: count - 1 }, () => startNode(scope, { databaseUrl: url, env })),
  );
  return { nodes: [first, ...others], issuer, databaseUrl: url, masterKey };
}

/** What a process of ours gets of the test's own environment. */
export function inherited(): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME: homedir(), ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}) };
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`, {
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
