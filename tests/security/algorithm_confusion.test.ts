import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose';
import { callbackOf, errorOn, post, tokensFor } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization, authorizeUrl, introspect, userinfo } from '../helpers/relying_party.ts';

/** Cardea chooses the key and the algorithm for verification, never the token (pac4j CVE-2026-29000; RFC 8725 §3.1). */

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const rsa = await generateKeyPair('RS256', { extractable: true });
const attacker = await generateKeyPair('RS256', { extractable: true });
const publicJwk: JWK = { ...(await exportJWK(rsa.publicKey)), kid: 'key-1' };
const attackerJwk = await exportJWK(attacker.publicKey);
const party = await app.seed.party({
  metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicJwk] } },
});
const browserParty = await app.seed.party({
  firstParty: true,
  metadata: {
    post_logout_redirect_uris: ['https://rp.example.com/bye'],
    redirect_uris: ['https://rp.example.com/callback'],
  },
});
const person = await app.seed.person();
const API = 'https://api.example.com';
const api = await app.seed.party({ metadata: { scope: 'api:read' } });
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'], clients: [api.id] });

function assertion(id: string) {
  return new SignJWT({ aud: issuer })
    .setIssuer(id)
    .setSubject(id)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime('1m');
}

async function authenticate(client_assertion: string): Promise<[number, unknown]> {
  const { status, body } = await post(app, '/token', {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion,
  });
  return [status, body.error];
}

/** The forms in which a public key could be used as a shared secret. */
function secretsFrom(jwk: JWK): Uint8Array[] {
  const key = createPublicKey({ key: jwk as unknown as import('node:crypto').JsonWebKey, format: 'jwk' });
  const pems = (['spki', 'pkcs1'] as const).map((type) => key.export({ type, format: 'pem' }).toString());
  return [...pems, ...pems.map((pem) => pem.trimEnd()), JSON.stringify(jwk), String(jwk.n)]
    .map((text) => new Uint8Array(Buffer.from(text)))
    .concat(new Uint8Array(key.export({ type: 'spki', format: 'der' })));
}

const INTRUDING: Record<string, JWTHeaderParameters> = {
  jwk: { alg: 'RS256', jwk: attackerJwk },
  'jwk with the right kid': { alg: 'RS256', kid: 'key-1', jwk: { ...attackerJwk, kid: 'key-1' } },
  jku: { alg: 'RS256', jku: 'https://evil.test/jwks.json' },
  x5u: { alg: 'RS256', x5u: 'https://evil.test/cert.pem' },
  x5c: { alg: 'RS256', x5c: ['MIIB'] },
  'kid as a path': { alg: 'RS256', kid: '../../../../dev/null' },
  'kid as SQL': { alg: 'RS256', kid: "' UNION SELECT 'x" },
};

test('a client assertion is verified with the registered key only', async () => {
  const { id } = party;
  assert.deepEqual(
    await authenticate(await assertion(id).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(rsa.privateKey)),
    [200, undefined],
  );
  for (const [name, header] of Object.entries(INTRUDING)) {
    const refused = await authenticate(await assertion(id).setProtectedHeader(header).sign(attacker.privateKey));
    assert.deepEqual(refused, [401, 'invalid_client'], name);
  }
  for (const secret of secretsFrom(publicJwk)) {
    for (const alg of ['HS256', 'HS512']) {
      const forged = await assertion(id).setProtectedHeader({ alg, kid: 'key-1' }).sign(secret);
      assert.deepEqual(await authenticate(forged), [401, 'invalid_client'], alg);
    }
  }
  const claims = { iss: id, sub: id, aud: issuer, jti: crypto.randomUUID(), exp: Math.floor(Date.now() / 1000) + 60 };
  const unsigned = new UnsecuredJWT(claims).encode();
  const payload = unsigned.split('.')[1];
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
    assert.deepEqual(await authenticate(`${header}.${payload}.`), [401, 'invalid_client'], alg);
  }
  const valid = await assertion(id).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(rsa.privateKey);
  const [head = '', body = '', signature = ''] = valid.split('.');
  for (const broken of [
    `${head}.${body}.`,
    `${head}.${body}`,
    `${head}.${body}.${signature.slice(4)}`,
    `${head}.${payload}.${signature}`,
  ]) {
    const [status, error] = await authenticate(broken);
    assert.ok(status === 401 || status === 400, `${status}`);
    assert.ok(error === 'invalid_client' || error === 'invalid_request', `${error}`);
  }
});

test('values from a database dump authenticate no client, not even as the HMAC key of client_secret_jwt', async () => {
  const confidential = await app.seed.party();
  const hash = createHash('sha256')
    .update(confidential.secret ?? '')
    .digest();
  for (const secret of [
    hash,
    Buffer.from(hash.toString('base64url')),
    Buffer.from(hash.toString('hex')),
    Buffer.from(confidential.secret ?? ''),
  ]) {
    const forged = await assertion(confidential.id).setProtectedHeader({ alg: 'HS256' }).sign(secret);
    assert.deepEqual(await authenticate(forged), [401, 'invalid_client']);
  }
  for (const client_secret of [hash.toString('base64url'), hash.toString('hex'), hash.toString('base64')]) {
    const { status } = await post(app, '/token', {
      grant_type: 'client_credentials',
      client_id: confidential.id,
      client_secret,
    });
    assert.equal(status, 401);
  }
});

/**
 * Tokens with the claims of one of ours that this server has not signed, by what they try.
 * @param typ of the header (RFC 9068 §2.1)
 */
async function forgeriesOf(token: string, typ?: string): Promise<Record<string, string>> {
  const [, payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as { keys: JWK[] };
  const kid = String(keys[0]?.kid);
  const named = typ === undefined ? {} : { typ };
  const forged: Record<string, string> = {
    none: `${Buffer.from(JSON.stringify({ alg: 'none', ...named })).toString('base64url')}.${payload}.`,
  };
  const intruding = {
    ...INTRUDING,
    'our kid': { alg: 'RS256', kid },
    'our kid with another jwk': { alg: 'RS256', kid, jwk: { ...attackerJwk, kid } },
  };
  for (const [name, header] of Object.entries(intruding)) {
    forged[name] = await new SignJWT(claims).setProtectedHeader({ ...header, ...named }).sign(attacker.privateKey);
  }
  for (const [i, secret] of keys.flatMap(secretsFrom).entries()) {
    forged[`HS256 ${i}`] = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid, ...named }).sign(secret);
  }
  return forged;
}

test('/authorize and /logout accept only ID tokens of this server as id_token_hint', async () => {
  const { browser, tokens } = await tokensFor(app, browserParty, person);
  const url = (hint: string) =>
    authorizeUrl({ issuer, party: browserParty, params: { prompt: 'none', id_token_hint: hint } }, 'v'.repeat(43));
  assert.ok(callbackOf(await browser.clone().get(url(tokens.id_token))).code, 'our own is taken');
  for (const [name, hint] of Object.entries(await forgeriesOf(tokens.id_token))) {
    const answer = callbackOf(await browser.clone().get(url(hint)));
    assert.equal(answer.code, undefined, name);
    assert.equal(answer.error, 'invalid_request', name);
    const params = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: 'https://rp.example.com/bye' });
    const logout = await browser.clone().get(`/logout?${params}`);
    assert.equal(logout.status, 400, name);
    assert.equal(errorOn(logout), 'invalid_request', name);
  }
});

test('a token that this server has not signed is not accepted as an access token', async () => {
  const { tokens } = await tokensFor(app, browserParty, person);
  const machine = await post(
    app,
    '/token',
    { grant_type: 'client_credentials', resource: API, scope: 'api:read' },
    authorization(api),
  );
  const jwt = machine.body.access_token ?? '';
  assert.equal((await introspect(issuer, api, jwt)).active, true, 'our own is taken');
  for (const [name, forged] of Object.entries({
    ...(await forgeriesOf(tokens.id_token)),
    'an ID token': tokens.id_token,
  })) {
    const { status, body } = await userinfo(issuer, forged);
    assert.deepEqual([status, body.error], [401, 'invalid_token'], name);
    assert.deepEqual(await introspect(issuer, browserParty, forged), { active: false }, name);
  }
  for (const [name, forged] of Object.entries(await forgeriesOf(jwt, 'at+jwt'))) {
    assert.equal((await userinfo(issuer, forged)).status, 401, name);
    assert.deepEqual(await introspect(issuer, api, forged), { active: false }, name);
  }
});
