import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { createSealer, hashToken } from '../../server/platform/sealing.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, authorize, introspect, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { dumpDatabase, formsOf, remember, rememberAll } from '../helpers/secrets.ts';
import { post, refusal, submit, tokensFor } from './support.ts';

/** Promise 3: a client that lost a response stays logged in, on any node. */
const scope = { after };
let offset = 0;
const now = () => Date.now() + offset;
const app = await deployment(scope, { now });
const { issuer } = app;
const { databaseUrl, masterKey } = app;
const other = await deployment(scope, { now, databaseUrl, masterKey, env: { CARDEA_ISSUER: issuer } });
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const person = await app.seed.person();
const metadata = { scope: 'openid profile email offline_access api:read' };
const party = await app.seed.party({ metadata });
const publicParty = await app.seed.party({ public: true, metadata });
const INVALID_GRANT = { status: 400, error: 'invalid_grant' };

/** Moves the server's clock during the work; the test's own clients and tokens keep the real time. */
async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  offset += ms;
  try {
    return await work();
  } finally {
    offset -= ms;
  }
}

/** The exact bytes of a response. */
async function raw(one: Party, value: string, more: Record<string, string> = {}, reach = issuer) {
  const response = await fetch(new URL('/token', reach), {
    method: 'POST',
    headers: authorization(one),
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: value,
      ...(one.secret === undefined ? { client_id: one.id } : {}),
      ...more,
    }),
  });
  const text = await response.text();
  const head = ['content-type', 'cache-control', 'content-length'].map((name) => response.headers.get(name));
  const body = rememberAll(JSON.parse(text)) as Record<'access_token' | 'refresh_token' | 'error', string>;
  return { status: response.status, body, whole: [response.status, ...head, text].join('\n') };
}

async function newRefreshToken(one: Party = party, params: Record<string, string> = {}): Promise<string> {
  return (await tokensFor(app, one, person, { params })).tokens.refresh_token ?? '';
}

async function countOf(text: string, values: readonly unknown[]): Promise<number> {
  const [row] = await app.db.run<{ n: number }>({ name: '', text }, values);
  return row?.n ?? 0;
}

/** All refresh tokens that this token's grant has had. */
const refreshTokensWith = (value: string) =>
  countOf(
    `SELECT count(*)::int AS n FROM records r JOIN records o USING (grant_id)
      WHERE r.id_hash = $1 AND o.model = 'RefreshToken'`,
    [hashToken(value)],
  );

const storedResponsesOf = (value: string) =>
  countOf('SELECT count(*)::int AS n FROM repeated_answers WHERE id_hash = $1', [hashToken(value)]);

const keys = await generateKeyPair('ES256', { extractable: true });
remember('private_key', (await exportJWK(keys.privateKey)).d ?? '');
const signer = await app.seed.party({
  metadata: {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] },
  },
});

for (const [kind, one] of Object.entries({ confidential: party, public: publicParty })) {
  test(`a ${kind} client that repeats a refresh gets the same response, byte for byte, on any node`, async () => {
    const value = await newRefreshToken(one);
    const first = await raw(one, value);
    assert.equal(first.status, 200);
    for (const reach of [issuer, other.app.http.listeningOrigin, issuer]) {
      assert.equal((await raw(one, value, {}, reach)).whole, first.whole);
    }
    assert.equal(await refreshTokensWith(value), 2, 'one successor');
    assert.equal((await userinfo(issuer, first.body.access_token)).body.sub, person.id);
    assert.equal((await refresh(issuer, one, first.body.refresh_token)).status, 200);
  });
}

test('the same holds for a narrowed scope and for a resource, when both are repeated', async () => {
  for (const more of [{ scope: 'openid' }, { resource: API, scope: 'api:read' }]) {
    const value = await newRefreshToken(party, { scope: 'openid email api:read', resource: API });
    const first = await raw(party, value, more);
    assert.equal(first.status, 200, first.whole);
    assert.equal((await raw(party, value, more)).whole, first.whole);
    assert.equal((await introspect(issuer, party, first.body.access_token)).active, true, 'a JWT of it, too');
    // Parameters that have no meaning here, and their order, do not make it a different request (RFC 6749 §3.2).
    assert.equal((await raw(party, value, { unknown: 'x', ...more, nothing: '' })).whole, first.whole);
  }
});

test('a different request is not a repetition: the used token was copied, and its grant is revoked (RFC 9700 §4.14.2)', async () => {
  for (const more of [{ scope: 'openid' }, { resource: API }] as Record<string, string>[]) {
    const value = await newRefreshToken(party, { scope: 'openid email api:read', resource: API });
    const first = await raw(party, value, { scope: 'openid email' });
    assert.equal(first.status, 200, first.whole);
    assert.equal((await raw(party, value, more)).body.error, 'invalid_grant');
    assert.deepEqual(refusal(await refresh(issuer, party, first.body.refresh_token)), INVALID_GRANT);
    assert.equal((await userinfo(issuer, first.body.access_token)).status, 401);
  }
});

test('after the successor was used, a repetition is a replay (RFC 9700 §4.14.2)', async () => {
  const value = await newRefreshToken();
  const first = await raw(party, value);
  const next = await raw(party, first.body.refresh_token);
  assert.equal(next.status, 200);
  assert.equal((await raw(party, value)).body.error, 'invalid_grant');
  for (const { body } of [first, next]) {
    assert.equal((await userinfo(issuer, body.access_token)).status, 401);
    assert.deepEqual(await introspect(issuer, party, body.refresh_token), { active: false });
  }
});

test('the response is repeated for ten seconds and no longer', async () => {
  const value = await newRefreshToken();
  const first = await raw(party, value);
  const answered = await later(9_500, () => raw(party, value));
  assert.equal(answered.whole, first.whole);
  const refused = await later(10_000, () => raw(party, value));
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
  assert.deepEqual(refusal(await refresh(issuer, party, first.body.refresh_token)), INVALID_GRANT, 'revoked');
});

test('other clients and failed authentication do not get it, and the owner’s tokens stay valid', async () => {
  const [stranger, strangeApp] = [await app.seed.party(), await app.seed.party({ public: true })];
  for (const one of [party, publicParty]) {
    const value = await newRefreshToken(one);
    const first = await raw(one, value);
    for (const thief of [stranger, strangeApp]) {
      const { status, body } = await raw(thief, value);
      assert.deepEqual([status, body.error, body.access_token], [400, 'invalid_grant', undefined]);
    }
    const { status, body } = await raw({ ...one, secret: 'x'.repeat(43) }, value);
    assert.deepEqual([status, body.error, body.access_token], [401, 'invalid_client', undefined]);
    if (one.secret !== undefined) {
      const missing = await raw({ ...one, secret: undefined }, value);
      assert.deepEqual([missing.status, missing.body.access_token], [401, undefined]);
    }
    assert.equal((await raw(one, value)).whole, first.whole);
  }
});

test('it is not repeated after its grant, session or account has ended', async () => {
  const ends: Record<
    string,
    (answer: { refresh_token: string }, who: Awaited<ReturnType<typeof tokensFor>>, id: string) => Promise<unknown>
  > = {
    'the successor was revoked (RFC 7009 §2.1)': (answer) =>
      post(app, '/revoke', { token: answer.refresh_token }, authorization(party)),
    'the person signed out': async (_, { browser }) => submit(browser, await browser.get('/logout'), { logout: 'yes' }),
    'the account was disabled': (_answer, _who, id) => app.seed.accounts.disable(id),
  };
  for (const [what, end] of Object.entries(ends)) {
    const someone = await app.seed.person();
    const who = await tokensFor(app, party, someone);
    const value = who.tokens.refresh_token ?? '';
    const first = await raw(party, value);
    assert.equal((await raw(party, value)).status, 200, what);
    await end(first.body, who, someone.id);
    for (const reach of [issuer, other.app.http.listeningOrigin]) {
      const { status, body } = await raw(party, value, {}, reach);
      assert.deepEqual([status, body.error, body.access_token], [400, 'invalid_grant', undefined], what);
    }
  }
});

test('parallel refreshes on two nodes get one response; of two different ones the second revokes the grant', async () => {
  const value = await newRefreshToken();
  const reaches = [issuer, other.app.http.listeningOrigin];
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => raw(party, value, {}, reaches[i % 2])));
  assert.deepEqual([...new Set(answers.map(({ whole }) => whole))], [answers[0]?.whole]);
  assert.equal(answers[0]?.status, 200);
  assert.equal(await refreshTokensWith(value), 2, 'one successor');

  const contested = await newRefreshToken();
  const different = await Promise.all(['openid', 'openid email'].map((one) => raw(party, contested, { scope: one })));
  assert.deepEqual(different.map(({ status }) => status).sort(), [200, 400]);
  for (const { body } of different) {
    if (body.access_token) assert.equal((await userinfo(issuer, body.access_token)).status, 401);
  }
});

// ---- clients that authenticate anew each time ----

function assertion(key: CryptoKey = keys.privateKey): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(signer.id)
    .setSubject(signer.id)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key);
}

const asserted = (value: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: value,
});

test('private_key_jwt: a repetition needs a new assertion and uses it up (RFC 7523 §3)', async () => {
  const { code, verifier } = await authorize({
    issuer,
    party: signer,
    person,
  });
  const bare = { ...signer, secret: undefined };
  const started = await token(issuer, bare, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: signer.redirectUri,
    ...asserted(await assertion()),
  });
  const value = started.body.refresh_token ?? '';
  const [mine, again] = [await assertion(), await assertion()];
  const first = await raw(bare, value, asserted(mine));
  assert.equal(first.status, 200, first.whole);
  assert.equal((await raw(bare, value, asserted(again))).whole, first.whole);
  for (const used of [mine, again]) {
    const { status, body } = await raw(bare, value, asserted(used));
    assert.deepEqual([status, body.error], [401, 'invalid_client']);
  }
  const forged = await raw(bare, value, asserted(await assertion((await generateKeyPair('ES256')).privateKey)));
  assert.equal(forged.status, 401);

  // In parallel: each fresh assertion gets a response, and one that is sent twice gets one.
  const next = first.body.refresh_token;
  const twice = await assertion();
  const all = await Promise.all([
    ...[twice, twice, twice].map(async (one) => raw(bare, next, asserted(one))),
    ...Array.from({ length: 3 }, async () => raw(bare, next, asserted(await assertion()))),
  ]);
  assert.deepEqual(all.map(({ status }) => status).sort(), [200, 200, 200, 200, 401, 401]);
  assert.equal(new Set(all.filter(({ status }) => status === 200).map(({ whole }) => whole)).size, 1);
  assert.equal(new Set(all.filter(({ status }) => status === 401).map(({ body }) => body.error)).size, 1);
});

// ---- the stored response ----

test('the stored response is encrypted under the presented token: neither a dump nor the master key opens it; it expires', async () => {
  const value = await newRefreshToken();
  const first = await raw(party, value);
  assert.equal(await storedResponsesOf(value), 1);
  const dump = await dumpDatabase(app.databaseUrl);
  for (const secret of [value, ...Object.values(first.body).map(String)].filter((one) => one.length > 20)) {
    for (const form of formsOf(secret)) assert.ok(!dump.includes(form), `found ${secret.slice(0, 4)}…`);
  }
  const [row] = await app.db.run<{ sealed_by_token: Buffer }>(
    { name: '', text: 'SELECT sealed_by_token FROM repeated_answers WHERE id_hash = $1' },
    [hashToken(value)],
  );
  const place = { table: 'repeated_answers', column: 'sealed_by_token', row: hashToken(value).toString('hex') };
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  assert.throws(() => sealer.open(place, row?.sealed_by_token ?? Buffer.alloc(0)), { code: 'sealed_value_unreadable' });

  await later(9_000, () => cleanUp({ db: app.db, now }));
  assert.equal(await storedResponsesOf(value), 1);
  await later(10_100, () => cleanUp({ db: app.db, now }));
  assert.equal(await storedResponsesOf(value), 0);
});

test('the log says that a response was repeated, without its content', async () => {
  const value = await newRefreshToken();
  app.logLines.length = 0;
  const first = await raw(party, value);
  await raw(party, value);
  const lines = app.logLines.join('');
  assert.equal(lines.match(/"refresh\.repeated"/g)?.length, 1);
  for (const secret of [value, first.body.access_token, first.body.refresh_token]) assert.ok(!lines.includes(secret));
});

test('a stored response that was copied to another row cannot be opened', async () => {
  const [mine, theirs] = [await newRefreshToken(), await newRefreshToken()];
  await raw(party, mine);
  await raw(party, theirs);
  const text = `UPDATE repeated_answers SET sealed_by_token = o.sealed_by_token FROM repeated_answers o
                 WHERE repeated_answers.id_hash = $1 AND o.id_hash = $2`;
  await app.db.run({ name: '', text }, [hashToken(mine), hashToken(theirs)]);
  const { status, body } = await raw(party, mine);
  assert.deepEqual([status, body.access_token], [500, undefined]);
});
