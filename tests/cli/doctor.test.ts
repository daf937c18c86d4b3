import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { examine } from '../../server/cli/doctor.ts';
import { ok, runChecks } from '../../server/doctor/check.ts';
import { CHECKS } from '../../server/doctor/checks.ts';
import { certificateFinding } from '../../server/doctor/issuer.ts';
import { spaceFinding } from '../../server/doctor/machine.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { doctorCases } from './doctor_cases.ts';
import { networkCases } from './doctor_network_cases.ts';
import { doctorWorld } from './doctor_world.ts';

/** `cardea doctor` on deployments of which one thing is broken: its check finds it, and says what to do. */

const DAY_MS = 86_400_000;
const scope = { after };
const world = await doctorWorld(scope);
const { app, env, folder, offline } = world;
const post = await mailbox(scope);
const CASES = [...doctorCases(world), ...networkCases(world)];

describe('cardea doctor finds', () => {
  for (const { check, broken, env: given = {}, whole, overrides, state, found, remedy } of CASES) {
    test(`${check}: ${broken}`, async () => {
      const own = typeof given === 'function' ? await given() : given;
      const results = await examine(whole ?? { ...env, ...own }, { only: [check], timeout: 1 }, overrides);
      const matching = results.find((one) => one.state === state && found.test(one.found));
      assert.ok(matching, JSON.stringify(results));
      assert.equal(matching.check, check);
      const needsRemedy = state === 'warning' || state === 'error';
      assert.equal(matching.remedy !== undefined, needsRemedy, 'what is not well has a remedy, and nothing else');
      if (remedy) assert.match(matching.remedy ?? '', remedy);
    });
  }
});

test('each check of the table has a case in which it finds something broken, and a line in the document', () => {
  const found = new Set(CASES.flatMap(({ check, state }) => (state === 'warning' || state === 'error' ? [check] : [])));
  const document = readFileSync('ops/docs/doctor.md', 'utf8');
  for (const name of Object.keys(CHECKS)) {
    assert.ok(found.has(name), `no case in tests/cli breaks anything that "${name}" looks at`);
    assert.match(document, new RegExp(`^\\|.*\`${name}\`.*\\|.*\\|$`, 'm'));
  }
});

test('a healthy server has no error but that of the database of the tests, and no secret is printed', async () => {
  const { cardea } = offline;
  const ran = await cardea(['doctor', '--json'], { env });
  const errors = (ran.json as { state: string; check: string }[]).filter(({ state }) => state === 'error');
  // The database comes from a template of the run, whose entries of the audit may wait for a signature since its start.
  const own = errors.map(({ check }) => check).filter((check) => check !== 'audit');
  assert.deepEqual(new Set(own), new Set(['database settings']));
  assert.equal(ran.code, 3, 'something was found');
  const few = await cardea(['doctor', '--only', 'discovery', 'JWKS', 'keys'], { env });
  assert.equal(few.code, 0, few.stdout);
  assert.equal(few.stdout.split('\n').filter((line) => line.startsWith('ok ')).length, 4);
  for (const text of [ran.stdout, ran.stderr]) {
    for (const secret of [app.masterKey, new URL(app.databaseUrl).password]) assert.ok(!text.includes(secret));
  }
  assert.equal((await cardea(['doctor', '--only', 'nonsense'])).code, 2);
});

test('--send-mail-to sends one', async () => {
  const { cardea } = offline;
  const args = ['doctor', '--only', 'mail', '--send-mail-to', 'operator@example.com'];
  const ran = await cardea(args, { env: { CARDEA_SMTP_URL: post.url } });
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.equal((await post.next('operator@example.com')).to[0], 'operator@example.com');
});

test('what a certificate and a disk say depends on how much is left', () => {
  const valid = { valid_to: new Date(100 * DAY_MS).toUTCString(), issuer: { O: 'CA' } } as Parameters<
    typeof certificateFinding
  >[0];
  for (const [day, state] of [
    [10, 'ok'],
    [85, 'warning'],
    [98, 'error'],
    [103, 'error'],
  ] as const)
    assert.equal(certificateFinding(valid, undefined, day * DAY_MS).state, state);
  for (const [free, state] of [
    [50_000, 'ok'],
    [500, 'warning'],
    [50, 'error'],
  ] as const)
    assert.equal(spaceFinding(folder, free).state, state);
});

test('a check that fails or hangs stops no other', async () => {
  const results = await runChecks(
    {
      hangs: () => new Promise(() => {}),
      fails: () => Promise.reject(new Error('broken')),
      works: async () => ok('well'),
    },
    {} as Parameters<typeof runChecks>[1],
    { seconds: 0.05, explain: (error) => (error as Error).message },
  );
  assert.deepEqual(
    results.map(({ check, state }) => [check, state]),
    [
      ['hangs', 'error'],
      ['fails', 'error'],
      ['works', 'ok'],
    ],
  );
});
