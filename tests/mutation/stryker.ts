/** Plugins of Stryker (tests/mutation/run.ts): it runs the test files of a target, and leaves out what is not tried. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StrykerOptions } from '@stryker-mutator/api/core';
import {
  commonTokens,
  declareFactoryPlugin,
  declareValuePlugin,
  PluginKind,
  tokens,
} from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
} from '@stryker-mutator/api/test-runner';
import pg from 'pg';
import { on } from '../helpers/postgres.ts';
import { createSample, textsForPeople } from './choice.ts';
import type { Target } from './targets.ts';

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'files', createRunner),
  declareFactoryPlugin(PluginKind.Checker, 'sample', createChecker),
  declareValuePlugin(PluginKind.Ignore, 'texts for people', textsForPeople),
];

/** Stryker gives its plugins the whole configuration, with what run.ts has put there. */
const targetOf = (options: StrykerOptions) => options.target as Target;

createRunner.inject = tokens(commonTokens.options);
createChecker.inject = tokens(commonTokens.options);

function createChecker(options: StrykerOptions) {
  return createSample(targetOf(options));
}

/** Stryker ends this process when it has exceeded its time, so the run of a change ends a moment before. */
const MARGIN_MS = 1_000;

/**
 * The first run notes for each test file which changes it meets. Only these files run for a change, in one process and in the order of the
 * target, up to the first test that fails.
 */
function createRunner(options: StrykerOptions): TestRunner {
  const { tests } = targetOf(options);
  let admin: Promise<pg.Client> | undefined;

  /** Those that a process left behind which ended at a failure. */
  async function dropDatabases(pid: number): Promise<void> {
    admin ??= connect();
    const client = await admin;
    const { rows } = await client.query<{ name: string }>(
      "SELECT quote_ident(datname) AS name FROM pg_database WHERE datname LIKE format('test\\_%s\\_%%', $1::text)",
      [pid],
    );
    for (const { name } of rows) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  return {
    capabilities: () => ({ reloadEnvironment: true }),
    async dryRun() {
      const results: TestResult[] = [];
      const perTest: Record<string, Record<string, number>> = {};
      for (const file of tests) {
        const noted = join(tmpdir(), `mutation-coverage-${process.pid}.json`);
        const began = performance.now();
        const { failed, output } = await runFiles([file], { MUTATION_COVERAGE: noted });
        // A changed file counts as another test, so that a later run tries again what the old one did not notice.
        const name = `${file} ${createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12)}`;
        const named = { id: file, name, fileName: file, timeSpentMs: performance.now() - began };
        perTest[file] = JSON.parse(readFileSync(noted, 'utf8'));
        results.push(
          failed
            ? { ...named, status: TestStatus.Failed, failureMessage: output }
            : { ...named, status: TestStatus.Success },
        );
      }
      return { status: DryRunStatus.Complete, tests: results, mutantCoverage: { static: {}, perTest } };
    },
    async mutantRun({
      activeMutant,
      testFilter = [...tests],
      timeout,
      hitLimit,
    }: MutantRunOptions): Promise<MutantRunResult> {
      const env = {
        __STRYKER_ACTIVE_MUTANT__: activeMutant.id,
        ...(hitLimit === undefined ? {} : { MUTATION_HIT_LIMIT: String(hitLimit) }),
      };
      const { failed, output, pid, isLate } = await runFiles(testFilter, env, timeout - MARGIN_MS);
      if (failed) await dropDatabases(pid);
      if (isLate) return { status: MutantRunStatus.Timeout };
      const nrOfTests = testFilter.length;
      if (!failed) return { status: MutantRunStatus.Survived, nrOfTests };
      const killedBy = testFilter.filter((file) => output.includes(file)).slice(0, 1);
      return { status: MutantRunStatus.Killed, killedBy, failureMessage: output, nrOfTests };
    },
    async dispose() {
      await admin?.then((client) => client.end());
    },
  };
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: on(process.env.TEST_POSTGRES_URL ?? '', 'postgres') });
  client.on('error', () => {});
  await client.connect();
  return client;
}

interface Ran {
  readonly failed: boolean;
  /** The name of the test that failed, and what the process wrote. */
  readonly output: string;
  readonly pid: number;
  readonly isLate: boolean;
}

/** The working directory is Stryker's copy of the repository. */
function runFiles(files: readonly string[], env: NodeJS.ProcessEnv, timeoutMs?: number): Promise<Ran> {
  const args = ['--test-reporter=./tests/mutation/first_failure.ts', 'tests/mutation/try.ts', ...files];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(0, 2_000);
    });
  }
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs ?? 600_000);
    child.once('error', reject);
    // "exit" and not "close": a process that the tests have started may keep the pipes.
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve({ failed: code !== 0, output, pid: child.pid ?? 0, isLate });
    });
  });
}
