import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import { keyPolicy } from '../../keys/policy.ts';
import { createKeyRing } from '../../keys/rotate.ts';
import type { KeyTables } from '../../keys/store.ts';
import { columnSealer, createSealer } from '../../server/platform/sealing.ts';
import { askPerson, CIBA_GRANT } from '../helpers/ciba.ts';
import { deployment } from '../helpers/deployment.ts';
import { until } from '../helpers/waiting.ts';
import { begin, callbackOf, shown, submit, tokensFor } from './support.ts';

/** ID tokens that come back as a hint after the key that signed them has been retired (RP-Initiated Logout §2). */

const scope = { after };
const HOUR_MS = 3_600_000;
// The question shows that a hint was accepted, and the session goes on.
const app = await deployment(scope, { env: { CARDEA_CONFIRM_LOGOUT: 'true' } });
const { issuer } = app;
const clock = { ms: Date.now() };
const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
const ring = createKeyRing({
  db: app.db.kysely.withTables<KeyTables>(),
  sealer: columnSealer(sealer, { table: 'signing_keys', column: 'sealed' }),
  retired: {
    sealer: columnSealer(sealer, { table: 'signing_keys', column: 'sealed_public' }),
    seconds: 30 * 86_400,
  },
  now: () => clock.ms,
  policy: keyPolicy(
    { rings: ['RS256'], rsaBits: 2_048, rotationSeconds: 90 * 86_400, jwksMaxAgeSeconds: 3_600, pollSeconds: 30 },
    { tokens: 3_600, cookies: 14 * 86_400 },
  ),
});

const BYE = 'https://rp.example.com/bye';
const person = await app.seed.person();
const party = await app.seed.party({
  firstParty: true,
  metadata: {
    post_logout_redirect_uris: [BYE],
    grant_types: ['authorization_code', 'refresh_token', CIBA_GRANT],
    backchannel_token_delivery_mode: 'poll',
  },
});
const { tokens, browser } = await tokensFor(app, party, person);
const hint = tokens.id_token;
const kid = String(decodeProtectedHeader(hint).kid);

async function publishedKids(): Promise<string[]> {
  const response = await fetch(new URL('/.well-known/jwks.json', issuer));
  return ((await response.json()) as { keys: { kid: string }[] }).keys.map((key) => key.kid);
}

async function statusOfLogout(value: string): Promise<number> {
  return (await browser.clone().get(`/logout?${new URLSearchParams({ id_token_hint: value })}`)).status;
}

test('a retired key still verifies hints that it signed: at /logout, at /authorize and for CIBA', async () => {
  await ring.rotate({ ring: 'RS256', now: true });
  clock.ms += 3 * HOUR_MS;
  await ring.maintain();
  await until('it is gone', async () => !(await publishedKids()).includes(kid));

  const silent = await begin(app, party, { prompt: 'none', id_token_hint: hint }, browser.clone());
  assert.ok(callbackOf(silent.page).code);
  const asked = await askPerson(issuer, party, { id_token_hint: hint });
  assert.equal(asked.status, 200, JSON.stringify(asked.body));
  const other = await tokensFor(app, party, await app.seed.person());
  const query = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: BYE });
  const page = await other.browser.get(`/logout?${query}`);
  assert.equal(shown(page), 'sign-out');
  assert.equal((await submit(other.browser, page, { logout: 'yes' })).location, BYE);
});

test('a token signed with it after retirement, or by another key in its name, is refused', async () => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  assert.notEqual(await calculateJwkThumbprint(jwk), kid);
  const forged = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(issuer)
    .setSubject(person.id)
    .setAudience(party.id)
    .sign(privateKey);
  assert.equal(await statusOfLogout(forged), 400);
  assert.equal(await statusOfLogout(hint), 200);
});

test('a logout token for the same audience is not accepted as a hint (OpenID Connect Back-Channel Logout §2.4)', async () => {
  const { keys } = await ring.load();
  const active = keys.find((key) => key.ring === 'RS256' && key.state === 'active');
  assert.ok(active && 'privateJwk' in active);
  const sign = async (typ: string) =>
    new SignJWT({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
      .setProtectedHeader({ alg: 'RS256', kid: active.kid, typ })
      .setIssuer(issuer)
      .setSubject(person.id)
      .setAudience(party.id)
      .setIssuedAt()
      .sign(await importJWK(active.privateJwk as JWK, 'RS256'));
  assert.equal(await statusOfLogout(await sign('logout+jwt')), 400);
  assert.equal(await statusOfLogout(await sign('at+jwt')), 400);
  assert.equal(await statusOfLogout(await sign('JWT')), 400);
});

test('a signed userinfo response is not accepted as a hint, although it has issuer, audience and subject of an ID token (RFC 8725 §3.12)', async () => {
  const signing = await app.seed.party({ firstParty: true, metadata: { userinfo_signed_response_alg: 'RS256' } });
  const given = await tokensFor(app, signing, person, { params: { scope: 'openid profile email' } });
  const headers = { authorization: `Bearer ${given.tokens.access_token}` };
  const answer = await (await fetch(new URL('/userinfo', issuer), { headers })).text();
  const { typ } = decodeProtectedHeader(answer);
  const { sub, aud } = decodeJwt(answer);
  assert.deepEqual([typ, sub, aud], [undefined, person.id, signing.id]);
  const statusOf = async (value: string) =>
    (await given.browser.clone().get(`/logout?${new URLSearchParams({ id_token_hint: value })}`)).status;
  assert.deepEqual([await statusOf(answer), await statusOf(given.tokens.id_token)], [400, 200]);
  const silent = await begin(app, signing, { prompt: 'none', id_token_hint: answer }, given.browser.clone());
  assert.equal(callbackOf(silent.page).error, 'invalid_request');
});

test('a revoked key verifies nothing, even when it was retired before', async () => {
  await ring.revoke(kid);
  await until('the node receives the change', async () => (await statusOfLogout(hint)) === 400);
  await assert.rejects(ring.revoke(kid), { code: 'key_already_retired' });
});
