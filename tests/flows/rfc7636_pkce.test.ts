import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, authorize, introspect, redeem, token } from '../helpers/relying_party.ts';
import { keyedParty } from './keyed_party.ts';
import { begin, callbackOf, idTokenOf, type Params, post, refusal, submitPassword } from './support.ts';

const app = await deployment({ after });
const person = await app.seed.person();
const confidential = await app.seed.party();
const publicParty = await app.seed.party({ public: true });
const ours = await app.seed.party({ firstParty: true });
const INVALID_GRANT = { status: 400, error: 'invalid_grant' };

const NO_PKCE = { code_challenge: undefined, code_challenge_method: undefined };
const NONCE = { ...NO_PKCE, nonce: 'n-0S6_WzA2Mj' };

const switchedOff = await app.seed.party({ firstParty: true, metadata: { pkce: 'off' } });
const alwaysPkce = await app.seed.party({ firstParty: true, metadata: { pkce: 'required' } });
const publicAuto = await app.seed.party({ public: true, metadata: { pkce: 'auto' } });
const KEY = { token_endpoint_auth_method: 'private_key_jwt' };
const keyed = await keyedParty(app, { firstParty: true, metadata: KEY });

const parties: Record<string, Party> = { confidential, public: publicParty, 'first-party': ours };

for (const [kind, party] of Object.entries(parties)) {
  test(`a ${kind} client must use PKCE when it sends no nonce (RFC 9700 §2.1.1)`, async () => {
    const { page } = await begin(app, party, NO_PKCE);
    const { error, state } = callbackOf(page);
    assert.equal(error, 'invalid_request');
    assert.ok(state);
  });

  test(`a ${kind} client must send the right verifier (RFC 7636 §4.6)`, async () => {
    const granted = await authorize({ issuer: app.issuer, party, person });
    const fields = { grant_type: 'authorization_code', code: granted.code, redirect_uri: party.redirectUri };
    assert.deepEqual(refusal(await token(app.issuer, party, fields)), INVALID_GRANT, 'without a verifier');
    const wrong = randomBytes(32).toString('base64url');
    assert.deepEqual(refusal(await redeem(app.issuer, party, { ...granted, verifier: wrong })), INVALID_GRANT);
    assert.equal((await redeem(app.issuer, party, granted)).status, 200);
  });
}

test('the method plain is refused, and so is a challenge without a method, whose default is plain (RFC 7636 §4.3)', async () => {
  const verifier = randomBytes(32).toString('base64url');
  for (const code_challenge_method of ['plain', undefined, 's256', 'S512', '']) {
    const { page } = await begin(app, publicParty, { code_challenge: verifier, code_challenge_method });
    assert.equal(callbackOf(page).error, 'invalid_request', String(code_challenge_method));
  }
});

test('a challenge that cannot be a SHA-256 is refused', async () => {
  for (const code_challenge of ['', 'x', 'x'.repeat(42), 'x'.repeat(129), `${'x'.repeat(42)}=`, `${'x'.repeat(42)} `]) {
    const { page } = await begin(app, publicParty, { code_challenge });
    assert.equal(callbackOf(page).error, 'invalid_request', JSON.stringify(code_challenge));
  }
});

test('a wrong verifier does not use up the code: a thief can neither redeem nor block it', async () => {
  // RFC 7636 does not decide this. Using up the code would let a thief block the sign-in; a guess succeeds once in
  // 2^256 either way.
  const granted = await authorize({ issuer: app.issuer, party: publicParty, person });
  const wrong = await redeem(app.issuer, publicParty, { ...granted, verifier: randomBytes(32).toString('base64url') });
  assert.deepEqual(refusal(wrong), INVALID_GRANT);
  const right = await redeem(app.issuer, publicParty, granted);
  assert.equal(right.status, 200);
  // A further request with the wrong or the right verifier is a second use of the code.
  assert.deepEqual(refusal(await redeem(app.issuer, publicParty, granted)), INVALID_GRANT);
  assert.equal((await introspect(app.issuer, publicParty, right.body.access_token ?? '')).active, false);
});

test('neither the challenge itself nor a similar value is accepted as a verifier', async () => {
  const granted = await authorize({ issuer: app.issuer, party: publicParty, person });
  const challenge = createHash('sha256').update(granted.verifier).digest('base64url');
  for (const verifier of [
    challenge,
    `${granted.verifier}=`,
    granted.verifier.slice(0, -1),
    granted.verifier.repeat(2),
  ]) {
    const { status, body } = await redeem(app.issuer, publicParty, { ...granted, verifier });
    assert.equal(status, 400);
    assert.ok(body.error === 'invalid_grant' || body.error === 'invalid_request', String(body.error));
  }
  assert.equal((await redeem(app.issuer, publicParty, granted)).status, 200);
});

test('a code is bound to its client and its redirect URI (RFC 6749 §4.1.3)', async () => {
  const two = await app.seed.party({
    metadata: { redirect_uris: ['https://rp.example.com/a', 'https://rp.example.com/b'] },
  });
  const granted = await authorize({ issuer: app.issuer, party: two, person });
  const elsewhere = { ...two, redirectUri: 'https://rp.example.com/b' };
  assert.deepEqual(refusal(await redeem(app.issuer, elsewhere, granted)), INVALID_GRANT);
  assert.deepEqual(
    refusal(await redeem(app.issuer, { ...confidential, redirectUri: two.redirectUri }, granted)),
    INVALID_GRANT,
  );
  assert.equal((await redeem(app.issuer, two, granted)).status, 200);
});

// ---- confidential clients: a nonce instead of PKCE ----

/** The code of a request without a challenge. */
async function codeOf(party: Party, params: Params): Promise<string> {
  const begun = await begin(app, party, params);
  const { code = '' } = callbackOf(await submitPassword(begun.browser, begun.page, person));
  return code;
}

const withoutVerifier = (party: Party, code: string) => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: party.redirectUri,
});

test('a nonce with openid replaces PKCE for a confidential client, and is in the ID token (OAuth 2.1 §7.5.1)', async () => {
  const code = await codeOf(ours, NONCE);
  const { status, body } = await token(app.issuer, ours, withoutVerifier(ours, code));
  assert.equal(status, 200);
  assert.equal(idTokenOf(body).nonce, NONCE.nonce);
});

test('a client that authenticates with a key is confidential too', async () => {
  const code = await codeOf(keyed.party, NONCE);
  const { status } = await post(app, '/token', {
    ...withoutVerifier(keyed.party, code),
    ...(await keyed.assertion()),
  });
  assert.equal(status, 200);
});

const UNPROTECTED: readonly (readonly [why: string, party: Party, params: Params])[] = [
  ['a nonce of a public client', publicParty, NONCE],
  ['a nonce of a public client that is set to auto', publicAuto, NONCE],
  ['a nonce of a client that must use PKCE', alwaysPkce, NONCE],
  ['an empty nonce', ours, { ...NONCE, nonce: '' }],
  ['a nonce without openid, which no ID token brings back', ours, { ...NONCE, scope: 'profile' }],
  ['a nonce with a scope that only resembles openid', ours, { ...NONCE, scope: 'openid2 profile' }],
];
for (const [why, party, params] of UNPROTECTED) {
  test(`${why} does not replace PKCE`, async () => {
    assert.equal(callbackOf((await begin(app, party, params)).page).error, 'invalid_request');
  });
}

test('a nonce beside a signed request is not one of the request (RFC 9101 §6.3)', async () => {
  const request = async (claims: object) => {
    const url = new URL('/authorize', app.issuer);
    url.search = new URLSearchParams({
      client_id: keyed.party.id,
      nonce: NONCE.nonce,
      request: await keyed.request({ ...claims }),
    }).toString();
    const browser = browserSession(app.issuer);
    return browser.follow(await browser.get(url.href));
  };
  assert.equal(callbackOf(await request({})).error, 'invalid_request');
  assert.equal((await request({ nonce: NONCE.nonce })).status, 200, 'one within it is');
});

test('a pushed request follows the same rule (RFC 9126 §2.1)', async () => {
  const push = (party: Party, more: Record<string, string>) =>
    post(
      app,
      '/par',
      { client_id: party.id, response_type: 'code', redirect_uri: party.redirectUri, scope: 'openid', ...more },
      authorization(party),
    );
  assert.deepEqual(refusal(await push(ours, {})), { status: 400, error: 'invalid_request' });
  assert.equal((await push(ours, { nonce: NONCE.nonce })).status, 201);
  assert.deepEqual(refusal(await push(alwaysPkce, { nonce: NONCE.nonce })), { status: 400, error: 'invalid_request' });
  assert.equal((await push(switchedOff, {})).status, 201);
});

test('the operator switches PKCE off for a confidential client, which needs neither PKCE nor a nonce', async () => {
  const code = await codeOf(switchedOff, NO_PKCE);
  assert.equal((await token(app.issuer, switchedOff, withoutVerifier(switchedOff, code))).status, 200);
});

test('no downgrade: a code with a challenge needs its verifier, whatever else protects it (RFC 9700 §4.8.2)', async () => {
  for (const party of [ours, switchedOff]) {
    const granted = await authorize({ issuer: app.issuer, party, person, params: { nonce: NONCE.nonce } });
    assert.deepEqual(refusal(await token(app.issuer, party, withoutVerifier(party, granted.code))), INVALID_GRANT);
    assert.equal((await redeem(app.issuer, party, granted)).status, 200);
  }
});

test('no downgrade: a code without a challenge is refused with a verifier (RFC 9700 §4.8.2)', async () => {
  for (const [party, params] of [
    [ours, NONCE],
    [switchedOff, NO_PKCE],
  ] as const) {
    const code = await codeOf(party, params);
    assert.deepEqual(refusal(await redeem(app.issuer, party, { code, verifier: 'v'.repeat(43) })), INVALID_GRANT);
  }
});

// ---- what the error says ----

test('a request without PKCE is refused with what to switch on, in the redirect and in the log', async () => {
  const before = app.logLines.length;
  const { error_description: description = '' } = callbackOf((await begin(app, ours, NO_PKCE)).page);
  for (const remedy of ['code_challenge', 'S256', 'nonce', 'openid', 'cardea clients update', '--pkce off']) {
    assert.ok(description.includes(remedy), `${remedy}: ${description}`);
  }
  const lines = app.logLines.slice(before).map((line) => JSON.parse(line) as { msg: string; description?: string });
  assert.deepEqual(
    lines.filter(({ msg }) => msg === 'refused').map((line) => line.description),
    [description],
  );
});

test('a public client is told of PKCE alone, as nothing else would help', async () => {
  for (const party of [publicParty, alwaysPkce]) {
    const { error_description: description = '' } = callbackOf((await begin(app, party, NO_PKCE)).page);
    assert.match(description, /code_challenge/);
    assert.doesNotMatch(description, /nonce|--pkce/);
  }
});

// ---- who may set it ----

test('PKCE cannot be switched off for a public client, nor where every client uses it', async () => {
  const refused = { code: 'invalid_input', status: 400, field: 'pkce' };
  await assert.rejects(app.seed.party({ public: true, metadata: { pkce: 'off' } }), refused);
  await assert.rejects(keyedParty(app, { metadata: { ...KEY, profile: 'fapi2', pkce: 'off' } }), refused);
  const metadata = { token_endpoint_auth_method: 'none', grant_types: ['authorization_code'] };
  await assert.rejects(app.seed.clients.update(switchedOff.id, { metadata }), refused, 'afterwards');
});

test('fapi2: PKCE is needed, whatever the nonce (FAPI 2.0 Security Profile §5.3.2.2)', async () => {
  const strict = await keyedParty(app, { metadata: { ...KEY, profile: 'fapi2', pkce: 'auto' } });
  const { party } = strict;
  const request = {
    client_id: party.id,
    response_type: 'code',
    redirect_uri: party.redirectUri,
    scope: 'openid',
    nonce: NONCE.nonce,
  };
  const pushed = await post(app, '/par', { ...request, ...(await strict.assertion()) });
  assert.deepEqual(refusal(pushed), { status: 400, error: 'invalid_request' });
  assert.match(String(pushed.body.error_description), /code_challenge/);
});
