import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import createClient from 'openapi-fetch';
import type { paths as AdminPaths } from '../../ops/openapi/admin-v1.ts';
import type { paths as OAuthPaths } from '../../ops/openapi/oauth.ts';
import { machine } from '../helpers/admin_api.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/** A client that is generated from the descriptions (openapi-typescript, openapi-fetch) does what they say. */

const scope = { after };
const app = await deployment(scope);
const SCOPES = 'cardea:groups:read cardea:groups:write';
const script = await machine(app, SCOPES);
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

  const etag = created.response.headers.get('etag') ?? `"${created.data?.version}"`;
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
