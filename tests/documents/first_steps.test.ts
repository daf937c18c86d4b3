import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { commandsOf } from '../helpers/page_commands.ts';
import { inherited } from '../helpers/processes.ts';

/** Runs the commands of ops/docs/first-steps.md for a first change, in a copy of what they read. */

const COPIED = ['package.json', 'server', 'tests/views', 'tests/helpers'];
const folder = mkdtempSync(join(artifacts(), 'first-steps-'));
after(() => rmSync(folder, { recursive: true, force: true }));
for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
for (const name of ['node_modules', 'keys', 'migrations', 'ops']) symlinkSync(join(ROOT, name), join(folder, name));
const env = { ...inherited(), PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` };

function run(text: string) {
  // As in the tests of the quick starts: `npx` without the start of npm.
  const { status, stdout } = spawnSync('bash', ['-c', `npx() { "$@"; }\n${text}`], { cwd: folder, env });
  return { status, output: String(stdout) };
}

test('the first test of a newcomer fails before the change, and passes after it', () => {
  const [red, green] = commandsOf('first-steps.md').filter(({ text }) => text.includes('npx node --test tests/views'));
  assert.ok(red && green);
  const before = run(red.text);
  assert.equal(before.status, 1, before.output);
  assert.match(before.output, /✖ the sign-in page begins its lead with a capital letter/);
  assert.match(before.output, /^ℹ fail 1$/m);
  const changed = run(green.text);
  assert.equal(changed.status, 0, changed.output);
});
