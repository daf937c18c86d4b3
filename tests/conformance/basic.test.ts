import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { UnsecuredJWT } from 'jose';
import { begin, callbackOf, tokensFor } from '../flows/support.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorize, authorizeUrl, redeem, signIn, userinfo } from '../helpers/relying_party.ts';

/** Checks of the basic plan's modules that no test of a specification covers (see modules.md). */
const app = await deployment({ after }, { env: { CARDEA_PROFILE: 'oidc' } });
const person = await app.seed.person({ name: 'Portia Limen' });
const party = await app.seed.party({ firstParty: true });

test('the order of scopes and parameters does not matter (RFC 6749 §3.3)', async () => {
  const url = new URL(
    authorizeUrl({ issuer: app.issuer, party, params: { scope: 'email profile openid' } }, 'v'.repeat(43)),
  );
  const reversed = new URLSearchParams([...url.searchParams].reverse());
  const browser = browserSession(app.issuer);
  const page = await signIn(
    browser,
    await browser.follow(await browser.get(`${app.issuer}/authorize?${reversed}`)),
    person,
  );
  const { code = '' } = callbackOf(page);
  const { body } = await redeem(app.issuer, party, { code, verifier: 'v'.repeat(43) });
  assert.deepEqual(new Set(String(body.scope).split(' ')), new Set(['openid', 'profile', 'email']));
});

test('display, claims_locales and unknown parameters are ignored (OpenID Connect Core §15.1, RFC 6749 §3.1)', async () => {
  for (const params of [{ display: 'page' }, { display: 'popup' }, { claims_locales: 'se' }, { extra: 'foobar' }]) {
    const { tokens } = await tokensFor(app, party, person, { params });
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 200, JSON.stringify(params));
  }
});

test('a nonce is optional where the ID token comes from the token endpoint (OpenID Connect Core §3.1.2.1)', async () => {
  const { callback } = await authorize({ issuer: app.issuer, party, person, params: { nonce: undefined } });
  assert.notEqual(callback.searchParams.get('code'), null);
});

test('POST /authorize works like GET (OpenID Connect Core §3.1.2.1)', async () => {
  const verifier = randomBytes(32).toString('base64url');
  const { searchParams } = new URL(authorizeUrl({ issuer: app.issuer, party }, verifier));
  const browser = browserSession(app.issuer);
  const start = await browser.follow(await browser.post(`${app.issuer}/authorize`, Object.fromEntries(searchParams)));
  const { code = '', state } = callbackOf(await signIn(browser, start, person));
  assert.equal(state, searchParams.get('state'));
  assert.equal((await redeem(app.issuer, party, { code, verifier })).status, 200);
});

test('a second redemption of a code is invalid_grant and revokes the token of the first (RFC 6749 §4.1.2)', async () => {
  const granted = await authorize({ issuer: app.issuer, party, person });
  const first = await redeem(app.issuer, party, granted);
  assert.equal((await userinfo(app.issuer, first.body.access_token ?? '')).status, 200);
  const second = await redeem(app.issuer, party, granted);
  assert.deepEqual([second.status, second.body.error], [400, 'invalid_grant']);
  assert.equal((await userinfo(app.issuer, first.body.access_token ?? '')).status, 401);
});

test('a code expires after a minute (RFC 6749 §4.1.2)', async (t) => {
  const [late, fresh] = [
    await authorize({ issuer: app.issuer, party, person }),
    await authorize({ issuer: app.issuer, party, person }),
  ];
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 55_000 });
  assert.equal((await redeem(app.issuer, party, fresh)).status, 200);
  t.mock.timers.setTime(Date.now() + 6_000);
  const { status, body } = await redeem(app.issuer, party, late);
  assert.deepEqual([status, body.error], [400, 'invalid_grant']);
});

test('request objects without a signature, by value or by reference, are refused by code (OpenID Connect Core §3.1.2.6)', async () => {
  const request = new UnsecuredJWT({ redirect_uri: 'https://evil.example.com/' }).encode();
  for (const [params, codes] of [
    [{ request }, ['request_not_supported', 'invalid_request_object', 'invalid_request']],
    [
      { request_uri: 'https://rp.example.com/request.jwt' },
      ['request_uri_not_supported', 'invalid_request_uri', 'invalid_request'],
    ],
  ] as const) {
    const { page } = await begin(app, party, params);
    const { error = 'none' } = callbackOf(page);
    assert.ok((codes as readonly string[]).includes(error), error);
    assert.ok(page.location?.startsWith(party.redirectUri));
  }
});
