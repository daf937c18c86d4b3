/**
 * `make test` runs this: every test file on one temporary Postgres, with one total.
 * node tests/run.ts [only=tests/keys,tests/cli] [coverage]
 * Tests that measure run alone, after the others. The search of all database dumps comes last.
 * A run of all tests fails when they run too little of the code (tests/coverage/report.ts); with `coverage` a part prints its figures.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { BrowserServer } from 'playwright-core';
import { startEmbeddedPostgres } from '../server/platform/embedded.ts';
import { artifacts, ROOT } from './helpers/artifacts.ts';
import { onParentEnd } from './helpers/children.ts';
import { findChromium, findOnPath, startSharedChromium } from './helpers/chromium.ts';
import { copyCluster } from './helpers/embedded.ts';
import { disconnectAdmin, on, prepareTemplate, TEST_CLUSTER_SETTINGS } from './helpers/postgres.ts';
import { type Phase, startRun, type Total } from './helpers/run_files.ts';
import { createRunFolders } from './helpers/run_folders.ts';

/** Milliseconds of the latest run of each file. */
const DURATIONS = 'durations.json';
/** Before durations are known, the folders with long files come first. */
const ORDER = [
  'performance',
  'browser',
  'chaos',
  'platform',
  'cli',
  'security',
  'conformance',
  'accounts',
  'flows',
  'keys',
  'records',
];
const CHAOS = /^tests\/chaos\//;
/**
 * Counting what runs takes a tenth of the time. These tests attack or use whole servers, whose parts the other folders test: the figures are
 * without them.
 */
const WITHOUT_COVERAGE =
  /^tests\/(browser|chaos|clients_of_others|conformance|deployment|documents|performance|security)\//;
const MEASURING = /^tests\/performance\//;
/** Tests that count instead of measuring time can run beside others. */
const COUNTING = ['bench', 'configuration_file', 'people_lists', 'revocations', 'statements'].map(
  (name) => `tests/performance/${name}.test.ts`,
);
/** It measures the memory of its own process, which others do not change. */
const MEASURES_ITSELF = 'tests/performance/people_import.test.ts';
const LAST = 'tests/security/database_dump.test.ts';
const MINUTE = 60_000;
/** `make chaos` has no time limit. */
const AT_LENGTH = process.env.TEST_CHAOS_LONG === 'true' ? 360 * MINUTE : undefined;

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const only = args.map((arg) => /^only=(.*)$/.exec(arg)?.[1]).find((one) => one !== undefined) || 'tests';
  const files = testFiles(only.split(',').map((one) => one.replace(/^\.\//, '').replace(/\/$/, '')));
  if (files.length === 0) {
    console.error(`no test file is in ${only}`);
    return 1;
  }
  if (!reportTools(only === 'tests')) return 1;

  const interrupted = interruption();
  const folders = createRunFolders();
  process.env.TMPDIR = join(folders.data, 'tmp');
  mkdirSync(process.env.TMPDIR, { mode: 0o755 });
  // Compiled once for all processes, and for later runs.
  process.env.NODE_COMPILE_CACHE = join(artifacts(), 'compiled');
  process.env.TEST_RUN_DIR = freshRunFolder();
  const isWhole = only === 'tests' && AT_LENGTH === undefined;
  const coverage = isWhole || args.includes('coverage') ? join(folders.data, 'coverage') : undefined;
  if (coverage !== undefined) mkdirSync(coverage);
  const tests = startRun();
  let leaked = 0;
  let isUncovered = false;
  let browser: BrowserServer | undefined;
  try {
    // Given by the test of the run, since initdb takes longer than all else of it.
    const template = process.env.TEST_CLUSTER_TEMPLATE;
    if (template !== undefined) copyCluster(template, folders.cluster);
    const postgres = await startEmbeddedPostgres({ dataDir: folders.cluster, settings: TEST_CLUSTER_SETTINGS });
    process.env.TEST_POSTGRES_URL = postgres.url;
    // Once for all files; the few of the test of the run do without.
    if (template === undefined) await prepareTemplate(on(postgres.url, 'postgres'));
    await disconnectAdmin();
    browser = await startBrowser(files);
    for (const group of plan(files, coverage)) {
      if (interrupted.aborted) break;
      await Promise.all(group.map((phases) => tests.phases(phases, interrupted)));
    }
    await tests.end();
    leaked = await countConnections(postgres.url);
    if (coverage !== undefined && !interrupted.aborted) isUncovered = (await reportCoverage(coverage)) && isWhole;
  } finally {
    await browser?.close();
    // An interrupted run ends at once, and another process removes the folders.
    if (!interrupted.aborted) await folders.remove();
  }
  const durations = { ...readDurations(), ...Object.fromEntries(tests.durations) };
  writeFileSync(join(artifacts(), DURATIONS), JSON.stringify(durations, null, 1));
  if (leaked > 0) console.error(`${leaked} database connections were still open when all tests had ended`);
  if (interrupted.aborted) console.error('interrupted');
  const code = report(tests.total, performance.now() - began, leaked > 0 || isUncovered || interrupted.aborted);
  if (code === 0 && isWhole) noteTested();
  return code;
}

/** `make release` asks at which commit all tests have passed; it was another when a file has changed since. */
function noteTested(): void {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  const { status, stdout } = git('rev-parse', 'HEAD');
  if (status !== 0 || git('status', '--porcelain').stdout !== '') return;
  writeFileSync(join(artifacts(), 'tested.json'), JSON.stringify({ commit: stdout.trim() }));
}

/** The longest first, by earlier runs on this machine, so that no long file is left alone at the end; new ones before. */
function testFiles(only: readonly string[]): string[] {
  const known = readDurations();
  return globSync('tests/**/*.test.ts', { cwd: ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => only.some((one) => file === one || file.startsWith(`${one}/`) || file.startsWith(`${one}.`)))
    .sort((a, b) => (known[b] ?? Infinity) - (known[a] ?? Infinity) || rank(a) - rank(b) || a.localeCompare(b));
}

function readDurations(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(join(artifacts(), DURATIONS), 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

function rank(file: string): number {
  const at = ORDER.indexOf(file.split('/')[1] ?? '');
  return at === -1 ? ORDER.length : at;
}

/** @returns groups, one after the other; the rows of phases of a group run at the same time */
function plan(files: readonly string[], coverage: string | undefined): Phase[][][] {
  // In its long form a test of chaos needs all processors, and has no time limit.
  const isKilling = (file: string) => AT_LENGTH !== undefined && CHAOS.test(file);
  // A copied library replaces the original for the whole process.
  const isAlone = (file: string) => file === MEASURES_ITSELF || mentions(file, 'renamed_library');
  const isMeasuring = (file: string) => MEASURING.test(file) && !COUNTING.includes(file) && file !== MEASURES_ITSELF;
  const isShared = (file: string) => !isKilling(file) && !isAlone(file) && !isMeasuring(file) && file !== LAST;
  const isPlain = (file: string) => coverage !== undefined && WITHOUT_COVERAGE.test(file);
  const shared: Phase = {
    files: files.filter((file) => isShared(file) && !isPlain(file)),
    processes: 'shared',
    // One more than the cores, since each process sometimes waits for Postgres, servers and timeouts.
    concurrency: Math.min(4, availableParallelism() + 1),
    timeout: AT_LENGTH ?? 4 * MINUTE,
    coverage,
  };
  const plain: Phase = {
    ...shared,
    files: files.filter((file) => isShared(file) && isPlain(file)),
    coverage: undefined,
  };
  const killing: Phase = {
    files: files.filter((file) => isKilling(file) || isAlone(file)),
    processes: 'each',
    concurrency: 1,
    timeout: AT_LENGTH ?? 8 * MINUTE,
  };
  const measuring: Phase = { ...killing, files: files.filter(isMeasuring) };
  const last: Phase = { ...killing, files: files.filter((file) => file === LAST) };
  const groups =
    AT_LENGTH === undefined
      ? [[[plain, shared], [killing]], [[measuring]], [[last]]]
      : [[[plain, shared]], [[killing]], [[measuring]], [[last]]];
  return groups.map((group) => group.map((phases) => phases.filter(({ files }) => files.length > 0)));
}

/** @returns false when a tool is missing that the tests need; one line says what to install */
function reportTools(needed: boolean): boolean {
  const missing: string[] = [];
  const chromium = findChromium();
  if (chromium) process.env.TEST_CHROMIUM = chromium;
  else missing.push('chromium');
  if (!findOnPath(['redis-server'])) missing.push('redis-server');
  if (!findOnPath(['ps'])) missing.push('procps');
  if (missing.length === 0) return true;
  console.error(`${needed ? '' : 'perhaps '}needed and not installed: apt-get install ${missing.join(' ')}`);
  return !needed;
}

/** The folder for the data that tests collect; the last run's data is kept until now for inspection. */
function freshRunFolder(): string {
  const folder = join(artifacts(), 'run');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Prints how much of the code the tests have run. It is a process of its own since `node:module` warns of the function that
 * it needs.
 * @returns whether that is too little
 */
async function reportCoverage(folder: string): Promise<boolean> {
  const args = ['--disable-warning=ExperimentalWarning', 'tests/coverage/main.ts', folder];
  const [code] = await once(
    spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }),
    'exit',
  );
  return code !== 0;
}

/**
 * Prints the numbers in the form of node's own runner, then a line for people.
 * @returns the exit code
 */
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

/** @returns the number of connections that the tests have left open */
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

function mentions(file: string, text: string): boolean {
  return readFileSync(join(ROOT, file), 'utf8').includes(text);
}

/** One browser for all files, started when a file needs it. */
async function startBrowser(files: readonly string[]): Promise<BrowserServer | undefined> {
  if (!files.some((file) => mentions(file, 'launchChromium(')) || !findChromium()) return undefined;
  const browser = await startSharedChromium();
  process.env.TEST_BROWSER = browser.wsEndpoint();
  return browser;
}

/**
 * Aborts on Ctrl-C, a CI timeout, a closed terminal, and the end of the parent process, such as `make`, even by
 * SIGKILL.
 */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
  onParentEnd(() => interrupted.abort());
  return interrupted.signal;
}

process.exitCode = await main(process.argv.slice(2));
