import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import type { ClientChange } from '../../server/clients/store.ts';
import {
  begin,
  callbackOf,
  errorOn,
  idTokenOf,
  refusal,
  shown,
  submit,
  submitPassword,
  tokensFor,
} from '../flows/support.ts';
import { press } from '../helpers/account.ts';
import { askPerson, CIBA_GRANT, cibaMetadata, fetchTokens, openRequests } from '../helpers/ciba.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { askForCode, decide, poll, typeCode } from '../helpers/device.ts';
import { partyOf, register } from '../helpers/registration.ts';
import { authorize, introspect, redeem, refresh, token, userinfo } from '../helpers/relying_party.ts';

/** A grant gives only what the current policy still allows (Keycloak GHSA-895x-rfqp-jh5c, Pocket ID CVE-2026-43983). */

const scope = { after };
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const app = await deployment(scope, { env: { CARDEA_REGISTRATION: 'open', CARDEA_SECOND_FACTOR_GROUPS: 'staff' } });
/** The same server after its operator began to require two factors from all people. */
const strict = await deployment(scope, {
  databaseUrl: app.databaseUrl,
  masterKey: app.masterKey,
  env: { CARDEA_ISSUER: app.issuer, CARDEA_SECOND_FACTOR: 'required' },
});
/** A server that lets trusted browsers skip the second factor. */
const trusting = await deployment(scope, {
  databaseUrl: app.databaseUrl,
  masterKey: app.masterKey,
  env: { CARDEA_ISSUER: app.issuer, CARDEA_SECOND_FACTOR: 'required', CARDEA_TRUST_DEVICE: '30d' },
});
const { issuer, seed } = app;
const NOTES = 'https://notes.example.com';
const notes = await seed.party();
await seed.resourceServer({
  identifier: NOTES,
  name: 'Notes',
  scopes: ['notes:read', 'notes:write'],
  clients: [notes.id],
});
const NAMESAKE = 'https://namesake.example.com';
await seed.resourceServer({ identifier: NAMESAKE, name: 'Namesake', scopes: ['email'], clients: [notes.id] });
const person = await seed.person();

const SCOPE = 'openid email offline_access notes:read notes:write';
const party = (metadata: Record<string, unknown> = {}) =>
  seed.party({ firstParty: true, metadata: { scope: SCOPE, ...metadata } });
const change = async (one: Party, to: ClientChange) => {
  await seed.clients.update(one.id, to);
};
const reduce = (one: Party, to: string) => change(one, { metadata: { scope: to } });
const params = { scope: SCOPE, resource: NOTES, prompt: 'consent' };

const fresh = (one: Party, refreshToken: string, fields: Record<string, string> = {}, reach = issuer) =>
  token(issuer, one, { grant_type: 'refresh_token', refresh_token: refreshToken, ...fields }, reach);

describe('scopes taken from a client', () => {
  test('are in no token of a refresh, and not in introspection of its access token', async () => {
    const one = await party();
    const { tokens, browser } = await tokensFor(app, one, person, { params });
    await reduce(one, 'openid notes:read');
    assert.deepEqual((await userinfo(issuer, tokens.access_token)).body, { sub: person.id });
    assert.equal((await introspect(issuer, one, tokens.access_token)).scope, 'openid notes:read');
    assert.equal((await introspect(issuer, one, tokens.refresh_token ?? '')).scope, 'openid notes:read');

    const wide = await fresh(one, tokens.refresh_token ?? '', { scope: 'openid email' });
    assert.deepEqual(refusal(wide), { status: 400, error: 'invalid_scope' });
    const { status, body } = await fresh(one, tokens.refresh_token ?? '');
    assert.deepEqual([status, body.scope], [200, 'openid notes:read']);
    assert.deepEqual((await userinfo(issuer, body.access_token ?? '')).body, { sub: person.id });
    const jwt = await fresh(one, body.refresh_token ?? '', { resource: NOTES });
    assert.equal(jwt.body.scope, 'openid notes:read');

    // Without offline_access a refresh token ends with its session.
    await submit(browser, await browser.get('/logout'), { logout: 'yes' });
    assert.deepEqual(refusal(await fresh(one, jwt.body.refresh_token ?? '')), { status: 400, error: 'invalid_grant' });
  });

  test('are in no token of a code, and neither are claims that were requested by name', async () => {
    const one = await party();
    const claims = JSON.stringify({ userinfo: { email: null }, id_token: { email: null, email_verified: null } });
    const granted = await authorize({ issuer, party: one, person, params: { scope: SCOPE, claims } });
    const later = await authorize({
      issuer,
      party: one,
      person,
      params: { scope: SCOPE, claims },
      browser: granted.browser,
    });
    const before = await redeem(issuer, one, granted);
    assert.equal(idTokenOf(before.body).email, person.email);
    await reduce(one, 'openid');
    const { body } = await redeem(issuer, one, later);
    assert.equal(body.scope, 'openid');
    assert.equal(idTokenOf(body).email, undefined);
    for (const value of [before, { body }])
      assert.deepEqual((await userinfo(issuer, value.body.access_token ?? '')).body, { sub: person.id });
  });

  test('are not asked for by a sign-in that had begun', async () => {
    const one = await seed.party({ metadata: { scope: SCOPE } });
    const { browser, page, verifier } = await begin(app, one, { scope: 'openid email' });
    const consent = await submitPassword(browser, page, person);
    assert.equal(shown(consent), 'consent');
    await reduce(one, 'openid');
    const done = await submit(browser, consent, { action: 'allow' });
    const { body } = await redeem(issuer, one, { code: callbackOf(done).code ?? '', verifier });
    assert.deepEqual([body.scope, idTokenOf(body).email], ['openid', undefined]);
  });

  test('are not given to a device, although its person has approved them', async () => {
    const one = await party({ grant_types: [DEVICE, 'refresh_token'], redirect_uris: [] });
    const { browser } = await tokensFor(app, await party(), person, { params: { scope: 'openid' } });
    const { body: device } = await askForCode(issuer, one, { scope: 'openid email' });
    await decide(browser, await typeCode(browser, device.user_code), 'confirm');
    await reduce(one, 'openid');
    const { body } = await poll(issuer, one, device.device_code);
    assert.equal(body.scope, 'openid', JSON.stringify(body));
  });
});

test('are not shown to a resource server, and neither are scopes that the resource server lost', async () => {
  const one = await party();
  const { tokens } = await tokensFor(app, one, person, { params });
  const { body } = await fresh(one, tokens.refresh_token ?? '', { resource: NOTES });
  const seen = async () => (await introspect(issuer, notes, body.access_token ?? '')).scope;
  assert.equal(await seen(), 'openid email notes:read notes:write');
  await reduce(one, 'openid notes:read');
  assert.equal(await seen(), 'openid notes:read');
  await reduce(one, SCOPE);
  await seed.resourceServers.update(NOTES, { scopes: ['notes:write'] });
  assert.equal(await seen(), 'openid email notes:write');
  await seed.resourceServers.update(NOTES, { scopes: ['notes:other'] });
  assert.deepEqual(await introspect(issuer, notes, body.access_token ?? ''), { active: false });
  await seed.resourceServers.update(NOTES, { scopes: ['notes:read', 'notes:write'] });
});

test('a scope of a resource server that Cardea has too is not confused with that one', async () => {
  const one = await party({ scope: 'openid email' });
  const asked = { scope: 'openid email', resource: NAMESAKE };
  const { tokens } = await tokensFor(app, one, person, { params: asked });
  assert.deepEqual([decodeJwt(tokens.access_token).aud, tokens.scope], [NAMESAKE, 'email']);
  const seen = () => introspect(issuer, notes, tokens.access_token);
  assert.equal((await seen()).scope, 'email');
  await seed.resourceServers.update(NAMESAKE, { scopes: ['other'] });
  assert.deepEqual(await seen(), { active: false });
});

test('a redirect URI that was taken from a client is not redirected to, at any stage of a sign-in', async () => {
  const one = await party();
  const { browser, page } = await begin(app, one, { scope: 'openid' });
  await change(one, { metadata: { redirect_uris: ['https://rp.example.com/other'] } });
  const done = await submitPassword(browser, page, person);
  assert.deepEqual([shown(done), errorOn(done)], ['error', 'invalid_redirect_uri']);
});

test('permissions that an app has lost are not approved by CIBA, although it asked for them before', async () => {
  const one = await seed.party({ name: 'Call Centre', metadata: cibaMetadata({ grant_types: [CIBA_GRANT] }) });
  const somebody = await seed.person();
  const { body: asked } = await askPerson(issuer, one, { login_hint: somebody.email });
  const { browser, page } = await openRequests(app, somebody);
  await change(one, { metadata: { grant_types: ['client_credentials'], response_types: [] } });
  assert.equal((await press(browser, page, 'approve-0')).status, 400);
  const text = 'SELECT count(*)::int AS n FROM grants WHERE client_id = $1';
  assert.deepEqual(await app.db.run({ name: '', text }, [one.id]), [{ n: 0 }]);
  assert.equal((await fetchTokens(issuer, one, asked.auth_req_id)).body.error, 'unauthorized_client');
});

test('a refresh token of a client that lost the grant type is not active (RFC 7662 §2.2)', async () => {
  const one = await party();
  const { tokens } = await tokensFor(app, one, person, { params: { scope: 'openid offline_access' } });
  const refreshToken = tokens.refresh_token ?? '';
  assert.equal((await introspect(issuer, one, refreshToken)).active, true);
  await change(one, { metadata: { grant_types: ['authorization_code'] } });
  assert.deepEqual(await introspect(issuer, one, refreshToken), { active: false });
  assert.deepEqual(refusal(await fresh(one, refreshToken)), { status: 400, error: 'unauthorized_client' });
  assert.equal((await introspect(issuer, one, tokens.access_token)).active, true);
});

describe('a second factor that became required', () => {
  const WEAK = { status: 400, error: 'invalid_grant' };
  const byClient = async (one: Party) => {
    await change(one, { secondFactorRequired: true });
    return issuer;
  };
  const byGroup = async (_one: Party, id: string) => {
    await seed.accounts.setGroups(id, ['staff']);
    return issuer;
  };
  const byServer = async () => strict.app.http.listeningOrigin;
  const ways = {
    'by the client': byClient,
    'by a group': byGroup,
    'by the server': byServer,
    'by a server that trusts browsers, of a person without a second factor': async () =>
      trusting.app.http.listeningOrigin,
  };

  for (const [name, require] of Object.entries(ways)) {
    test(`${name}: a sign-in with one factor has to be repeated, with every kind of token`, async () => {
      const one = await party();
      const somebody = await seed.person();
      const { tokens, browser } = await tokensFor(app, one, somebody, { params });
      const granted = await authorize({ issuer, party: one, person: somebody, browser, params: { scope: 'openid' } });
      const reach = await require(one, somebody.id);

      const refused = await fresh(one, tokens.refresh_token ?? '', {}, reach);
      assert.deepEqual(refusal(refused), WEAK);
      assert.match(String(refused.body.error_description), /sign in again/);
      assert.deepEqual(refusal(await redeem(issuer, one, granted, reach)), WEAK);
      assert.equal((await userinfo(issuer, tokens.access_token, reach)).status, 401);
      for (const value of [tokens.access_token, tokens.refresh_token ?? ''])
        assert.deepEqual(await introspect(issuer, one, value, reach), { active: false });
    });
  }

  test('stops a device that was approved before', async () => {
    const one = await party({ grant_types: [DEVICE, 'refresh_token'], redirect_uris: [] });
    const somebody = await seed.person();
    const { browser } = await tokensFor(app, await party(), somebody, { params: { scope: 'openid' } });
    const { body: device } = await askForCode(issuer, one, { scope: 'openid email' });
    await decide(browser, await typeCode(browser, device.user_code), 'confirm');
    await byGroup(one, somebody.id);
    assert.deepEqual(refusal(await poll(issuer, one, device.device_code)), WEAK);
  });

  test('has to be used before an approval for an app that asks by CIBA', async () => {
    const one = await seed.party({ name: 'Call Centre', metadata: cibaMetadata() });
    const somebody = await seed.person();
    const { body: asked } = await askPerson(issuer, one, { login_hint: somebody.email });
    const { browser, page } = await openRequests(app, somebody);
    await byGroup(one, somebody.id);
    const answer = await press(browser, page, 'approve-0');
    assert.equal(new URL(answer.location ?? '', issuer).pathname, '/authorize');
    assert.equal((await fetchTokens(issuer, one, asked.auth_req_id)).body.error, 'authorization_pending');
    const again = await browser.follow(await browser.get(answer.location ?? ''));
    assert.equal(shown(await submitPassword(browser, again, somebody)), 'enrol');
  });

  test('stops an access token from being exchanged (RFC 8693)', async () => {
    const one = await party();
    const service = await seed.party({
      metadata: {
        scope: 'notes:read',
        redirect_uris: [],
        grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      },
    });
    const tokenExchange = { subject_clients: [one.id], targets: [NOTES], delegation: true };
    await change(service, { tokenExchange });
    const somebody = await seed.person();
    const { tokens } = await tokensFor(app, one, somebody, { params });
    const { body } = await fresh(one, tokens.refresh_token ?? '', { resource: NOTES });
    const exchange = () =>
      token(issuer, service, {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: body.access_token ?? '',
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        resource: NOTES,
      });
    assert.equal((await exchange()).status, 200);
    await byGroup(one, somebody.id);
    assert.deepEqual(refusal(await exchange()), { status: 400, error: 'invalid_request' });
  });
});

describe('groups and roles', () => {
  const wanted = 'openid groups roles';

  test('go only to clients of the operator, until they are opened to another client', async () => {
    const somebody = await seed.person();
    await seed.accounts.setGroups(somebody.id, ['auditors']);
    const site = await documentSite(scope);
    const id = site.put('/client.json', {
      client_name: 'A website',
      redirect_uris: [`${site.origin}/callback`],
      scope: wanted,
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    });
    const document: Party = {
      id,
      redirectUri: `${site.origin}/callback`,
      secret: undefined,
      client: undefined as never,
    };
    const { body } = await register(app, {
      redirect_uris: ['https://web.example/cb'],
      grant_types: ['authorization_code', 'refresh_token'],
      scope: wanted,
    });
    assert.equal(body.scope, 'openid');
    for (const one of [document, partyOf(body)]) {
      const { page } = await begin(app, one, { scope: wanted });
      assert.equal(page.location === undefined ? errorOn(page) : callbackOf(page).error, 'invalid_scope');
      const named = { claims: JSON.stringify({ userinfo: { groups: null }, id_token: { groups: null } }) };
      const { tokens } = await tokensFor(app, one, somebody, { params: { scope: 'openid', ...named } });
      assert.equal(idTokenOf(tokens).groups, undefined);
      assert.equal((await userinfo(issuer, tokens.access_token)).body.groups, undefined);

      if (one !== document) {
        // Registered when the operator's rules allowed more.
        await change(one, { metadata: { scope: wanted } });
        const { page: later } = await begin(app, one, { scope: wanted });
        assert.equal(later.location === undefined ? errorOn(later) : callbackOf(later).error, 'invalid_scope');
      }

      await change(one, { openedScopes: ['groups'] });
      const opened = await tokensFor(app, one, somebody, { params: { scope: 'openid groups' } });
      assert.deepEqual(idTokenOf(opened.tokens).groups, ['auditors']);
      await change(one, { openedScopes: [] });
      assert.equal((await userinfo(issuer, opened.tokens.access_token)).body.groups, undefined);
      assert.equal(idTokenOf((await refresh(issuer, one, opened.tokens.refresh_token ?? '')).body).groups, undefined);
    }
  });
});
