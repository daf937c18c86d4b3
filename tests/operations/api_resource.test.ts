import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { reservedOf } from '../../server/operations/api_resource.ts';
import { PERMISSION_SCOPES } from '../../server/operations/permissions.ts';
import { apiOf, bearer, callApi, machine, machineToken } from '../helpers/admin_api.ts';
import { createResourceServers } from '../helpers/client_stores.ts';
import { deployment } from '../helpers/deployment.ts';

/** The admin API as a resource server that is built in. */
const app = await deployment({ after });
const API = apiOf(app);
const servers = createResourceServers({
  db: app.db,
  now: Date.now,
  reserved: reservedOf({ identifier: app.issuer, url: (path) => app.issuer + path }),
});
const robot = await machine(app, 'cardea:users:read');

test('no operator can make, change or delete it', async () => {
  const taken = { code: 'resource_server_exists', field: 'identifier' };
  await assert.rejects(servers.create({ identifier: API, name: 'Mine', scopes: ['x'] }), taken);
  await assert.rejects(servers.update(API, { open: true }), { code: 'not_found' });
  await assert.rejects(servers.remove(API), { code: 'not_found' });
  assert.deepEqual((await servers.list()).items, []);
});

test('none can be named like the issuer, its userinfo endpoint or the admin API, in any spelling', async () => {
  const { origin } = new URL(app.issuer);
  for (const identifier of [
    app.issuer,
    `${app.issuer}/`,
    `${app.issuer}/userinfo`,
    `${app.issuer}/userinfo/`,
    `${API}/`,
    app.issuer.replace(origin, origin.toUpperCase()),
  ]) {
    const created = servers.create({ identifier, name: 'Mine', scopes: ['x'] });
    await assert.rejects(created, { code: 'resource_server_exists', field: 'identifier' }, identifier);
  }
});

test('no other resource server can have its scopes', async () => {
  const identifier = 'https://files.example.com';
  const refused = { code: 'invalid_input', field: 'scopes' };
  for (const scope of [...PERMISSION_SCOPES.slice(0, 2), 'cardea:anything']) {
    await assert.rejects(servers.create({ identifier, name: 'Files', scopes: ['files', scope] }), refused);
  }
  await servers.create({ identifier, name: 'Files', scopes: ['files'] });
  await assert.rejects(servers.update(identifier, { scopes: ['cardea:users:read'] }), refused);
});

test('one that was registered before, under its identifier or with its scopes, does not shadow it', async () => {
  // Without the check, as an earlier version had none.
  await app.seed.resourceServer({ identifier: API, name: 'Before', scopes: ['cardea:users:read'], tokenTyp: 'JWT' });
  await app.seed.resourceServer({ identifier: 'https://old.example.com', name: 'Old', scopes: ['cardea:users:read'] });
  const access = await machineToken(app, robot, 'cardea:users:read');
  assert.equal((await callApi(app, '/me', { headers: bearer(access) })).status, 200);
});
