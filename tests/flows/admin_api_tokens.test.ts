import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { BUILTIN_ROLES, PERMISSION_SCOPES, scopeOf } from '../../server/operations/permissions.ts';
import { apiOf, bearer, callApi, console, machine, machineToken, operator, personToken } from '../helpers/admin_api.ts';
import type { Page } from '../helpers/browser_session.ts';
import { askPerson, CIBA_GRANT, cibaMetadata } from '../helpers/ciba.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT } from '../helpers/device.ts';
import { initialTokens, partyOf, register } from '../helpers/registration.ts';
import { refresh, token } from '../helpers/relying_party.ts';
import { begin, callbackOf, errorOn, refusal, shown, signedIn, submit } from './support.ts';

/** Access tokens for the admin API: who gets them, and by which flow. */
const scope = { after };
const documents = await documentSite(scope);
const app = await deployment(scope, {
  env: {
    CARDEA_PROFILE: 'oidc',
    CARDEA_OUTBOUND_ALLOW: '127.0.0.0/8,::1',
  },
});
const { issuer, seed } = app;
const API = apiOf(app);
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const SCOPE = 'cardea:users:read cardea:clients:read';
const MACHINE = { grant_type: 'client_credentials' };
const INVALID_TARGET = { status: 400, error: 'invalid_target' };
const INVALID_SCOPE = { status: 400, error: 'invalid_scope' };
const robot = await machine(app, SCOPE);
const own = await console(app, `openid offline_access ${SCOPE}`, {
  grant_types: ['authorization_code', 'implicit', 'refresh_token', DEVICE_GRANT],
  response_types: ['code', 'code token', 'code id_token token', 'id_token token'],
});
const foreign = await seed.party({ metadata: { scope: `openid ${SCOPE}` } });
const admin = await operator(app, 'cardea-admin');
const web = await seed.party();
const browser = await signedIn(app, web, admin);
const newToken = initialTokens(app);

/** The error of a page, as for a client that an operator has not made, or of a redirect. */
const shownError = (page: Page) => (page.location === undefined ? errorOn(page) : callbackOf(page).error);

test('a machine gets a token by client credentials, with resource or without (RFC 8707 §2, RFC 9068 §2)', async () => {
  for (const resource of [{}, { resource: API }]) {
    const { body } = await token(issuer, robot, { ...MACHINE, scope: 'cardea:users:read', ...resource });
    const access = body.access_token ?? '';
    const { aud, sub, client_id, scope: granted } = decodeJwt(access);
    assert.deepEqual([aud, sub, client_id, granted], [API, robot.id, robot.id, 'cardea:users:read']);
    assert.equal(decodeProtectedHeader(access).typ, 'at+jwt');
  }
});

test('a machine gets no scope that it is not registered for, and none that does not exist', async () => {
  const none = await machine(app, 'openid');
  for (const scope of [
    'cardea:users:write',
    'cardea:users:read cardea:keys:write',
    'cardea:users:delete',
    'cardea:x',
  ]) {
    assert.deepEqual(refusal(await token(issuer, robot, { ...MACHINE, scope })), INVALID_SCOPE, scope);
    assert.deepEqual(refusal(await token(issuer, robot, { ...MACHINE, scope, resource: API })), INVALID_SCOPE, scope);
    assert.deepEqual(refusal(await token(issuer, none, { ...MACHINE, scope, resource: API })), INVALID_TARGET, scope);
  }
});

test('a client that may use every open resource server may not use the API for that reason', async () => {
  const open = await machine(app, 'cardea:users:read');
  await seed.clients.update(open.id, { openScope: true });
  for (const resource of [{}, { resource: API }]) {
    const asked = { ...MACHINE, scope: 'cardea:users:write', ...resource };
    assert.deepEqual(refusal(await token(issuer, open, asked)), INVALID_SCOPE);
  }
});

test('a person gets a token by an app of the operator and the code flow, and refreshes it', async () => {
  const { page } = await begin(app, own, { scope: `openid offline_access ${SCOPE}` }, browser.clone());
  assert.equal(shown(page), 'callback', 'no consent is asked for');
  const access = await personToken(app, own, admin, `openid offline_access ${SCOPE}`, browser.clone());
  const { aud, sub } = decodeJwt(access);
  assert.ok([aud ?? []].flat().includes(API));
  assert.equal(sub, admin.id);
  const { body } = await callApi(app, '/me', { headers: bearer(access) });
  assert.deepEqual(body.permissions, ['users:read', 'clients:read']);
});

test('a refreshed token is for the API too', async () => {
  const asked = await begin(
    app,
    own,
    { scope: `openid offline_access ${SCOPE}`, resource: API, prompt: 'consent' },
    await signedIn(app, web, admin),
  );
  const allowed = await submit(asked.browser, asked.page, { action: 'allow' });
  const { body } = await token(issuer, own, {
    grant_type: 'authorization_code',
    code: callbackOf(allowed).code ?? '',
    redirect_uri: own.redirectUri,
    code_verifier: asked.verifier,
  });
  const renewed = await refresh(issuer, own, body.refresh_token ?? '');
  assert.equal((await callApi(app, '/me', { headers: bearer(renewed.body.access_token ?? '') })).status, 200);
});

test('the consent page names the API, when an app asks for consent', async () => {
  const { page } = await begin(
    app,
    own,
    { scope: `openid ${SCOPE}`, prompt: 'consent' },
    await signedIn(app, web, admin),
  );
  assert.equal(shown(page), 'consent');
  assert.match(page.body, /Cardea admin API/);
});

test('a third-party app gets none for a person, by resource or by scope', async () => {
  const visitor = browser.clone();
  for (const params of [
    { scope: SCOPE },
    { scope: `openid ${SCOPE}`, resource: API },
    { scope: 'openid', resource: API },
  ]) {
    const { page } = await begin(app, foreign, params, visitor.clone());
    assert.equal(callbackOf(page).error, 'invalid_target', JSON.stringify(params));
  }
});

test('an app that registered itself gets none, however it asks', async () => {
  const asked = {
    redirect_uris: ['https://agent.example.com/cb'],
    grant_types: ['authorization_code', 'client_credentials'],
  };
  for (const scope of [undefined, `openid ${SCOPE}`]) {
    const { body, status } = await register(app, { ...asked, scope }, { token: await newToken() });
    assert.equal(status, 201, JSON.stringify(body));
    const agent = partyOf(body);
    await seed.clients.update(agent.id, { openedScopes: ['cardea:users:read'] });
    // No client that registered itself has this grant.
    const byItself = await token(issuer, agent, { ...MACHINE, scope: SCOPE });
    assert.deepEqual(refusal(byItself), { status: 400, error: 'unauthorized_client' });
    const { page } = await begin(app, agent, { scope: `openid ${SCOPE}`, resource: API }, browser.clone());
    assert.equal(shownError(page), 'invalid_target');
  }
});

test('the client of a document gets none', async () => {
  const id = documents.put('/agent.json', {
    client_name: 'Agent',
    redirect_uris: [`${documents.origin}/cb`],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'none',
    scope: `openid ${SCOPE}`,
  });
  const party = { id, secret: undefined, redirectUri: `${documents.origin}/cb`, client: undefined as never };
  const { page } = await begin(app, party, { scope: `openid ${SCOPE}`, resource: API }, browser.clone());
  assert.equal(shownError(page), 'invalid_target');
});

test('only the code flow serves people: no token in a redirect, none for a device, none by CIBA or an exchange', async () => {
  for (const response_type of ['code token', 'code id_token token', 'id_token token']) {
    const { page } = await begin(
      app,
      own,
      { response_type, nonce: 'n', scope: `openid ${SCOPE}`, resource: API },
      browser.clone(),
    );
    assert.equal(callbackOf(page).error, 'invalid_target', response_type);
  }
  assert.equal((await askForCode(issuer, own, { scope: SCOPE })).body.error, 'invalid_target');
  const bank = await seed.party({ firstParty: true, metadata: cibaMetadata({ scope: `openid ${SCOPE}` }) });
  const asked = await askPerson(issuer, bank, { scope: `openid ${SCOPE}`, resource: API, login_hint: admin.email });
  assert.equal(asked.body.error, 'invalid_target');
  assert.equal(CIBA_GRANT, bank.client.metadata.grant_types[0]);

  const service = await seed.party({
    firstParty: true,
    metadata: { redirect_uris: [], grant_types: ['client_credentials', EXCHANGE], scope: SCOPE },
  });
  await seed.clients.update(service.id, {
    tokenExchange: { subject_audiences: [API], targets: [API], impersonation: true },
  });
  const exchanged = await token(issuer, service, {
    grant_type: EXCHANGE,
    subject_token: await personToken(app, own, admin, SCOPE, browser.clone()),
    subject_token_type: ACCESS_TOKEN,
    resource: API,
  });
  assert.deepEqual(refusal(exchanged), INVALID_TARGET);
});

test('scopes of the API and of another API are not in one token', async () => {
  const other = await machine(app, `${SCOPE} files:read`);
  await seed.resourceServer({ identifier: 'https://files.example.com', name: 'Files', scopes: ['files:read'] });
  assert.deepEqual(
    refusal(await token(issuer, other, { ...MACHINE, scope: 'cardea:users:read files:read' })),
    INVALID_SCOPE,
  );
});

test('each role permits what its list says, of the scopes of the token', async () => {
  const every = await console(app, `openid ${PERMISSION_SCOPES.join(' ')}`);
  for (const [role, { permissions }] of Object.entries(BUILTIN_ROLES)) {
    const access = await personToken(app, every, await operator(app, role), permissions.map(scopeOf).join(' '));
    const { body } = await callApi(app, '/me', { headers: bearer(access) });
    assert.deepEqual(body.permissions, permissions, role);
  }
  const nobody = await personToken(app, every, await operator(app, 'accountant'), SCOPE);
  assert.deepEqual((await callApi(app, '/me', { headers: bearer(nobody) })).body.permissions, []);
});

test('a machine has the permissions of its scopes', async () => {
  const { body } = await callApi(app, '/me', { headers: bearer(await machineToken(app, robot, SCOPE)) });
  assert.deepEqual(body, {
    client_id: robot.id,
    user_id: null,
    permissions: ['users:read', 'clients:read'],
  });
});

test('its metadata tells where to get a token (RFC 9728 §2, §3)', async () => {
  const url = `${issuer}/.well-known/oauth-protected-resource/api/v1`;
  const response = await fetch(url);
  const body = (await response.json()) as Record<string, unknown>;
  assert.equal(body.resource, API);
  assert.deepEqual(body.authorization_servers, [issuer]);
  assert.deepEqual(body.scopes_supported, PERMISSION_SCOPES);
  assert.deepEqual(body.bearer_methods_supported, ['header']);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  const { challenge } = await callApi(app, '/me');
  assert.ok(challenge.includes(`resource_metadata="${url}"`), challenge);
});
