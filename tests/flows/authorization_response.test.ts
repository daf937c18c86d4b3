import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { fieldValue, has } from '../helpers/html.ts';
import { redeem } from '../helpers/relying_party.ts';
import {
  begin,
  callbackOf,
  errorOn,
  idTokenOf,
  type Params,
  shown,
  signedIn,
  submit,
  submitPassword,
} from './support.ts';

/** The response of /authorize and where it may be sent (RFC 6749 §4.1.2, RFC 9207, RFC 9700 §4.1). */
const app = await deployment({ after });
const person = await app.seed.person();
const party = await app.seed.party();

test('state is returned unchanged, nonce is in the ID token, iss names the issuer (RFC 9207 §2)', async () => {
  const browser = await signedIn(app, party, person);
  for (const state of ['simple', 'a b+c/d=&%25', 'é ✓', 'x'.repeat(1_000)]) {
    const begun = await begin(app, party, { state, nonce: `n-${state}` }, browser);
    const answer = callbackOf(begun.page);
    assert.equal(answer.state, state);
    assert.equal(answer.iss, app.issuer);
    const { body } = await redeem(app.issuer, party, { code: answer.code ?? '', verifier: begun.verifier });
    assert.equal(idTokenOf(body).nonce, `n-${state}`);
  }
  const without = await begin(app, party, { state: undefined }, browser);
  const answer = callbackOf(without.page);
  assert.equal('state' in answer, false);
  const { body } = await redeem(app.issuer, party, { code: answer.code ?? '', verifier: without.verifier });
  assert.equal('nonce' in idTokenOf(body), false);
});

test('errors contain state and iss as well (RFC 9207 §2)', async () => {
  for (const params of [{ prompt: 'none' }, { response_type: 'token' }, { scope: 'openid admin\u0001' }] as Params[]) {
    const { page } = await begin(app, party, { ...params, state: 'mine' });
    const answer = callbackOf(page);
    assert.ok(answer.error, JSON.stringify(params));
    assert.equal(answer.state, 'mine');
    assert.equal(answer.iss, app.issuer);
    assert.equal('code' in answer, false);
  }
});

test('an error in a request is reported to its client by code (RFC 6749 §4.1.2.1)', async () => {
  const cases: readonly (readonly [Params, string])[] = [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'id_token' }, 'unsupported_response_type'],
    [{ response_type: 'code id_token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'invalid_request'],
    [{ response_mode: 'nonsense' }, 'unsupported_response_mode'],
    [{ request: 'eyJhbGciOiJub25lIn0.e30.' }, 'invalid_request_object'],
    [{ request_uri: 'https://rp.example.com/request' }, 'request_uri_not_supported'],
    [{ registration: '{}' }, 'registration_not_supported'],
    [{ resource: 'https://unknown.example.com' }, 'invalid_target'],
  ];
  for (const [params, error] of cases) {
    const { page } = await begin(app, party, params);
    assert.equal(callbackOf(page).error, error, JSON.stringify(params));
    assert.equal(new URL(page.location ?? '').origin, 'https://rp.example.com');
  }
});

test('an unknown client and an unregistered redirect URI get a page, never a redirect (RFC 6749 §4.1.2.1)', async () => {
  const redirects = [
    'https://evil.example.com/callback',
    'https://rp.example.com/callback/',
    'https://rp.example.com/callback?x=1',
    'https://rp.example.com/callback/../callback',
    'https://rp.example.com/Callback',
    'https://RP.example.com/callback',
    'https://rp.example.com:443/callback',
    'https://user@rp.example.com/callback',
    'https://rp.example.com/callback#x',
    'http://rp.example.com/callback',
    'https://rp.example.com.evil.example.com/callback',
    'https://rpxexample.com/callback',
    'javascript:alert(1)//https://rp.example.com/callback',
    '//rp.example.com/callback',
    '/login',
  ];
  for (const redirect_uri of redirects) {
    for (const prompt of [undefined, 'none', 'nonsense']) {
      const { page } = await begin(app, party, { redirect_uri, prompt });
      assert.equal(page.status, 400, redirect_uri);
      assert.equal(page.location, undefined, redirect_uri);
      assert.equal(shown(page), 'error', redirect_uri);
    }
  }
  for (const client_id of ['nobody', '', undefined, 'x'.repeat(5_000), '\u0000']) {
    const { page } = await begin(app, party, { client_id });
    assert.equal(page.location, undefined);
    assert.equal(page.status, 400);
    assert.ok(['invalid_client', 'invalid_request'].includes(errorOn(page) ?? ''), errorOn(page));
  }
});

test('a redirect URI is required even when only one is registered (OpenID Connect Core §3.1.2.1)', async () => {
  const { page } = await begin(app, party, { redirect_uri: undefined, prompt: 'none' });
  assert.equal(page.status, 400);
  assert.equal(page.location, undefined);
});

test('a loopback redirect of a native client may use any port and differ in nothing else (RFC 8252 §7.3)', async () => {
  const native = await app.seed.party({
    public: true,
    metadata: { redirect_uris: ['http://127.0.0.1/callback'], application_type: 'native' },
  });
  const anyPort = await begin(app, native, { redirect_uri: 'http://127.0.0.1:51234/callback', prompt: 'none' });
  assert.equal(new URL(anyPort.page.location ?? '').port, '51234');
  for (const redirect_uri of [
    'http://127.0.0.1:51234/other',
    'http://localhost:51234/callback',
    'https://127.0.0.1:51234/callback',
    'http://127.0.0.2:51234/callback',
  ]) {
    assert.equal((await begin(app, native, { redirect_uri, prompt: 'none' })).page.status, 400, redirect_uri);
  }
});

test('cancelling and denying return access_denied without a code (RFC 6749 §4.1.2.1)', async () => {
  const cancelled = await begin(app, party, { state: 'c' });
  const afterCancel = callbackOf(await submit(cancelled.browser, cancelled.page, { action: 'cancel' }));
  assert.deepEqual(
    { error: afterCancel.error, state: afterCancel.state, iss: afterCancel.iss, code: afterCancel.code },
    { error: 'access_denied', state: 'c', iss: app.issuer, code: undefined },
  );
  const asked = await begin(app, party, { state: 'd' });
  const consent = await submitPassword(asked.browser, asked.page, person);
  assert.equal(shown(consent), 'consent');
  const denied = callbackOf(await submit(asked.browser, consent, { action: 'deny' }));
  assert.deepEqual({ error: denied.error, state: denied.state }, { error: 'access_denied', state: 'd' });
  // Consent was denied, so the next request asks for it again.
  const again = await begin(app, party, {}, asked.browser);
  assert.notEqual(shown(again.page), 'callback');
});

test('a finished sign-in cannot be repeated: its form gets the same response, and earlier forms have ended', async () => {
  const asked = await begin(app, party);
  const consent = await submitPassword(asked.browser, asked.page, person);
  const before = asked.browser.clone();
  const done = await submit(asked.browser, consent, { action: 'allow' });
  assert.ok(callbackOf(done).code);
  const replay = await submit(before, consent, { action: 'allow' });
  assert.equal(replay.location, done.location);
  const other = await submit(before, asked.page, {
    identifier: person.email,
    password: person.password,
    action: 'signin',
  });
  assert.equal(other.status, 400);
});

test('sign-in forms are refused without a token, with another token, and from another site (CSRF)', async () => {
  const asked = await begin(app, party);
  const other = await begin(app, party);
  const credentials = { identifier: person.email, password: person.password, action: 'signin' };
  const path = new URL(asked.page.url).pathname;
  const foreign = fieldValue(other.page, 'csrf');
  assert.notEqual(foreign, '');
  for (const csrf of [undefined, '', 'x', foreign]) {
    const page = await asked.browser.post(path, { ...credentials, ...(csrf === undefined ? {} : { csrf }) });
    assert.equal(page.status, 403, String(csrf));
  }
  const fields = { csrf: fieldValue(asked.page, 'csrf') };
  const cross = await asked.browser.post(path, { ...fields, ...credentials }, { 'sec-fetch-site': 'cross-site' });
  assert.equal(cross.status, 403);
  // Another browser does not have the interaction cookie.
  const stranger = await other.browser.post(path, { ...fields, ...credentials });
  assert.equal(stranger.status, 400);
  assert.equal(shown(await submitPassword(asked.browser, asked.page, person)), 'consent');
});

test('response_mode: query is the default; fragment and form_post only on request', async () => {
  const browser = await signedIn(app, party, person);
  const fragment = await begin(app, party, { response_mode: 'fragment' }, browser);
  const url = new URL(fragment.page.location ?? '');
  assert.equal(url.search, '');
  assert.ok(new URLSearchParams(url.hash.slice(1)).get('code'));
  const form = await begin(app, party, { response_mode: 'form_post', state: '"><b>' }, browser);
  assert.equal(form.page.status, 200);
  assert.ok(has(form.page, 'form[method="post"][action="https://rp.example.com/callback"]'));
  assert.doesNotMatch(form.page.body, /"><b>/);
  // A script on the page submits the form.
  assert.match(form.page.headers.get('content-security-policy') ?? '', /script-src 'self';/);
});
