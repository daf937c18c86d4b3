import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Actor } from '../../server/operations/actor.ts';
import { clients as operations } from '../../server/operations/clients.ts';
import type { Call } from '../../server/operations/operation.ts';
import { PERMISSIONS, type Permission, scopeOf } from '../../server/operations/permissions.ts';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { actor } from '../helpers/operations.ts';
import { remember } from '../helpers/secrets.ts';

/**
 * An operator of clients makes one that may do more than the operator (authentik CVE-2024-52287: a client got any scope, such as
 * one for the admin API), takes over one that may, or sets members that are not for them (Zitadel CVE-2026-27946).
 */
const scope = { after };
const app = await deployment(scope);
const administrator = await adminApi(scope, app);
const OWN: readonly Permission[] = ['clients:read', 'clients:write', 'users:read'];
const as = (rest: Partial<Actor> = {}) => adminApi(scope, app, { id: 'attacker', permissions: new Set(OWN), ...rest });
const attacker = await as();

const ANY = { 'if-match': '*' };
const MACHINE = { client_name: 'Robot', grant_types: ['client_credentials'], redirect_uris: [] };

async function made(body: object): Promise<string> {
  const answer = await administrator.request('POST', '/clients', { body: { ...MACHINE, ...body } });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  if (answer.body.client_secret) remember('client_secret', answer.body.client_secret);
  return answer.body.client_id;
}

/** What a client can be that an attacker with the permissions above cannot be, with the permission that it takes. */
const POWERS: readonly (readonly [needed: Permission, members: Readonly<Record<string, unknown>>])[] = [
  ['roles:write', { scope: 'openid cardea:roles:write' }],
  ['grants:write', { first_party: true }],
  ['tokens:read', { introspect: 'all' }],
  [
    'tokens:write',
    { token_exchange: { subject_clients: ['x'], targets: ['https://api.example'], impersonation: true } },
  ],
];

const byPower = await Promise.all(
  POWERS.map(async ([needed, members]) => {
    const trusted = await as({ id: 'trusted', permissions: new Set([...OWN, needed]) });
    return { needed, members, trusted, powerful: await made(members), plain: await made({ scope: 'openid' }) };
  }),
);
const own = { machine: await made({ scope: 'cardea:clients:write' }), console: await made({ scope: 'openid' }) };
const machine = await as({ id: own.machine, permissions: new Set(PERMISSIONS) });
const person = await as({ kind: 'person', id: 'ada', clientId: own.console, permissions: new Set(PERMISSIONS) });

const imported = 'legacy-admin-7';
await app.seed.accounts.createAll([{ email: 'admin@example.com', sub: imported, passwordHash: null }]);
const ada = await app.seed.person();

const versionOf = async (id: string) => (await administrator.request('GET', `/clients/${id}`)).body.version;
const outcome = ({ status, body }: { readonly status: number; readonly body: { readonly type?: string } }) => [
  status,
  body.type?.split('/').at(-1),
];
const BEYOND = [403, 'beyond_own_permissions'];

for (const { needed, members, trusted, powerful, plain } of byPower) {
  const what = Object.entries(members).map(([name, value]) => `${name} ${JSON.stringify(value)}`)[0];

  test(`who lacks ${needed} can neither make a client with ${what} nor turn one into it (authentik CVE-2024-52287)`, async () => {
    const body = { ...MACHINE, ...members };
    assert.deepEqual(outcome(await attacker.request('POST', '/clients', { body })), BEYOND);
    const path = `/clients/${plain}`;
    assert.deepEqual(outcome(await attacker.request('PATCH', path, { headers: ANY, body: members })), BEYOND);
    assert.deepEqual(outcome(await attacker.request('PUT', path, { headers: ANY, body })), BEYOND);
    assert.deepEqual(outcome(await attacker.request('POST', '/clients?dryRun=true', { body })), BEYOND);
    assert.equal(await versionOf(plain), 1);
    const allowed = await trusted.request('PATCH', path, { headers: ANY, body: members });
    assert.equal(allowed.status, 200, JSON.stringify(allowed.body));
  });

  test(`who lacks ${needed} cannot take over a client with ${what}`, async () => {
    const path = `/clients/${powerful}`;
    for (const [method, url, body] of [
      ['PATCH', path, { redirect_uris: ['https://evil.example/cb'], grant_types: ['authorization_code'] }],
      ['PATCH', path, { jwks: { keys: [] }, token_endpoint_auth_method: 'private_key_jwt' }],
      ['PATCH', path, { token_endpoint_auth_method: 'none' }],
      ['PATCH', path, { client_name: 'Robot 2' }],
      ['PATCH', path, { scope: 'openid', first_party: null, introspect: null, token_exchange: null }],
      ['PUT', path, MACHINE],
      ['POST', `${path}/rotate-secret`, { overlap_seconds: 60 }],
      ['POST', `${path}/end-secret`, { secret: 'new' }],
      ['DELETE', path, undefined],
    ] as const) {
      for (const force of ['', '?force=true']) {
        const answer = await attacker.request(method, url + force, {
          headers: method === 'POST' ? {} : ANY,
          ...(body === undefined ? {} : { body }),
        });
        assert.deepEqual(outcome(answer), BEYOND, `${method} ${url}${force} ${JSON.stringify(body)}`);
      }
    }
    assert.equal(await versionOf(powerful), 1);
    const rotated = await trusted.request('POST', `/clients/${powerful}/rotate-secret`, { body: {} });
    assert.equal(rotated.status, 200);
    remember('client_secret', rotated.body.client_secret);
  });
}

test('who lacks a permission of a client cannot end its tokens either', async () => {
  const ender = await as({ id: 'ender', permissions: new Set([...OWN, 'tokens:write']) });
  for (const { needed, powerful } of byPower) {
    const answer = await ender.request('POST', '/tokens/revoke', { body: { client_id: powerful } });
    if (needed === 'tokens:write') assert.equal(answer.status, 200);
    else assert.deepEqual(outcome(answer), BEYOND, needed);
  }
});

test('each scope of the admin API takes its permission', async () => {
  for (const permission of PERMISSIONS) {
    const body = { ...MACHINE, scope: scopeOf(permission) };
    const answer = await attacker.request('POST', '/clients?dryRun=true', { body });
    assert.equal(answer.status, OWN.includes(permission) ? 201 : 403, permission);
  }
});

test('a refused attempt is in the audit as denied, with what it was about', async () => {
  const rows = await app.db.run(
    {
      name: '',
      text: `SELECT DISTINCT action, outcome, reason FROM audit WHERE actor_id = 'attacker' ORDER BY action`,
    },
    [],
  );
  const actions = ['create', 'delete', 'end_secret', 'replace', 'rotate_secret', 'update'];
  assert.deepEqual(
    rows,
    actions.map((verb) => ({ action: `clients.${verb}`, outcome: 'denied', reason: BEYOND[1] })),
  );
});

test('nobody gives the client by which they act more than it has, nor deletes it', async () => {
  for (const [who, id] of [
    [machine, own.machine],
    [person, own.console],
  ] as const) {
    const path = `/clients/${id}`;
    const { body: before } = await administrator.request('GET', path);
    for (const members of [
      { scope: `${before.scope} cardea:users:write` },
      { scope: `${before.scope} orders:write` },
      { first_party: true },
      { introspect: 'all' },
    ]) {
      assert.deepEqual(outcome(await who.request('PATCH', path, { headers: ANY, body: members })), BEYOND);
      assert.equal((await who.request('PATCH', `${path}?force=true`, { headers: ANY, body: members })).status, 403);
    }
    assert.deepEqual(outcome(await who.request('DELETE', path, { headers: ANY })), [409, 'own_account']);
    assert.equal(await versionOf(id), 1);
    const renamed = await who.request('PATCH', path, { headers: ANY, body: { client_name: 'Still mine' } });
    assert.equal(renamed.status, 200);
  }
});

test('a scope of the admin API that does not exist yet is given by nobody', async () => {
  const refused = await administrator.request('POST', '/clients', {
    body: { ...MACHINE, scope: 'openid cardea:everything:write' },
  });
  assert.deepEqual([refused.status, refused.body.detail.startsWith('scope: ')], [400, true]);
  const id = await made({ scope: 'openid' });
  const body = { scope: 'cardea:users:erase' };
  assert.equal((await administrator.request('PATCH', `/clients/${id}`, { headers: ANY, body })).status, 400);
});

test('a client that registered itself cannot be opened the admin API, and its wishes protect it from nobody', async () => {
  const id = 'self-registered';
  // SQL, because a client that registers itself needs a server; it may ask for any scope.
  await app.db.run(
    {
      name: '',
      text: `INSERT INTO clients (id, name, kind, metadata, created_at, updated_at, expires_at)
             SELECT $1, name, 'dynamic', metadata || '{"scope": "openid cardea:users:write"}', now(), now(), now()
               FROM clients WHERE id = $2`,
    },
    [id, own.console],
  );
  const path = `/clients/${id}`;
  const opened = await administrator.request('PATCH', path, {
    headers: ANY,
    body: { opened_scopes: ['cardea:users:read'] },
  });
  assert.deepEqual([opened.status, opened.body.detail.startsWith('opened_scopes: ')], [400, true]);
  const hardened = await attacker.request('PATCH', path, { headers: ANY, body: { second_factor_required: true } });
  assert.equal(hardened.status, 200);
});

test('members that are not for operators are refused, also beside those that are (Zitadel CVE-2026-27946)', async () => {
  for (const members of [
    { kind: 'operator' },
    { builtin: true },
    { managed_by: null },
    { client_secret: 'x' },
    { secret_hash: 'x' },
    { version: 9 },
    { open_scope: true },
  ]) {
    const body = { ...MACHINE, ...members };
    const answer = await administrator.request('POST', '/clients', { body });
    assert.deepEqual(outcome(answer), [400, 'invalid_input'], JSON.stringify(members));
  }
  for (const member of ['"__proto__":{"first_party":true}', '"constructor":{"prototype":{"first_party":true}}']) {
    const body = `{"client_name":"Robot","grant_types":["client_credentials"],${member}}`;
    assert.equal((await attacker.request('POST', '/clients', { body })).status, 400, member);
  }
});

test('the configuration file gives no more than the one who applies it has', async () => {
  const call: Call = { actor: actor({ permissions: new Set(OWN) }), requestId: 'r', fromFile: true };
  const body = { ...MACHINE, grant_types: ['client_credentials' as const], scope: 'cardea:roles:write' };
  const run = attacker.runner.run(operations.create, { params: undefined, query: undefined, body }, call);
  await assert.rejects(run, { code: 'beyond_own_permissions' });
});

test('a client cannot be named so that its tokens look like those of a person (RFC 9068 §5)', async () => {
  for (const client_id of [ada.id, ada.id.toUpperCase(), crypto.randomUUID(), imported]) {
    const answer = await administrator.request('POST', '/clients', { body: { ...MACHINE, client_id } });
    assert.deepEqual([answer.status, answer.body.detail?.startsWith('client_id: ')], [400, true], client_id);
  }
});
