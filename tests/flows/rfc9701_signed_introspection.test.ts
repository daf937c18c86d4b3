import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compactDecrypt, createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization } from '../helpers/relying_party.ts';
import { post, tokensFor } from './support.ts';

/** Signed introspection (RFC 9701): a resource server can prove the response that it got. */
const app = await deployment({ after });
const person = await app.seed.person();
const party = await app.seed.party({ firstParty: true });
const server = await app.seed.party({
  introspectsAll: true,
  metadata: { introspection_signed_response_alg: 'PS256' },
});
const { tokens } = await tokensFor(app, party, person);
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', app.issuer));
const JWT = 'application/token-introspection+jwt';

async function ask(of: Party, token: string, accept?: string) {
  const response = await fetch(new URL('/introspect', app.issuer), {
    method: 'POST',
    headers: { ...authorization(of), ...(accept ? { accept } : {}) },
    body: new URLSearchParams({ token }),
  });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

const verify = (jwt: string, audience: string) =>
  jwtVerify(jwt, keys, { issuer: app.issuer, audience, typ: 'token-introspection+jwt' });

test('a client that asks for a JWT gets one with itself as audience and the response inside (RFC 9701 §4, §5)', async () => {
  const { status, type, body } = await ask(server, tokens.access_token, JWT);
  assert.equal(status, 200);
  assert.match(type ?? '', /^application\/token-introspection\+jwt/);
  const { payload, protectedHeader } = await verify(body, server.id);
  assert.equal(protectedHeader.alg, 'PS256');
  assert.ok(payload.iat);
  assert.deepEqual([payload.sub, payload.exp], [undefined, undefined], 'it is not an access token (RFC 9701 §8.1)');
  const inside = payload.token_introspection as Record<string, unknown>;
  assert.deepEqual([inside.active, inside.sub, inside.client_id], [true, person.id, party.id]);
});

test('an inactive token has no other claim (RFC 9701 §5, RFC 7662 §2.2)', async () => {
  const { body } = await ask(server, 'unknown', JWT);
  const { payload } = await verify(body, server.id);
  assert.deepEqual(payload.token_introspection, { active: false });
});

test('a client that does not ask for a JWT gets JSON (RFC 7662 §2.2)', async () => {
  for (const accept of [undefined, 'application/json', '*/*']) {
    const { type, body } = await ask(server, tokens.access_token, accept);
    assert.match(type ?? '', /^application\/json/);
    assert.equal((JSON.parse(body) as { active: boolean }).active, true);
  }
});

test('a response can be encrypted to the resource server (RFC 9701 §6)', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { extractable: true });
  const sealed = await app.seed.party({
    introspectsAll: true,
    metadata: {
      jwks: { keys: [{ ...(await exportJWK(publicKey)), use: 'enc', kid: 'enc' }] },
      introspection_encrypted_response_alg: 'ECDH-ES',
      introspection_encrypted_response_enc: 'A256GCM',
    },
  });
  const { plaintext, protectedHeader } = await compactDecrypt(
    (await ask(sealed, tokens.access_token, JWT)).body,
    privateKey,
  );
  assert.deepEqual([protectedHeader.alg, protectedHeader.enc], ['ECDH-ES', 'A256GCM']);
  const { payload } = await verify(new TextDecoder().decode(plaintext), sealed.id);
  assert.equal((payload.token_introspection as { active: boolean }).active, true);
  const inClear = await ask(sealed, tokens.access_token, 'application/json');
  assert.equal(inClear.status, 400, 'and never unencrypted instead');
  assert.equal(inClear.body.includes(person.id), false);
});

test('nothing is signed without client authentication', async () => {
  const wrong = { authorization: `Basic ${Buffer.from(`${server.id}:wrong`).toString('base64')}`, accept: JWT };
  assert.equal((await post(app, '/introspect', { token: tokens.access_token }, wrong)).status, 401);
});
