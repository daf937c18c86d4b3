import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compactVerify, createRemoteJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { post, tokensFor } from '../flows/support.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { partyOf, register } from '../helpers/registration.ts';
import { authorization, introspect, token } from '../helpers/relying_party.ts';

/** A token can be introspected by its client and by its audience (RFC 7662 §4, Keycloak CVE-2026-37979). */

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_REGISTRATION: 'open' } });
const { issuer, seed } = app;
const ORDERS = 'https://orders.example.com';
const STOCK = 'https://stock.example.com';
const INACTIVE = { active: false };

const orders = await seed.party({ metadata: { introspection_signed_response_alg: 'RS256' } });
const stock = await seed.party();
const gateway = await seed.party({ introspectsAll: true });
const shop = await seed.party({
  firstParty: true,
  metadata: { scope: 'openid offline_access orders:read stock:read' },
});
await seed.resourceServer({ identifier: ORDERS, name: 'Orders', scopes: ['orders:read'], clients: [orders.id] });
await seed.resourceServer({ identifier: STOCK, name: 'Stock', scopes: ['stock:read'], clients: [stock.id] });
const person = await seed.person();

const params = { scope: 'openid orders:read', resource: ORDERS };
const { tokens } = await tokensFor(app, shop, person, { params });
const refreshToken = tokens.refresh_token ?? '';
const refreshed = await token(issuer, shop, {
  grant_type: 'refresh_token',
  refresh_token: refreshToken,
  resource: ORDERS,
});
const issued = {
  'a person’s JWT': refreshed.body.access_token ?? '',
  'the client’s own JWT': await own({ resource: ORDERS, scope: 'orders:read' }),
  'a person’s opaque token': (await tokensFor(app, shop, person, { params: { scope: 'openid' } })).tokens.access_token,
  'the client’s own opaque token': await own({}),
  'a refresh token': refreshed.body.refresh_token ?? '',
};
type Issued = keyof typeof issued;
const FOR_ORDERS: readonly Issued[] = ['a person’s JWT', 'the client’s own JWT'];

async function own(fields: Record<string, string>): Promise<string> {
  const { body } = await token(issuer, shop, { grant_type: 'client_credentials', ...fields });
  return body.access_token ?? '';
}

/** The tokens that a client can introspect. */
async function seenBy(party: Party): Promise<string[]> {
  const seen = [];
  for (const [what, value] of Object.entries(issued)) {
    const answer = await introspect(issuer, party, value);
    if (answer.active === true) seen.push(what);
    else assert.deepEqual(answer, INACTIVE, what);
  }
  return seen;
}

test('a client can introspect all of its own tokens', async () => {
  assert.deepEqual(await seenBy(shop), Object.keys(issued));
});

test('a resource server can introspect access tokens for itself, and no others', async () => {
  assert.deepEqual(await seenBy(orders), FOR_ORDERS);
  assert.deepEqual(await seenBy(stock), []);
  assert.deepEqual(await seenBy(await seed.party()), [], 'a client without a resource server');
});

test('a client with the operator’s permission can introspect all access tokens, but no refresh tokens of others', async () => {
  assert.deepEqual(
    await seenBy(gateway),
    Object.keys(issued).filter((what) => what !== 'a refresh token'),
  );
  await seed.clients.update(gateway.id, { introspectsAll: false });
  assert.deepEqual(await seenBy(gateway), [], 'and the permission can be revoked at once');
});

test('a client that the operator did not register can introspect only its own tokens, with any client authentication', async () => {
  const dynamic = partyOf((await register(app, { redirect_uris: ['https://evil.example/cb'] })).body);
  assert.deepEqual(await seenBy(dynamic), []);

  const site = await documentSite(scope);
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const id = site.put('/client.json', {
    client_name: 'A website',
    redirect_uris: [`${site.origin}/callback`],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'k' }] },
  });
  for (const [what, value] of Object.entries(issued)) {
    const assertion = await new SignJWT({ iss: id, sub: id, aud: issuer, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setExpirationTime('1m')
      .sign(privateKey);
    const { status, body } = await post(app, '/introspect', {
      token: value,
      client_id: id,
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    assert.deepEqual([status, body], [200, INACTIVE], what);
  }
  for (const client of [dynamic.id, id, (await seed.party({ public: true })).id]) {
    await assert.rejects(seed.clients.update(client, { introspectsAll: true }), { code: 'invalid_input' });
    await assert.rejects(seed.resourceServers.update(ORDERS, { clients: [client] }), { code: 'invalid_input' });
  }
});

test('a signed response has the same content as a plain one (RFC 9701 §5)', async () => {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer));
  for (const [what, value] of Object.entries(issued)) {
    const response = await fetch(new URL('/introspect', issuer), {
      method: 'POST',
      headers: { ...authorization(orders), accept: 'application/token-introspection+jwt' },
      body: new URLSearchParams({ token: value }),
    });
    const { payload } = await compactVerify(await response.text(), keys);
    const { token_introspection: answer } = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
    if (FOR_ORDERS.includes(what as Issued)) assert.equal((answer as { active: boolean }).active, true, what);
    else assert.deepEqual(answer, INACTIVE, what);
  }
});

test('a client that is added to or removed from a resource server gains or loses introspection at once', async () => {
  await seed.resourceServers.update(ORDERS, { clients: [stock.id] });
  assert.deepEqual(await seenBy(orders), []);
  assert.deepEqual(await seenBy(stock), FOR_ORDERS);
  await seed.clients.update(stock.id, {
    metadata: { token_endpoint_auth_method: 'none', grant_types: ['authorization_code'] },
  });
  assert.deepEqual(await seenBy({ ...stock, secret: undefined }), [], 'a client that no longer authenticates');
});
