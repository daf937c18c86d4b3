import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { oauthDocument } from '../../server/oidc/openapi/document.ts';
import { askPerson, CIBA_GRANT, cibaMetadata } from '../helpers/ciba.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT } from '../helpers/device.ts';
import { assertDescribed, createSchemaCheck } from '../helpers/openapi.ts';
import { authorization, authorize, authorizeUrl } from '../helpers/relying_party.ts';
import { rememberAll } from '../helpers/secrets.ts';

/** What the OAuth endpoints really send, in flows and in refusals, is as described: status, media type, and each member. */

const scope = { after };
const app = await deployment(scope, {
  env: { CARDEA_REGISTRATION: 'open', CARDEA_TOKEN_STATUS_LIST: 'true', CARDEA_DPOP_NONCE: 'required' },
});
const { issuer } = app;
const document = oauthDocument({ issuer, version: '0' });
const check = createSchemaCheck(document);
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['read'] });
const person = await app.seed.person({ name: 'Ada Lovelace' });
const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access read' } });
const tv = await app.seed.party({ metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT, 'refresh_token'] } });
const calls = await app.seed.party({ metadata: cibaMetadata() });

interface Sent {
  readonly method?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request, and asserts that its answer is described. @param described the path of the document */
async function send(
  described: string,
  { method, form, json, headers = {} }: Sent = {},
  path = described,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const verb = method ?? (form || json ? 'POST' : 'GET');
  const response = await fetch(issuer + path, {
    method: verb,
    redirect: 'manual',
    headers: { ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(form ? { body: new URLSearchParams(form) } : json ? { body: JSON.stringify(json) } : {}),
  });
  const text = await response.text();
  const { status } = response;
  assertDescribed(document, check, { method: verb, path: described }, { status, headers: response.headers, text });
  const isObject = text.startsWith('{');
  return { status, body: isObject ? rememberAll(JSON.parse(text) as Record<string, unknown>) : {} };
}

const as = (client: Party) => ({ headers: authorization(client) });

test('the code flow: tokens, refresh, introspection, userinfo, revocation', async () => {
  const granted = await authorize({
    issuer,
    party,
    person,
    params: { scope: 'openid profile email offline_access', prompt: 'consent' },
  });
  const form = {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: party.redirectUri,
    code_verifier: granted.verifier,
  };
  const tokens = await send('/token', { form, ...as(party) });
  assert.equal(tokens.status, 200);
  const { access_token: access, refresh_token: refreshToken } = tokens.body as Record<string, string>;
  const bearer = { authorization: `Bearer ${access}` };
  assert.equal((await send('/userinfo', { headers: bearer })).status, 200);
  assert.equal((await send('/userinfo', { method: 'POST', headers: bearer })).status, 200);
  for (const token of [access, refreshToken, 'unknown'])
    assert.equal((await send('/introspect', { form: { token: token ?? '' }, ...as(party) })).status, 200);
  const refreshed = { grant_type: 'refresh_token', refresh_token: refreshToken ?? '' };
  assert.equal((await send('/token', { form: refreshed, ...as(party) })).status, 200);
  assert.equal((await send('/revoke', { form: { token: access ?? '' }, ...as(party) })).status, 200);
  assert.equal((await send('/userinfo', { headers: bearer })).status, 401);
  assert.equal((await send('/token', { form, ...as(party) })).status, 400);
});

test('a token of a machine for a resource server, and its status list', async () => {
  const form = { grant_type: 'client_credentials', resource: API, scope: 'read' };
  const { status, body } = await send('/token', { form, ...as(party) });
  assert.equal(status, 200);
  const [, claims = ''] = String(body.access_token).split('.');
  const { status: place } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
    status: { status_list: { uri: string } };
  };
  const list = place.status_list.uri.slice(issuer.length);
  assert.equal((await send('/status-lists/{id}', {}, list)).status, 200);
  assert.equal((await send('/status-lists/{id}', {}, '/status-lists/unknown')).status, 404);
  assert.equal((await send('/introspect', { form: { token: String(body.access_token) }, ...as(party) })).status, 200);
});

test('pushed, device and backchannel requests', async () => {
  const request = Object.fromEntries(new URL(authorizeUrl({ issuer, party }, 'v'.repeat(43))).searchParams);
  assert.equal((await send('/par', { form: request, ...as(party) })).status, 201);
  assert.equal((await send('/device_authorization', { form: { scope: 'openid' }, ...as(tv) })).status, 200);
  const { body } = await askForCode(issuer, tv);
  const poll = { grant_type: DEVICE_GRANT, device_code: body.device_code };
  assert.equal((await send('/token', { form: poll, ...as(tv) })).body.error, 'authorization_pending');
  const asked = { scope: 'openid', login_hint: person.email };
  assert.equal((await send('/backchannel_authentication', { form: asked, ...as(calls) })).status, 200);
  const unknown = await send('/backchannel_authentication', {
    form: { scope: 'openid', login_hint: 'nobody@example.com' },
    ...as(calls),
  });
  assert.equal(unknown.status, 400);
  const waiting = await askPerson(issuer, calls, { login_hint: person.email });
  const fetched = { grant_type: CIBA_GRANT, auth_req_id: waiting.body.auth_req_id };
  assert.equal((await send('/token', { form: fetched, ...as(calls) })).status, 400);
});

test('a client registers itself, reads, replaces and ends its registration', async () => {
  const metadata = { client_name: 'Agent', redirect_uris: ['https://agent.example.com/callback'] };
  const made = await send('/register', { json: metadata });
  assert.equal(made.status, 201);
  const path = `/register/${made.body.client_id}`;
  const headers = { authorization: `Bearer ${made.body.registration_access_token}` };
  const one = '/register/{client_id}';
  assert.equal((await send(one, { headers }, path)).status, 200);
  const json = { ...metadata, client_id: made.body.client_id, client_name: 'Other' };
  assert.equal((await send(one, { method: 'PUT', json, headers }, path)).status, 200);
  assert.equal((await send(one, { method: 'DELETE', headers }, path)).status, 204);
  assert.equal((await send(one, { headers }, path)).status, 401);
  assert.equal((await send('/register', { json: { redirect_uris: ['javascript:a'] } })).status, 400);
  assert.equal((await send('/register', { json: [] })).status, 400);
});

test('documents, health checks, and the pages that a browser is sent to', async () => {
  for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/openapi.json'])
    assert.equal((await send(path)).status, 200);
  for (const path of ['/.well-known/jwks.json', '/.well-known/passkey-endpoints', '/healthz', '/readyz'])
    assert.equal((await send(path)).status, 200);
  assert.equal((await send('/.well-known/oauth-protected-resource/api/v1')).status, 200);
  assert.equal((await send('/api/v1')).status, 200);
  assert.equal((await send('/.well-known/change-password')).status, 303);
  const html = { accept: 'text/html' };
  assert.equal((await send('/api/docs', { headers: html })).status, 200);
  assert.equal((await send('/problems', { headers: html })).status, 200);
  assert.equal((await send('/problems/{code}', { headers: html }, '/problems/not_found')).status, 200);
  const begin = new URL(authorizeUrl({ issuer, party }, 'v'.repeat(43))).search;
  assert.equal((await send('/authorize', { headers: html }, `/authorize${begin}`)).status, 303);
  assert.equal((await send('/authorize', { headers: html }, '/authorize?client_id=unknown')).status, 400);
  assert.equal((await send('/logout', { headers: html })).status, 303);
  assert.equal((await send('/device', { headers: html })).status, 200);
});

test('refusals of every endpoint that authenticates a client, and of the edge', async () => {
  const posted = ['/token', '/introspect', '/revoke', '/par', '/device_authorization', '/backchannel_authentication'];
  for (const path of posted) {
    assert.equal((await send(path, { form: { client_id: 'unknown', client_secret: 'x', token: 'x' } })).status, 401);
    assert.equal((await send(path, { form: { a: 'b' } })).status < 500, true);
    assert.equal((await send(path, { form: { token: 'x'.repeat(70_000) }, ...as(party) })).status, 413);
  }
  const dpop = { ...authorization(party), dpop: 'malformed' };
  assert.equal((await send('/token', { form: { grant_type: 'client_credentials' }, headers: dpop })).status, 400);
  for (const authorizationHeader of ['Bearer unknown', 'Bearer', 'Nonsense'])
    await send('/userinfo', { headers: { authorization: authorizationHeader } });
});
