import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '../../server/platform/db.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../server/platform/embedded.ts';
import { migrateUp } from '../../server/platform/migrate.ts';
import { childrenOf } from './children.ts';
import { MIGRATED, TEST_CLUSTER_SETTINGS } from './postgres.ts';
import { defer, type Scope } from './scope.ts';
import { isAlive, until } from './waiting.ts';

export interface OwnPostgres {
  dataDir: string;
  /** Starts the cluster, or joins a running one. @param port the same for each start; default: any */
  start(port?: number): Promise<EmbeddedPostgres>;
  /** The process id of the postmaster while it runs. */
  pid(): number | undefined;
  /** Kills the postmaster (SIGKILL), and waits until its children have noticed and ended. */
  kill(): Promise<void>;
  /** Kills the postmaster without waiting for its children. */
  killPostmaster(): Promise<void>;
}

/**
 * A cluster in a private directory (mode 0700), for tests that stop, freeze or kill it. The scope ends it.
 * @param options.first `initdb`: the first start makes the cluster, as that of an operator does. Default: it is a copy.
 */
export function ownPostgres(scope: Scope, options: { first?: 'initdb' | 'copy' } = {}): OwnPostgres {
  const dataDir = mkdtempSync(join(tmpdir(), 'cardea-test-embedded-'));
  let copied: Promise<void> | undefined;

  function pid(): number | undefined {
    try {
      const found = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
      return found > 0 && isAlive(found) ? found : undefined;
    } catch {
      return undefined;
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = pid();
    if (ending === undefined) return;
    process.kill(ending, signal);
    process.kill(ending, 'SIGCONT');
    await until('the postmaster ends', () => !isAlive(ending));
  }

  defer(scope, async () => {
    await end('SIGQUIT');
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    dataDir,
    async start(port) {
      if (options.first !== 'initdb') copied ??= clusterTemplate().then((template) => copyCluster(template, dataDir));
      await copied;
      const settings = { ...TEST_CLUSTER_SETTINGS, ...(port === undefined ? {} : { port: String(port) }) };
      return startEmbeddedPostgres({ dataDir, settings });
    },
    pid,
    async kill() {
      const children = childrenOf(pid() ?? Number.NaN);
      await end('SIGKILL');
      await until('its children end', () => !children.some(isAlive));
    },
    killPostmaster: () => end('SIGKILL'),
  };
}

/** Copies a stopped cluster with its password. */
export function copyCluster(from: string, to: string): void {
  execFileSync('cp', ['-a', join(from, 'postgres'), join(from, 'postgres.password'), to]);
}

let template: Promise<string> | undefined;

/**
 * A stopped cluster with a migrated database, made once in a run: a copy takes a tenth of the time of initdb and the
 * migrations.
 * @returns its folder
 */
export async function clusterTemplate(): Promise<string> {
  // A file that awaits the promise of another file would add its tests to that file: node:test goes by promises.
  template ??= makeTemplate();
  return template;
}

async function makeTemplate(): Promise<string> {
  // Of a run alone; single files that are run one by one share it, and another branch has other migrations.
  const folder = process.env.TEST_CLUSTER_TEMPLATE ?? join(tmpdir(), `${MIGRATED.name()}-${process.getuid?.() ?? 0}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}-${process.pid}`;
  mkdirSync(unfinished);
  chmodSync(unfinished, 0o711); // Postgres runs as another user when the tests run as root, and needs access
  const postgres = await startEmbeddedPostgres({ dataDir: unfinished, settings: TEST_CLUSTER_SETTINGS });
  const db = createDb({ url: postgres.url, poolSize: 1, timeoutMs: 30_000 });
  await migrateUp(db).finally(() => db.close());
  // It stops only without connections, and a backend ends a moment after its socket was closed.
  const isStopped = () => !existsSync(join(unfinished, 'postgres', 'postmaster.pid'));
  await until('Postgres stops', () => postgres.stop().then(isStopped));
  try {
    renameSync(unfinished, folder);
  } catch {
    rmSync(unfinished, { recursive: true, force: true }); // another process was faster
  }
  return folder;
}
