import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as client from 'openid-client';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { has, textOf } from '../helpers/html.ts';
import { redeem, signIn, userinfo } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';
import { begin, callbackOf, signedIn } from './support.ts';

/** The implicit and the hybrid flow (OpenID Connect Core §3.2, §3.3), for apps that are registered for them. */
const app = await deployment({ after }, { env: { CARDEA_PROFILE: 'oidc' } });
const person = await app.seed.person();
const HYBRID = ['code id_token', 'code token', 'code id_token token'];
const IMPLICIT = ['id_token', 'id_token token'];
const party = await app.seed.party({
  firstParty: true,
  metadata: {
    grant_types: ['authorization_code', 'implicit', 'refresh_token'],
    response_types: ['code', ...HYBRID, ...IMPLICIT],
  },
});
const codeOnly = await app.seed.party({ firstParty: true });
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', app.issuer));
const browser = await signedIn(app, party, person);
const ask = (response_type: string, more: Record<string, string | undefined> = {}, of = party) =>
  begin(app, of, { response_type, nonce: 'n-0S6_WzA2Mj', ...more }, browser.clone());

/** Left half of the SHA-256, for RS256 (OpenID Connect Core §3.3.2.11). */
async function halfHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Buffer.from(digest).subarray(0, 16).toString('base64url');
}

for (const response_type of [...HYBRID, ...IMPLICIT]) {
  test(`${response_type} returns its parts in the fragment, bound to each other (§3.2.2.5, §3.3.2.5)`, async () => {
    const { page, verifier } = await ask(response_type);
    const url = new URL(page.location ?? '');
    assert.equal(url.search, '', 'tokens must not reach server logs');
    const { code, access_token, id_token, ...rest } = rememberAll(callbackOf(page));
    const parts = response_type.split(' ');
    assert.deepEqual(
      [code !== undefined, access_token !== undefined, id_token !== undefined],
      ['code', 'token', 'id_token'].map((part) => parts.includes(part)),
    );
    assert.ok(rest.state);
    if (id_token) {
      const { payload } = await jwtVerify(id_token, keys, { issuer: app.issuer, audience: party.id });
      assert.deepEqual([payload.sub, payload.nonce], [person.id, 'n-0S6_WzA2Mj']);
      if (code) assert.equal(payload.c_hash, await halfHash(code));
      if (access_token) assert.equal(payload.at_hash, await halfHash(access_token));
    }
    if (access_token) {
      assert.equal(rest.token_type, 'Bearer');
      assert.equal((await userinfo(app.issuer, access_token)).body.sub, person.id);
    }
    if (code) {
      const { status, body } = await redeem(app.issuer, party, { code: remember('code', code), verifier });
      assert.equal(status, 200);
      if (id_token) assert.equal(decodeJwt(body.id_token ?? '').sub, decodeJwt(id_token).sub);
    }
  });
}

test('openid-client completes the hybrid flow code id_token, and the implicit flow', async () => {
  const auth = client.ClientSecretBasic(party.secret ?? '');
  const url = new URL(app.issuer);
  const hybrid = await client.discovery(url, party.id, undefined, auth, {
    execute: [client.allowInsecureRequests, client.useCodeIdTokenResponseType],
  });
  const implicit = await client.discovery(url, party.id, undefined, auth, {
    execute: [client.allowInsecureRequests, client.useIdTokenResponseType],
  });
  const [nonce, state] = [client.randomNonce(), client.randomState()];
  const params = { redirect_uri: party.redirectUri, scope: 'openid', nonce, state };
  const visitor = browserSession(app.issuer);
  const goTo = async (target: URL) => {
    const page = await visitor.follow(await visitor.get(target.href));
    return new URL((await signIn(visitor, page, person)).location ?? '');
  };
  const callback = await goTo(client.buildAuthorizationUrl(hybrid, params));
  const tokens = await client.authorizationCodeGrant(hybrid, callback, { expectedNonce: nonce, expectedState: state });
  assert.equal(rememberAll(tokens).claims()?.sub, person.id);
  const shown = await goTo(client.buildAuthorizationUrl(implicit, params));
  const claims = await client.implicitAuthentication(implicit, shown, nonce, { expectedState: state });
  assert.equal(claims.sub, person.id);
});

test('an ID token in the front channel needs a nonce (§3.2.2.1, §3.3.2.11)', async () => {
  for (const response_type of ['id_token', 'id_token token', 'code id_token', 'code id_token token']) {
    const { page } = await ask(response_type, { nonce: undefined });
    assert.equal(callbackOf(page).error, 'invalid_request', response_type);
    assert.notEqual(new URL(page.location ?? '').hash, '', 'errors are returned in the same way as the response');
  }
});

test('only an app that is registered for a flow can use it (OpenID Connect Dynamic Client Registration §2)', async () => {
  for (const response_type of [...HYBRID, ...IMPLICIT]) {
    const { page } = await ask(response_type, {}, codeOnly);
    assert.equal(callbackOf(page).error, 'invalid_request', response_type);
    assert.equal(callbackOf(page).id_token, undefined);
  }
});

test('token alone and unknown response types are refused', async () => {
  for (const response_type of ['token', 'none', 'code none']) {
    const { page } = await ask(response_type);
    assert.equal(callbackOf(page).error, 'unsupported_response_type', response_type);
  }
});

test('tokens are never in a query (OAuth 2.0 Multiple Response Types §3.1)', async () => {
  for (const response_type of [...HYBRID, ...IMPLICIT]) {
    const { page } = await ask(response_type, { response_mode: 'query' });
    const callback = callbackOf(page);
    assert.equal(callback.error, 'invalid_request', response_type);
    assert.equal(callback.access_token ?? callback.id_token ?? callback.code, undefined);
  }
});

test('form_post returns the response in a form that a script of the page submits (Form Post §2)', async () => {
  const { page } = await ask('code id_token', { response_mode: 'form_post' });
  assert.equal(page.status, 200);
  const { action, fields } = formOf(page);
  assert.equal(action, party.redirectUri);
  assert.ok(rememberAll(fields).id_token && fields.code);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /script-src 'self';/, 'the CSP allows no other script');
  assert.doesNotMatch(page.body, /<script>/);
  assert.equal(textOf(page, 'h1'), en['onward.app.title']);
  assert.ok(has(page, 'html[lang="en"][dir="ltr"]'));
  assert.ok(has(page, 'button[type="submit"]'), 'and there is a button for browsers without scripts');
  assert.match(page.headers.get('cache-control') ?? '', /no-store/);
});
