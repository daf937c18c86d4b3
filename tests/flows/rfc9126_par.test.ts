import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import * as client from 'openid-client';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, redeem, signIn } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';
import { keyedParty } from './keyed_party.ts';
import { callbackOf, errorOn, post, refusal, shown } from './support.ts';

/** Pushed authorization requests (RFC 9126). */
const app = await deployment({ after });
const person = await app.seed.person();
const party = await app.seed.party({ firstParty: true });

const verifier = remember('other', randomBytes(32).toString('base64url'));

function requestOf(of: Party, more: Record<string, string> = {}): Record<string, string> {
  return {
    client_id: of.id,
    redirect_uri: of.redirectUri,
    response_type: 'code',
    scope: 'openid email',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: 'pushed',
    ...more,
  };
}

const push = (of: Party, more: Record<string, string> = {}) =>
  post(app, '/par', requestOf(of, more), authorization(of));

async function pushed(of: Party, more: Record<string, string> = {}): Promise<string> {
  const { status, body } = await push(of, more);
  assert.equal(status, 201, JSON.stringify(body));
  return String(body.request_uri);
}

function visit(
  request_uri: string,
  of: Party = party,
  more: Record<string, string> = {},
  browser = browserSession(app.issuer),
) {
  const url = new URL('/authorize', app.issuer);
  url.search = new URLSearchParams({ client_id: of.id, request_uri, ...more }).toString();
  return browser
    .get(url.href)
    .then((page) => browser.follow(page))
    .then((page) => ({ browser, page }));
}

test('openid-client pushes a request and gets tokens for it (RFC 9126 §2, §4)', async () => {
  const config = await client.discovery(
    new URL(app.issuer),
    party.id,
    undefined,
    client.ClientSecretBasic(party.secret ?? ''),
    {
      execute: [client.allowInsecureRequests],
    },
  );
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: party.redirectUri,
    scope: 'openid email',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state,
  });
  assert.deepEqual(
    [...url.searchParams.keys()].sort(),
    ['client_id', 'request_uri'],
    'the URL in the browser contains nothing else',
  );
  const browser = browserSession(app.issuer);
  const page = await signIn(browser, await browser.follow(await browser.get(url.href)), person);
  const tokens = await client.authorizationCodeGrant(config, new URL(page.location ?? ''), {
    pkceCodeVerifier,
    expectedState: state,
    idTokenExpected: true,
  });
  rememberAll(tokens);
  assert.equal(tokens.claims()?.sub, person.id);
});

test('the response is 201, must not be stored, and is valid for a minute at most (RFC 9126 §2.2)', async () => {
  const { status, headers, body } = await push(party);
  assert.equal(status, 201);
  assert.match(headers.get('cache-control') ?? '', /no-store/);
  assert.match(String(body.request_uri), /^urn:ietf:params:oauth:request_uri:[\w-]{20,}$/);
  assert.equal(body.expires_in, 60);
});

test('the client authenticates as at the token endpoint (RFC 9126 §2)', async () => {
  const wrong = { authorization: `Basic ${Buffer.from(`${party.id}:${'x'.repeat(43)}`).toString('base64')}` };
  assert.deepEqual(refusal(await post(app, '/par', requestOf(party), wrong)), { status: 401, error: 'invalid_client' });
  assert.deepEqual(refusal(await post(app, '/par', requestOf(party))), { status: 401, error: 'invalid_client' });
  const keyed = await keyedParty(app, { metadata: { token_endpoint_auth_method: 'private_key_jwt' } });
  const assertion = await keyed.assertion();
  assert.equal((await post(app, '/par', { ...requestOf(keyed.party), ...assertion })).status, 201);
  const again = await post(app, '/par', { ...requestOf(keyed.party), ...assertion });
  assert.deepEqual(refusal(again), { status: 401, error: 'invalid_client' }, 'an assertion is accepted once');
});

test('a request that /authorize would refuse cannot be pushed (RFC 9126 §2.1, §2.3)', async () => {
  for (const [why, more] of [
    ['a redirect that is not registered', { redirect_uri: 'https://evil.example.com/callback' }],
    ['another flow', { response_type: 'id_token', nonce: 'n' }],
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }],
    ['a request_uri', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }],
    ['another client’s client_id', { client_id: 'other' }],
  ] as const) {
    const { status, body } = await push(party, more);
    assert.ok(status === 400, `${why}: ${status}`);
    assert.ok(
      ['invalid_request', 'unsupported_response_type', 'request_uri_not_supported'].includes(String(body.error)),
      why,
    );
    assert.equal(body.request_uri, undefined);
  }
});

test('a request is granted once; before that the browser may open it again (RFC 9126 §4, §7.3)', async () => {
  const uri = await pushed(party);
  const first = await visit(uri);
  assert.equal(shown(first.page), 'sign-in');
  assert.equal(shown((await visit(uri, party, {}, first.browser)).page), 'sign-in', 'reloaded');
  const granted = await signIn(first.browser, (await visit(uri, party, {}, first.browser)).page, person);
  assert.equal(callbackOf(granted).state, 'pushed');
  const { page } = await visit(uri, party, {}, first.browser);
  assert.equal(errorOn(page), 'invalid_request_uri');
  assert.equal(page.location, undefined);
});

test('of two browsers with one request, one gets the code', async () => {
  const uri = await pushed(party);
  const browsers = await Promise.all([visit(await pushed(party)), visit(await pushed(party))]);
  for (const { browser, page } of browsers) await signIn(browser, page, person);
  const pages = await Promise.all(browsers.map(({ browser }) => visit(uri, party, {}, browser)));
  const granted = pages.filter(({ page }) => page.location !== undefined && callbackOf(page).code);
  assert.equal(granted.length, 1);
});

test('a pushed request works only for its own client (RFC 9126 §2.2)', async () => {
  const other = await app.seed.party();
  const { page } = await visit(await pushed(party), other);
  assert.equal(page.location, undefined);
  assert.equal(shown(page), 'error');
});

test('parameters next to the request_uri are ignored (RFC 9126 §4, RFC 9101 §6.3)', async () => {
  const uri = await pushed(party);
  const evil = { redirect_uri: 'https://evil.example.com/callback', scope: 'openid offline_access', state: 'evil' };
  const { browser, page } = await visit(uri, party, evil);
  const granted = await signIn(browser, page, person);
  assert.ok(granted.location?.startsWith(party.redirectUri));
  assert.equal(callbackOf(granted).state, 'pushed');
  const { body } = await redeem(app.issuer, party, { code: callbackOf(granted).code ?? '', verifier });
  assert.equal(body.scope, 'openid email');
});

test('unknown and malformed request_uris are refused without a redirect (RFC 9126 §4)', async () => {
  for (const uri of ['urn:ietf:params:oauth:request_uri:unknown', 'https://rp.example.com/request.jwt', 'x']) {
    const { page } = await visit(uri);
    assert.equal(shown(page), 'error', uri);
    assert.ok(['invalid_request_uri', 'request_uri_not_supported'].includes(errorOn(page) ?? ''), uri);
  }
});

test('a client that must push is refused at /authorize (RFC 9126 §6)', async () => {
  const strict = await app.seed.party({ firstParty: true, metadata: { require_pushed_authorization_requests: true } });
  const url = new URL('/authorize', app.issuer);
  url.search = new URLSearchParams(requestOf(strict)).toString();
  const page = await browserSession(app.issuer).get(url.href);
  assert.equal(callbackOf(page).error, 'invalid_request');
  assert.equal(shown((await visit(await pushed(strict), strict)).page), 'sign-in');
});

test('a signed request can be pushed (RFC 9126 §3), and its signature is verified', async () => {
  const keyed = await keyedParty(app, { firstParty: true });
  const challenge = { code_challenge: requestOf(party).code_challenge, code_challenge_method: 'S256', state: 'signed' };
  const fields = async (request: string) =>
    post(app, '/par', { client_id: keyed.party.id, request }, authorization(keyed.party));
  const answer = await fields(await keyed.request(challenge));
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const { browser, page } = await visit(String(answer.body.request_uri), keyed.party);
  assert.equal(callbackOf(await signIn(browser, page, person)).state, 'signed');
  const forged = await keyedParty(app);
  const bad = await fields(await keyed.request(challenge, { key: forged.privateKey }));
  assert.deepEqual(refusal(bad), { status: 400, error: 'invalid_request_object' });
  assert.deepEqual(refusal(await fields(await keyed.request({ ...challenge, client_id: party.id }))), {
    status: 400,
    error: 'invalid_request_object',
  });
});

test('one node accepts a request that was pushed to another', async (t) => {
  const { databaseUrl, masterKey } = app;
  const other = await deployment(t, { databaseUrl, masterKey, env: { CARDEA_ISSUER: app.issuer } });
  const { browser, page } = await visit(await pushed(party), party, {}, browserSession(app.issuer, other.issuer));
  assert.equal(callbackOf(await signIn(browser, page, person)).state, 'pushed');
});

test('only POST can push', async () => {
  const response = await fetch(new URL('/par', app.issuer));
  assert.equal(response.status, 405);
  assert.deepEqual(refusal(await post(app, '/par', { scope: 'openid' })), { status: 401, error: 'invalid_client' });
});
