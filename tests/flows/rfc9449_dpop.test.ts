import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import { browserSession } from '../helpers/browser_session.ts';
import { authorization, authorize, authorizeUrl, introspect, signIn } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { ath, dpopDeployment, INVALID_PROOF, MACHINE } from './dpop_deployment.ts';
import { post, refusal } from './support.ts';

/** Codes and tokens that are bound to a key (OAuth 2.0 Demonstrating Proof of Possession, RFC 9449), by section. */
const own = await dpopDeployment({ after });
const { app, strict, person, party, userinfoUrl, key, otherKey, proof, ask, codeFor, boundTokens, userinfo, showTo } =
  own;
const publicParty = await app.seed.party({ public: true });

test('a client library gets bound tokens and uses them, with nonces (RFC 9449 §5, §7, §8)', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true } as const;
  const discovered = await oauth.discoveryRequest(new URL(app.issuer), insecure);
  const server = await oauth.processDiscoveryResponse(new URL(app.issuer), discovered);
  assert.ok(server.dpop_signing_alg_values_supported?.includes('ES256'), 'RFC 9449 §5.1');
  const client: oauth.Client = { client_id: party.id };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const { callback, verifier } = await authorize({ issuer: app.issuer, party, person, params: { state: 'x' } });
  const params = oauth.validateAuthResponse(server, client, callback, 'x');
  const secret = oauth.ClientSecretBasic(party.secret ?? '');
  const proved = { DPoP, ...insecure };
  const { redirectUri } = party;
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    secret,
    params,
    redirectUri,
    verifier,
    proved,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer);
  assert.equal(tokens.token_type, 'dpop', 'as the library writes it');
  const access = remember('access_token', tokens.access_token);
  const claims = await oauth.processUserInfoResponse(
    server,
    client,
    person.id,
    await oauth.userInfoRequest(server, client, access, proved),
  );
  assert.equal(claims.email, person.email);

  // The node that requires a nonce has another address here; proofs name the issuer's.
  const options = {
    DPoP: oauth.DPoP(client, await oauth.generateKeyPair('ES256')),
    [oauth.customFetch]: (_url: string, init: oauth.CustomFetchOptions<'POST', URLSearchParams>) =>
      fetch(`${strict.issuer}/token`, init),
    ...insecure,
  };
  const machine = () => oauth.clientCredentialsGrantRequest(server, client, secret, {}, options);
  const failure = await machine()
    .then((response) => oauth.processClientCredentialsResponse(server, client, response))
    .catch((error: unknown) => error);
  assert.ok(oauth.isDPoPNonceError(failure), String(failure));
  const retried = await oauth.processClientCredentialsResponse(server, client, await machine());
  assert.equal(retried.token_type, 'dpop');
});

// ---- §5, §6: tokens ----

test('introspection of an opaque token shows the key that it is bound to (RFC 9449 §6.2)', async () => {
  const { access } = await boundTokens();
  const { active, token_type, cnf } = await introspect(app.issuer, party, access);
  assert.deepEqual({ active, token_type, cnf }, { active: true, token_type: 'DPoP', cnf: { jkt: key.thumbprint } });
});

test('a JWT contains it (RFC 9449 §6.1)', async () => {
  const { body } = await ask({ ...MACHINE, resource: 'https://api.example.com', scope: 'read' }, await proof());
  assert.deepEqual(decodeJwt(body.access_token ?? '').cnf, { jkt: key.thumbprint });
});

test('without a proof tokens are bearer tokens', async () => {
  const { body } = await ask(MACHINE, undefined);
  assert.equal(body.token_type, 'Bearer');
  assert.equal((await introspect(app.issuer, party, body.access_token ?? '')).cnf, undefined);
});

test('a public client can refresh only with the key of the first proof (RFC 9449 §5)', async () => {
  const { refresh } = await boundTokens(publicParty);
  const fields = { grant_type: 'refresh_token', refresh_token: refresh };
  const refused = { status: 400, error: 'invalid_grant' };
  assert.deepEqual(refusal(await ask(fields, await proof({}, { by: otherKey }), publicParty)), refused);
  assert.deepEqual(refusal(await ask(fields, undefined, publicParty)), refused);
  const { status, body } = await ask(fields, await proof(), publicParty);
  assert.equal(status, 200, 'the attempts have not used it up');
  assert.equal(body.token_type, 'DPoP');
  const next = { grant_type: 'refresh_token', refresh_token: body.refresh_token ?? '' };
  assert.deepEqual(refusal(await ask(next, await proof({}, { by: otherKey }), publicParty)), refused);
});

test('a confidential client may change its key at a refresh (RFC 9449 §5)', async () => {
  const { refresh } = await boundTokens();
  const fields = { grant_type: 'refresh_token', refresh_token: refresh };
  const { status, body } = await ask(fields, await proof({}, { by: otherKey }));
  assert.equal(status, 200);
  const { cnf } = await introspect(app.issuer, party, body.access_token ?? '');
  assert.deepEqual(cnf, { jkt: otherKey.thumbprint });
});

test('a client with dpop_bound_access_tokens gets nothing without a proof (RFC 9449 §5.2)', async () => {
  const bound = await app.seed.party({ metadata: { dpop_bound_access_tokens: true } });
  const refused = await ask(MACHINE, undefined, bound);
  assert.equal(refused.status, 400);
  assert.equal(refused.body.access_token, undefined);
  assert.equal((await ask(MACHINE, await proof(), bound)).status, 200);
});

// ---- §10: binding the code ----

test('a code with dpop_jkt can be redeemed only with that key (RFC 9449 §10)', async () => {
  const code = () => codeFor(publicParty, { dpop_jkt: key.thumbprint });
  const refused = { status: 400, error: 'invalid_grant' };
  assert.deepEqual(refusal(await ask(await code(), await proof({}, { by: otherKey }), publicParty)), refused);
  assert.deepEqual(refusal(await ask(await code(), undefined, publicParty)), refused);
  const { status, body } = await ask(await code(), await proof(), publicParty);
  assert.equal(status, 200, JSON.stringify(body));
});

test('a proof with a pushed request binds its code like dpop_jkt, and is used up (RFC 9449 §10.1)', async () => {
  const url = new URL(authorizeUrl({ issuer: app.issuer, party, params: {} }, 'v'.repeat(43)));
  const dpop = await proof({ htu: `${app.issuer}/par` });
  const push = () => post(app, '/par', Object.fromEntries(url.searchParams), { ...authorization(party), dpop });
  const { status, body } = await push();
  assert.equal(status, 201, JSON.stringify(body));
  assert.deepEqual(refusal(await push()), INVALID_PROOF);
  const browser = browserSession(app.issuer);
  const query = new URLSearchParams({ client_id: party.id, request_uri: String(body.request_uri) });
  const page = await signIn(browser, await browser.follow(await browser.get(`/authorize?${query}`)), person);
  const code = new URL(page.location ?? '').searchParams.get('code') ?? '';
  const fields = {
    grant_type: 'authorization_code',
    code: remember('code', code),
    code_verifier: 'v'.repeat(43),
    redirect_uri: party.redirectUri,
  };
  const other = await ask(fields, await proof({}, { by: otherKey }));
  assert.deepEqual(refusal(other), { status: 400, error: 'invalid_grant' });
});

// ---- §7: /userinfo ----

test('a bound token works with a proof for it (RFC 9449 §7)', async () => {
  const { access } = await boundTokens();
  const { status, body } = await showTo(app, access, await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access) }));
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.sub, person.id);
});

test('a bound token is refused without such a proof (RFC 9449 §7.1, §7.2)', async () => {
  const { access } = await boundTokens();
  const { access: another } = await boundTokens();
  const here = { htm: 'GET', htu: userinfoUrl };
  const fitting = await proof({ ...here, ath: ath(access) });
  const unbound = (await ask(await codeFor(party), undefined)).body.access_token ?? '';
  for (const [what, headers, status, error] of [
    ['as a bearer token', { authorization: `Bearer ${access}` }, 401, 'invalid_token'],
    ['as a bearer token with a proof', { authorization: `Bearer ${access}`, dpop: fitting }, 400, 'invalid_request'],
    ['without proof', { authorization: `DPoP ${access}` }, 400, 'invalid_request'],
    [
      'with a proof by another key',
      { authorization: `DPoP ${access}`, dpop: await proof({ ...here, ath: ath(access) }, { by: otherKey }) },
      401,
      'invalid_token',
    ],
    [
      'with a proof for no token',
      { authorization: `DPoP ${access}`, dpop: await proof(here) },
      401,
      'invalid_dpop_proof',
    ],
    [
      'with a proof for another token',
      { authorization: `DPoP ${access}`, dpop: await proof({ ...here, ath: ath(another) }) },
      401,
      'invalid_dpop_proof',
    ],
    [
      'with a proof for the token endpoint',
      { authorization: `DPoP ${access}`, dpop: await proof({ ath: ath(access) }) },
      401,
      'invalid_dpop_proof',
    ],
    [
      'an unbound token with a proof',
      { authorization: `DPoP ${unbound}`, dpop: await proof({ ...here, ath: ath(unbound) }) },
      401,
      'invalid_token',
    ],
  ] as const) {
    const answer = await userinfo(headers);
    assert.deepEqual({ status: answer.status, error: answer.error }, { status, error }, what);
    if (status === 401)
      assert.match(answer.headers.get('www-authenticate') ?? '', new RegExp(`^DPoP .*error="${error}"`), what);
  }
});

test('a proof works for one request, on any node (RFC 9449 §7.1, §11.1)', async () => {
  const { access } = await boundTokens();
  const first = await showTo(app, access, await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access) }));
  const nonce = first.headers.get('dpop-nonce') ?? '';
  const dpop = await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access), nonce });
  assert.equal((await showTo(strict, access, dpop)).status, 200);
  const replay = await showTo(app, access, dpop);
  assert.deepEqual({ status: replay.status, error: replay.error }, { status: 401, error: 'invalid_dpop_proof' });
  assert.match(replay.headers.get('www-authenticate') ?? '', /^DPoP error="invalid_dpop_proof", .*algs="ES256 /);
});

test('a nonce stays valid on each node when the cookie keys are replaced, which the secret of nonces follows', async () => {
  const { access } = await boundTokens();
  const given = async () =>
    (await showTo(app, access, await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access) }))).headers.get(
      'dpop-nonce',
    ) ?? '';
  const before = await given();
  await app.app.keyRing.rotate({ ring: 'cookie', now: true });
  await until('nonces are made by the new key', async () => (await given()) !== before);
  const after = await given();
  for (const nonce of [before, after]) {
    for (const node of [app, strict]) {
      const dpop = await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access), nonce });
      assert.equal((await showTo(node, access, dpop)).status, 200);
    }
  }
  const other = await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access), nonce: before.replace(/^./, '~') });
  assert.equal((await showTo(strict, access, other)).error, 'use_dpop_nonce');
});

test('a request without a token gets both challenges (RFC 9449 §7.1)', async () => {
  const { status, headers } = await userinfo({});
  const challenges = headers.get('www-authenticate') ?? '';
  assert.match(challenges, /\bBearer /);
  assert.match(challenges, /\bDPoP .*algs="ES256 /);
  assert.ok(status === 400 || status === 401);
});
