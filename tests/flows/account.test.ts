import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { blamed, eventsOf, isSignIn, openAccount, pathOf, press } from '../helpers/account.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { type Deployment, deployment } from '../helpers/deployment.ts';
import { attributeOf, fieldValue, fieldValues, has, textOf, textsOf } from '../helpers/html.ts';
import { refresh, userinfo } from '../helpers/relying_party.ts';
import { tokensFor } from './support.ts';

const clock = { ms: Date.now() };
const app: Deployment = await deployment({ after }, { now: () => clock.ms });
const party = await app.seed.party({ name: 'Harbour Notes' });
const OFFLINE = { params: { scope: 'openid email offline_access', prompt: 'consent' } };

describe('reaching /account', () => {
  test('by the addresses that password managers know (W3C change-password, passkey-endpoints), and with an additional slash', async () => {
    const browser = browserSession(app.issuer);
    const passwords = await browser.get('/.well-known/change-password');
    assert.deepEqual([passwords.status, pathOf(passwords)], [303, '/account/password']);
    const passkeys = await browser.get('/.well-known/passkey-endpoints', { accept: 'application/json' });
    assert.equal(passkeys.headers.get('access-control-allow-origin'), '*');
    assert.match(passkeys.headers.get('content-type') ?? '', /^application\/json/);
    const url = `${app.issuer}/account/passkeys`;
    assert.deepEqual(JSON.parse(passkeys.body), { enroll: url, manage: url });
    for (const path of ['/account', '/account/password', '/account/sessions', '/account/forgot']) {
      const answer = await browser.get(`${path}/?x=//evil.example`);
      assert.deepEqual([answer.status, answer.location], [303, `${app.issuer}${path}`]);
      assert.equal((await browser.get(`${path}//`)).status, 404);
    }
  });

  test('a person who is not signed in signs in and returns to the requested page', async () => {
    const person = await app.seed.person({ name: 'Ada Lovelace' });
    const browser = browserSession(app.issuer);
    const asked = await browser.get('/account/sessions');
    assert.equal(asked.status, 303);
    assert.equal(new URL(asked.location ?? '').pathname, '/authorize');
    const { page } = await openAccount(app, person, '/account/sessions', browser);
    assert.equal(page.status, 200);
    assert.equal(pathOf(page), '/account/sessions');
    const overview = await browser.get('/account');
    assert.match(overview.body, /Ada Lovelace/);
    assert.equal(overview.headers.get('cache-control'), 'no-store');
  });

  test('a person who cancels is not asked again at once', async () => {
    const browser = browserSession(app.issuer);
    const page = await browser.follow(await browser.get('/account'));
    assert.ok(isSignIn(page));
    const back = await browser.follow(await press(browser, page, 'cancel'));
    assert.equal(pathOf(back), '/');
  });

  test('the return state is signed: an invented one leads to the overview', async () => {
    const { browser } = await openAccount(app, await app.seed.person());
    for (const state of ['https://evil.example/', '//evil.example', 'x', '']) {
      const back = await browser.get(`/account/signed-in?code=x&state=${encodeURIComponent(state)}`);
      assert.equal(new URL(back.location ?? '').href, `${app.issuer}/account`);
    }
  });

  test('a disabled person is signed out', async () => {
    const person = await app.seed.person();
    const { browser } = await openAccount(app, person);
    await app.seed.accounts.disable(person.id);
    const page = await browser.get('/account');
    assert.equal(new URL(page.location ?? '').pathname, '/authorize');
    const left = await app.db.run({ name: '', text: 'SELECT 1 FROM sessions WHERE account_id = $1' }, [person.id]);
    assert.equal(left.length, 0);
    assert.ok(isSignIn(await browser.follow(page)));
  });

  test('uses the language of the account, then of the browser', async () => {
    const person = await app.seed.person();
    const { browser } = await openAccount(app, person);
    const languageOf = async (languages: string) => {
      const page = await browser.get('/account', { 'accept-language': languages });
      assert.equal(page.status, 200);
      return attributeOf(page, 'html', 'lang');
    };
    assert.equal(await languageOf('tlh, ar;q=0.5'), 'ar', 'the account has no language');
    await app.seed.accounts.update(await app.seed.accounts.resolve(person.id), { locale: 'de-AT' });
    assert.equal(await languageOf('ar'), 'de', "the account's goes before the browser's");
    await app.seed.accounts.update(await app.seed.accounts.resolve(person.id), { locale: 'tlh' });
    assert.equal(await languageOf('ar'), 'ar', 'the language of the account is not available');
  });

  test('only a known code in the URL shows a confirmation', async () => {
    const { browser } = await openAccount(app, await app.seed.person());
    assert.ok(has(await browser.get('/account?done=password'), '#done'));
    for (const query of ['done=%3Cscript%3E', 'done=constructor', 'done=password&done=password']) {
      const page = await browser.get(`/account?${query}`);
      assert.equal(page.status, 200, query);
      assert.ok(!has(page, '#done'));
    }
  });
});

describe('the profile', () => {
  test('shows each claim that the person cannot change as one that operators correct (GDPR Art. 16)', async () => {
    const person = await app.seed.person({ groups: ['staff'] });
    const account = await app.seed.accounts.resolve(person.id);
    const address = { street_address: '1 Quay', locality: 'Whitby' };
    await app.seed.accounts.update(account, { birthdate: '1815-12-10', phoneNumber: '+44 20 7946 0000', address });
    const { page } = await openAccount(app, person, '/account/profile');
    assert.deepEqual(textsOf(page, 'section dl dd'), ['1815-12-10', '+44 20 7946 0000', '1 Quay, Whitby', 'staff']);
    const { page: bare } = await openAccount(app, await app.seed.person(), '/account/profile');
    assert.ok(!has(bare, '#others'));
  });

  test('is changed, and apps get the new values', async () => {
    const person = await app.seed.person({ name: 'Ada' });
    const { browser, page } = await openAccount(app, person, '/account/profile');
    const saved = await press(browser, page, 'save', {
      name: 'Ada King',
      given_name: 'Ada',
      middle_name: '',
      family_name: 'King',
      nickname: '',
      locale: 'en',
      zoneinfo: 'Europe/London',
    });
    assert.equal(saved.status, 303);
    assert.equal(pathOf(saved), '/account/profile?done=profile');
    assert.ok(has(await browser.follow(saved), '#done'));
    const { tokens } = await tokensFor(app, party, person);
    const { body } = await userinfo(app.issuer, tokens.access_token);
    assert.deepEqual(
      [body.name, body.given_name, body.family_name, body.zoneinfo],
      ['Ada King', 'Ada', 'King', 'Europe/London'],
    );
    assert.equal('middle_name' in body, false);
  });

  test('is refused with the field, and the typed values are kept', async () => {
    const person = await app.seed.person({ name: 'Ada' });
    const { browser, page } = await openAccount(app, person, '/account/profile');
    const cases = [
      ['name', 'x'.repeat(1_001)],
      ['nickname', 'a\u0007b'],
      ['zoneinfo', 'Mars/Olympus'],
      ['locale', '!!'],
    ] as const;
    for (const [field, value] of cases) {
      const refused = await press(browser, page, 'save', { name: 'Kept', [field]: value });
      assert.equal(refused.status, 400);
      assert.deepEqual(blamed(refused), [field]);
      assert.ok(has(refused, '#problem'));
      if (field === 'zoneinfo') {
        assert.deepEqual(
          ['name', field].map((one) => fieldValue(refused, one)),
          ['Kept', value],
        );
      }
    }
    assert.equal((await app.seed.accounts.findById(person.id))?.name, 'Ada');
  });

  test('ignores fields that the form does not have', async () => {
    const person = await app.seed.person({ name: 'Ada' });
    const { browser, page } = await openAccount(app, person, '/account/profile');
    await press(browser, page, 'save', { name: 'Ada', email: 'evil@example.com', groups: 'admins', emailVerified: '' });
    const account = await app.seed.accounts.findById(person.id);
    assert.deepEqual([account?.email, account?.groups, account?.emailVerified], [person.email, [], true]);
  });
});

describe('identifiers of a person', () => {
  test('a username is set, removed, and refused when it is taken', async () => {
    const other = await app.seed.person({ username: 'taken' });
    assert.ok(other);
    const person = await app.seed.person();
    const { browser, page } = await openAccount(app, person, '/account/username');
    assert.equal(pathOf(await press(browser, page, 'save', { username: 'ada-1' })), '/account/username?done=username');
    assert.equal((await app.seed.accounts.findByIdentifier('ADA-1'))?.id, person.id);
    assert.ok((await eventsOf(app, person)).includes('username_changed'));
    for (const username of ['TAKEN', 'a@b', 'a b']) {
      const refused = await press(browser, await browser.get('/account/username'), 'save', { username });
      assert.equal(refused.status, 400, username);
      assert.deepEqual(blamed(refused), ['username']);
    }
    await press(browser, await browser.get('/account/username'), 'save', { username: '' });
    assert.equal((await app.seed.accounts.findById(person.id))?.username, undefined);
  });

  test('usernames cannot be found out by trying: five a day, and reserved names get the same response', async () => {
    await app.seed.person({ username: 'harbour-master' });
    const { browser, page } = await openAccount(app, await app.seed.person(), '/account/username');
    const tried = async (username: string) => {
      return textOf(await press(browser, page, 'save', { username }), '#problem-message');
    };
    const taken = await tried('harbour-master');
    assert.equal(await tried('Postmaster'), taken);
    for (let i = 0; i < 3; i += 1) assert.equal(await tried('harbour-master'), taken);
    const late = await tried('harbour-master');
    assert.notEqual(late, taken);
    assert.equal(await tried('a-name-that-is-free'), late, 'the limit applies before the look-up');
  });

  test('a new e-mail address is confirmed by mail before anything changes, and no response tells whether it is taken', async () => {
    const other = await app.seed.person();
    const person = await app.seed.person();
    const { browser, page } = await openAccount(app, person, '/account/email');
    const before = await mails();
    const free = await press(browser, page, 'change', { email: 'new-address@example.com' });
    const taken = await press(browser, page, 'change', { email: other.email });
    assert.deepEqual([free.status, pathOf(free)], [taken.status, pathOf(taken)]);
    assert.equal(pathOf(free), '/account/email?done=email_sent');
    assert.ok((await mails()) > before);
    assert.equal((await app.seed.accounts.findById(person.id))?.email, person.email);
    for (const email of ['nobody', '', person.email.toUpperCase()]) {
      const refused = await press(browser, page, 'change', { email });
      assert.equal(refused.status, 400, email);
      assert.deepEqual(blamed(refused), ['email']);
    }
  });
});

/** Counts all mails that were ever queued, since some may have been sent already. */
async function mails(): Promise<number> {
  return app.statements.filter((text) => text.includes('INSERT INTO mails')).length;
}

describe('security events', () => {
  test('are written for changes only: forms that end nothing write none', async () => {
    const person = await app.seed.person();
    const { browser, page } = await openAccount(app, person, '/account/profile');
    const csrf = fieldValue(page, 'csrf');
    const before = await eventsOf(app, person);
    for (let i = 0; i < 5; i += 1) {
      await browser.post('/account/sessions', { csrf, action: 'end', session: `none-${i}` });
      await browser.post('/account/sessions', { csrf, action: 'end_others' });
      await browser.post('/account/devices', { csrf, action: 'forget', device: `none-${i}` });
      await browser.post('/account/devices', { csrf, action: 'forget_others' });
      await browser.post('/account/apps', { csrf, client: party.id });
      await browser.post('/account/username', { csrf, username: '' });
    }
    assert.deepEqual(await eventsOf(app, person), before);
  });
});

describe('sessions', () => {
  test('are listed with browser and place; one is ended, then all others', async () => {
    const person = await app.seed.person();
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
    const one = await tokensFor(app, party, person, OFFLINE);
    const two = await tokensFor(app, party, person, OFFLINE);
    const { browser } = await openAccount(app, person);
    const page = await browser.get('/account/sessions', { 'user-agent': firefox });
    assert.equal(fieldValues(page, 'session').length, 2, 'two others');
    assert.deepEqual(textsOf(page, '.tag'), [en['account.sessions.current']]);
    const ended = await press(browser, page, 'end-1');
    assert.equal(pathOf(ended), '/account/sessions?done=session_ended');
    const alive = await Promise.all([one, two].map(({ tokens }) => userinfo(app.issuer, tokens.access_token)));
    assert.deepEqual(alive.map(({ status }) => status).sort(), [200, 401]);
    await press(browser, await browser.follow(ended), 'end-others');
    for (const { tokens } of [one, two]) {
      assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
      assert.equal((await refresh(app.issuer, party, String(tokens.refresh_token))).body.error, 'invalid_grant');
    }
    const left = await browser.get('/account/sessions');
    assert.equal(left.status, 200);
    assert.ok(!has(left, '[name="session"]'));
    assert.deepEqual((await eventsOf(app, person)).filter((kind) => kind === 'session_ended').length, 2);
  });

  test('a session of another person cannot be ended', async () => {
    const [person, other] = [await app.seed.person(), await app.seed.person()];
    const { tokens } = await tokensFor(app, party, other, OFFLINE);
    const [row] = await app.db.run<{ uid: string }>(
      { name: '', text: 'SELECT uid FROM sessions WHERE account_id = $1' },
      [other.id],
    );
    await tokensFor(app, party, person);
    const { browser, page } = await openAccount(app, person, '/account/sessions');
    await press(browser, page, 'end-1', { session: row?.uid ?? '' });
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 200);
  });
});

describe('apps with access', () => {
  test('are listed with their permissions, without Cardea’s own pages, and lose their access', async () => {
    const person = await app.seed.person();
    const { tokens } = await tokensFor(app, party, person, OFFLINE);
    const { browser, page } = await openAccount(app, person, '/account/apps');
    assert.equal(textOf(page, '#app-0'), 'Harbour Notes');
    assert.ok(textsOf(page, '.scope-label').includes(en['scope.email']));
    assert.equal(fieldValues(page, 'client').length, 1);
    const done = await press(browser, page, 'revoke-0');
    assert.equal(pathOf(done), '/account/apps?done=app_revoked');
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
    assert.equal((await refresh(app.issuer, party, String(tokens.refresh_token))).body.error, 'invalid_grant');
    const events = await browser.get('/account/events');
    assert.ok(textsOf(events, '.event-title').includes(`${en['account.event.app_revoked']}: Harbour Notes`));
  });
});

describe('security events', () => {
  test('are listed newest first, for their own person only', async () => {
    const person = await app.seed.person();
    const { browser } = await openAccount(app, person);
    const page = await browser.get('/account/events');
    assert.ok(textsOf(page, '.event-title').includes(en['account.event.signed_in']));
    const { browser: other } = await openAccount(app, await app.seed.person());
    assert.equal(textsOf(await other.get('/account/events'), '.event-title').length, 1);
  });
});
