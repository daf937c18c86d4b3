import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import * as oauth from 'oauth4webapi';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import {
  authorization,
  authorize,
  authorizeUrl,
  introspect,
  signIn,
  type TokenAnswer,
} from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { post, refusal } from './support.ts';

/** OAuth 2.0 Demonstrating Proof of Possession (RFC 9449), by section. */
const scope = { after };
const app = await deployment(scope);
/** Another node of the same issuer, started later, that requires a nonce in each proof. */
const strict = await deployment(scope, {
  databaseUrl: app.databaseUrl,
  masterKey: app.masterKey,
  env: { CARDEA_ISSUER: app.issuer, CARDEA_DPOP_NONCE: 'required' },
});
const person = await app.seed.person();
await app.seed.resourceServer({ identifier: 'https://api.example.com', name: 'API', scopes: ['read'] });
const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access read' } });
const publicParty = await app.seed.party({ public: true });

const TOKEN = `${app.issuer}/token`;
const USERINFO = `${app.issuer}/userinfo`;
const MACHINE = { grant_type: 'client_credentials' };
const INVALID_PROOF = { status: 400, error: 'invalid_dpop_proof' };

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly thumbprint: string;
}

async function makeKey(alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

const key = await makeKey();
const otherKey = await makeKey();
const now = () => Math.floor(Date.now() / 1_000);

/** A proof for the token endpoint; an undefined claim or header is omitted. */
function proof(
  claims: Readonly<Record<string, string | number | undefined>> = {},
  options: { by?: Key; header?: Readonly<Record<string, unknown>> } = {},
): Promise<string> {
  const by = options.by ?? key;
  // JSON omits undefined members.
  const payload = { htm: 'POST', htu: TOKEN, iat: now(), jti: randomUUID(), ...claims };
  const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: by.jwk, ...options.header };
  return new SignJWT(JSON.parse(JSON.stringify(payload)))
    .setProtectedHeader(header as JWTHeaderParameters)
    .sign(by.privateKey);
}

const ath = (token: string) => createHash('sha256').update(token).digest('base64url');

function ask(
  fields: Record<string, string>,
  dpop: string | undefined,
  by: Party = party,
  node: { issuer: string } = app,
): Promise<TokenAnswer> {
  const identified = by.secret === undefined ? { client_id: by.id, ...fields } : fields;
  return post(node, '/token', identified, { ...authorization(by), ...(dpop === undefined ? {} : { dpop }) });
}

const signing = await makeKey();
const ASSERTING = {
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [{ ...signing.jwk, alg: 'ES256' }] },
};

/** The form of a client that authenticates by an assertion (RFC 7523 §2.2). */
async function assertion(by: Party, jti: string = randomUUID()): Promise<Record<string, string>> {
  const jwt = new SignJWT({ jti })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(by.id)
    .setSubject(by.id)
    .setAudience(app.issuer)
    .setIssuedAt()
    .setExpirationTime('1m');
  return {
    ...MACHINE,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await jwt.sign(signing.privateKey),
  };
}

async function codeFor(by: Party, params: Record<string, string> = {}): Promise<Record<string, string>> {
  const { code, verifier } = await authorize({ issuer: app.issuer, party: by, person, params });
  return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: by.redirectUri };
}

async function boundTokens(by: Party = party): Promise<{ access: string; refresh: string }> {
  const { status, body } = await ask(await codeFor(by), await proof(), by);
  assert.equal(status, 200, JSON.stringify(body));
  return { access: body.access_token ?? '', refresh: body.refresh_token ?? '' };
}

async function userinfo(headers: Record<string, string>, node: { issuer: string } = app) {
  const response = await fetch(new URL('/userinfo', node.issuer), { headers });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body, headers: response.headers, error: body.error };
}

async function showTo(node: { issuer: string }, access: string, dpop: string) {
  return userinfo({ authorization: `DPoP ${access}`, dpop }, node);
}

const secretKey = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
const privateJwk = await exportJWK(key.privateKey);

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

// ---- §4.3: checking proofs ----

for (const alg of ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']) {
  test(`accepts a proof that is signed with ${alg} (RFC 9449 §4.2)`, async () => {
    const by = await makeKey(alg);
    const { status, body } = await ask(MACHINE, await proof({}, { by, header: { alg } }));
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.token_type, 'DPoP');
  });
}

test('a client with the profile fapi2 must sign its proofs with an allowed algorithm (FAPI 2.0 Security Profile §5.4)', async () => {
  const held = await app.seed.party({ metadata: { ...ASSERTING, profile: 'fapi2' } });
  for (const [alg, status] of [
    ['RS256', 400],
    ['PS256', 200],
  ] as const) {
    const by = await makeKey(alg);
    const dpop = await proof({}, { by, header: { alg } });
    const answer = await post(app, '/token', await assertion(held), { dpop });
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    if (status === 400) assert.deepEqual(refusal(answer), INVALID_PROOF);
  }
});

test('query and fragment of htu are ignored (RFC 9449 §4.3, check 9)', async () => {
  const { status } = await ask(MACHINE, await proof({ htu: `${TOKEN}?a=b#c` }));
  assert.equal(status, 200);
});

const BAD_PROOFS: readonly (readonly [string, () => Promise<string>])[] = [
  ['for another method (check 8)', () => proof({ htm: 'GET' })],
  ['for a method in lower case (check 8)', () => proof({ htm: 'post' })],
  ['without method (check 3)', () => proof({ htm: undefined })],
  ['for another endpoint (check 9)', () => proof({ htu: USERINFO })],
  ['for another host (check 9)', () => proof({ htu: 'https://evil.example/token' })],
  ['for the address of a node instead of the issuer (check 9)', () => proof({ htu: `${strict.issuer}/token` })],
  ['without target (check 3)', () => proof({ htu: undefined })],
  ['without id (check 3)', () => proof({ jti: undefined })],
  ['without date (check 3)', () => proof({ iat: undefined })],
  ['dated far ahead, without nonce (check 11)', () => proof({ iat: now() + 400 })],
  ['with another type (check 4)', () => proof({}, { header: { typ: 'JWT' } })],
  ['without type (check 4)', () => proof({}, { header: { typ: undefined } })],
  ['without key (check 6)', () => proof({}, { header: { jwk: undefined } })],
  ['signed with another key (check 6)', () => proof({}, { header: { jwk: otherKey.jwk } })],
  ['with a private key in its header (check 7)', () => proof({}, { header: { jwk: privateJwk } })],
  [
    'unsigned (check 5)',
    async () => {
      const [, payload] = (await proof()).split('.');
      return `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk: key.jwk })).toString('base64url')}.${payload}.`;
    },
  ],
  [
    'with a symmetric key (check 5)',
    () =>
      new SignJWT({ htm: 'POST', htu: TOKEN, iat: now(), jti: randomUUID() })
        .setProtectedHeader({
          alg: 'HS256',
          typ: 'dpop+jwt',
          jwk: { kty: 'oct', k: Buffer.from(secretKey).toString('base64url') },
        } as JWTHeaderParameters)
        .sign(secretKey),
  ],
  ['that is not a JWT (check 2)', async () => 'garbage'],
  ['twice in one header (check 1)', async () => `${await proof()}, ${await proof()}`],
];

for (const [what, make] of BAD_PROOFS) {
  test(`refuses a proof ${what} (RFC 9449 §4.3)`, async () => {
    const answer = await ask(MACHINE, await make());
    // For a date in the future the server asks for a nonce, which can replace the date.
    if (/far ahead/.test(what)) assert.deepEqual(refusal(answer), { status: 400, error: 'use_dpop_nonce' });
    else assert.deepEqual(refusal(answer), INVALID_PROOF);
    assert.equal(answer.body.access_token, undefined);
  });
}

// ---- §11.1: replay ----

test('of many requests with one proof on two nodes one succeeds (RFC 9449 §11.1)', async () => {
  const nonce = (await ask(MACHINE, await proof())).headers.get('dpop-nonce') ?? '';
  const once = await proof({ nonce });
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => ask(MACHINE, once, party, i % 2 === 0 ? app : strict)),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array.from({ length: 9 }, () => 400)]);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    assert.deepEqual(refusal(answer), INVALID_PROOF);
    assert.equal(answer.body.access_token, undefined);
  }
});

test('a proof that is dated ahead is remembered for as long as it is valid (RFC 9449 §11.1)', async () => {
  const ahead = await proof({ iat: now() + 290 });
  assert.equal((await ask(MACHINE, ahead)).status, 200);
  // Ten minutes minus two seconds later the proof is too old; cleanup must keep the row until then.
  await cleanUp({ db: app.db, now: () => Date.now() + 580_000 });
  assert.deepEqual(refusal(await ask(MACHINE, ahead)), INVALID_PROOF);
  const { length: kept } = await replays();
  await cleanUp({ db: app.db, now: () => Date.now() + 620_000 });
  assert.ok(kept > 0);
  assert.equal((await replays()).length, 0, 'and no longer');
});

const replays = () => app.db.run({ name: 'count_replays', text: 'SELECT 1 FROM replays' }, []);

test('the jti of a proof counts for its key only: a client cannot use up another client’s (RFC 9449 §11.1)', async () => {
  const jti = randomUUID();
  assert.equal((await ask(MACHINE, await proof({ jti }))).status, 200);
  assert.equal((await ask(MACHINE, await proof({ jti }, { by: otherKey }))).status, 200);
  assert.deepEqual(refusal(await ask(MACHINE, await proof({ jti }))), INVALID_PROOF);
});

test('a refused request does not use up its proof', async () => {
  const dpop = await proof();
  const wrong = { ...party, secret: 'wrong' };
  assert.deepEqual(refusal(await ask(MACHINE, dpop, wrong)), { status: 401, error: 'invalid_client' });
  assert.equal((await ask(MACHINE, dpop)).status, 200);
});

test('a replayed proof and a replayed client assertion get different errors (RFC 9449 §5, RFC 7523 §3)', async () => {
  const asserting = await app.seed.party({ metadata: ASSERTING });
  const both = randomUUID();
  const fields = await assertion(asserting, both);
  const dpop = await proof({ jti: both });
  assert.equal((await post(app, '/token', fields, { dpop })).status, 200, 'the same jti in both is not a replay');
  assert.deepEqual(refusal(await post(app, '/token', await assertion(asserting), { dpop })), INVALID_PROOF);
  assert.deepEqual(refusal(await post(app, '/token', fields, { dpop: await proof() })), {
    status: 401,
    error: 'invalid_client',
  });
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
  const { status, body } = await showTo(app, access, await proof({ htm: 'GET', htu: USERINFO, ath: ath(access) }));
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.sub, person.id);
});

test('a bound token is refused without such a proof (RFC 9449 §7.1, §7.2)', async () => {
  const { access } = await boundTokens();
  const { access: another } = await boundTokens();
  const here = { htm: 'GET', htu: USERINFO };
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
  const first = await showTo(app, access, await proof({ htm: 'GET', htu: USERINFO, ath: ath(access) }));
  const nonce = first.headers.get('dpop-nonce') ?? '';
  const dpop = await proof({ htm: 'GET', htu: USERINFO, ath: ath(access), nonce });
  assert.equal((await showTo(strict, access, dpop)).status, 200);
  const replay = await showTo(app, access, dpop);
  assert.deepEqual({ status: replay.status, error: replay.error }, { status: 401, error: 'invalid_dpop_proof' });
  assert.match(replay.headers.get('www-authenticate') ?? '', /^DPoP error="invalid_dpop_proof", .*algs="ES256 /);
});

test('a request without a token gets both challenges (RFC 9449 §7.1)', async () => {
  const { status, headers } = await userinfo({});
  const challenges = headers.get('www-authenticate') ?? '';
  assert.match(challenges, /\bBearer /);
  assert.match(challenges, /\bDPoP .*algs="ES256 /);
  assert.ok(status === 400 || status === 401);
});

// ---- §8, §9: nonces ----

test('a nonce of one node is accepted by another that started later (RFC 9449 §8)', async () => {
  const without = await ask(MACHINE, await proof(), party, strict);
  assert.deepEqual(refusal(without), { status: 400, error: 'use_dpop_nonce' });
  const given = (await ask(MACHINE, await proof())).headers.get('dpop-nonce') ?? '';
  assert.notEqual(given, '');
  assert.equal((await ask(MACHINE, await proof({ nonce: given }), party, strict)).status, 200);
  // With a nonce the date of the client's clock does not matter (§11.1).
  const back = without.headers.get('dpop-nonce') ?? '';
  assert.equal((await ask(MACHINE, await proof({ nonce: back, iat: now() - 86_400 }))).status, 200);
});

test('an invented nonce is refused, and the response has a valid one (RFC 9449 §8)', async () => {
  for (const node of [app, strict]) {
    const refused = await ask(MACHINE, await proof({ nonce: 'made-up' }), party, node);
    assert.deepEqual(refusal(refused), { status: 400, error: 'use_dpop_nonce' });
    const nonce = refused.headers.get('dpop-nonce') ?? '';
    assert.equal((await ask(MACHINE, await proof({ nonce }), party, node)).status, 200);
  }
});

test('an old proof gets use_dpop_nonce (RFC 9449 §8)', async () => {
  const refused = await ask(MACHINE, await proof({ iat: now() - 400 }));
  assert.deepEqual(refusal(refused), { status: 400, error: 'use_dpop_nonce' });
  assert.ok(refused.headers.get('dpop-nonce'));
});

test('/userinfo asks for a nonce in its challenge (RFC 9449 §9)', async () => {
  const { access } = await boundTokens();
  const answer = await showTo(strict, access, await proof({ htm: 'GET', htu: USERINFO, ath: ath(access) }));
  assert.deepEqual({ status: answer.status, error: answer.error }, { status: 401, error: 'use_dpop_nonce' });
  assert.match(answer.headers.get('www-authenticate') ?? '', /^DPoP .*error="use_dpop_nonce"/);
  const nonce = answer.headers.get('dpop-nonce') ?? '';
  const proved = await proof({ htm: 'GET', htu: USERINFO, ath: ath(access), nonce });
  assert.equal((await showTo(strict, access, proved)).status, 200);
});

// ---- statements ----

test('a proof costs one statement, and a request without one costs none', async () => {
  const { access } = await boundTokens();
  const dpop = await proof({ htm: 'GET', htu: USERINFO, ath: ath(access) });
  app.statements.length = 0;
  assert.equal((await showTo(app, access, dpop)).status, 200);
  assert.equal(app.statements.length, 2, app.statements.join('\n'));
  assert.match(app.statements[1] ?? '', /INSERT INTO replays/);
});
