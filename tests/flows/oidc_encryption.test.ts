import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compactDecrypt, createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization, authorize, authorizeUrl, redeem, refresh } from '../helpers/relying_party.ts';
import { post, refusal } from './support.ts';

/** Signed and encrypted ID tokens and userinfo (OpenID Connect Core §5.3.2, §10.2, §16.14). */
const app = await deployment({ after });
const person = await app.seed.person();
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', app.issuer));

async function partyFor(alg: string, metadata: (what: string) => object) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), use: 'enc', kid: 'enc', alg }] };
  const party = await app.seed.party({ firstParty: true, metadata: { jwks, ...metadata(alg) } });
  const open = async (jwe: string) => {
    const { plaintext, protectedHeader } = await compactDecrypt(jwe, privateKey);
    const { payload } = await jwtVerify(new TextDecoder().decode(plaintext), keys, {
      issuer: app.issuer,
      audience: party.id,
    });
    return { payload, header: protectedHeader };
  };
  return { party, open };
}

for (const [alg, enc] of [
  ['RSA-OAEP-256', 'A128CBC-HS256'],
  ['ECDH-ES', 'A256GCM'],
  ['ECDH-ES+A128KW', 'A128GCM'],
] as const) {
  test(`ID tokens and userinfo are signed, then encrypted to the app: ${alg} (§10.2)`, async () => {
    const { party, open } = await partyFor(alg, () => ({
      id_token_encrypted_response_alg: alg,
      id_token_encrypted_response_enc: enc,
      userinfo_signed_response_alg: 'RS256',
      userinfo_encrypted_response_alg: alg,
      userinfo_encrypted_response_enc: enc,
    }));
    const granted = await authorize({ issuer: app.issuer, party, person, params: { nonce: 'n' } });
    const { body } = await redeem(app.issuer, party, granted);
    const { payload, header } = await open(body.id_token ?? '');
    assert.deepEqual(
      [payload.sub, payload.nonce, header.alg, header.enc, header.cty],
      [person.id, 'n', alg, enc, 'JWT'],
    );
    const response = await fetch(new URL('/userinfo', app.issuer), {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    assert.match(response.headers.get('content-type') ?? '', /^application\/jwt/);
    const told = await open(await response.text());
    assert.deepEqual([told.payload.sub, told.payload.email], [person.id, person.email]);
    if (body.refresh_token) {
      const again = await refresh(app.issuer, party, body.refresh_token);
      assert.equal((await open(again.body.id_token ?? '')).payload.sub, person.id, 'as the first one was');
    }
  });
}

test('userinfo that is signed but not encrypted has the app as audience (§5.3.2)', async () => {
  const party = await app.seed.party({ firstParty: true, metadata: { userinfo_signed_response_alg: 'PS256' } });
  const { body } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
  const response = await fetch(new URL('/userinfo', app.issuer), {
    headers: { authorization: `Bearer ${body.access_token}` },
  });
  const { payload, protectedHeader } = await jwtVerify(await response.text(), keys, {
    issuer: app.issuer,
    audience: party.id,
  });
  assert.deepEqual([protectedHeader.alg, payload.sub], ['PS256', person.id]);
});

test('an app chooses the algorithm of its ID tokens (§2)', async () => {
  const party = await app.seed.party({ firstParty: true, metadata: { id_token_signed_response_alg: 'PS256' } });
  const { body } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
  const { protectedHeader } = await jwtVerify(body.id_token ?? '', keys);
  assert.equal(protectedHeader.alg, 'PS256');
});

test('without a suitable key nothing is sent in clear: the app gets an error, and the operator a log line', async (t) => {
  const site = await documentSite(t);
  const { publicKey } = await generateKeyPair('ES256', { extractable: true });
  const usable = await exportJWK(publicKey);
  const jwks_uri = site.put('/jwks', { keys: [{ ...usable, use: 'sig' }] });
  // As it was registered by an earlier version.
  const party = await app.seed.party({
    firstParty: true,
    metadata: {
      jwks_uri,
      id_token_encrypted_response_alg: 'ECDH-ES',
      authorization_encrypted_response_alg: 'ECDH-ES',
    },
  });
  const odd = [
    [],
    [{ ...usable, use: 'sig' }],
    [{ ...usable, use: 'enc', key_ops: ['verify'] }],
    [{ ...usable, use: 'enc', ext: 'x' }],
    [{ ...usable, use: 'enc', x: 'AA' }],
    [{ kty: 'OKP', crv: 'Ed25519', x: Buffer.alloc(32, 1).toString('base64url'), use: 'enc' }],
    [{ kty: 'OKP', crv: 'X448', x: Buffer.alloc(56, 1).toString('base64url'), use: 'enc' }],
  ];
  for (const keys of odd) {
    site.put('/jwks', { keys }, { 'cache-control': 'max-age=0' });
    app.logLines.length = 0;
    const granted = await authorize({ issuer: app.issuer, party, person });
    const answer = await redeem(app.issuer, party, granted);
    assert.deepEqual(refusal(answer), { status: 400, error: 'invalid_client_metadata' }, JSON.stringify(keys));
    assert.equal(answer.body.id_token ?? answer.body.access_token, undefined);
    // A signed and encrypted error response (JARM §2.2) would need the missing key as well.
    const params = { response_mode: 'jwt', prompt: 'none' };
    const jarm = await fetch(authorizeUrl({ issuer: app.issuer, party, params }, 'v'.repeat(43)), {
      redirect: 'manual',
    });
    assert.equal(jarm.status, 400, JSON.stringify(keys));
    assert.equal(jarm.headers.get('location'), null);
    assert.ok(!app.logLines.some((line) => line.includes('"level":"error"')));
  }
});

test('a missing key is logged once in a while, with the client id', async () => {
  const party = await app.seed.party({
    firstParty: true,
    metadata: { jwks_uri: 'https://127.0.0.1:1/jwks', id_token_encrypted_response_alg: 'ECDH-ES' },
  });
  app.logLines.length = 0;
  for (let n = 0; n < 2; n += 1) {
    const answer = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
    assert.deepEqual(refusal(answer), { status: 400, error: 'invalid_client_metadata' });
  }
  const lines = app.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const warnings = lines.filter(
    ({ level, msg }) => level === 'warn' && String(msg).startsWith('a client cannot be served'),
  );
  assert.deepEqual(
    warnings.map(({ clientId, requestId }) => [clientId, typeof requestId]),
    [[party.id, 'string']],
  );
});

test('keys as browsers export them are accepted (W3C Web Cryptography §24)', async () => {
  for (const [alg, extra] of [
    ['ECDH-ES', { key_ops: [], ext: true }],
    ['ECDH-ES', { key_ops: ['deriveBits'] }],
    ['RSA-OAEP-256', { key_ops: ['encrypt', 'wrapKey'], ext: true, alg: 'RSA-OAEP-256' }],
    ['RSA-OAEP-256', { key_ops: ['wrapKey'] }],
  ] as const) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), ...extra }] };
    const metadata = { jwks, id_token_encrypted_response_alg: alg };
    const party = await app.seed.party({ firstParty: true, metadata });
    const { status, body } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
    assert.equal(status, 200, JSON.stringify(body));
    await compactDecrypt(body.id_token ?? '', privateKey);
  }
});

test('algorithms with the client secret as key are not available: only its hash is stored', async () => {
  for (const metadata of [
    { id_token_signed_response_alg: 'HS256' },
    { userinfo_signed_response_alg: 'HS512' },
    { introspection_encrypted_response_alg: 'A128KW' },
    { authorization_encrypted_response_alg: 'dir' },
    { id_token_encrypted_response_alg: 'RSA1_5' },
    { id_token_signed_response_alg: 'none' },
  ]) {
    const [field = ''] = Object.keys(metadata);
    await assert.rejects(app.seed.party({ metadata }), { code: 'invalid_input', field });
  }
  const party = await app.seed.party();
  const request = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.e30.x`;
  const answer = await post(app, '/par', { client_id: party.id, request }, authorization(party));
  assert.deepEqual(refusal(answer), { status: 400, error: 'invalid_request_object' });
});
