import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { namesUnder } from '../../server/views/messages.ts';
import { blamed, eventsOf, openAccount, pathOf, press } from '../helpers/account.ts';
import { codesOn, secretOn, softPasskey, totpCode } from '../helpers/authenticator.ts';
import { browserSession, type Page } from '../helpers/browser_session.ts';
import { type Deployment, deployment } from '../helpers/deployment.ts';
import { createFactorSeeder, passkeyOptionsOn } from '../helpers/factors.ts';
import { attributeOf, fieldValue, has, textOf, textsOf } from '../helpers/html.ts';
import { message } from '../helpers/messages.ts';
import { submit } from './support.ts';

/** The account pages for what a person signs in with: password, second factors, passkeys. */
const clock = { ms: Date.now() };
const app: Deployment = await deployment({ after }, { now: () => clock.ms });

describe('the password', () => {
  test('is changed; the new one signs in and the old one does not', async () => {
    const person = await app.seed.person();
    const { browser, page } = await openAccount(app, person, '/account/password');
    const done = await press(browser, page, 'change', { new_password: 'Another-Horse-Battery-7' });
    assert.equal(pathOf(done), '/account/password?done=password', done.body);
    assert.equal((await browser.follow(done)).status, 200, 'this browser stays signed in');
    assert.ok((await eventsOf(app, person)).includes('password_changed'));
    const stranger = await openAccount(app, person);
    assert.equal(stranger.page.status, 400);
    const again = await openAccount(app, { ...person, password: 'Another-Horse-Battery-7' });
    assert.equal(pathOf(again.page), '/account');
  });

  test('is refused with the rule that it breaks', async () => {
    const person = await app.seed.person();
    const { browser, page } = await openAccount(app, person, '/account/password');
    const refused = await press(browser, page, 'change', { new_password: 'short' });
    assert.equal(refused.status, 400);
    assert.equal(attributeOf(refused, '#rule-too-short', 'data-state'), 'failed');
    assert.deepEqual(blamed(refused), ['new_password']);
    assert.doesNotMatch(refused.body, /value="short"/, 'a password is never sent back');
    assert.equal((await eventsOf(app, person)).includes('password_changed'), false);
  });
});

describe('second factors', () => {
  test('an authenticator app is set up with a code, gives recovery codes, and can be removed', async () => {
    const person = await app.seed.person();
    const { browser, page } = await openAccount(app, person, '/account/authenticator');
    const secret = secretOn(page);
    assert.ok(has(page, 'svg.qr'));
    const wrong = await press(browser, page, 'confirm', { code: '000000' });
    assert.equal(wrong.status, 400);
    assert.deepEqual(blamed(wrong), ['code']);
    assert.equal(secretOn(wrong), secret, 'the same secret again, as it may have been scanned already');
    const shown = await press(browser, wrong, 'confirm', { code: ` ${totpCode(secret, clock.ms)} ` });
    assert.equal(shown.status, 200);
    assert.equal(codesOn(shown).length, 10);
    assert.deepEqual((await app.seed.accounts.findById(person.id))?.secondFactors, ['totp']);
    assert.ok((await eventsOf(app, person)).includes('totp_added'));
    const overview = await browser.get('/account');
    const details = textsOf(overview, '#row-second-factor bdi');
    assert.ok(details.includes(message('account.overview.second-factor.codes', { count: '10' })), details.join());
    for (const code of codesOn(shown)) assert.equal(overview.body.includes(code), false, 'codes are shown once');
  });

  test('an enrolment of another session is refused', async () => {
    const person = await app.seed.person();
    const attacker = await app.seed.person();
    const theirs = await openAccount(app, attacker, '/account/authenticator');
    const own = await openAccount(app, person, '/account/authenticator');
    const enrolment = fieldValue(theirs.page, 'enrolment');
    const code = totpCode(secretOn(theirs.page), clock.ms);
    const refused = await press(own.browser, own.page, 'confirm', { enrolment, code });
    assert.equal(refused.status, 400);
    assert.deepEqual((await app.seed.accounts.findById(person.id))?.secondFactors, []);
  });

  test('a person without a second factor gets no recovery codes', async () => {
    const person = await app.seed.person();
    const { browser, page } = await openAccount(app, person, '/account/second-factor');
    assert.ok(!has(page, '#renew-codes'));
    const csrf = fieldValue(await browser.get('/account/profile'), 'csrf');
    const refused = await browser.post('/account/second-factor', { csrf, action: 'renew' });
    assert.equal(refused.status, 400);
    assert.equal(codesOn(refused).length, 0);
  });
});

describe('passkeys', () => {
  const optionsOn = (page: Page) =>
    JSON.parse(attributeOf(page, '[data-passkey-options]', 'data-passkey-options') ?? '{}');

  test('are registered only for the challenge of this session, and listed by name', async () => {
    const [person, other] = [await app.seed.person(), await app.seed.person()];
    const { browser, page } = await openAccount(app, person, '/account/passkeys');
    const theirs = (await openAccount(app, other, '/account/passkeys')).page;
    const challengeOf = (shown: Page) => fieldValue(shown, 'challenge');
    const made = softPasskey();
    const response = made.create(optionsOn(page), app.issuer);
    const refused = [
      { name: 'Phone', response, challenge: challengeOf(theirs) },
      { name: 'Phone', response: softPasskey().create(optionsOn(theirs), app.issuer) },
      { name: 'Phone', response: '{}' },
      { name: '', response },
    ];
    for (const typed of refused) {
      const again = await press(browser, page, 'add-passkey', typed);
      assert.equal(again.status, 400);
      assert.ok(has(again, '#problem'));
    }
    clock.ms += 11 * 60_000;
    const late = await press(browser, page, 'add-passkey', { name: 'Phone', response });
    assert.equal(pathOf(late), '/account/passkeys', 'the sign-in was too old, so nothing changed');
    clock.ms -= 11 * 60_000;
    assert.deepEqual((await app.seed.accounts.findById(person.id))?.secondFactors, []);
    const shown = await press(browser, page, 'add-passkey', { name: 'Phone', response });
    assert.equal(codesOn(shown).length, 10, 'the first factor creates recovery codes');
    assert.deepEqual((await app.seed.accounts.findById(person.id))?.secondFactors, ['passkey']);
    const events = await browser.get('/account/events');
    assert.ok(textsOf(events, '.event-title').includes(`${en['account.event.passkey_added']}: Phone`));
    assert.ok(textsOf(events, '.event-title > bdi').includes('Phone'));
  });

  test('of the last administrator are removed only when another one or a password is left', async () => {
    const [made, second] = [softPasskey(), softPasskey()];
    const [account] = await app.seed.accounts.createAll([{ email: 'root@example.com', roles: ['cardea-admin'] }]);
    assert.ok(account);
    const { id } = account;
    const seeder = await createFactorSeeder(app, () => clock.ms);
    await seeder.passkey(id, made);
    const browser = browserSession(app.issuer);
    const signIn = await browser.follow(await browser.get('/account/passkeys'));
    const assertion = made.get(passkeyOptionsOn(signIn), app.issuer);
    const page = await submit(browser, signIn, { action: 'passkey', assertion });
    const refused = await press(browser, page, 'remove-0');
    assert.equal(refused.status, 400);
    assert.equal(textOf(refused, '#problem p'), en['account.problem.last_administrator']);
    assert.deepEqual((await app.seed.accounts.findById(id))?.secondFactors, ['passkey']);
    assert.ok(!(await eventsOf(app, { id })).includes('passkey_removed'));
    await seeder.passkey(id, second);
    assert.equal(pathOf(await press(browser, page, 'remove-0')), '/account/passkeys?done=passkey_removed');
  });
});

describe('hints', () => {
  const factors = createFactorSeeder(app, () => clock.ms);

  test('appear for a missing second factor, for few or no recovery codes, and for an unconfirmed address', async () => {
    const person = await app.seed.person();
    const { browser } = await openAccount(app, person);
    const hints = async () => {
      const texts = textsOf(await browser.get('/account'), '.hint > p');
      return namesUnder('account.hint').filter((name) => texts.includes(en[`account.hint.${name}`]));
    };
    assert.deepEqual(await hints(), ['no_second_factor']);
    await (await factors).totp(person.id);
    assert.deepEqual(await hints(), ['no_recovery_codes']);
    const codes = await (await factors).recoveryCodes(person.id);
    assert.deepEqual(await hints(), []);
    for (const code of codes.slice(3)) await (await factors).useRecoveryCode(person.id, code);
    assert.deepEqual(await hints(), ['few_recovery_codes']);
    const account = await app.seed.accounts.findById(person.id);
    assert.ok(account);
    await app.seed.accounts.update(account, { emailVerified: false });
    assert.deepEqual(await hints(), ['few_recovery_codes', 'email_unverified']);
  });
});
