import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { makeIdentity } from '../helpers/certificates.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, authorize, introspect, type TokenAnswer } from '../helpers/relying_party.ts';
import { post, refusal } from './support.ts';

/** Repeated refreshes (promise 3) of tokens that are bound to a key or a certificate. */
const app = await deployment(
  { after },
  { env: { CARDEA_CLIENT_CERTIFICATE_HEADER: 'client-cert', CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' } },
);
const { issuer } = app;
const person = await app.seed.person();
const INVALID_GRANT = { status: 400, error: 'invalid_grant' };

type Headers = Record<string, string>;

function send(one: Party, fields: Headers, headers: Headers): Promise<TokenAnswer> {
  const named = one.secret === undefined ? { client_id: one.id, ...fields } : fields;
  return post(app, '/token', named, { ...authorization(one), ...headers });
}

async function newRefreshToken(one: Party, headers: Headers): Promise<string> {
  const { code, verifier } = await authorize({ issuer, party: one, person });
  const fields = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: one.redirectUri };
  const { status, body } = await send(one, fields, headers);
  assert.equal(status, 200, JSON.stringify(body));
  return body.refresh_token ?? '';
}

const refresh = (one: Party, value: string, headers: Headers) =>
  send(one, { grant_type: 'refresh_token', refresh_token: value }, headers);

async function assertAlive(one: Party, answer: TokenAnswer, isAlive: boolean): Promise<void> {
  for (const value of [answer.body.access_token, answer.body.refresh_token])
    assert.equal((await introspect(issuer, one, value ?? '')).active, isAlive);
}

async function prover() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  return async (): Promise<Headers> => ({
    dpop: await new SignJWT({ htm: 'POST', htu: `${issuer}/token`, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(privateKey),
  });
}

for (const [kind, one] of Object.entries({
  confidential: await app.seed.party(),
  public: await app.seed.party({ public: true }),
})) {
  test(`a ${kind} client repeats with a fresh proof of the same key, and each proof once (RFC 9449 §5, §11.1)`, async () => {
    const [mine, theirs] = [await prover(), await prover()];
    const value = await newRefreshToken(one, await mine());
    const [first, again] = [await mine(), await mine()];
    const answer = await refresh(one, value, first);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.body.token_type, 'DPoP');
    assert.deepEqual((await refresh(one, value, again)).body, answer.body);
    for (const used of [first, again]) {
      const refused = await refresh(one, value, used);
      assert.equal(refused.status, 400);
      assert.equal(refused.body.access_token, undefined);
    }
    await assertAlive(one, answer, true);

    // In parallel too: every fresh proof gets a response, and one that is sent three times gets one.
    const next = answer.body.refresh_token ?? '';
    const shared = await mine();
    const all = await Promise.all(
      [shared, shared, shared, await mine(), await mine()].map((p) => refresh(one, next, p)),
    );
    assert.deepEqual(all.map(({ status }) => status).sort(), [200, 200, 200, 400, 400]);
    const given = all.filter(({ status }) => status === 200);
    assert.equal(new Set(given.map(({ body }) => JSON.stringify(body))).size, 1);

    // A public client's refresh token is bound, so another key is refused; a confidential client's is not, so another
    // key makes it a different request with a used token.
    const stolen = await refresh(one, next, await theirs());
    const bare = await refresh(one, next, {});
    for (const refused of [stolen, bare]) {
      assert.equal(refused.status, 400, JSON.stringify(refused.body));
      assert.equal(refused.body.access_token, undefined);
    }
    if (given[0]) await assertAlive(one, given[0], kind === 'public');
  });
}

test('a client whose tokens are bound to its certificate repeats with the same one (RFC 8705 §3)', async () => {
  const [mine, theirs] = await Promise.all([makeIdentity(), makeIdentity()]);
  const shows = ({ certificate }: typeof mine): Headers => ({
    'client-cert': `:${certificate.raw.toString('base64')}:`,
  });
  const one = await app.seed.party({ public: true, metadata: { tls_client_certificate_bound_access_tokens: true } });
  const value = await newRefreshToken(one, shows(mine));
  const answer = await refresh(one, value, shows(mine));
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual((await refresh(one, value, shows(mine))).body, answer.body);
  for (const headers of [shows(theirs), {}]) {
    assert.deepEqual(refusal(await refresh(one, value, headers)), INVALID_GRANT);
  }
  await assertAlive(one, answer, true);

  const secretive = await app.seed.party({ metadata: { tls_client_certificate_bound_access_tokens: true } });
  const bound = await newRefreshToken(secretive, shows(mine));
  const first = await refresh(secretive, bound, shows(mine));
  assert.deepEqual((await refresh(secretive, bound, shows(mine))).body, first.body);
  assert.deepEqual(refusal(await refresh(secretive, bound, shows(theirs))), INVALID_GRANT);
  await assertAlive(secretive, first, false);
});
