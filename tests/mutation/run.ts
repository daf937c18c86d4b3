/**
 * `make mutation` runs this: Stryker changes the code of each target in small ways, and for each change the target's tests run.
 * A change that no test notices has survived; ops/docs/testing.md lists and judges these.
 * node tests/mutation/run.ts [NAME,…]
 * A run that follows another tries only what has changed. Reports are in .artifacts/mutation.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { TARGETS, type Target } from './targets.ts';

const folder = artifacts('mutation');
const names = process.argv[2] ? process.argv[2].split(',') : Object.keys(TARGETS);
for (const name of names) {
  const target = TARGETS[name];
  if (!target) {
    console.error(
      `no target is called ${name}: there are ${Object.keys(TARGETS).join(', ')} (tests/mutation/targets.ts)`,
    );
    process.exitCode = 1;
    continue;
  }
  const config = join(folder, `${name}.config.json`);
  writeFileSync(config, JSON.stringify(settings(name, target), null, 1));
  const stryker = spawn(join(ROOT, 'node_modules/.bin/stryker'), ['run', config], { cwd: ROOT, stdio: 'inherit' });
  const [code] = await once(stryker, 'exit');
  if (code !== 0) process.exitCode = 1;
}

function settings(name: string, { code, tests }: Target) {
  return {
    mutate: code,
    testRunner: 'command',
    commandRunner: { command: `node --test ${tests.join(' ')}` },
    plugins: [],
    checkers: [],
    concurrency: 1,
    // Stryker reads a tsconfig.json by the compiler's old API.
    tsconfigFile: 'none',
    ignorePatterns: ['ops', '*.md', '.artifacts', '.data'],
    tempDirName: join(folder, 'copy'),
    incremental: true,
    incrementalFile: join(folder, `${name}.json`),
    reporters: ['clear-text', 'html'],
    htmlReporter: { fileName: join(folder, `${name}.html`) },
    clearTextReporter: { allowColor: false, logTests: false },
  };
}
