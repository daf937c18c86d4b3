import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../server/platform/embedded.ts';
import { childrenOf } from './children.ts';
import { TEST_CLUSTER_SETTINGS } from './postgres.ts';
import { defer, type Scope } from './scope.ts';
import { isAlive, until } from './waiting.ts';

export interface OwnPostgres {
  dataDir: string;
  /** Starts the cluster, or joins a running one. */
  start(): Promise<EmbeddedPostgres>;
  /** The process id of the postmaster while it runs. */
  pid(): number | undefined;
  /** Kills the postmaster (SIGKILL), and waits until its children have noticed and ended. */
  kill(): Promise<void>;
  /** Kills the postmaster without waiting for its children. */
  killPostmaster(): Promise<void>;
}

/** A cluster in a private directory (mode 0700), for tests that stop, freeze or kill it. The scope ends it. */
export function ownPostgres(scope: Scope): OwnPostgres {
  const dataDir = mkdtempSync(join(tmpdir(), 'cardea-test-embedded-'));

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
    start: () => startEmbeddedPostgres({ dataDir, settings: TEST_CLUSTER_SETTINGS }),
    pid,
    async kill() {
      const children = childrenOf(pid() ?? Number.NaN);
      await end('SIGKILL');
      await until('its children end', () => !children.some(isAlive));
    },
    killPostmaster: () => end('SIGKILL'),
  };
}
