import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, test } from 'node:test';
import { type AdminRequest, adminApi } from '../helpers/admin.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';

/** Documents that a client names are fetched when it is made or changed, and not for a change that is refused. */

const scope = { after };
const app = await operatedDatabase(scope);
const site = await documentSite(scope);
const allow = ['127.0.0.1', '::1'];
const administrator = await adminApi(scope, app, {}, { allow });
const permissions = new Set(['clients:write', 'clients:read'] as const);
const registrar = await adminApi(scope, app, { permissions, id: 'registrar' }, { allow });
const itself = await adminApi(scope, app, { id: 'itself' }, { allow });

const KEYS = site.answer('/jwks.json', (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[]}');
});
/** A sector identifier is fetched by https alone; a connection is enough to see that it would be. */
let connections = 0;
const sector = createServer((socket) => {
  connections += 1;
  socket.destroy();
});
await new Promise<void>((ready) => sector.listen(0, '127.0.0.1', ready));
defer(scope, () => {
  sector.close();
});
const SECTOR = `https://127.0.0.1:${(sector.address() as AddressInfo).port}/sector.json`;
const NAMED = { jwks_uri: KEYS, sector_identifier_uri: SECTOR };
const SHOP = { client_name: 'Shop', redirect_uris: ['https://shop.example/cb'], scope: 'openid' };

const hits = () => [site.hits('/jwks.json'), connections];

/** @returns the status, and how often each document was fetched */
async function send(
  api: typeof administrator,
  ...[method, path, request]: [method: 'POST' | 'PUT' | 'PATCH', path: string, request: AdminRequest]
) {
  const before = hits();
  const { status, body } = await api.request(method, path, request);
  if (typeof body.client_secret === 'string') remember('client_secret', body.client_secret);
  return { status, body, fetched: hits().map((count, i) => count - (before[i] ?? 0)) };
}

const anyVersion = { 'if-match': '*' };
for (const client_id of ['plain', 'itself'])
  await send(administrator, 'POST', '/clients', { body: { ...SHOP, client_id } });

const BEYOND = { ...SHOP, scope: 'openid cardea:keys:write', ...NAMED };
const UNKNOWN = { ...SHOP, scope: 'openid cardea:nothing:write', ...NAMED };
for (const [what, status, ...refused] of [
  ['a creation beyond the permissions of the caller', 403, registrar, 'POST', '/clients', { body: BEYOND }],
  ['a power beyond them', 403, registrar, 'POST', '/clients', { body: { ...SHOP, ...NAMED, first_party: true } }],
  ['a scope of the API that does not exist', 400, administrator, 'POST', '/clients', { body: UNKNOWN }],
  ['a change beyond them', 403, registrar, 'PATCH', '/clients/plain', { headers: anyVersion, body: BEYOND }],
  ['a replacement beyond them', 403, registrar, 'PUT', '/clients/plain', { headers: anyVersion, body: BEYOND }],
  ['more for the own client', 403, itself, 'PATCH', '/clients/itself', { headers: anyVersion, body: BEYOND }],
  ['a stale ETag', 412, administrator, 'PATCH', '/clients/plain', { headers: { 'if-match': '"1-x"' }, body: NAMED }],
  [
    'opened scopes for a client of an operator',
    400,
    administrator,
    'POST',
    '/clients',
    { body: { ...SHOP, ...NAMED, opened_scopes: ['email'] } },
  ],
] as const) {
  test(`fetches nothing for what is refused, also in a dry run: ${what}`, async () => {
    const [api, method, path, request] = refused;
    for (const query of ['?dryRun=true', '']) {
      const answer = await send(api, method, path + query, request);
      assert.deepEqual([answer.status, answer.fetched], [status, [0, 0]], query);
    }
  });
}

test('fetches each document for what is permitted; a dry run does so too, and says what would be refused', async () => {
  for (const query of ['?dryRun=true', '']) {
    const one = { ...SHOP, client_id: 'new', jwks_uri: KEYS };
    const created = await send(registrar, 'POST', `/clients${query}`, { body: one });
    assert.deepEqual([created.status, created.fetched], [201, [1, 0]], query);
    const body = { jwks_uri: `${KEYS}?of=plain` };
    const changed = await send(registrar, 'PATCH', `/clients/plain${query}`, { headers: anyVersion, body });
    assert.deepEqual([changed.status, changed.body.errors?.[0].pointer], [400, '/jwks_uri'], query);
    const refused = await send(registrar, 'POST', `/clients${query}`, { body: { ...SHOP, ...NAMED } });
    assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/sector_identifier_uri'], query);
    assert.deepEqual(refused.fetched, [0, 1], query);
  }
});

test('fetches nothing for a change of something else', async () => {
  const changed = await send(registrar, 'PATCH', '/clients/new', {
    headers: anyVersion,
    body: { client_name: 'Other' },
  });
  assert.deepEqual([changed.status, changed.fetched], [200, [0, 0]]);
});

test('opened scopes of a new client are refused where they are: its own scope says what it may request', async () => {
  const body = { ...SHOP, opened_scopes: ['email'] };
  const refused = await administrator.request('POST', '/clients', { body });
  assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/opened_scopes']);
});
