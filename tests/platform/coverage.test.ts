import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../helpers/artifacts.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { inherited } from '../helpers/processes.ts';

const CODE = `
export function size(n: number): string {
  if (n < 0) {
    return 'negative';
  }
  if (n === 0) {
    return 'nothing';
  }
  return n > 10 ? 'large' : 'small';
}

export function unused(): string {
  return 'unused';
}
`;

/** Runs `size` in one process for each list of numbers, then reports as `make test` does. */
function coverage(folder: string, processes: readonly (readonly number[])[], code = CODE) {
  const written = join(folder, 'written');
  for (const one of [written, join(folder, 'keys'), join(folder, 'server/jobs')]) mkdirSync(one, { recursive: true });
  writeFileSync(join(folder, 'keys/size.ts'), code);
  const node = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: { ...inherited(), ...env } });
  for (const numbers of processes) {
    const url = pathToFileURL(join(folder, 'keys/size.ts')).href;
    const script = `const { size } = await import('${url}'); for (const n of ${JSON.stringify(numbers)}) size(n);`;
    const ran = node(['--import', join(ROOT, 'tests/coverage/collect.ts'), '--input-type=module', '--eval', script], {
      TEST_COVERAGE: written,
    });
    assert.equal(ran.status, 0, ran.stderr);
  }
  const artifacts = join(folder, 'artifacts');
  const { status, stdout, stderr } = node(
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'tests/coverage/main.ts'), written],
    { TEST_ARTIFACTS: artifacts },
  );
  return { status, stdout, stderr, read: (name: string) => readFileSync(join(artifacts, name), 'utf8') };
}

test('adds up what several processes have run of a file, by line and branch', (t) => {
  const { status, stdout, stderr, read } = coverage(temporaryFolder(t), [[-1], [0, 11]]);
  const { total, folders, lowest } = JSON.parse(read('coverage.json'));
  // 5 of 6 lines: all but that of \`unused\`. 5 of 6 branches: all but \`small\`.
  assert.deepEqual(total, { name: 'in all', lines: 83.33, branches: 83.33 });
  assert.deepEqual(folders, [{ ...total, name: 'keys' }]);
  assert.deepEqual(lowest, [{ ...total, name: 'keys/size.ts', missing: '13' }]);
  assert.match(
    read('lcov.info'),
    /^SF:keys\/size\.ts\n(BRDA:\d+,\d+,\d+,\d+\n){6}(DA:\d+,\d+\n)*DA:13,0\nend_of_record$/m,
  );
  assert.match(stdout, /keys\/size\.ts +83\.3 +83\.3 {2}13/);
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'the tests run 83.33 % of the lines; 90 % are needed\nthe tests run 83.33 % of the branches; 85 % are needed\n',
  );
});

test('passes at the thresholds', (t) => {
  const { status, stderr } = coverage(
    temporaryFolder(t),
    [[-1, 0, 1], [11]],
    CODE.replace(/export function unused.*/s, ''),
  );
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('fails when no process has written anything, and counts files that no process has loaded', (t) => {
  const { status, read } = coverage(temporaryFolder(t), []);
  assert.equal(status, 1);
  assert.deepEqual(JSON.parse(read('coverage.json')).total, { name: 'in all', lines: 0, branches: 0 });
});
