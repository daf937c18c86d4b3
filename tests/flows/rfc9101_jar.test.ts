import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, UnsecuredJWT } from 'jose';
import { browserSession, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { signIn } from '../helpers/relying_party.ts';
import { type KeyedParty, keyedParty } from './keyed_party.ts';
import { callbackOf, errorOn, shown } from './support.ts';

/** Signed authorization requests, by value (RFC 9101). */
const app = await deployment({ after });
const person = await app.seed.person();
const rp = await keyedParty(app, { firstParty: true });
const CHALLENGE = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWJuwMNtrMfNk', code_challenge_method: 'S256' };
const now = () => Math.floor(Date.now() / 1_000);

function ask(params: Record<string, string>, browser = browserSession(app.issuer)): Promise<Page> {
  const url = new URL('/authorize', app.issuer);
  url.search = new URLSearchParams(params).toString();
  return browser.get(url.href).then((page) => browser.follow(page));
}

const askWith = async (of: KeyedParty, claims: Record<string, unknown>, more: Record<string, string> = {}) =>
  ask({ client_id: of.party.id, request: await of.request({ ...CHALLENGE, ...claims }), ...more });

/** The error code of the redirect, or of the page when the client is not verified. */
const errorOf = (page: Page) => (page.location === undefined ? errorOn(page) : callbackOf(page).error);

test('only signed parameters count (RFC 9101 §6.3)', async () => {
  const browser = browserSession(app.issuer);
  const page = await ask(
    {
      client_id: rp.party.id,
      request: await rp.request({ ...CHALLENGE, state: 'signed' }),
      state: 'beside',
      scope: 'openid offline_access',
      redirect_uri: 'https://evil.example.com/callback',
    },
    browser,
  );
  assert.equal(shown(page), 'sign-in');
  const granted = await signIn(browser, page, person);
  assert.ok(granted.location?.startsWith(rp.party.redirectUri));
  assert.equal(callbackOf(granted).state, 'signed');
});

test('a request by POST works the same (RFC 9101 §5)', async () => {
  const browser = browserSession(app.issuer);
  const request = await rp.request(CHALLENGE);
  const page = await browser.follow(await browser.post('/authorize', { client_id: rp.party.id, request }));
  assert.equal(shown(page), 'sign-in');
});

test('unsigned requests, and those signed by another key than the client’s, are refused (RFC 9101 §6.2, §10.1)', async () => {
  const claims = { iss: rp.party.id, aud: app.issuer, client_id: rp.party.id, response_type: 'code', ...CHALLENGE };
  const unsigned = new UnsecuredJWT({ ...claims, redirect_uri: rp.party.redirectUri, scope: 'openid' }).encode();
  const other = await keyedParty(app);
  for (const request of [
    unsigned,
    await rp.request(CHALLENGE, { key: other.privateKey }),
    `${(await rp.request(CHALLENGE)).slice(0, -6)}AAAAAA`,
    'x.y.z',
    'x',
  ]) {
    const page = await ask({ client_id: rp.party.id, request });
    assert.equal(errorOf(page), 'invalid_request_object');
  }
});

test('a request with a wrong audience, issuer or time is refused (RFC 9101 §4, RFC 7519 §4.1)', async () => {
  for (const [why, claims] of [
    ['another audience', { aud: 'https://other.example.com' }],
    ['another issuer', { iss: 'other' }],
    ['another client', { client_id: 'other' }],
    ['expired', { exp: now() - 60 }],
    ['not yet', { nbf: now() + 600 }],
    ['valid for years', { exp: now() + 100 * 365 * 86_400 }],
    ['beyond all dates', { exp: 9e12 }],
    ['issued tomorrow', { iat: now() + 86_400 }],
    ['a request inside', { request: 'x' }],
    ['a request_uri inside', { request_uri: 'urn:x' }],
  ] as const) {
    assert.equal(errorOf(await askWith(rp, claims)), 'invalid_request_object', why);
  }
});

test('signed parameters are checked like others: an unregistered redirect URI is refused (RFC 6749 §3.1.2.4)', async () => {
  const page = await askWith(rp, { redirect_uri: 'https://evil.example.com/callback' });
  assert.equal(page.location, undefined);
  assert.equal(shown(page), 'error');
});

test('a client that is registered to sign must sign, with its algorithm (RFC 9101 §10.5)', async () => {
  const strict = await keyedParty(app, { metadata: { require_signed_request_object: true } });
  const plain = await ask({
    client_id: strict.party.id,
    redirect_uri: strict.party.redirectUri,
    response_type: 'code',
    scope: 'openid',
    ...CHALLENGE,
  });
  assert.equal(callbackOf(plain).error, 'invalid_request');
  assert.equal(shown(await askWith(strict, {})), 'sign-in');
  const rsa = { ...(await exportJWK((await generateKeyPair('PS256')).publicKey)), kid: 'rsa' };
  const other = await keyedParty(app, { metadata: { request_object_signing_alg: 'PS256' } }, 'ES256', [rsa]);
  assert.equal(errorOf(await askWith(other, {})), 'invalid_request_object');
});

test('a request_uri at another host is not fetched (RFC 9101 §10.4)', async () => {
  const page = await ask({ client_id: rp.party.id, request_uri: 'https://rp.example.com/request.jwt' });
  assert.equal(errorOf(page), 'request_uri_not_supported');
});

test('FAPI 2.0 Message Signing §5.3.1: a signed request must expire, and soon', async () => {
  const method = 'private_key_jwt';
  const fapi = await keyedParty(app, { metadata: { token_endpoint_auth_method: method, profile: 'fapi2' } });
  const push = async (claims: Record<string, unknown>) => {
    const request = await fapi.request({ ...CHALLENGE, ...claims });
    const body = new URLSearchParams({ client_id: fapi.party.id, request, ...(await fapi.assertion()) });
    const response = await fetch(new URL('/par', app.issuer), { method: 'POST', body });
    const answer = (await response.json()) as { error?: string };
    return response.status === 201 ? 'pushed' : answer.error;
  };
  assert.equal(await push({}), 'pushed');
  for (const claims of [{ nbf: undefined }, { exp: undefined }, { exp: now() + 7_200 }, { nbf: now() - 7_200 }]) {
    assert.equal(await push(claims), 'invalid_request_object', JSON.stringify(claims));
  }
});
