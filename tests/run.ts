/**
 * What `make test` runs: every test file on one throw-away Postgres, in four phases, with one total.
 *
 *   node tests/run.ts [only=tests/keys,tests/cli]
 *
 * Tests that kill processes run after the others, and those that measure run alone after that. The search of all database
 * dumps comes last.
 */
import { globSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../server/platform/embedded.ts';
import { artifacts, ROOT } from './helpers/artifacts.ts';
import { onParentEnd } from './helpers/children.ts';
import { findChromium, findOnPath } from './helpers/chromium.ts';
import { on, prepareTemplate, TEST_CLUSTER_SETTINGS } from './helpers/postgres.ts';
import { type Phase, startRun, type Total } from './helpers/run_files.ts';
import { createRunFolders } from './helpers/run_folders.ts';

/** Cheap ones first: a mistake in the small shows before the browser starts. */
const ORDER = [
  'platform',
  'accounts',
  'clients',
  'keys',
  'records',
  'views',
  'oidc',
  'security',
  'flows',
  'browser',
  'cli',
];
const KILLING = /^tests\/chaos\//;
const MEASURING = /^tests\/performance\//;
const LAST = 'tests/security/database_dump.test.ts';
const MINUTE = 60_000;
/** What `make chaos` runs takes as long as it takes. */
const AT_LENGTH = process.env.TEST_CHAOS_LONG === 'true' ? 360 * MINUTE : undefined;

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const only = args.map((arg) => /^only=(.*)$/.exec(arg)?.[1]).find((one) => one !== undefined) || 'tests';
  const phases = plan(testFiles(only.split(',').map((one) => one.replace(/^\.\//, '').replace(/\/$/, ''))));
  if (phases.length === 0) {
    console.error(`no test file is in ${only}`);
    return 1;
  }
  if (!reportTools(only === 'tests')) return 1;

  const interrupted = interruption();
  const folders = createRunFolders();
  process.env.TMPDIR = join(folders.data, 'tmp');
  mkdirSync(process.env.TMPDIR, { mode: 0o755 });
  // Compiled once for all the processes of a run.
  process.env.NODE_COMPILE_CACHE = join(folders.data, 'compiled');
  process.env.TEST_RUN_DIR = freshRunFolder();
  const tests = startRun();
  let leaked = 0;
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: folders.cluster, settings: TEST_CLUSTER_SETTINGS });
    process.env.TEST_POSTGRES_URL = postgres.url;
    await prepareTemplate(on(postgres.url, 'postgres'));
    for (const phase of phases) {
      if (interrupted.aborted) break;
      await tests.phase(phase, interrupted);
    }
    await tests.end();
    leaked = await countConnections(postgres.url);
  } finally {
    // An interrupted run ends at once, and they are removed after it.
    if (!interrupted.aborted) await folders.remove();
  }
  if (leaked > 0) console.error(`${leaked} database connections were still open when all tests had ended`);
  if (interrupted.aborted) console.error('interrupted');
  return report(tests.total, performance.now() - began, leaked > 0 || interrupted.aborted);
}

function testFiles(only: readonly string[]): string[] {
  return globSync('tests/**/*.test.ts', { cwd: ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => only.some((one) => file === one || file.startsWith(`${one}/`) || file.startsWith(`${one}.`)))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

function rank(file: string): number {
  const at = ORDER.indexOf(file.split('/')[1] ?? '');
  return at === -1 ? ORDER.length : at;
}

function plan(files: readonly string[]): Phase[] {
  const together = files.filter((file) => !KILLING.test(file) && !MEASURING.test(file) && file !== LAST);
  const phases: Phase[] = [
    // One core is left to Postgres and the servers that the tests start, unless there are but two.
    {
      files: together,
      processes: 'shared',
      concurrency: Math.max(2, Math.min(4, availableParallelism() - 1)),
      timeout: AT_LENGTH ?? 4 * MINUTE,
    },
    {
      processes: 'each',
      files: files.filter((file) => KILLING.test(file)),
      // They wait for processes to start for much of their time. At length they are to have the machine to themselves.
      concurrency: AT_LENGTH === undefined ? 2 : 1,
      timeout: AT_LENGTH ?? 8 * MINUTE,
    },
    {
      processes: 'each',
      files: files.filter((file) => MEASURING.test(file)),
      concurrency: 1,
      timeout: AT_LENGTH ?? 8 * MINUTE,
    },
    { processes: 'each', files: files.filter((file) => file === LAST), concurrency: 1, timeout: 2 * MINUTE },
  ];
  return phases.filter((phase) => phase.files.length > 0);
}

/** @returns false when something is missing that the tests need; one line says what to install */
function reportTools(needed: boolean): boolean {
  const missing: string[] = [];
  const chromium = findChromium();
  if (chromium) process.env.TEST_CHROMIUM = chromium;
  else missing.push('chromium');
  if (!findOnPath(['redis-server'])) missing.push('redis-server');
  if (missing.length === 0) return true;
  console.error(`${needed ? '' : 'perhaps '}needed and not installed: apt-get install ${missing.join(' ')}`);
  return !needed;
}

/** What the tests of this run collect; that of the last run is kept until now, to look at. */
function freshRunFolder(): string {
  const folder = join(artifacts(), 'run');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The numbers in the form of node's own runner, then a line for people. @returns the exit code */
function report(total: Total, ms: number, broken: boolean): number {
  const failed = total.failed + total.cancelled;
  console.log(
    [
      `ℹ tests ${total.tests}`,
      `ℹ suites ${total.suites}`,
      `ℹ pass ${total.passed}`,
      `ℹ fail ${total.failed}`,
      `ℹ cancelled ${total.cancelled}`,
      `ℹ skipped ${total.skipped}`,
      `ℹ todo ${total.todo}`,
      `ℹ duration_ms ${ms.toFixed(0)}`,
      `${total.passed} passed, ${failed} failed`,
    ].join('\n'),
  );
  return broken || failed > 0 || total.passed === 0 ? 1 : 0;
}

/** @returns how many connections the tests have left open */
async function countConnections(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: on(url, 'postgres') });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    return rows[0]?.n ?? 0;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Ctrl-C, a CI at its limit, a terminal that is closed, and the end of whoever started the run: `make`, by SIGKILL. */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
  onParentEnd(() => interrupted.abort());
  return interrupted.signal;
}

process.exitCode = await main(process.argv.slice(2));
