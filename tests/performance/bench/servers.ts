import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '../../../server/platform/db.ts';
import { startEmbeddedPostgres } from '../../../server/platform/embedded.ts';
import { ROOT } from '../../helpers/artifacts.ts';
import { ended, killGroup, track } from '../../helpers/children.ts';
import { createSeeder, type Party, type Person, REDIRECT_URI } from '../../helpers/deployment.ts';
import { inherited } from '../../helpers/processes.ts';
import { defer, type Scope } from '../../helpers/scope.ts';
import { freePort, until } from '../../helpers/waiting.ts';
import type { BareSpec } from './bare.ts';

export type ServerName = 'cardea' | 'bare';

/** A server under test, in a process of its own. */
export interface Server {
  readonly name: ServerName;
  readonly port: number;
  readonly issuer: string;
  /** The processor time that it has used so far, over all its threads, in seconds. */
  cpuSeconds(): Promise<number>;
  /** The most memory that it has had so far, in MiB. */
  peakMemory(): Promise<number>;
}

/** The data that both servers share: the client, the resource server and the people. */
export interface Bench {
  readonly cardea: Server;
  readonly bare: Server;
  readonly party: Party & { readonly secret: string };
  readonly people: readonly Person[];
  readonly resource: { readonly identifier: string; readonly scopes: readonly string[] };
  /** The durability settings and the version of the database, as it reports them. */
  readonly postgres: Readonly<Record<'fsync' | 'synchronous_commit' | 'full_page_writes' | 'server_version', string>>;
}

const RESOURCE = { identifier: 'https://api.example.com', scopes: ['api:read'] };
const SCOPE = ['openid', 'profile', 'email', ...RESOURCE.scopes];
const START_WITHIN_MS = 60_000;

/**
 * Starts the bare provider, and Cardea on an embedded Postgres with production settings.
 * @param people how many sign in, each with a session and a grant, since real traffic does not use one row only
 */
export async function startServers(scope: Scope, people: number): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-bench-'));
  chmodSync(folder, 0o711); // Postgres runs as another user when the tests run as root, and needs access
  defer(scope, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const dataDir = join(folder, 'data');

  const port = await freePort();
  const cardea = await launch(scope, {
    name: 'cardea',
    file: 'server/main.ts',
    port,
    log: join(folder, 'cardea.log'),
    path: '/healthz',
    env: {
      CARDEA_PORT: String(port),
      CARDEA_DATA_DIR: dataDir,
      CARDEA_DEMO: 'false',
      // Wrong passwords keep the hashes in progress here, and would reach the limit.
      CARDEA_RATE_LIMIT: '1000000',
    },
  });

  const { url } = await startEmbeddedPostgres({ dataDir }); // joins the Postgres that Cardea has started
  const db = createDb({ url, poolSize: 1 });
  try {
    const seed = await createSeeder(db, readFileSync(join(dataDir, 'master.key'), 'utf8').trim());
    await seed.resourceServer({ ...RESOURCE, name: 'API', scopes: [...RESOURCE.scopes] });
    const grant_types = ['authorization_code', 'refresh_token', 'client_credentials'];
    const { secret = '', ...party } = await seed.party({
      firstParty: true,
      metadata: { scope: SCOPE.join(' '), grant_types },
    });
    const persons: Person[] = [];
    for (let i = 0; i < people; i += 1) persons.push(await seed.person());

    const spec: BareSpec = {
      port: await freePort(),
      client: { id: party.id, secret, redirectUri: REDIRECT_URI },
      scope: SCOPE,
      resource: RESOURCE,
      people: persons.map(({ id, email }) => ({ id, email })),
    };
    const bare = await launch(scope, {
      name: 'bare',
      file: 'tests/performance/bench/bare.ts',
      port: spec.port,
      log: join(folder, 'bare.log'),
      path: '/.well-known/openid-configuration',
      env: { BARE: JSON.stringify(spec) },
    });
    return {
      cardea,
      bare,
      party: { ...party, secret },
      people: persons,
      resource: RESOURCE,
      postgres: {
        fsync: await setting('fsync'),
        synchronous_commit: await setting('synchronous_commit'),
        full_page_writes: await setting('full_page_writes'),
        server_version: await setting('server_version'),
      },
    };
  } finally {
    await db.close();
  }

  async function setting(name: string): Promise<string> {
    const rows = await db.run<{ value: string }>({ name: 'setting', text: 'SELECT current_setting($1) AS value' }, [
      name,
    ]);
    return rows[0]?.value ?? '';
  }
}

export interface Launch {
  readonly name: ServerName;
  readonly file: string;
  readonly port: number;
  readonly log: string;
  /** Returns 200 when the server is ready. */
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Its output goes to a file, since reading it here would take processor time from the load. */
export async function launch(scope: Scope, { name, file, port, log, path, env }: Launch): Promise<Server> {
  const output = openSync(log, 'a', 0o600);
  const flags = process.env.BENCH_PROFILE === name ? ['--cpu-prof', '--cpu-prof-dir=.artifacts/profiles'] : [];
  const report = new URL('report_usage.ts', import.meta.url).href;
  const child = spawn(process.execPath, [...flags, `--import=${report}`, file], {
    cwd: ROOT,
    env: { ...inherited(), ...env },
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
  });
  track(child);
  defer(scope, () => end(child));
  const issuer = `http://localhost:${port}`;
  await until(
    `${name} answers`,
    async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended at once:\n${readFileSync(log, 'utf8')}`);
      try {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
        await answer.arrayBuffer();
        return answer.status === 200;
      } catch {
        return false;
      }
    },
    { withinMs: START_WITHIN_MS },
  );
  return {
    name,
    port,
    issuer,
    async cpuSeconds() {
      const { userCPUTime, systemCPUTime } = await usage();
      return (userCPUTime + systemCPUTime) / 1e6;
    },
    peakMemory: async () => (await usage()).maxRSS / 1_024,
  };

  async function usage(): Promise<NodeJS.ResourceUsage> {
    child.send('usage');
    const [used] = (await once(child, 'message')) as [NodeJS.ResourceUsage];
    return used;
  }
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  const late = setTimeout(() => killGroup(child, 'SIGKILL'), 15_000);
  await ended(child);
  clearTimeout(late);
}
