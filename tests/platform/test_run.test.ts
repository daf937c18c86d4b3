import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { ended, track } from '../helpers/children.ts';
import { findChromium } from '../helpers/chromium.ts';
import { clusterTemplate } from '../helpers/embedded.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { inherited } from '../helpers/processes.ts';
import { isAlive, until } from '../helpers/waiting.ts';

/** tests/run.ts, which `make test` runs. */
describe('the run of all tests', { concurrency: true }, () => {
  test('fails without a test', () => {
    const done = spawnSync(process.execPath, ['tests/run.ts', 'only=tests/nothing'], { cwd: ROOT, encoding: 'utf8' });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /no test file is in tests\/nothing/);
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`ended by ${signal} leaves no Postgres and no folder, not even those of its tests`, async (t) => {
      const run = await start(t, ['tests/run.ts', `only=${STARTS_POSTGRES}`]);
      const postmasters = await until(
        'a test has started Postgres beside that of the run',
        () => {
          const found = postmastersOf(run.pid);
          return found.length >= 2 && found;
        },
        { withinMs: 60_000 },
      );
      run.kill(signal);
      await ended(run);
      await until('everything has ended', () => isGone(run.pid, postmasters), { withinMs: 30_000 });
    });
  }

  test('ends with its parent process', async (t) => {
    const script = `require('node:child_process').spawn(process.execPath, ['tests/run.ts', 'only=${STARTS_POSTGRES}'], { stdio: 'inherit' }).on('spawn', function () { console.log(this.pid) })`;
    const parent = await start(t, ['--eval', script]);
    assert.ok(parent.stderr);
    const stderr = text(parent.stderr);
    const pid = await new Promise<number>((done) => parent.stdout?.once('data', (line) => done(Number(line))));
    const postmasters = await until(
      'Postgres has started',
      () => {
        const found = postmastersOf(pid);
        return found.length >= 1 && found;
      },
      { withinMs: 60_000 },
    );
    parent.kill('SIGKILL');
    await until('everything has ended', () => !isAlive(pid) && isGone(pid, postmasters), { withinMs: 30_000 });
    assert.match(await stderr, /^interrupted$/m, 'it did not just come to its end');
  });
});

describe('files that share a process', () => {
  const FILES = {
    passes: `test('passes', () => {});`,
    fails: `test('fails', () => { throw new Error(); });`,
    throws: `test('passes', () => {}); throw new Error();`,
    'leaves-open': `test('passes', () => { createServer().listen(0); });`,
    exits: `test('passes', () => {}); test('exits', () => process.exit(0));`,
    hangs: `test('hangs', () => new Promise((done) => setTimeout(done, 60_000)));`,
    late: `test('passes', () => { setTimeout(() => { throw new Error(); }, 1); });`,
    'passes-too': `test('passes', () => {});`,
  };

  test('fail or pass separately, and the next ones run', (t) => {
    const folder = temporaryFolder(t);
    const files = Object.entries(FILES).map(([name, text]) => {
      const file = join(folder, `${name}.test.mjs`);
      writeFileSync(file, `import { test } from 'node:test'; import { createServer } from 'node:net'; ${text}`);
      return file;
    });
    const script = `
      import { startRun } from '${join(ROOT, 'tests/helpers/run_files.ts')}';
      const run = startRun();
      const phase = { files: ${JSON.stringify(files)}, concurrency: 1, timeout: 2_000, processes: 'shared' };
      await run.phases([phase], new AbortController().signal);
      await run.end();
      console.log(JSON.stringify(run.total));`;
    writeFileSync(join(folder, 'run.ts'), script);
    const done = spawnSync(process.execPath, [join(folder, 'run.ts')], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...inherited(), TMPDIR: folder },
    });
    assert.deepEqual(JSON.parse(done.stdout.trimEnd().split('\n').at(-1) ?? ''), {
      ...{ tests: 11, passed: 5, failed: 5, cancelled: 2 },
      ...{ suites: 0, skipped: 0, todo: 0 },
    });
    const failed = [...done.stdout.matchAll(/^✖ \S+\/([^/]+)\.test\.mjs/gm)].map(([, name]) => name);
    assert.deepEqual([...new Set(failed)], ['fails', 'throws', 'leaves-open', 'exits', 'hangs']);
    assert.match(done.stdout, /late\.test\.mjs:1:\d+ generated asynchronous activity/);
  });
});

const STARTS_POSTGRES = 'tests/platform/embedded.test.ts';

/** Runs node with its own folders, so that it does not remove what the outer run has collected. */
async function start(t: TestContext, args: readonly string[]): Promise<ChildProcess> {
  const folder = temporaryFolder(t);
  const env = {
    ...inherited(),
    TMPDIR: folder,
    TEST_ARTIFACTS: folder,
    TEST_CHROMIUM: findChromium() ?? '',
    TEST_CLUSTER_TEMPLATE: await clusterTemplate(),
  };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  track(child);
  return child;
}

/** The names of a run's folders contain its process id. */
function foldersOf(run: number | undefined): string[] {
  return [tmpdir(), '/dev/shm'].flatMap((cwd) =>
    globSync(`{,cardea-test-*/}cardea-test-*-${run}-*`, { cwd }).map((folder) => join(cwd, folder)),
  );
}

function postmastersOf(run: number | undefined): number[] {
  return foldersOf(run)
    .flatMap((cwd) => globSync('{,tmp/*/}postgres/postmaster.pid', { cwd }).map((file) => join(cwd, file)))
    .flatMap((file) => {
      try {
        return [Number(readFileSync(file, 'utf8').split('\n')[0])].filter((pid) => pid > 0);
      } catch {
        return []; // it has just ended
      }
    });
}

function isGone(run: number | undefined, postmasters: readonly number[]): boolean {
  return foldersOf(run).length === 0 && !postmasters.some(isAlive);
}

test('processes that a test started end when the test process is killed', async (t) => {
  const folder = temporaryFolder(t);
  const script = join(folder, 'parent.ts');
  const helper = JSON.stringify(join(ROOT, 'tests', 'helpers', 'children.ts'));
  writeFileSync(
    script,
    `import { spawn } from 'node:child_process';
     import { track } from ${helper};
     const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
     track(child);
     console.log(child.pid);
     process.kill(process.pid, 'SIGTERM');
     setInterval(() => {}, 1000);`,
  );
  const done = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 30_000 });
  assert.equal(done.status, 143);
  const pid = Number(done.stdout.trim());
  assert.ok(pid > 0);
  await until('the child has ended', () => !isAlive(pid));
});
