import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compactDecrypt, createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { deployment } from '../helpers/deployment.ts';
import { authorization, authorize, redeem, refresh } from '../helpers/relying_party.ts';
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

test('userinfo signed and not encrypted is for the app that asked (§5.3.2)', async () => {
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

test('an app asks for the algorithm of its ID tokens (§2)', async () => {
  const party = await app.seed.party({ firstParty: true, metadata: { id_token_signed_response_alg: 'PS256' } });
  const { body } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
  const { protectedHeader } = await jwtVerify(body.id_token ?? '', keys);
  assert.equal(protectedHeader.alg, 'PS256');
});

test('without a key that fits, nothing is sent in clear instead', async () => {
  const { party } = await partyFor('ECDH-ES', () => ({ id_token_encrypted_response_alg: 'RSA-OAEP-256' }));
  const granted = await authorize({ issuer: app.issuer, party, person });
  const answer = await redeem(app.issuer, party, granted);
  assert.equal(answer.status, 400);
  assert.equal(answer.body.id_token ?? answer.body.access_token, undefined);
});

test('what could only be keyed with the secret of an app is not to be had: its hash is all there is', async () => {
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
