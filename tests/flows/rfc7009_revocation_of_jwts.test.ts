import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, generateKeyPair, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, authorize, introspect, refresh, token } from '../helpers/relying_party.ts';
import { post, refusal } from './support.ts';

/** JWT access tokens (RFC 9068) at /revoke (RFC 7009). */
const app = await deployment({ after });
const { issuer } = app;
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const person = await app.seed.person();
const METADATA = { metadata: { scope: 'openid offline_access api:read' } };
const party = await app.seed.party(METADATA);
const another = await app.seed.party(METADATA);
const publicParty = await app.seed.party({ ...METADATA, public: true });

async function machineJwt(): Promise<string> {
  const { body } = await token(issuer, party, { grant_type: 'client_credentials', resource: API, scope: 'api:read' });
  return body.access_token ?? '';
}

async function tokensFor(by: Party = party, browser?: Awaited<ReturnType<typeof authorize>>['browser']) {
  const params = { scope: 'openid api:read', resource: API };
  const granted = await authorize({ issuer, party: by, person, params, ...(browser ? { browser } : {}) });
  const { body } = await token(issuer, by, {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: by.redirectUri,
    code_verifier: granted.verifier,
    resource: API,
  });
  return { jwt: body.access_token ?? '', refreshToken: body.refresh_token ?? '', browser: granted.browser };
}

function revoke(by: Party, value: string, hint?: string) {
  const own = by.secret === undefined ? { client_id: by.id } : {};
  const hinted = hint === undefined ? {} : { token_type_hint: hint };
  return post(app, '/revoke', { token: value, ...hinted, ...own }, authorization(by));
}

const isActive = async (value: string, by: Party = party) => (await introspect(issuer, by, value)).active;
const countRevoked = async () =>
  (await app.db.run<{ what: string; expires_at: Date }>({ name: '', text: 'SELECT * FROM ended_tokens' }, [])).length;

for (const hint of [undefined, 'access_token', 'refresh_token', 'nonsense']) {
  test(`a client revokes its own JWT without others, hint ${hint ?? 'none'} (RFC 7009 §2.1)`, async () => {
    const [first, second] = [await machineJwt(), await machineJwt()];
    const { status, body } = await revoke(party, first, hint);
    assert.deepEqual([status, body], [200, {}]);
    assert.deepEqual(await introspect(issuer, party, first), { active: false });
    assert.equal(await isActive(second), true);
    assert.equal((await revoke(party, first)).status, 200, 'once more: there is nothing left to revoke (§2.2)');
  });
}

test('revoking a person’s JWT also ends its refresh token and older JWTs, as for an opaque token', async () => {
  for (const by of [party, publicParty]) {
    const { jwt, refreshToken } = await tokensFor(by);
    const next = await token(issuer, by, { grant_type: 'refresh_token', refresh_token: refreshToken, resource: API });
    const second = next.body.access_token ?? '';
    assert.deepEqual([await isActive(jwt, by), await isActive(second, by)], [true, true]);
    assert.equal((await revoke(by, second)).status, 200);
    assert.deepEqual([await isActive(jwt, by), await isActive(second, by)], [false, false]);
    assert.equal((await refresh(issuer, by, next.body.refresh_token ?? '')).body.error, 'invalid_grant');
  }
});

test('the consent stays: tokens that are issued next are valid, even in the same second', async () => {
  const { jwt, browser } = await tokensFor();
  await revoke(party, jwt);
  const next = await tokensFor(party, browser);
  assert.equal(await isActive(next.jwt), true);
  assert.equal(await isActive(jwt), false);
});

test('revoking a refresh token ends the JWTs that came of it (RFC 7009 §2.1)', async () => {
  const { jwt, refreshToken } = await tokensFor();
  assert.equal((await revoke(party, refreshToken)).status, 200);
  assert.deepEqual(await introspect(issuer, party, jwt), { active: false });
});

test('another client’s JWT is refused and stays valid (RFC 7009 §2.1)', async () => {
  const { jwt } = await tokensFor();
  for (const value of [jwt, await machineJwt()]) {
    for (const by of [another, publicParty]) {
      assert.deepEqual(refusal(await revoke(by, value)), { status: 400, error: 'invalid_request' });
    }
    assert.equal((await revoke({ ...party, secret: 'wrong' }, value)).status, 401);
    assert.equal(await isActive(value), true);
  }
});

test('a forged JWT gets 200 and revokes nothing (RFC 7009 §2.2)', async () => {
  const value = await machineJwt();
  const before = await countRevoked();
  const { privateKey } = await generateKeyPair('RS256');
  const forged = await new SignJWT(decodeJwt(value))
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
    .sign(privateKey);
  for (const one of [forged, `${value}x`, 'a.b.c', 'a.b.c.d.e']) assert.equal((await revoke(party, one)).status, 200);
  assert.equal(await isActive(value), true);
  assert.equal(await countRevoked(), before, 'and no row is stored for it');
});

test('openid-client can revoke a JWT', async () => {
  const value = await machineJwt();
  const config = await oidc.discovery(
    new URL(issuer),
    party.id,
    undefined,
    oidc.ClientSecretBasic(party.secret ?? ''),
    {
      execute: [oidc.allowInsecureRequests],
    },
  );
  await oidc.tokenRevocation(config, value);
  assert.equal(await isActive(value), false);
});

test('rows for revoked tokens are removed when the tokens have expired', async () => {
  const value = await machineJwt();
  await revoke(party, value);
  const expiresAt = (decodeJwt(value).exp ?? 0) * 1_000;
  const [row] = await app.db.run<{ expires_at: Date }>(
    { name: '', text: 'SELECT expires_at FROM ended_tokens WHERE what = $1' },
    [`jti ${decodeJwt(value).jti}`],
  );
  const minute = 60_000; // the tolerance for differing clocks
  assert.equal(row?.expires_at.getTime(), expiresAt + minute);
  await cleanUp({ db: app.db, now: () => expiresAt + minute });
  assert.ok((await countRevoked()) > 0);
  await cleanUp({ db: app.db, now: () => expiresAt + minute + 10_000 });
  assert.equal(await countRevoked(), 0);
});
