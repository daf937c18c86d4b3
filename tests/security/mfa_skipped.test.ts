import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, shown, submit, submitPassword } from '../flows/support.ts';
import { softPasskey, totpCode } from '../helpers/authenticator.ts';
import { formOf, type Page } from '../helpers/browser_session.ts';
import { deployment, type Party, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder, passkeyOptionsOn } from '../helpers/factors.ts';

/** The second factor cannot be skipped by an empty form or the form of another step (authentik CVE-2026-49443). */

const clock = { ms: Date.now() };
const now = () => clock.ms;
const app = await deployment({ after }, { now, env: { CARDEA_RATE_LIMIT: '100000' } });
const factors = await createFactorSeeder(app, now);
const own = await app.seed.party({ firstParty: true });
const party = await app.seed.party();
const strict = await app.seed.party({ firstParty: true, secondFactorRequired: true });

const FORMS: readonly Record<string, string>[] = [
  {},
  { action: '' },
  { action: 'allow' },
  { action: 'continue' },
  { action: 'later' },
  { action: 'enrol', enrolment: '', code: '000000' },
  { action: 'done' },
  { action: 'constructor' },
  { action: '__proto__' },
  { action: 'toString' },
  { action: 'passkey', assertion: '' },
  { action: 'passkey', assertion: '{}' },
  { action: 'recovery', recovery_code: '' },
  { action: 'code' },
  { code: '', trust_device: 'yes' },
  { trust_device: 'yes', action: 'trust' },
  { amr: 'mfa', 'login[amr]': 'mfa', login: '{"amr":["pwd","otp","mfa"]}', acr: 'urn:cardea:acr:2fa' },
  { step: 'consent', next: 'done', prompt: 'none', declinedEnrolment: 'true' },
];

async function assertNotSkipped(
  client: Party,
  person: Person,
  expected: 'second-factor' | 'enrol',
  more: typeof FORMS = [],
) {
  const { browser, page } = await begin(app, client);
  const waiting = await submitPassword(browser, page, person);
  assert.equal(shown(waiting), expected);
  const own = { action: 'signin', identifier: person.email, password: person.password };
  for (const form of [...FORMS, own, ...more]) {
    const { action, fields } = formOf(waiting);
    const answer: Page = await browser.post(action, { ...fields, ...form });
    assert.equal(answer.status, 400, JSON.stringify(form));
    assert.equal(shown(answer), expected, JSON.stringify(form));
    clock.ms += 25 * 3_600_000; // so that a lock does not refuse the next guess
  }
  assert.equal(shown(await browser.get(waiting.url)), expected, 'the visit is at the same step');
  const sessions = await app.db.run({ name: '', text: 'SELECT 1 FROM sessions WHERE account_id = $1' }, [person.id]);
  assert.equal(sessions.length, 0);
}

for (const [name, client] of [
  ['the operator', own],
  ['another party', party],
] as const) {
  test(`a person with a second factor has to use it, for an app of ${name}`, async () => {
    const person = await app.seed.person();
    await factors.totp(person.id);
    await assertNotSkipped(client, person, 'second-factor');
  });
}

test('a person who must set up a second factor has to do it', async () => {
  await assertNotSkipped(strict, await app.seed.person(), 'enrol', [{ action: 'code', code: '000000' }]);
});

test('a factor of a kind that the person does not have, or of another person, is refused', async () => {
  const person = await app.seed.person();
  const other = await app.seed.person();
  const passkey = softPasskey();
  await factors.passkey(person.id, passkey);
  const theirs = softPasskey();
  await factors.passkey(other.id, theirs);
  const secret = await factors.totp(other.id);
  const [code = ''] = await factors.recoveryCodes(other.id);
  const { browser, page } = await begin(app, own);
  const waiting = await submitPassword(browser, page, person);
  const assertion = theirs.get(passkeyOptionsOn(waiting), app.issuer);
  for (const form of [
    { action: 'code', code: totpCode(secret, now()) },
    { action: 'recovery', recovery_code: code },
    { action: 'passkey', assertion },
  ]) {
    assert.equal(shown(await submit(browser, waiting, form)), 'second-factor', form.action);
  }
  const right = passkey.get(passkeyOptionsOn(waiting), app.issuer);
  assert.equal(shown(await submit(browser, waiting, { action: 'passkey', assertion: right })), 'callback');
});

test('choosing another account at consent requires its own second factor', async () => {
  const person = await app.seed.person();
  const other = await app.seed.person();
  const secret = await factors.totp(person.id);
  await factors.totp(other.id);
  const { browser, page } = await begin(app, party);
  const waiting = await submitPassword(browser, page, person);
  const consent = await submit(browser, waiting, { action: 'code', code: totpCode(secret, now()) });
  assert.equal(shown(consent), 'consent');
  const again = await submit(browser, consent, { action: 'switch' });
  assert.equal(shown(again), 'sign-in');
  assert.equal(shown(await submitPassword(browser, again, other)), 'second-factor');
});
