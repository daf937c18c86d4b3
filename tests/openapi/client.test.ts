import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import createClient from 'openapi-fetch';
import type { paths as AdminPaths } from '../../ops/openapi/admin-v1.ts';
import type { paths as OAuthPaths } from '../../ops/openapi/oauth.ts';
import { machine } from '../helpers/admin_api.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { documentOf, has } from '../helpers/html.ts';
import { message } from '../helpers/messages.ts';
import { authorization, authorize, authorizeUrl, redeem } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/** A client that is generated from the descriptions (openapi-typescript, openapi-fetch) does what they say. */

const scope = { after };
const app = await deployment(scope);
const NOUNS = ['groups', 'users', 'credentials'];
const SCOPES = [
  ...NOUNS.flatMap((noun) => [`cardea:${noun}:read`, `cardea:${noun}:write`]),
  'cardea:users:read:pii',
].join(' ');
const script = await machine(app, SCOPES);
const shop = await app.seed.party({ firstParty: true, metadata: { scope: 'openid email profile groups' } });
const oauth = createClient<OAuthPaths>({ baseUrl: app.issuer });
const admin = createClient<AdminPaths>({ baseUrl: `${app.issuer}/api/v1` });

const form = (body: object) => new URLSearchParams(Object.entries(body));

async function accessToken(): Promise<string> {
  const { data, response } = await oauth.POST('/token', {
    body: { grant_type: 'client_credentials', scope: SCOPES },
    bodySerializer: form,
    headers: { ...authorization(script), 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(response.status, 200);
  return remember('access_token', data?.access_token ?? '');
}

test('it gets a token, changes a group by its ETag, and reads errors by their type', async () => {
  const headers = { authorization: `Bearer ${await accessToken()}` };
  const created = await admin.POST('/groups', { body: { name: 'staff' }, headers });
  assert.equal(created.response.status, 201);
  assert.equal(created.data?.version, 1);

  const stale = await admin.PATCH('/groups/{name}', {
    params: { path: { name: 'staff' }, header: { 'If-Match': '"9"' } },
    body: { description: 'Everybody' },
    headers,
  });
  assert.equal(stale.response.status, 412);
  assert.equal(stale.error?.type, `${app.issuer}/problems/precondition_failed`);

  const etag = created.response.headers.get('etag') ?? '';
  const changed = await admin.PATCH('/groups/{name}', {
    params: { path: { name: 'staff' }, header: { 'If-Match': etag } },
    body: { description: 'Everybody' },
    headers,
  });
  assert.equal(changed.data?.description, 'Everybody');

  const page = await admin.GET('/groups', { params: { query: { limit: 1, total: true } }, headers });
  assert.deepEqual(
    page.data?.items.map(({ name }) => name),
    ['staff'],
  );
});

test('it makes a person, who signs in until the account is disabled', async () => {
  const headers = { authorization: `Bearer ${await accessToken()}` };
  const password = remember('password', 'Kestrel-Fjord-7-Anvil');
  const email = 'grace@example.com';
  await admin.POST('/groups', { body: { name: 'compilers' }, headers });
  const created = await admin.POST('/users', {
    params: { header: { 'Idempotency-Key': 'make-grace' } },
    body: { email, email_verified: true, name: 'Grace', groups: ['compilers'], password, password_temporary: false },
    headers,
  });
  assert.equal(created.response.status, 201);
  const id = created.data?.id ?? '';
  const path = { id };
  assert.equal(created.response.headers.get('location'), `/api/v1/users/${id}`);

  const shown = await admin.GET('/users/{id}', { params: { path }, headers });
  assert.equal(shown.data?.has_password, true);
  const changed = await admin.PATCH('/users/{id}', {
    params: { path, header: { 'If-Match': shown.response.headers.get('etag') ?? '' } },
    body: { name: 'Grace Hopper', given_name: 'Grace' },
    headers,
  });
  assert.equal(changed.data?.name, 'Grace Hopper');
  const found = await admin.POST('/users/search', { body: { search: 'grac' }, headers });
  assert.deepEqual(
    found.data?.items.map((one) => one.id),
    [id],
  );

  const person = { id, email, password };
  const params = { scope: 'openid email profile groups' };
  const granted = await authorize({ issuer: app.issuer, party: shop, person, params });
  const { body } = await redeem(app.issuer, shop, granted);
  const metadata = await oauth.GET('/.well-known/openid-configuration');
  const { payload } = await jwtVerify(body.id_token ?? '', createRemoteJWKSet(new URL(metadata.data?.jwks_uri ?? '')), {
    issuer: app.issuer,
    audience: shop.id,
  });
  const { sub, email: claimed, email_verified, name, given_name, groups } = payload;
  assert.deepEqual(
    { sub, email: claimed, email_verified, name, given_name, groups },
    { sub: id, email, email_verified: true, name: 'Grace Hopper', given_name: 'Grace', groups: ['compilers'] },
  );

  const disabled = await admin.POST('/users/{id}/disable', { params: { path }, headers });
  assert.equal(disabled.data?.disabled, true);
  const url = authorizeUrl({ issuer: app.issuer, party: shop, params }, granted.verifier);
  const browser = browserSession(app.issuer);
  const form = formOf(await browser.follow(await browser.get(url)));
  const fields = { ...form.fields, identifier: email, password, action: 'signin' };
  const refused = await browser.follow(await browser.post(form.action, fields));
  assert.ok(documentOf(refused).textContent.includes(message('login.error.invalid_credentials')));
  const again = await granted.browser.follow(await granted.browser.get(url));
  assert.ok(has(again, '[name="password"]'), 'the session has ended');
});

test('it introspects and revokes its token', async () => {
  const token = await accessToken();
  const headers = { ...authorization(script), 'content-type': 'application/x-www-form-urlencoded' };
  const before = await oauth.POST('/introspect', { body: { token }, bodySerializer: form, headers });
  // A text for a client that has asked for JWTs (RFC 9701).
  assert.ok(typeof before.data === 'object' && before.data.active);
  assert.equal(before.data.client_id, script.id);
  await oauth.POST('/revoke', { body: { token }, bodySerializer: form, headers, parseAs: 'text' });
  const afterwards = await oauth.POST('/introspect', { body: { token }, bodySerializer: form, headers });
  assert.deepEqual(afterwards.data, { active: false });
});

test('it reads the metadata, and an error of OAuth', async () => {
  const { data } = await oauth.GET('/.well-known/openid-configuration');
  assert.equal(data?.issuer, app.issuer);
  const refused = await oauth.POST('/token', {
    body: { grant_type: 'refresh_token', refresh_token: 'unknown' },
    bodySerializer: form,
    headers: { ...authorization(script), 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(refused.response.status, 400);
  assert.ok(refused.error && 'error' in refused.error);
});
