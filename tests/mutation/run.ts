/**
 * `make mutation` runs this: Stryker changes the code of each target in small ways, and for each change the target's tests run.
 * A change that no test notices has survived; ops/docs/mutation.md lists and judges these.
 * node tests/mutation/run.ts [NAME,…] [--whole]
 * With --whole all changes of a target are tried, otherwise its sample. A run that follows another tries only what has changed. Reports are in
 * .artifacts/mutation.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../server/platform/embedded.ts';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { ended, track } from '../helpers/children.ts';
import { disconnectAdmin, on, prepareTemplate, TEST_CLUSTER_SETTINGS } from '../helpers/postgres.ts';
import { createRunFolders } from '../helpers/run_folders.ts';
import { estimate, type Report, row, scoreOf } from './score.ts';
import { TARGETS, type Target } from './targets.ts';

const folder = artifacts('mutation');

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const isWhole = args.includes('--whole');
  const names = args.find((arg) => !arg.startsWith('--'))?.split(',') ?? Object.keys(TARGETS);
  const unknown = names.find((name) => !(name in TARGETS));
  if (unknown !== undefined) {
    console.error(
      `no target is called ${unknown}: there are ${Object.keys(TARGETS).join(', ')} (tests/mutation/targets.ts)`,
    );
    return 1;
  }
  const targets = targetsOf(isWhole).filter(([name]) => names.includes(name));
  const minutes = targets.reduce((sum, [, target]) => sum + target.minutes, 0);
  console.log(`${names.join(', ')}: about ${Math.ceil(minutes)} minutes when nothing was tried before`);

  const folders = createRunFolders();
  try {
    process.env.TMPDIR = join(folders.data, 'tmp');
    mkdirSync(process.env.TMPDIR, { mode: 0o755 });
    // Each copy of the repository has other paths, so what is compiled is of no use to a later run.
    process.env.NODE_COMPILE_CACHE = join(folders.data, 'compiled');
    const postgres = await startEmbeddedPostgres({ dataDir: folders.cluster, settings: TEST_CLUSTER_SETTINGS });
    process.env.TEST_POSTGRES_URL = postgres.url;
    await prepareTemplate(on(postgres.url, 'postgres'));
    await disconnectAdmin();
    let code = 0;
    for (const [name, target] of targets) if (!(await run(name, target))) code = 1;
    return code;
  } finally {
    await folders.remove();
    printScores(targetsOf(isWhole));
  }
}

type NamedTarget = readonly [name: string, target: Target];

function targetsOf(isWhole: boolean): NamedTarget[] {
  return Object.entries(TARGETS).map(([name, target]) => {
    // The first run of all tests of a target is part of its minutes, so this is rather too much.
    return [name, isWhole ? { ...target, of: 1, minutes: target.minutes * target.of } : target];
  });
}

/** Of all targets that were tried, now or before. */
function printScores(targets: readonly NamedTarget[]): void {
  const scored = targets.flatMap(([name, target]) => {
    const report = reportOf(name);
    return report === undefined
      ? []
      : [{ name, of: target.of, folder: folderOf(target), score: scoreOf(target, report) }];
  });
  console.log('| target | files | changes | tried | noticed | without an end | survived | without a test | score |');
  for (const { name, score } of scored) console.log(row(name, score));
  for (const [folder, parts] of Map.groupBy(scored, (one) => one.folder)) {
    console.log(`${folder}: ${estimate(parts)}`);
  }
}

const folderOf = ({ code: [file = ''] }: Target): string => file.replace(/\/[^/]*$/, '');

function reportOf(name: string): Report | undefined {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined;
}

/** Stryker takes over what an earlier run found, but the sample may be another since. */
function forgetUntried(name: string): void {
  const report = reportOf(name);
  if (report === undefined) return;
  const files = Object.entries(report.files).map(([file, { mutants, ...rest }]) => {
    return [file, { ...rest, mutants: mutants.filter(({ status }) => status !== 'CompileError') }];
  });
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...report, files: Object.fromEntries(files) }));
}

/** @returns false when Stryker could not try the changes */
async function run(name: string, target: Target): Promise<boolean> {
  forgetUntried(name);
  const config = join(folder, `${name}.config.json`);
  writeFileSync(config, JSON.stringify(settings(name, target), null, 1));
  const args = [join(ROOT, 'node_modules/.bin/stryker'), 'run', config];
  const stryker = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', detached: true });
  track(stryker);
  const { code } = await ended(stryker);
  return code === 0;
}

function settings(name: string, target: Target) {
  return {
    target,
    mutate: target.code,
    testRunner: 'files',
    coverageAnalysis: 'perTest',
    plugins: [join(ROOT, 'tests/mutation/stryker.ts')],
    ignorers: ['texts for people'],
    mutator: { excludedMutations: target.texts ? [] : ['StringLiteral'] },
    checkers: target.of === 1 ? [] : ['sample'],
    concurrency: Number(process.env.MUTATION_CONCURRENCY ?? 1),
    // A change may make a loop endless; its tests may take twice their time and so many milliseconds.
    timeoutFactor: 2,
    timeoutMS: Number(process.env.MUTATION_TIMEOUT_MS ?? 10_000),
    dryRunTimeoutMinutes: 20,
    // Stryker reads a tsconfig.json by the compiler's old API.
    tsconfigFile: 'none',
    disableTypeChecks: false,
    ignorePatterns: ['.artifacts', '.data', 'ops/site/built'],
    tempDirName: join(folder, 'copy'),
    incremental: true,
    incrementalFile: join(folder, `${name}.json`),
    reporters: ['progress-append-only', 'clear-text', 'html'],
    htmlReporter: { fileName: join(folder, `${name}.html`) },
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    warnings: { unknownOptions: false },
  };
}

process.exitCode = await main(process.argv.slice(2));
