import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { remember } from '../helpers/secrets.ts';
import { configFiles } from '../platform/config_problems.ts';
import { setUpCli } from './run_cli.ts';

/** Rotations of the pepper that were killed, and peppers that were put there by hand. Rotations that end are in `secrets.test.ts`. */

const scope = { after };
const { cardea } = await setUpCli(scope);
const [old = '', byHand = ''] = [0, 1].map(() => remember('other', randomBytes(32).toString('base64')));
const path = configFiles(scope).file('pepper', old);
const content = () => readFileSync(path, 'utf8').trim();
const rotate = (...args: string[]) =>
  cardea(['secrets', 'rotate', 'pepper', ...args], { env: { CARDEA_PASSWORD_PEPPER_FILE: path } });

async function refusesByHand(peppers: string): Promise<void> {
  writeFileSync(path, peppers);
  for (const args of [[], ['--finish']]) {
    const refused = await rotate(...args);
    assert.deepEqual([refused.code, /put there by hand/.test(refused.stderr)], [2, true], refused.stderr);
    assert.equal(content(), peppers);
  }
}

test('a rotation that was ended before servers used the new pepper goes on with it, and --finish does not remove it', async () => {
  assert.equal((await rotate()).code, 0);
  const next = remember('other', content().split(',')[0] ?? '');
  assert.equal(content(), `${next},${old}`);
  const whole = await rotate();
  assert.deepEqual([whole.code, /more than one pepper: --finish/.test(whole.stderr)], [2, true], whole.stderr);
  // As a kill leaves it, with the file that the killed one was about to put there.
  writeFileSync(path, `${old},${next}`);
  writeFileSync(`${path}.0a1b2c3d`, `${next},${old}\n`);
  const early = await rotate('--finish');
  assert.deepEqual([early.code, /run this command without --finish/.test(early.stderr)], [2, true], early.stderr);
  assert.equal(content(), `${old},${next}`);
  const resumed = await rotate();
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(content(), `${next},${old}`);
  assert.ok(!existsSync(`${path}.0a1b2c3d`), 'what the killed one left is removed');
  const finished = await rotate('--finish');
  assert.equal(finished.code, 0, finished.stderr);
  assert.equal(content(), next);
});

test('a pepper that an operator has put behind the one in use is not removed by --finish', async () => {
  const inUse = content();
  await refusesByHand(`${inUse},${byHand}`);
  await refusesByHand(`${byHand},${inUse}`);
});
