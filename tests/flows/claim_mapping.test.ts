import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { deployment, type Party } from '../helpers/deployment.ts';
import { textsOf } from '../helpers/html.ts';
import { introspect, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { begin, idTokenOf, submitPassword, tokensFor } from './support.ts';

/** Claims that the operator defines: groups, roles and the mapping of a client. */
const app = await deployment({ after });
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const ada = await app.seed.person({ email: 'ada@example.com', name: 'Ada Lovelace' });
await app.seed.accounts.setGroups(ada.id, ['staff', 'app-admin', 'app-editor']);
await app.seed.accounts.setRoles(ada.id, ['crm:editor', 'auditor']);
const loner = await app.seed.person();
const scope = 'openid profile email groups roles offline_access api:read';
const plain = await app.seed.party({ metadata: { scope } });
const mapped = await app.seed.party({ metadata: { scope } });
const RULES = [
  { claim: 'tenant', into: ['id_token', 'userinfo', 'access_token'], from: { static: { id: 7 } } },
  { claim: 'https://example.com/mail', into: ['userinfo'], from: { account: 'email' } },
  { claim: 'full_name', into: ['id_token'], from: { account: 'name' }, scope: 'profile' },
  { claim: 'roles', into: ['id_token', 'access_token'], from: { groups: { prefix: 'app-' } } },
  { claim: 'level', into: ['userinfo'], from: { groups: { map: { staff: 'inside' } } } },
];
await app.seed.clients.update(mapped.id, { claimMapping: RULES });

async function claimsFor(party: Party, asked: string, person = ada) {
  const { tokens } = await tokensFor(app, party, person, { params: { scope: asked, prompt: 'consent' } });
  const { body } = await userinfo(app.issuer, tokens.access_token);
  return { idToken: idTokenOf(tokens), info: body, tokens };
}

test('the scope groups gives the claim groups, in the ID token and in userinfo', async () => {
  const { idToken, info } = await claimsFor(plain, 'openid groups');
  assert.deepEqual(idToken.groups, ['staff', 'app-admin', 'app-editor']);
  assert.deepEqual(info, { sub: ada.id, groups: ['staff', 'app-admin', 'app-editor'] });
});

test('the scope roles gives the claim roles, in the ID token and in userinfo; the scope groups does not', async () => {
  const { idToken, info } = await claimsFor(plain, 'openid roles');
  assert.deepEqual(idToken.roles, ['crm:editor', 'auditor']);
  assert.deepEqual(info, { sub: ada.id, roles: ['crm:editor', 'auditor'] });
  const { idToken: other } = await claimsFor(plain, 'openid groups');
  assert.equal('roles' in other, false);
  const asked = await begin(app, plain, { scope: 'openid roles', prompt: 'consent' });
  const page = await submitPassword(asked.browser, asked.page, ada);
  assert.ok(textsOf(page, '.scope-label').includes(en['scope.roles']));
});

test('roles are mapped like groups: all, by prefix, or by name (RFC 9068 §2.2.3.1)', async () => {
  const party = await app.seed.party({ metadata: { scope } });
  await app.seed.clients.update(party.id, {
    claimMapping: [
      { claim: 'roles', into: ['access_token'], from: { roles: true } },
      { claim: 'crm', into: ['access_token'], from: { roles: { prefix: 'crm:' } } },
      { claim: 'duty', into: ['id_token'], from: { roles: { map: { auditor: 'reads all' } } } },
    ],
  });
  const { idToken, tokens } = await claimsFor(party, 'openid');
  assert.deepEqual([idToken.duty, idToken.roles], [['reads all'], undefined]);
  const { roles, crm } = await introspect(app.issuer, party, tokens.access_token);
  assert.deepEqual([roles, crm], [['crm:editor', 'auditor'], ['editor']]);
});

test('without the scope there is no claim, and for a person without groups neither', async () => {
  const without = await claimsFor(plain, 'openid profile email');
  assert.equal('groups' in without.idToken || 'groups' in without.info, false);
  const alone = await claimsFor(plain, 'openid groups', loner);
  assert.equal('groups' in alone.idToken, false);
  assert.deepEqual(alone.info, { sub: loner.id });
});

test('the consent page describes the scope groups in words', async () => {
  const asked = await begin(app, plain, { scope: 'openid groups', prompt: 'consent' });
  const page = await submitPassword(asked.browser, asked.page, ada);
  assert.ok(textsOf(page, '.scope-label').includes(en['scope.groups']));
});

test('a client that is not registered for it does not get it', async () => {
  const narrow = await app.seed.party({ metadata: { scope: 'openid email' } });
  const asked = await begin(app, narrow, { scope: 'openid groups' });
  assert.equal(new URL(asked.page.location ?? '').searchParams.get('error'), 'invalid_scope');
});

test('each mapped claim is only where its rule says', async () => {
  const { idToken, info, tokens } = await claimsFor(mapped, 'openid');
  assert.deepEqual([idToken.tenant, idToken.roles], [{ id: 7 }, ['admin', 'editor']]);
  for (const name of ['https://example.com/mail', 'full_name', 'level', 'groups', 'email'])
    assert.equal(name in idToken, false, name);
  assert.deepEqual(info, {
    sub: ada.id,
    tenant: { id: 7 },
    'https://example.com/mail': 'ada@example.com',
    level: ['inside'],
  });
  const { tenant, roles, level } = await introspect(app.issuer, mapped, tokens.access_token);
  assert.deepEqual([tenant, roles, level], [{ id: 7 }, ['admin', 'editor'], undefined]);
});

test('a rule with a scope applies when that scope is granted; a refresh without the scope loses the claim', async () => {
  const { idToken, tokens } = await claimsFor(mapped, 'openid profile offline_access');
  assert.equal(idToken.full_name, 'Ada Lovelace');
  const narrowed = await token(app.issuer, mapped, {
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token ?? '',
    scope: 'openid',
  });
  assert.equal('full_name' in idTokenOf(narrowed.body), false);
});

test('a mapping applies to one client only', async () => {
  const { idToken, info } = await claimsFor(plain, 'openid');
  assert.equal('tenant' in idToken, false);
  assert.deepEqual(info, { sub: ada.id });
});

test('a client’s own token has static claims, and no claim of a person', async () => {
  const machine = { grant_type: 'client_credentials', resource: API, scope: 'api:read' };
  const { body } = await token(app.issuer, mapped, machine);
  const { tenant, roles, sub } = decodeJwt(body.access_token ?? '');
  assert.deepEqual([tenant, roles, sub], [{ id: 7 }, undefined, mapped.id]);
});

test('a change of groups or of the mapping is in the next token', async () => {
  const party = await app.seed.party({ metadata: { scope } });
  await app.seed.clients.update(party.id, { claimMapping: RULES });
  const person = await app.seed.person();
  const { idToken, tokens } = await claimsFor(party, 'openid offline_access', person);
  assert.equal('roles' in idToken, false);
  await app.seed.accounts.setGroups(person.id, ['app-owner']);
  const next = await refresh(app.issuer, party, tokens.refresh_token ?? '');
  assert.deepEqual(idTokenOf(next.body).roles, ['owner']);
  await app.seed.clients.update(party.id, { claimMapping: [] });
  assert.deepEqual((await app.seed.clients.find(party.id))?.claimMapping, []);
});

test('metadata cannot set what only the operator decides', async () => {
  await assert.rejects(app.seed.party({ metadata: { claim_mapping: RULES } as object }), { field: 'claim_mapping' });
  await assert.rejects(app.seed.clients.update(plain.id, { metadata: { token_exchange: {} } as object }), {
    field: 'token_exchange',
  });
});
