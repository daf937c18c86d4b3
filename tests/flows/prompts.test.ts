import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { attributeOf, has } from '../helpers/html.ts';
import { redeem } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import {
  type Begun,
  begin,
  callbackOf,
  idTokenOf,
  shown,
  signedIn,
  submit,
  submitPassword,
  tokensFor,
} from './support.ts';

/** Parameters of an authorization request that affect the sign-in pages (OpenID Connect Core §3.1.2). */
const app = await deployment({ after });
const person = await app.seed.person({ name: 'Ada Lovelace' });
const other = await app.seed.person({ name: 'Charles Babbage' });
const party = await app.seed.party();
const unseen = await app.seed.party();
const ours = await app.seed.party({ firstParty: true });

/** Redeems the code for the claims of an ID token. */
async function idToken(begun: Pick<Begun, 'verifier' | 'page'>, client = party): Promise<Record<string, unknown>> {
  const { code } = callbackOf(begun.page);
  assert.ok(code, begun.page.location);
  const { status, body } = await redeem(app.issuer, client, { code, verifier: begun.verifier });
  assert.equal(status, 200);
  return idTokenOf(body);
}

/** Waits for the next second, since times in tokens are whole seconds. */
function nextSecond(): Promise<unknown> {
  const now = Math.floor(Date.now() / 1000);
  return until('the next second', () => Math.floor(Date.now() / 1000) > now);
}

test('prompt=none: login_required without a session, consent_required without consent, otherwise a code', async () => {
  const stranger = await begin(app, party, { prompt: 'none' });
  assert.equal(callbackOf(stranger.page).error, 'login_required');
  const browser = await signedIn(app, party, person);
  const unconsented = await begin(app, unseen, { prompt: 'none' }, browser);
  assert.equal(callbackOf(unconsented.page).error, 'consent_required');
  const wider = await begin(app, party, { prompt: 'none', scope: 'openid profile email phone' }, browser);
  assert.equal(callbackOf(wider.page).error, 'consent_required');
  const granted = await begin(app, party, { prompt: 'none' }, browser);
  assert.equal((await idToken(granted)).sub, person.id);
  const narrower = await begin(app, party, { prompt: 'none', scope: 'openid' }, browser);
  assert.ok(callbackOf(narrower.page).code);
});

test('prompt=none cannot be combined, and an unknown prompt is refused (OpenID Connect Core §3.1.2.1)', async () => {
  const browser = await signedIn(app, party, person);
  for (const prompt of ['none login', 'none consent', 'create', 'login admin', 'NONE']) {
    const { page } = await begin(app, party, { prompt }, browser);
    assert.equal(callbackOf(page).error, 'invalid_request', prompt);
  }
});

test('prompt=login asks again although a session exists, and renews auth_time', async () => {
  const browser = await signedIn(app, party, person);
  const before = await idToken(await begin(app, party, { max_age: '600' }, browser));
  await nextSecond();
  const asked = await begin(app, party, { prompt: 'login', max_age: '600' }, browser);
  assert.equal(shown(asked.page), 'sign-in');
  const page = await submitPassword(browser, asked.page, person);
  const renewed = await idToken({ ...asked, page });
  assert.ok(Number(renewed.auth_time) > Number(before.auth_time), `${renewed.auth_time} > ${before.auth_time}`);
  // The app gets auth_time even without max_age, since it asked for a fresh sign-in.
  const again = await begin(app, party, { prompt: 'login' }, browser);
  const done = await submitPassword(browser, again.page, person);
  assert.equal(typeof (await idToken({ ...again, page: done })).auth_time, 'number');
});

test('prompt=login cannot be skipped by URL: sending nothing, or going back, asks again', async () => {
  const browser = await signedIn(app, party, person);
  const { page } = await begin(app, party, { prompt: 'login' }, browser);
  const wrong = await submit(browser, page, {
    identifier: person.email,
    password: 'Wrong-Password-1!',
    action: 'signin',
  });
  assert.equal(wrong.status, 400);
  assert.equal(shown(wrong), 'sign-in');
  for (const action of ['allow', 'continue', ''])
    assert.equal(shown(await submit(browser, page, { action })), 'sign-in');
  const uid = new URL(page.url).pathname.split('/').at(-1);
  const resumed = await browser.get(`/authorize/${uid}`);
  assert.ok(resumed.location === undefined || new URL(resumed.location).origin === app.issuer, resumed.location);
});

test('prompt=consent asks although consent was given before, and continues with the same scopes', async () => {
  const browser = await signedIn(app, party, person);
  const asked = await begin(app, party, { prompt: 'consent' }, browser);
  assert.equal(shown(asked.page), 'consent');
  assert.match(asked.page.body, /Test app/);
  const page = await submit(browser, asked.page, { action: 'allow' });
  assert.equal((await idToken({ ...asked, page })).sub, person.id);
});

test('prompt=consent applies to first-party clients as well; otherwise those are never asked', async () => {
  const browser = await signedIn(app, ours, person);
  const quiet = await begin(app, ours, {}, browser);
  assert.equal(shown(quiet.page), 'callback');
  const asked = await begin(app, ours, { prompt: 'consent' }, browser);
  assert.equal(shown(asked.page), 'consent');
});

test('prompt=select_account: continues as the signed-in person', async () => {
  const browser = await signedIn(app, party, person);
  const asked = await begin(app, party, { prompt: 'select_account' }, browser);
  assert.equal(shown(asked.page), 'select-account');
  assert.match(asked.page.body, /Ada Lovelace/);
  const page = await submit(browser, asked.page, { action: 'continue' });
  assert.equal((await idToken({ ...asked, page })).sub, person.id);
});

test('prompt=select_account: another account signs in, and the first is signed out', async () => {
  const browser = await signedIn(app, party, person);
  const asked = await begin(app, party, { prompt: 'select_account' }, browser);
  const login = await submit(browser, asked.page, { action: 'another' });
  assert.equal(shown(login), 'sign-in');
  let page = await submitPassword(browser, login, other);
  for (let steps = 0; page.location === undefined && steps < 3; steps += 1) {
    // A self-submitting form ends the first session; then the new person is asked for consent.
    page = await submit(browser, page, has(page, '#allow') ? { action: 'allow' } : {});
  }
  assert.equal((await idToken({ ...asked, page })).sub, other.id);
  const next = await begin(app, party, { prompt: 'none' }, browser);
  assert.equal((await idToken(next)).sub, other.id);
});

test('prompt=select_account without a session asks for a sign-in', async () => {
  const asked = await begin(app, party, { prompt: 'select_account' });
  assert.equal(shown(asked.page), 'sign-in');
});

test('several prompts are all shown: login, then consent', async () => {
  const browser = await signedIn(app, party, person);
  const asked = await begin(app, party, { prompt: 'login consent' }, browser);
  assert.equal(shown(asked.page), 'sign-in');
  const consent = await submitPassword(browser, asked.page, person);
  assert.equal(shown(consent), 'consent');
  const page = await submit(browser, consent, { action: 'allow' });
  assert.equal((await idToken({ ...asked, page })).sub, person.id);
});

test('max_age: before that age nothing is asked and auth_time is returned; after it the person signs in again', async () => {
  const browser = await signedIn(app, party, person);
  const fresh = await begin(app, party, { max_age: '600' }, browser);
  const first = await idToken(fresh);
  assert.equal(typeof first.auth_time, 'number');

  // max_age=1 is exceeded once two seconds have begun since the sign-in.
  await until('the sign-in is two seconds old', () => Date.now() / 1000 >= Number(first.auth_time) + 2.1);
  const quiet = await begin(app, party, { max_age: '1', prompt: 'none' }, browser);
  assert.equal(callbackOf(quiet.page).error, 'login_required');
  const asked = await begin(app, party, { max_age: '1' }, browser);
  assert.equal(shown(asked.page), 'sign-in');
  const page = await submitPassword(browser, asked.page, person);
  const second = await idToken({ ...asked, page });
  assert.ok(Number(second.auth_time) > Number(first.auth_time));
});

test('max_age=0 asks for a fresh sign-in, and auth_time is its time (OpenID Connect Core §3.1.2.1)', async () => {
  const browser = await signedIn(app, party, person);
  const asked = await begin(app, party, { max_age: '0' }, browser);
  assert.equal(shown(asked.page), 'sign-in');
  const page = await submitPassword(browser, asked.page, person);
  assert.equal(typeof (await idToken({ ...asked, page })).auth_time, 'number');
});

test('a max_age that is not a number is refused', async () => {
  for (const max_age of ['-1', 'x', '1.5', '1e400']) {
    const { page } = await begin(app, party, { max_age });
    assert.equal(callbackOf(page).error, 'invalid_request', max_age);
  }
});

test('login_hint fills in the identifier, as text and never as markup', async () => {
  const { page } = await begin(app, party, { login_hint: 'ada@example.com' });
  assert.equal(attributeOf(page, '#identifier', 'value'), 'ada@example.com');
  const hostile = await begin(app, party, { login_hint: '"><script>alert(1)</script>' });
  assert.equal(shown(hostile.page), 'sign-in');
  assert.doesNotMatch(hostile.page.body, /<script>alert/);
});

test('id_token_hint: its person continues, another one has to sign in, a malformed one is refused', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  const hint = tokens.id_token;
  const same = await begin(app, party, { id_token_hint: hint, prompt: 'none' }, browser);
  assert.ok(callbackOf(same.page).code);
  const otherBrowser = await signedIn(app, party, other);
  const quiet = await begin(app, party, { id_token_hint: hint, prompt: 'none' }, otherBrowser);
  assert.equal(callbackOf(quiet.page).error, 'login_required');
  const asked = await begin(app, party, { id_token_hint: hint }, otherBrowser);
  assert.equal(shown(asked.page), 'sign-in');
  const broken = await begin(app, party, { id_token_hint: `${hint.slice(0, -6)}AAAAAA` }, browser);
  assert.equal(callbackOf(broken.page).error, 'invalid_request');
  const foreign = await begin(app, unseen, { id_token_hint: hint, prompt: 'none' }, browser);
  assert.equal(callbackOf(foreign.page).error, 'invalid_request', 'an ID token of another client');
});

test('ui_locales chooses an available language, and an unknown one is ignored', async () => {
  for (const ui_locales of ['en', 'fr-CA xx en', 'xx', '%00', '../../etc/passwd']) {
    const { page } = await begin(app, party, { ui_locales });
    assert.equal(shown(page), 'sign-in', ui_locales);
    assert.equal(attributeOf(page, 'html', 'lang'), 'en');
  }
});

test('acr_values: the reached acr is returned, never a higher one', async () => {
  const browser = await signedIn(app, party, person);
  const asked = await begin(app, party, { acr_values: 'urn:cardea:acr:1fa' }, browser);
  const claims = await idToken(asked);
  assert.equal(claims.acr, 'urn:cardea:acr:1fa');
  // A voluntary claim (OpenID Connect Core §5.5.1.1): the request succeeds, and the ID token shows the lower acr.
  const more = await begin(app, party, { acr_values: 'urn:example:phishing-resistant' }, browser);
  assert.equal((await idToken(more)).acr, 'urn:cardea:acr:1fa');
});

test('consent is remembered in the session, for the allowed scopes and for that client only', async () => {
  const browser = await signedIn(app, party, person);
  assert.equal(shown((await begin(app, party, {}, browser)).page), 'callback');
  assert.equal(shown((await begin(app, party, { scope: 'openid address' }, browser)).page), 'consent');
  assert.equal(shown((await begin(app, unseen, {}, browser)).page), 'consent');
});

test('a native client is asked each time, since any app can impersonate it (RFC 8252 §8.6)', async () => {
  const native = await app.seed.party({ public: true, metadata: { redirect_uris: ['com.example.app:/callback'] } });
  const browser = await signedIn(app, native, person);
  for (let round = 0; round < 2; round += 1) {
    const asked = await begin(app, native, {}, browser);
    assert.equal(shown(asked.page), 'consent');
    const page = await submit(browser, asked.page, { action: 'allow' });
    assert.ok(callbackOf(page).code);
  }
  const quiet = await begin(app, native, { prompt: 'none' }, browser);
  assert.equal(callbackOf(quiet.page).error, 'interaction_required');
});
