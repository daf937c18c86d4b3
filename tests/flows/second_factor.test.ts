import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { changePassword } from '../helpers/account_changes.ts';
import { codesOn, secretOn, softPasskey, totpCode } from '../helpers/authenticator.ts';
import type { BrowserSession, Page } from '../helpers/browser_session.ts';
import { type Deployment, deployment, type Party, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder, passkeyOptionsOn } from '../helpers/factors.ts';
import { attributeOf, textOf } from '../helpers/html.ts';
import { redeem } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { type Begun, begin, callbackOf, idTokenOf, shown, submit, submitPassword } from './support.ts';

const TWO_FACTORS = 'urn:cardea:acr:2fa';
const ONE_FACTOR = 'urn:cardea:acr:1fa';
const clock = { ms: Date.now() };
const now = () => clock.ms;
const app = await deployment({ after }, { now });
const factors = await createFactorSeeder(app, now);
const outbox = join(app.dataDir, 'outbox');
const party = await app.seed.party({ firstParty: true });

/** The ID token at the end of a sign-in. */
async function idTokenAtCallback(at: Page, begun: Begun, client: Party = party, deployed: Deployment = app) {
  const { code = '' } = callbackOf(at);
  const { body } = await redeem(deployed.issuer, client, { code, verifier: begun.verifier });
  return idTokenOf(body);
}

async function atSecondFactor(person: Person, browser?: BrowserSession) {
  const begun = await begin(app, party, {}, browser);
  const page = await submitPassword(begun.browser, begun.page, person);
  assert.equal(shown(page), 'second-factor');
  return { ...begun, page };
}

test('a person with an authenticator app enters a code, and acr and amr say so', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const begun = await atSecondFactor(person);
  const wrong = await submit(begun.browser, begun.page, { action: 'code', code: '000000' });
  assert.deepEqual([wrong.status, shown(wrong)], [400, 'second-factor']);
  const claims = await idTokenAtCallback(
    await submit(begun.browser, begun.page, { action: 'code', code: totpCode(secret, now()) }),
    begun,
  );
  assert.equal(claims.acr, TWO_FACTORS);
  assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa']);
});

test('a person without one signs in with the password, and acr and amr say so', async () => {
  const person = await app.seed.person();
  const begun = await begin(app, party);
  const claims = await idTokenAtCallback(await submitPassword(begun.browser, begun.page, person), begun);
  assert.equal(claims.acr, ONE_FACTOR);
  assert.deepEqual(claims.amr, ['pwd']);
});

test('a code works once', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const code = totpCode(secret, now());
  const first = await atSecondFactor(person);
  assert.equal(shown(await submit(first.browser, first.page, { action: 'code', code })), 'callback');
  const second = await atSecondFactor(person);
  assert.equal(shown(await submit(second.browser, second.page, { action: 'code', code })), 'second-factor');
});

test('a recovery code works in its place, once, and is a security event', async () => {
  const person = await app.seed.person();
  await factors.totp(person.id);
  const [code = ''] = await factors.recoveryCodes(person.id);
  const first = await atSecondFactor(person);
  const claims = await idTokenAtCallback(
    await submit(first.browser, first.page, { action: 'recovery', recovery_code: code.toUpperCase() }),
    first,
  );
  assert.deepEqual([claims.acr, claims.amr], [TWO_FACTORS, ['pwd', 'otp', 'mfa']]);
  const second = await atSecondFactor(person);
  const again = await submit(second.browser, second.page, { action: 'recovery', recovery_code: code });
  assert.deepEqual([again.status, shown(again)], [400, 'second-factor']);
  const kinds = await app.db.run({ name: '', text: 'SELECT kind FROM security_events WHERE account_id = $1' }, [
    person.id,
  ]);
  assert.ok(kinds.some(({ kind }) => kind === 'recovery_code_used'));
});

test('three wrong codes lock that factor only, and a lock looks like a wrong code', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const [recovery = ''] = await factors.recoveryCodes(person.id);
  const begun = await atSecondFactor(person);
  const wrong = { action: 'code', code: '000000' };
  const bodies: string[] = [];
  for (let tries = 0; tries < 3; tries += 1) bodies.push((await submit(begun.browser, begun.page, wrong)).body);
  const locked = await submit(begun.browser, begun.page, { action: 'code', code: totpCode(secret, now()) });
  assert.equal(locked.status, 400);
  assert.deepEqual(new Set([...bodies, locked.body]).size, 1, 'the same page, byte for byte');
  assert.equal(
    shown(await submit(begun.browser, begun.page, { action: 'recovery', recovery_code: recovery })),
    'callback',
  );
  clock.ms += 16 * 60_000;
  const later = await atSecondFactor(person);
  const right = await submit(later.browser, later.page, { action: 'code', code: totpCode(secret, now()) });
  assert.equal(shown(right), 'callback', 'after a quarter of an hour');
});

test('input that cannot be a code is reported and costs no guess, and a code is accepted as people type it', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const [recovery = ''] = await factors.recoveryCodes(person.id);
  const begun = await atSecondFactor(person);
  const tries = [
    [{ action: 'code', code: '12345x' }, 'code_format'],
    [{ action: 'code', code: '' }, 'code_format'],
    [{ action: 'recovery', recovery_code: `${recovery.slice(1)}u` }, 'recovery_code_format'],
  ] as const;
  for (const [fields, error] of tries) {
    for (let times = 0; times < 2; times += 1) {
      const page = await submit(begun.browser, begun.page, fields);
      assert.deepEqual([page.status, shown(page)], [400, 'second-factor']);
      assert.equal(textOf(page, '#error-message'), en[`second-factor.error.${error}`]);
    }
  }
  const rows = await app.db.run({ name: '', text: 'SELECT factor FROM attempts WHERE account_id = $1' }, [person.id]);
  assert.deepEqual(rows, [{ factor: 'password' }]);
  const typed = totpCode(secret, now()).replace(/^(...)(...)$/, '$1‑$2');
  const fullWidth = typed.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
  assert.equal(shown(await submit(begun.browser, begun.page, { action: 'code', code: fullWidth })), 'callback');
});

test('a passkey signs in alone: two factors, no name, no password', async () => {
  const person = await app.seed.person();
  const passkey = softPasskey({ backedUp: true });
  await factors.passkey(person.id, passkey);
  const begun = await begin(app, party);
  const assertion = passkey.get(passkeyOptionsOn(begun.page), app.issuer);
  const claims = await idTokenAtCallback(
    await submit(begun.browser, begun.page, { action: 'passkey', assertion }),
    begun,
  );
  assert.deepEqual([claims.sub, claims.acr, claims.amr], [person.id, TWO_FACTORS, ['swk', 'user', 'mfa']]);
});

test('a passkey without user verification is a second factor only', async () => {
  const person = await app.seed.person();
  const passkey = softPasskey({ userVerification: false });
  await factors.passkey(person.id, passkey);
  const begun = await begin(app, party);
  const alone = passkey.get(passkeyOptionsOn(begun.page), app.issuer);
  const refused = await submit(begun.browser, begun.page, { action: 'passkey', assertion: alone });
  assert.deepEqual([refused.status, shown(refused)], [400, 'sign-in']);
  const page = await submitPassword(begun.browser, begun.page, person);
  const assertion = passkey.get(passkeyOptionsOn(page), app.issuer, { userHandle: undefined });
  const claims = await idTokenAtCallback(await submit(begun.browser, page, { action: 'passkey', assertion }), begun);
  assert.deepEqual([claims.acr, claims.amr], [TWO_FACTORS, ['pwd', 'hwk', 'mfa']]);
});

test('an assertion works only in the visit that it was made for', async () => {
  const person = await app.seed.person();
  const passkey = softPasskey();
  await factors.passkey(person.id, passkey);
  const here = await begin(app, party);
  const there = await begin(app, party);
  const assertion = passkey.get(passkeyOptionsOn(here.page), app.issuer);
  assert.equal(shown(await submit(there.browser, there.page, { action: 'passkey', assertion })), 'sign-in');
  assert.equal(shown(await submit(here.browser, here.page, { action: 'passkey', assertion })), 'callback');
});

test('a passkey whose counter decreases is refused, logged and reported to the person', async () => {
  const person = await app.seed.person();
  const passkey = softPasskey({ counter: 7 });
  await factors.passkey(person.id, passkey);
  passkey.counter = 5;
  const begun = await begin(app, party);
  const assertion = passkey.get(passkeyOptionsOn(begun.page), app.issuer);
  assert.equal(shown(await submit(begun.browser, begun.page, { action: 'passkey', assertion })), 'sign-in');
  assert.ok(app.logLines.some((line) => line.includes('its counter fell back')));
  const events = { name: '', text: 'SELECT kind FROM security_events WHERE account_id = $1' };
  assert.deepEqual(await app.db.run(events, [person.id]), [{ kind: 'passkey_refused' }], 'and the person gets a mail');
});

test('an app that requires two factors gets them from everybody; a person without one sets one up', async () => {
  const person = await app.seed.person();
  const strict = await app.seed.party({ firstParty: true, secondFactorRequired: true });
  const begun = await begin(app, strict);
  const enrol = await submitPassword(begun.browser, begun.page, person);
  assert.equal(shown(enrol), 'enrol');
  assert.ok(!enrol.body.includes('value="later"'), 'it cannot be skipped');
  assert.ok(enrol.body.includes('<svg class="qr"'));
  const secret = remember('totp_secret', secretOn(enrol));
  const skipped = await submit(begun.browser, enrol, { action: 'later' });
  assert.deepEqual([skipped.status, shown(skipped)], [400, 'enrol']);
  const wrong = await submit(begun.browser, enrol, { action: 'enrol', code: '12345x' });
  assert.deepEqual([wrong.status, secretOn(wrong)], [400, secret], 'the same secret again');

  const codes = await submit(begun.browser, wrong, { action: 'enrol', code: totpCode(secret, now()) });
  assert.equal(shown(codes), 'recovery-codes');
  const [recovery = ''] = codesOn(codes).map((code) => remember('recovery_code', code));
  assert.equal(codesOn(codes).length, 10);
  const next = attributeOf(codes, '#next', 'href') ?? '';
  const claims = await idTokenAtCallback(await begun.browser.follow(await begun.browser.get(next)), begun, strict);
  assert.deepEqual([claims.acr, claims.amr], [TWO_FACTORS, ['pwd', 'otp', 'mfa']]);

  clock.ms += 30_000;
  const again = await begin(app, party);
  const second = await submitPassword(again.browser, again.page, person);
  assert.equal(shown(second), 'second-factor', 'from now on, for every app');
  assert.equal(shown(await submit(again.browser, second, { action: 'recovery', recovery_code: recovery })), 'callback');
  const hasMail = () => existsSync(outbox) && readdirSync(outbox).some((name) => name.includes('factor_added'));
  await until('the person gets a mail', hasMail);
});

test('an app that requires two factors does not accept a session with one', async () => {
  const person = await app.seed.person();
  const strict = await app.seed.party({ firstParty: true, secondFactorRequired: true });
  const begun = await begin(app, party);
  assert.equal(shown(await submitPassword(begun.browser, begun.page, person)), 'callback');
  assert.equal(shown((await begin(app, strict, {}, begun.browser)).page), 'sign-in');
  const silent = await begin(app, strict, { prompt: 'none' }, begun.browser);
  assert.equal(callbackOf(silent.page).error, 'login_required');
  const weaker = await begin(app, strict, { acr_values: ONE_FACTOR, prompt: 'none' }, begun.browser);
  assert.equal(callbackOf(weaker.page).error, 'login_required', 'even when the request asks for less');
});

test('a sign-in with an old password cannot set up a factor after the password was changed', async () => {
  const person = await app.seed.person();
  const strict = await app.seed.party({ firstParty: true, secondFactorRequired: true });
  const begun = await begin(app, strict);
  const enrol = await submitPassword(begun.browser, begun.page, person);
  await app.db.transact(await changePassword(app.seed.accounts, person.id));
  const code = totpCode(remember('totp_secret', secretOn(enrol)), now());
  assert.equal(shown(await submit(begun.browser, enrol, { action: 'enrol', code })), 'error');
  assert.deepEqual((await app.seed.accounts.findById(person.id))?.secondFactors, []);
});

test('a factor that is set up elsewhere meanwhile is asked for', async () => {
  const person = await app.seed.person();
  const strict = await app.seed.party({ firstParty: true, secondFactorRequired: true });
  const begun = await begin(app, strict);
  const enrol = await submitPassword(begun.browser, begun.page, person);
  await factors.totp(person.id);
  const code = totpCode(remember('totp_secret', secretOn(enrol)), now());
  const answer = await submit(begun.browser, enrol, { action: 'enrol', code });
  assert.equal(shown(answer), 'second-factor', 'a form of another step is ignored');
});
