import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { signIn } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';
import { begin, callbackOf, signedIn } from './support.ts';

/** JWT-secured authorization responses (JARM). */
const app = await deployment({ after });
const person = await app.seed.person();
const party = await app.seed.party({ firstParty: true });
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', app.issuer));

async function open(response: string | undefined) {
  const { payload } = await jwtVerify(response ?? '', keys, {
    issuer: app.issuer,
    audience: party.id,
    requiredClaims: ['exp'],
  });
  if (payload.code) remember('code', String(payload.code));
  return payload;
}

test('openid-client accepts a signed response and redeems its code (JARM §2.3, §2.4)', async () => {
  const options = { execute: [client.allowInsecureRequests, client.useJwtResponseMode] };
  const auth = client.ClientSecretBasic(party.secret ?? '');
  const config = await client.discovery(new URL(app.issuer), party.id, undefined, auth, options);
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: party.redirectUri,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
  });
  const browser = browserSession(app.issuer);
  const page = await signIn(browser, await browser.follow(await browser.get(url.href)), person);
  assert.deepEqual(Object.keys(callbackOf(page)), ['response'], 'there are no other parameters');
  await open(callbackOf(page).response);
  const callback = new URL(page.location ?? '');
  const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState });
  assert.ok(rememberAll(tokens).access_token);
});

test('each response mode transports it in its own way (JARM §2.3.1 to §2.3.3)', async () => {
  const browser = await signedIn(app, party, person);
  for (const [mode, part] of [
    ['jwt', 'search'],
    ['query.jwt', 'search'],
    ['fragment.jwt', 'hash'],
  ] as const) {
    const { page } = await begin(app, party, { response_mode: mode, state: mode }, browser);
    const response = new URLSearchParams(new URL(page.location ?? '')[part].slice(1)).get('response');
    const { state, code, iss } = await open(response ?? '');
    assert.deepEqual([state, typeof code, iss], [mode, 'string', app.issuer]);
  }
  const { page } = await begin(app, party, { response_mode: 'form_post.jwt' }, browser);
  assert.equal(formOf(page).action, party.redirectUri);
  assert.ok((await open(formOf(page).fields.response)).code);
});

test('an error is signed as well, and is valid for two minutes (JARM §2.2)', async () => {
  const { page } = await begin(app, party, { response_mode: 'jwt', prompt: 'none', state: 's' });
  const { error, state, exp = 0, code } = await open(callbackOf(page).response);
  assert.deepEqual([error, state, code], ['login_required', 's', undefined]);
  assert.ok(exp - Date.now() / 1_000 <= 120);
});
