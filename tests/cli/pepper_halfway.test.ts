import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { filesBeside } from '../../server/platform/secret_leftovers.ts';
import { remember } from '../helpers/secrets.ts';
import { configFiles } from '../platform/config_problems.ts';
import { setUpCli } from './run_cli.ts';

/** A rotation of the pepper that was killed. Rotations that end are in `secrets.test.ts`. */

const scope = { after };
const { cardea } = await setUpCli(scope);
const [old = '', next = ''] = [0, 1].map(() => remember('other', randomBytes(32).toString('base64')));
const path = configFiles(scope).file('pepper', `${old},${next}`);
const content = () => readFileSync(path, 'utf8').trim();
const rotate = (...args: string[]) =>
  cardea(['secrets', 'rotate', 'pepper', ...args], { env: { CARDEA_PASSWORD_PEPPER_FILE: path } });

test('a rotation that was ended before servers used the new pepper goes on with it, and --finish does not remove it', async () => {
  // Without what was left this is a rotation whose first pepper is the new one.
  const whole = await rotate();
  assert.deepEqual([whole.code, /more than one pepper: --finish/.test(whole.stderr)], [2, true], whole.stderr);
  writeFileSync(`${path}.0a1b2c3d`, `${next},${old}\n`);
  const early = await rotate('--finish');
  assert.deepEqual([early.code, /run this command without --finish/.test(early.stderr)], [2, true], early.stderr);
  assert.equal(content(), `${old},${next}`);
  const resumed = await rotate();
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(content(), `${next},${old}`);
  assert.deepEqual(filesBeside(path), []);
  const finished = await rotate('--finish');
  assert.equal(finished.code, 0, finished.stderr);
  assert.equal(content(), next);
});
