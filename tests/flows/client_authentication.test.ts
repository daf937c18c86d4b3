import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { hashToken } from '../../server/platform/sealing.ts';
import { importSecret } from '../helpers/client_changes.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorize, redeem, refresh, token } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { basic, post, refusal } from './support.ts';

const app = await deployment({ after });
const GRANT = { grant_type: 'client_credentials' };
const INVALID_CLIENT = { status: 401, error: 'invalid_client' };

const keys = await generateKeyPair('ES256', { extractable: true });
const otherKeys = await generateKeyPair('ES256', { extractable: true });
const rsaKeys = await generateKeyPair('RS256', { extractable: true });
const publicJwk = { ...(await exportJWK(keys.publicKey)), kid: 'mine', use: 'sig', alg: 'ES256' };
const publicRsa = { ...(await exportJWK(rsaKeys.publicKey)), kid: 'mine-rsa', use: 'sig' };
const signer = await app.seed.party({
  metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicJwk, publicRsa] } },
});

// ---- secrets ----

test('client_secret_basic: both halves are form-decoded, for every form of encoding (RFC 6749 §2.3.1)', async () => {
  const party = await app.seed.party({ id: 'app~one.v-2_x' });
  const secret = party.secret ?? '';
  const everyByte = (text: string) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  for (const [id, value] of [
    [party.id, secret],
    ['app%7Eone.v-2_x', encodeURIComponent(secret)],
    [everyByte(party.id), everyByte(secret)],
  ] as const) {
    assert.equal((await post(app, '/token', GRANT, basic(id, value))).status, 200, id);
  }
});

test('client_secret_basic and client_secret_post accept a secret of special characters, as another server may have issued it', async () => {
  const secret = `a+b %&=:"/?é ${randomBytes(12).toString('base64')}`;
  const party = await app.seed.party();
  await importSecret(app, party, secret);
  const formEncoded = new URLSearchParams({ s: secret }).toString().slice('s='.length);
  assert.match(formEncoded, /\+/, 'a space is a plus sign in a form');
  // A non-ASCII character is not a VSCHAR (RFC 6749 §A.2).
  const answer = await post(app, '/token', GRANT, basic(party.id, formEncoded));
  assert.deepEqual(refusal(answer), INVALID_CLIENT);

  const ascii = `a+b %&=:"/?~ ${randomBytes(12).toString('base64')}`;
  const other = await app.seed.party();
  await importSecret(app, other, ascii);
  const plus = new URLSearchParams({ s: ascii }).toString().slice('s='.length);
  assert.equal(
    (await post(app, '/token', GRANT, basic(other.id, plus))).status,
    200,
    'application/x-www-form-urlencoded',
  );
  assert.equal((await post(app, '/token', GRANT, basic(other.id, encodeURIComponent(ascii)))).status, 200, 'percent');
  assert.equal(
    (await post(app, '/token', { ...GRANT, client_id: other.id, client_secret: ascii })).status,
    200,
    'client_secret_post',
  );
  // An encoded plus sign is a plus sign and a bare one is a space, not the other way round.
  const swapped = await post(app, '/token', GRANT, basic(other.id, plus.replace('%2B', '+')));
  assert.deepEqual(refusal(swapped), INVALID_CLIENT);
});

test('a wrong secret is invalid_client with 401, and with WWW-Authenticate where Basic was used (RFC 6749 §5.2)', async () => {
  const party = await app.seed.party();
  const wrong = randomBytes(32).toString('base64url');
  const byBasic = await post(app, '/token', GRANT, basic(party.id, wrong));
  assert.deepEqual(refusal(byBasic), INVALID_CLIENT);
  assert.match(byBasic.headers.get('www-authenticate') ?? '', /^Basic realm=/);

  const byPost = await post(app, '/token', { ...GRANT, client_id: party.id, client_secret: wrong });
  assert.deepEqual(refusal(byPost), INVALID_CLIENT);
  assert.equal(byPost.headers.get('www-authenticate'), null);

  const unknown = await post(app, '/token', GRANT, basic('no-such-client', wrong));
  assert.deepEqual(refusal(unknown), INVALID_CLIENT);
  assert.deepEqual(unknown.body, byBasic.body, 'the response does not tell if the client exists');
});

test('a secret is compared as a whole: no prefix, suffix, other case or hash of it is accepted', async () => {
  const party = await app.seed.party();
  const secret = party.secret ?? '';
  for (const value of [
    secret.slice(0, -1),
    `${secret}x`,
    secret.toLowerCase() === secret ? secret.toUpperCase() : secret.toLowerCase(),
    hashToken(secret).toString('base64url'),
    hashToken(secret).toString('hex'),
  ]) {
    assert.deepEqual(refusal(await post(app, '/token', GRANT, basic(party.id, value))), INVALID_CLIENT);
  }
});

test('after a rotation the new secret works at once, and the old one never again', async () => {
  const party = await app.seed.party();
  assert.equal((await token(app.issuer, party, GRANT)).status, 200);
  const secret = remember('client_secret', (await app.seed.clients.rotateSecret(party.id)).secret);
  const renewed: Party = { ...party, secret };
  // The running server learns of the change by NOTIFY: once it accepts the new secret, it refuses the old one.
  const deadline = performance.now() + 5_000;
  let status = 0;
  while (status !== 200 && performance.now() < deadline) status = (await token(app.issuer, renewed, GRANT)).status;
  assert.equal(status, 200);
  assert.deepEqual(refusal(await token(app.issuer, party, GRANT)), INVALID_CLIENT);
});

test('a confidential client must authenticate, a public one must not', async () => {
  const confidential = await app.seed.party();
  assert.deepEqual(refusal(await post(app, '/token', { ...GRANT, client_id: confidential.id })), INVALID_CLIENT);
  const publicParty = await app.seed.party({ public: true });
  const made = randomBytes(32).toString('base64url');
  assert.deepEqual(refusal(await post(app, '/token', GRANT, basic(publicParty.id, made))), INVALID_CLIENT);
  // RFC 6749 §4.4: client credentials are for confidential clients only.
  const refused = await post(app, '/token', { ...GRANT, client_id: publicParty.id });
  assert.deepEqual(refusal(refused), { status: 400, error: 'unauthorized_client' });
});

test('none: a public client redeems its code with PKCE, and refreshes', async () => {
  const party = await app.seed.party({ public: true });
  const person = await app.seed.person();
  const first = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
  assert.equal(first.status, 200);
  assert.equal((await refresh(app.issuer, party, first.body.refresh_token ?? '')).status, 200);
});

test('two ways of authentication in one request are invalid_request (RFC 6749 §2.3)', async () => {
  const party = await app.seed.party();
  const secret = party.secret ?? '';
  const both = await post(
    app,
    '/token',
    { ...GRANT, client_id: party.id, client_secret: secret },
    basic(party.id, secret),
  );
  assert.deepEqual(refusal(both), { status: 400, error: 'invalid_request' });
  const mismatch = await post(app, '/token', { ...GRANT, client_id: 'another' }, basic(party.id, secret));
  assert.deepEqual(refusal(mismatch), { status: 400, error: 'invalid_request' });
});

test('a secret in the URL is ignored (RFC 6749 §2.3.1)', async () => {
  const party = await app.seed.party();
  const query = new URLSearchParams({ client_id: party.id, client_secret: party.secret ?? '' });
  const answer = await post(app, `/token?${query}`, GRANT);
  assert.deepEqual(refusal(answer), INVALID_CLIENT);
});

// ---- private_key_jwt (RFC 7523) ----

interface Assertion {
  /** Undefined removes a claim. */
  readonly claims?: Record<string, unknown>;
  readonly header?: { alg: string; kid?: string };
  readonly key?: CryptoKey | Uint8Array;
}

function assertion({
  claims = {},
  header = { alg: 'ES256', kid: 'mine' },
  key = keys.privateKey,
}: Assertion = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload: JWTPayload = {
    iss: signer.id,
    sub: signer.id,
    aud: app.issuer,
    jti: randomUUID(),
    iat: now,
    exp: now + 60,
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader(header).sign(key);
}

function present(value: string, more: Record<string, string> = {}) {
  return post(app, '/token', {
    ...GRANT,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: value,
    ...more,
  });
}

test('private_key_jwt: a fresh assertion for the issuer is accepted, with or without client_id (RFC 7523 §3)', async () => {
  assert.equal((await present(await assertion())).status, 200);
  assert.equal((await present(await assertion(), { client_id: signer.id })).status, 200);
  const byRsa = await assertion({ header: { alg: 'PS256', kid: 'mine-rsa' }, key: await pss() });
  assert.equal((await present(byRsa)).status, 200);
});

async function pss(): Promise<CryptoKey> {
  const jwk = await exportJWK(rsaKeys.privateKey);
  const { importJWK } = await import('jose');
  return (await importJWK({ ...jwk, alg: 'PS256' }, 'PS256')) as CryptoKey;
}

test('private_key_jwt: the audience must be this server, and it alone (RFC 7523 §3)', async () => {
  for (const aud of [[app.issuer, 'https://other.example.com'], `${app.issuer}/`, 'https://other.example.com', '']) {
    assert.deepEqual(refusal(await present(await assertion({ claims: { aud } }))), INVALID_CLIENT, JSON.stringify(aud));
  }
});

test('private_key_jwt: the Host header does not choose the audience', async () => {
  const value = await assertion({ claims: { aud: 'http://evil.test/token' } });
  const answer = await post(
    app,
    '/token',
    {
      ...GRANT,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: value,
    },
    { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test' },
  );
  assert.deepEqual(refusal(answer), INVALID_CLIENT);
});

test('private_key_jwt: missing, wrong and additional claims are refused', async () => {
  const now = Math.floor(Date.now() / 1000);
  const bad: Record<string, Record<string, unknown>> = {
    expired: { exp: now - 30, iat: now - 90 },
    'no exp': { exp: undefined },
    'no jti': { jti: undefined },
    'no iss': { iss: undefined },
    'no sub': { sub: undefined },
    'no aud': { aud: undefined },
    'iss of another': { iss: 'another' },
    'sub of another': { sub: 'another' },
    'not valid yet': { nbf: now + 300 },
  };
  for (const [what, claims] of Object.entries(bad)) {
    const { status } = await present(await assertion({ claims }));
    assert.equal(status, 401, what);
  }
});

test('private_key_jwt: only the registered key is accepted; none, HS256 and keys in the header are refused', async () => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: signer.id, sub: signer.id, aud: app.issuer, jti: randomUUID(), exp: now + 60 };
  const forged = await exportJWK(otherKeys.publicKey);
  const attempts: Record<string, string> = {
    'another key': await assertion({ key: otherKeys.privateKey }),
    'another key without kid': await assertion({ header: { alg: 'ES256' }, key: otherKeys.privateKey }),
    none: new UnsecuredJWT(claims).encode(),
    'HS256 with the public key': await assertion({
      header: { alg: 'HS256', kid: 'mine' },
      key: new TextEncoder().encode(JSON.stringify(publicJwk)),
    }),
    'a key of its own (jwk)': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', jwk: forged })
      .sign(otherKeys.privateKey),
    'a key from elsewhere (jku)': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', jku: 'https://evil.example.com/jwks', kid: 'mine' })
      .sign(otherKeys.privateKey),
    'a signature cut off': (await assertion()).replace(/\.[^.]*$/, '.'),
  };
  for (const [what, value] of Object.entries(attempts)) {
    assert.deepEqual(refusal(await present(value)), INVALID_CLIENT, what);
  }
  const notJwt = await present('not.a.jwt');
  assert.deepEqual(refusal(notJwt), INVALID_CLIENT);
});

test('private_key_jwt: a refused assertion does not use up its jti, and client_assertion_type is required', async () => {
  const jti = randomUUID();
  assert.equal((await present(await assertion({ claims: { jti }, key: otherKeys.privateKey }))).status, 401);
  assert.equal((await present(await assertion({ claims: { jti } }))).status, 200);
  const untyped = await post(app, '/token', { ...GRANT, client_assertion: await assertion() });
  assert.deepEqual(refusal(untyped), { status: 400, error: 'invalid_request' });
  const secretToo = await present(await assertion(), { client_secret: 'x' });
  assert.deepEqual(refusal(secretToo), { status: 400, error: 'invalid_request' });
});

test('a client must use the method that it is registered with', async () => {
  const bySecret = await app.seed.party();
  const value = await assertion({ claims: { iss: bySecret.id, sub: bySecret.id } });
  assert.deepEqual(refusal(await present(value)), INVALID_CLIENT);
  assert.deepEqual(refusal(await post(app, '/token', GRANT, basic(signer.id, 'anything'))), INVALID_CLIENT);
  assert.deepEqual(refusal(await post(app, '/token', { ...GRANT, client_id: signer.id })), INVALID_CLIENT);
});
