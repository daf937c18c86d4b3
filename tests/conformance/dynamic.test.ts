import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { type CryptoKey, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { callbackOf, shown, submitPassword } from '../flows/support.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { textOf, textsOf } from '../helpers/html.ts';
import { signIn } from '../helpers/relying_party.ts';
import { rememberAll } from '../helpers/secrets.ts';
import { listen } from '../helpers/ssrf_cases.ts';

/** The plan for providers with dynamic registration: every client registers itself and authenticates with a key. */
const scope = { after };
const env = { CARDEA_PROFILE: 'oidc', CARDEA_REGISTRATION: 'open', CARDEA_OUTBOUND_ALLOW: '127.0.0.1' };
const app = await deployment(scope, { env });
const person = await app.seed.person();
const REDIRECT = 'https://rp.example.com/callback';
const keys = await Promise.all(['one', 'two'].map(async (kid) => ({ kid, ...(await generateKeyPair('ES256')) })));
const [first, second] = [keys[0] ?? assert.fail(), keys[1] ?? assert.fail()];
const publicJwk = async ({ kid, publicKey }: typeof first) => ({ ...(await exportJWK(publicKey)), kid, use: 'sig' });

type Registered = Record<string, string> & { client_id: string };

async function register(metadata: Readonly<Record<string, unknown>>): Promise<{ status: number; body: Registered }> {
  const response = await fetch(`${app.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'private_key_jwt',
      grant_types: ['authorization_code', 'refresh_token'],
      jwks: { keys: [await publicJwk(first)] },
      ...metadata,
    }),
  });
  return { status: response.status, body: rememberAll((await response.json()) as Registered) };
}

/** A token request authenticated with a key. */
async function ask(clientId: string, key: { kid: string; privateKey: CryptoKey }, fields: Record<string, string>) {
  const client_assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(app.issuer)
    .setExpirationTime('1m')
    .sign(key.privateKey);
  const response = await fetch(`${app.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion,
      ...fields,
    }),
  });
  return { status: response.status, body: rememberAll((await response.json()) as Record<string, string>) };
}

async function start(clientId: string, params: Record<string, string> = {}) {
  const browser = browserSession(app.issuer);
  const url = new URL('/authorize', app.issuer);
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid email',
    nonce: 'n',
    ...params,
  }).toString();
  return { browser, page: await browser.follow(await browser.get(url.href)) };
}

async function tokensOf(clientId: string, key: typeof first, params: Record<string, string> = {}) {
  const { browser, page } = await start(clientId, params);
  const { code = '' } = callbackOf(await signIn(browser, page, person));
  const fields = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT };
  const { status, body } = await ask(clientId, key, fields);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

test('a client registers with a key and signs a person in: RS256 ID token and userinfo on request', async () => {
  const algs = { id_token_signed_response_alg: 'RS256', userinfo_signed_response_alg: 'RS256' };
  const { status, body } = await register(algs);
  assert.equal(status, 201, JSON.stringify(body));
  const tokens = await tokensOf(body.client_id, first);
  assert.equal(decodeProtectedHeader(tokens.id_token ?? '').alg, 'RS256');
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const userinfo = await (await fetch(`${app.issuer}/userinfo`, { headers })).text();
  assert.equal(decodeProtectedHeader(userinfo).alg, 'RS256');
});

test('keys at jwks_uri are fetched, and fetched again for an unknown kid (rotation)', async (t) => {
  const served = { keys: [await publicJwk(first)] };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(served));
  });
  const jwks_uri = `http://127.0.0.1:${await listen(scope, server, '127.0.0.1')}/jwks`;
  const { status, body } = await register({ jwks: undefined, jwks_uri });
  assert.equal(status, 201, JSON.stringify(body));
  const offline = { scope: 'openid offline_access', prompt: 'consent' };
  const { refresh_token = '' } = await tokensOf(body.client_id, first, offline);
  const stranger = await ask(body.client_id, second, { grant_type: 'refresh_token', refresh_token });
  assert.equal(stranger.body.error, 'invalid_client');
  served.keys = [await publicJwk(second)];
  // The provider caches a failed fetch of keys for a minute.
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
  const renewed = await ask(body.client_id, second, { grant_type: 'refresh_token', refresh_token });
  assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
});

test('people see links to the app’s privacy policy and terms when these are at its own host (Registration §2)', async () => {
  const policy_uri = 'https://rp.example.com/privacy';
  const { body } = await register({ policy_uri, tos_uri: 'https://rp.example.com/terms' });
  const { browser, page } = await start(body.client_id);
  assert.equal(shown(page), 'sign-in');
  const consent = await submitPassword(browser, page, person);
  assert.equal(shown(consent), 'consent');
  for (const one of [page, consent]) {
    assert.equal(textOf(one, `a[href="${policy_uri}"][rel="noreferrer"]`), en['client.policy']);
    assert.equal(textOf(one, 'a[href="https://rp.example.com/terms"][rel="noreferrer"]'), en['client.tos']);
  }
});

test('people see pages of other hosts as text, and no picture of them (Registration §2, RFC 7591 §5)', async () => {
  const pages = {
    policy_uri: 'https://bank.example.com/privacy',
    tos_uri: 'https://rp.example.com/terms',
    logo_uri: 'https://pictures.example.com/logo.png',
  };
  const { body } = await register(pages);
  assert.deepEqual([body.policy_uri, body.tos_uri, body.logo_uri], Object.values(pages));
  const { browser, page } = await start(body.client_id);
  const consent = await submitPassword(browser, page, person);
  for (const one of [page, consent]) {
    const texts = textsOf(one, 'li');
    assert.ok(texts.includes(`${en['client.policy']}: bank.example.com`), texts.join());
    assert.ok(texts.includes(`${en['client.logo']}: pictures.example.com`), texts.join());
    assert.doesNotMatch(one.body, /https:\/\/(bank|pictures)\.example\.com/);
    assert.equal(textOf(one, `a[href="${pages.tos_uri}"]`), en['client.tos']);
  }
});

test('a redirect URI with a fragment, and a sector document without the redirect URI, are refused (Registration §2, §5)', async () => {
  const fragment = await register({ redirect_uris: [`${REDIRECT}#fragment`] });
  assert.deepEqual([fragment.status, fragment.body.error], [400, 'invalid_redirect_uri']);
  const sector = await register({
    subject_type: 'pairwise',
    sector_identifier_uri: 'https://localhost:1/sector.json',
  });
  assert.deepEqual([sector.status, sector.body.error], [400, 'invalid_client_metadata']);
});
