import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { openAccount, pathOf, press } from '../helpers/account.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { textsOf } from '../helpers/html.ts';
import { mcpServer } from '../helpers/mcp_server.ts';
import { register } from '../helpers/registration.ts';
import { authorize, redeem, refresh, signIn } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { post } from './support.ts';

/**
 * An MCP client that knows only the URL of a server (Model Context Protocol, Authorization): the example in
 * ops/examples/mcp-server, with a Cardea without any configuration for it.
 */

const scope = { after };
const app = await deployment(scope);
const openToAll = await deployment(scope, {
  env: { CARDEA_REGISTRATION: 'open' },
});
const site = await documentSite(scope);

type Json = Record<string, unknown>;

async function call(resource: string, method: string, params: Json = {}, token?: string) {
  const response = await fetch(resource, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate') ?? '',
    body: (await response.json()) as { result?: Json & { content?: Json[]; tools?: Json[] }; error?: unknown },
  };
}

async function read(url: string): Promise<Json> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return (await response.json()) as Json;
}

/** From a server's URL to its authorization server metadata (RFC 9728 §5, RFC 8414 §3). */
async function discover(resource: string): Promise<{ server: Json; scope: string }> {
  const { status, challenge } = await call(resource, 'initialize');
  assert.equal(status, 401);
  const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const wanted = /scope="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const metadata = await read(metadataUrl);
  assert.equal(metadata.resource, resource, 'RFC 9728 §3.3');
  const [issuer] = metadata.authorization_servers as string[];
  const server = await read(`${issuer}/.well-known/oauth-authorization-server`);
  assert.equal(server.issuer, issuer, 'RFC 8414 §3.3');
  assert.deepEqual(server.code_challenge_methods_supported, ['S256']);
  return { server, scope: wanted };
}

/** The code flow with PKCE and `resource`, as the metadata describes it (RFC 7636, RFC 8707). */
async function signInWith(
  server: Json,
  client: { id: string; redirectUri: string },
  person: { email: string; password: string; id: string },
  asked: { resource: string; scope: string },
) {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(String(server.authorization_endpoint));
  const params = {
    client_id: client.id,
    redirect_uri: client.redirectUri,
    response_type: 'code',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...asked,
  };
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  const browser = browserSession(String(server.issuer));
  const page = await signIn(browser, await browser.follow(await browser.get(url.href)), person);
  const callback = new URL(page.location ?? '');
  assert.equal(callback.searchParams.get('iss'), server.issuer, 'RFC 9207');
  const code = remember('code', callback.searchParams.get('code') ?? '');
  const { status, body } = await post(
    { issuer: String(server.issuer) },
    new URL(String(server.token_endpoint)).pathname,
    {
      grant_type: 'authorization_code',
      client_id: client.id,
      code,
      code_verifier: verifier,
      redirect_uri: client.redirectUri,
      resource: asked.resource,
    },
  );
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const resource = await mcpServer(scope, app.issuer);
await app.seed.resourceServer({
  identifier: resource,
  name: 'Notes',
  scopes: ['notes:read', 'notes:write'],
  open: true,
});
const redirectUri = `${site.origin}/callback`;
const id = site.put('/agent.json', {
  client_name: 'Agent',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});
const party: Party = { id, redirectUri, secret: undefined, client: undefined as never };

describe('an MCP client with a client id metadata document', () => {
  test('gets from the URL of a server to its tools without any configuration', async () => {
    const person = await app.seed.person();
    const { server, scope: wanted } = await discover(resource);
    assert.equal(server.client_id_metadata_document_supported, true);
    const { access_token: token = '', refresh_token } = await signInWith(server, party, person, {
      resource,
      scope: wanted,
    });
    const claims = decodeJwt(token);
    assert.deepEqual([claims.aud, claims.client_id, claims.scope, claims.sub], [resource, id, 'notes:read', person.id]);
    assert.equal((await call(resource, 'initialize', {}, token)).status, 200);
    const { body } = await call(resource, 'tools/list', {}, token);
    assert.deepEqual(
      body.result?.tools?.map(({ name }) => name),
      ['list_notes', 'add_note'],
    );
    assert.ok(refresh_token, 'it does not need another authorization');
  });

  test('learns which scope is missing, and asks for it (RFC 6750 §3.1)', async () => {
    const person = await app.seed.person();
    const { server, scope: wanted } = await discover(resource);
    const first = await signInWith(server, party, person, { resource, scope: wanted });
    const note = { name: 'add_note', arguments: { text: 'milk' } };
    const refused = await call(resource, 'tools/call', note, first.access_token);
    assert.equal(refused.status, 403);
    assert.match(refused.challenge, /error="insufficient_scope", scope="notes:read notes:write"/);
    const repeated = await call(resource, 'tools/call', note, first.access_token);
    assert.notEqual(repeated.challenge, refused.challenge, 'or the MCP SDK gives up');
    const more = await signInWith(server, party, person, { resource, scope: 'notes:read notes:write' });
    assert.equal((await call(resource, 'tools/call', note, more.access_token)).status, 200);
    const { body } = await call(resource, 'tools/call', { name: 'list_notes' }, more.access_token);
    assert.deepEqual(body.result?.content, [{ type: 'text', text: 'milk' }]);
  });

  test('is listed at /account under its host, and loses access when the person withdraws it', async () => {
    const person = await app.seed.person();
    const { server, scope: wanted } = await discover(resource);
    const { refresh_token: first = '' } = await signInWith(server, party, person, { resource, scope: wanted });
    const { browser, page } = await openAccount(app, person, '/account/apps');
    for (const text of ['Agent', new URL(id).host]) assert.ok(textsOf(page, 'bdi').includes(text), text);
    assert.match(page.body, /notes:read/);
    assert.equal(pathOf(await press(browser, page, 'revoke-0')), '/account/apps?done=app_revoked');
    const { status, body } = await refresh(app.issuer, party, first);
    assert.deepEqual([status, body.error], [400, 'invalid_grant']);
  });

  test('cannot use a token for another audience (RFC 9068 §4)', async () => {
    const other = 'https://other.example/mcp';
    await app.seed.resourceServer({ identifier: other, name: 'Other', scopes: ['notes:read'], open: true });
    const person = await app.seed.person();
    const { server } = await discover(resource);
    const { access_token: foreign = '' } = await signInWith(server, party, person, {
      resource: other,
      scope: 'notes:read',
    });
    const { body: opaque } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
    for (const token of [foreign, opaque.access_token, opaque.id_token, 'x']) {
      const { status, challenge } = await call(resource, 'tools/list', {}, token);
      assert.equal(status, 401);
      assert.match(challenge, /error="invalid_token"/);
    }
  });
});

test('an MCP client that registers itself works as well (RFC 7591)', async () => {
  const resource = await mcpServer(scope, openToAll.issuer);
  await openToAll.seed.resourceServer({ identifier: resource, name: 'Notes', scopes: ['notes:read'], open: true });
  const person = await openToAll.seed.person();
  const { server, scope: wanted } = await discover(resource);
  const redirectUri = 'http://localhost:33418/callback';
  const { status, body } = await register(
    openToAll,
    {
      client_name: 'Agent',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    { path: new URL(String(server.registration_endpoint)).pathname },
  );
  assert.equal(status, 201);
  const { access_token: token } = await signInWith(server, { id: body.client_id, redirectUri }, person, {
    resource,
    scope: wanted,
  });
  assert.equal((await call(resource, 'tools/call', { name: 'list_notes' }, token)).status, 200);
});
