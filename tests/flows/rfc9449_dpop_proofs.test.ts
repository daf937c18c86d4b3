import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { exportJWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import type { Party } from '../helpers/deployment.ts';
import { ath, dpopDeployment, INVALID_PROOF, MACHINE, makeKey, now } from './dpop_deployment.ts';
import { post, refusal } from './support.ts';

/** Which proofs of possession are accepted, and how often (RFC 9449), by section. */
const { app, strict, party, tokenUrl, userinfoUrl, key, otherKey, proof, ask, boundTokens, showTo } =
  await dpopDeployment({
    after,
  });

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

const secretKey = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
const privateJwk = await exportJWK(key.privateKey);

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
  const { status } = await ask(MACHINE, await proof({ htu: `${tokenUrl}?a=b#c` }));
  assert.equal(status, 200);
});

const BAD_PROOFS: readonly (readonly [string, () => Promise<string>])[] = [
  ['for another method (check 8)', () => proof({ htm: 'GET' })],
  ['for a method in lower case (check 8)', () => proof({ htm: 'post' })],
  ['without method (check 3)', () => proof({ htm: undefined })],
  ['for another endpoint (check 9)', () => proof({ htu: userinfoUrl })],
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
      new SignJWT({ htm: 'POST', htu: tokenUrl, iat: now(), jti: randomUUID() })
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
  const answer = await showTo(strict, access, await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access) }));
  assert.deepEqual({ status: answer.status, error: answer.error }, { status: 401, error: 'use_dpop_nonce' });
  assert.match(answer.headers.get('www-authenticate') ?? '', /^DPoP .*error="use_dpop_nonce"/);
  const nonce = answer.headers.get('dpop-nonce') ?? '';
  const proved = await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access), nonce });
  assert.equal((await showTo(strict, access, proved)).status, 200);
});

// ---- statements ----

test('a proof costs one statement, and a request without one costs none', async () => {
  const { access } = await boundTokens();
  const dpop = await proof({ htm: 'GET', htu: userinfoUrl, ath: ath(access) });
  app.statements.length = 0;
  assert.equal((await showTo(app, access, dpop)).status, 200);
  assert.equal(app.statements.length, 2, app.statements.join('\n'));
  assert.match(app.statements[1] ?? '', /INSERT INTO replays/);
});
