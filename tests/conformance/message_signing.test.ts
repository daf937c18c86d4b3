import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { generateKeyPair, UnsecuredJWT } from 'jose';
import * as client from 'openid-client';
import { keyedParty } from '../flows/keyed_party.ts';
import { callbackOf } from '../flows/support.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { signIn } from '../helpers/relying_party.ts';
import { rememberAll } from '../helpers/secrets.ts';

/** FAPI 2.0 Message Signing: requirements of its test plan beyond the security profile. */
const app = await deployment({ after }, { env: { CARDEA_PROFILE: 'fapi2' } });
const person = await app.seed.person();
const metadata = { token_endpoint_auth_method: 'private_key_jwt', require_signed_request_object: true };
const rp = await keyedParty(app, { firstParty: true, metadata }, 'PS256');
const other = await keyedParty(app, { metadata }, 'PS256');
const CHALLENGE = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWJuwMNtrMfNk', code_challenge_method: 'S256' };
const now = () => Math.floor(Date.now() / 1_000);

async function pushBody(fields: Record<string, string>) {
  const body = new URLSearchParams({ client_id: rp.party.id, ...fields, ...(await rp.assertion()) });
  const response = await fetch(new URL('/par', app.issuer), { method: 'POST', body });
  return (await response.json()) as { request_uri?: string; error?: string; error_description?: string };
}

const push = async (claims: Record<string, unknown> = {}, options = {}, beside: Record<string, string> = {}) =>
  pushBody({ ...beside, request: await rp.request({ ...CHALLENGE, ...claims }, options) });

/** From a pushed request to the authorization response. */
async function answered(request_uri = ''): Promise<Record<string, string>> {
  const browser = browserSession(app.issuer);
  const url = new URL('/authorize', app.issuer);
  url.search = new URLSearchParams({ client_id: rp.party.id, request_uri }).toString();
  return callbackOf(await signIn(browser, await browser.follow(await browser.get(url.href)), person));
}

test('openid-client signs its requests, and verifies the signed response (§5.3, §5.4, JARM)', async () => {
  const execute = [client.allowInsecureRequests, client.useJwtResponseMode];
  const key = { key: rp.privateKey, kid: 'sig' };
  const config = await client.discovery(new URL(app.issuer), rp.party.id, undefined, client.PrivateKeyJwt(key), {
    execute,
  });
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const plain = await client.buildAuthorizationUrlWithJAR(
    config,
    {
      redirect_uri: rp.party.redirectUri,
      scope: 'openid',
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    },
    key,
    // The profile requires this (§5.3.1), and openid-client leaves it out.
    { [client.modifyAssertion]: (_header, payload) => Object.assign(payload, { nbf: now(), exp: now() + 60 }) },
  );
  const { request_uri } = await pushBody({ request: plain.searchParams.get('request') ?? '' });
  const browser = browserSession(app.issuer);
  const start = client.buildAuthorizationUrl(config, { request_uri: request_uri ?? '' });
  const page = await signIn(browser, await browser.follow(await browser.get(start.href)), person);
  assert.deepEqual([...new URL(page.location ?? '').searchParams.keys()], ['response'], 'no unsigned parameters');
  const checks = { pkceCodeVerifier, expectedState, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, new URL(page.location ?? ''), checks, undefined, { DPoP });
  rememberAll(tokens);
  assert.equal(tokens.claims()?.sub, person.id);
});

test('a signed request must be for this server, by this client, and recent (§5.3.1)', async () => {
  for (const [why, claims, options] of [
    ['another audience', { aud: 'https://other.example.com' }, {}],
    ['expired', { exp: now() - 120, nbf: now() - 180 }, {}],
    ['without exp', { exp: undefined }, {}],
    ['without nbf', { nbf: undefined }, {}],
    ['for more than an hour', { exp: now() + 4_000 }, {}],
    ['from more than an hour ago', { nbf: now() - 4_000 }, {}],
    ['signed by another', {}, { key: other.privateKey }],
  ] as const) {
    assert.equal((await push(claims, options)).error, 'invalid_request_object', why);
  }
  const claims = { iss: rp.party.id, aud: app.issuer, client_id: rp.party.id, response_type: 'code', ...CHALLENGE };
  const unsigned = new UnsecuredJWT({ ...claims, redirect_uri: rp.party.redirectUri, scope: 'openid' }).encode();
  assert.equal((await pushBody({ request: unsigned })).error, 'invalid_request_object', 'unsigned');
  const bare = { ...CHALLENGE, redirect_uri: rp.party.redirectUri, response_type: 'code', scope: 'openid' };
  assert.equal((await pushBody(bare)).error, 'invalid_request', 'not an object at all');
});

test('a signed request must not use RS256 (FAPI 2.0 §5.4.1)', async () => {
  const { privateKey: key } = await generateKeyPair('RS256');
  const { error, error_description } = await push({}, { alg: 'RS256', key });
  assert.equal(error, 'invalid_request_object');
  assert.match(String(error_description), /PS256, ES256, EdDSA/);
});

test('several audiences, and a clock that is a little ahead, are accepted (§5.3.1)', async () => {
  assert.ok((await push({ aud: [app.issuer, 'https://other.example.com'] })).request_uri);
  assert.ok((await push({ nbf: now() + 8 })).request_uri);
  assert.equal((await push({ nbf: now() + 90, exp: now() + 150 })).error, 'invalid_request_object');
});

test('only signed parameters count: state, nonce and redirect_uri outside are ignored (§5.3.1)', async () => {
  const both = await push({ state: 'signed', nonce: 'signed' }, {}, { state: 'beside', nonce: 'beside' });
  assert.equal((await answered(both.request_uri)).state, 'signed');
  const beside = await push({}, {}, { state: 'beside' });
  assert.equal((await answered(beside.request_uri)).state, undefined);
  const { error } = await push({ redirect_uri: undefined }, {}, { redirect_uri: rp.party.redirectUri });
  assert.match(String(error), /invalid_request/);
});

test('a request_uri inside a signed request is refused (RFC 9126 §2.1)', async () => {
  assert.match(String((await push({ request_uri: 'https://rp.example.com/r' })).error), /invalid_request/);
});
