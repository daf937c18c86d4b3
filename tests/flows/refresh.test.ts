import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hashToken } from '../../server/platform/sealing.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorize, introspect, redeem, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import { idTokenOf, refusal, submit, tokensFor } from './support.ts';

const scope = { after };
const app = await deployment(scope);
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read', 'api:write'] });
const person = await app.seed.person();
const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access api:read' } });
const another = await app.seed.party();
const publicParty = await app.seed.party({ public: true });
const INVALID_GRANT = { status: 400, error: 'invalid_grant' };

for (const [kind, one] of Object.entries({ confidential: party, public: publicParty })) {
  test(`a ${kind} client's refresh token is rotated at every use (RFC 9700 §4.14.2)`, async () => {
    const { tokens } = await tokensFor(app, one, person);
    const seen = new Set([tokens.refresh_token]);
    let current = tokens.refresh_token ?? '';
    for (let round = 0; round < 4; round += 1) {
      const { status, body } = await refresh(app.issuer, one, current);
      assert.equal(status, 200);
      assert.equal(body.token_type, 'Bearer');
      assert.ok(body.access_token && body.id_token && body.refresh_token);
      current = body.refresh_token;
      seen.add(current);
      assert.equal((await userinfo(app.issuer, body.access_token)).body.sub, person.id);
    }
    assert.equal(seen.size, 5);
  });
}

test('reuse of a refresh token revokes the grant with all of its tokens (RFC 9700 §4.14.2)', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const first = tokens.refresh_token ?? '';
  const second = (await refresh(app.issuer, party, first)).body;
  const third = (await refresh(app.issuer, party, second.refresh_token ?? '')).body;
  assert.equal((await userinfo(app.issuer, third.access_token ?? '')).status, 200);

  assert.deepEqual(refusal(await refresh(app.issuer, party, first)), INVALID_GRANT, 'the reuse itself');

  for (const value of [first, second.refresh_token, third.refresh_token]) {
    assert.deepEqual(refusal(await refresh(app.issuer, party, value ?? '')), INVALID_GRANT);
    assert.equal((await introspect(app.issuer, party, value ?? '')).active, false);
  }
  for (const value of [tokens.access_token, second.access_token, third.access_token]) {
    assert.equal((await userinfo(app.issuer, value ?? '')).status, 401);
    assert.equal((await introspect(app.issuer, party, value ?? '')).active, false);
  }
});

test('a grant revoked for reuse is deleted, and the person can sign in again', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  const next = (await refresh(app.issuer, party, tokens.refresh_token ?? '')).body;
  const last = (await refresh(app.issuer, party, next.refresh_token ?? '')).body;
  const hashes = [tokens, next, last].flatMap((one) =>
    [one.access_token, one.refresh_token].map((value) => hashToken(value ?? '')),
  );
  const stored = async () => {
    const text = 'SELECT count(*)::int AS n FROM records WHERE id_hash = ANY($1::bytea[])';
    const [row] = await app.db.run<{ n: number }>({ name: 'count_records', text }, [hashes]);
    return row?.n;
  };
  assert.equal(await stored(), 6);
  await refresh(app.issuer, party, tokens.refresh_token ?? '');
  assert.equal(await stored(), 0);
  const again = await tokensFor(app, party, person, { browser });
  assert.equal((await userinfo(app.issuer, again.tokens.access_token)).status, 200);
});

test('another client’s refresh token is refused and stays valid for its owner (RFC 6749 §6)', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const stolen = tokens.refresh_token ?? '';
  assert.deepEqual(refusal(await refresh(app.issuer, another, stolen)), INVALID_GRANT);
  assert.deepEqual(refusal(await refresh(app.issuer, publicParty, stolen)), INVALID_GRANT);
  const { status, body } = await refresh(app.issuer, party, stolen);
  assert.equal(status, 200);
  assert.equal((await userinfo(app.issuer, body.access_token ?? '')).status, 200);
  // Not even a used token: another client must not be able to revoke the owner's grant.
  assert.deepEqual(refusal(await refresh(app.issuer, another, stolen)), INVALID_GRANT);
  assert.equal((await refresh(app.issuer, party, body.refresh_token ?? '')).status, 200);
});

test('other values are refused: codes, access tokens, random text', async () => {
  const granted = await authorize({ issuer: app.issuer, party, person });
  assert.deepEqual(refusal(await refresh(app.issuer, party, granted.code)), INVALID_GRANT);
  const { body } = await redeem(app.issuer, party, granted);
  for (const value of [body.access_token ?? '', body.id_token ?? '', 'x'.repeat(43), '\u0000', 'é']) {
    assert.deepEqual(refusal(await refresh(app.issuer, party, value)), INVALID_GRANT, value.slice(0, 20));
  }
  assert.deepEqual(refusal(await token(app.issuer, party, { grant_type: 'refresh_token' })), {
    status: 400,
    error: 'invalid_request',
  });
  assert.equal((await refresh(app.issuer, party, body.refresh_token ?? '')).status, 200);
});

test('a refresh can narrow the scope, and widen it again up to what was granted (RFC 6749 §6, CVE-2024-52287)', async () => {
  const { tokens } = await tokensFor(app, party, person, { params: { scope: 'openid email' } });
  const ask = (value: string, wanted: string) =>
    token(app.issuer, party, { grant_type: 'refresh_token', refresh_token: value, scope: wanted });

  const narrowed = (await ask(tokens.refresh_token ?? '', 'openid')).body;
  assert.equal(narrowed.scope, 'openid');
  const claims = await userinfo(app.issuer, narrowed.access_token ?? '');
  assert.deepEqual(claims.body, { sub: person.id });

  const rest = narrowed.refresh_token ?? '';
  for (const wider of [
    'openid email profile',
    'openid offline_access',
    'api:read',
    'openid email api:write',
    'admin',
  ]) {
    assert.deepEqual(refusal(await ask(rest, wider)), { status: 400, error: 'invalid_scope' }, wider);
  }
  // A refused request does not use up the token. "Previously granted" is the grant's scope, not the last narrowed one.
  const whole = (await ask(rest, 'openid email')).body;
  assert.equal(whole.scope, 'openid email');
  assert.equal((await userinfo(app.issuer, whole.access_token ?? '')).body.email, person.email);
});

test('a grant that was extended later does not widen an older refresh token', async () => {
  const { tokens, browser } = await tokensFor(app, party, person, { params: { scope: 'openid' } });
  await tokensFor(app, party, person, { browser, params: { scope: 'openid email profile' } });
  const refused = await token(app.issuer, party, {
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token ?? '',
    scope: 'openid email',
  });
  assert.deepEqual(refusal(refused), { status: 400, error: 'invalid_scope' });
  const { body } = await refresh(app.issuer, party, tokens.refresh_token ?? '');
  assert.equal(body.scope, 'openid');
});

test('the new ID token is about the same sign-in (OpenID Connect Core §12.2)', async () => {
  const { tokens } = await tokensFor(app, party, person, { params: { max_age: '600', nonce: 'n-1' } });
  const before = idTokenOf(tokens);
  const after = idTokenOf((await refresh(app.issuer, party, tokens.refresh_token ?? '')).body);
  for (const claim of ['iss', 'sub', 'aud', 'auth_time', 'sid'] as const)
    assert.equal(after[claim], before[claim], claim);
  assert.ok(Number(after.iat) >= Number(before.iat));
  assert.ok(after.nonce === undefined || after.nonce === 'n-1');
});

// ---- lifetimes ----

test('each rotation restarts the idle time, up to the absolute lifetime', async () => {
  for (const [idle, absolute, seconds] of [
    ['2h', '3h', 7_200],
    ['2h', '1h', 3_600],
  ] as const) {
    const short = await deployment(scope, {
      env: { CARDEA_REFRESH_TOKEN_IDLE_TTL: idle, CARDEA_REFRESH_TOKEN_TTL: absolute },
    });
    const someone = await short.seed.person();
    const client = await short.seed.party();
    const { tokens } = await tokensFor(short, client, someone);
    const first = await introspect(short.issuer, client, tokens.refresh_token ?? '');
    assert.equal(Number(first.exp) - Number(first.iat), seconds);
    const next = await refresh(short.issuer, client, tokens.refresh_token ?? '');
    const second = await introspect(short.issuer, client, next.body.refresh_token ?? '');
    assert.ok(Number(second.exp) <= (idle < absolute ? Number(second.iat) : Number(first.iat)) + seconds);
    await short.close();
  }
});

test('an unused refresh token ends after the idle time, a used chain after the absolute lifetime', async () => {
  const short = await deployment(scope, {
    env: { CARDEA_REFRESH_TOKEN_IDLE_TTL: '2s', CARDEA_REFRESH_TOKEN_TTL: '4s' },
  });
  const someone = await short.seed.person();
  const client = await short.seed.party();

  const idle = (await tokensFor(short, client, someone)).tokens.refresh_token ?? '';
  await until('the idle token ends', async () => (await introspect(short.issuer, client, idle)).active === false, {
    everyMs: 100,
  });
  assert.deepEqual(refusal(await refresh(short.issuer, client, idle)), INVALID_GRANT);

  let current = (await tokensFor(short, client, someone)).tokens.refresh_token ?? '';
  const { iat: began } = await introspect(short.issuer, client, current);
  const ends = Number(began) + 4;
  let rotations = 0;
  const last = await until(
    'the chain ends',
    async () => {
      const answer = await refresh(short.issuer, client, current);
      if (answer.status !== 200) return answer;
      rotations += 1;
      current = answer.body.refresh_token ?? '';
      const { exp = 0 } = await introspect(short.issuer, client, current);
      // `Math.max(1, …)`: a token that is issued in the very last second may live one second
      assert.ok(Number(exp) <= ends + 1, `ends at ${exp}, the chain at ${ends}`);
      return undefined;
    },
    { everyMs: 300 },
  );
  assert.deepEqual(refusal(last), INVALID_GRANT);
  assert.ok(rotations >= 4, `it was in use: ${rotations} rotations`);
});

// ---- sessions ----

test('without offline_access refresh tokens and access tokens end with the session', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  assert.equal((await introspect(app.issuer, party, tokens.refresh_token ?? '')).active, true);
  await submit(browser, await browser.get('/logout'), { logout: 'yes' });
  assert.deepEqual(refusal(await refresh(app.issuer, party, tokens.refresh_token ?? '')), INVALID_GRANT);
  assert.equal((await introspect(app.issuer, party, tokens.refresh_token ?? '')).active, false);
  assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
});

test('with offline_access and prompt=consent they survive it (OpenID Connect Core §11)', async () => {
  const { tokens, browser } = await tokensFor(app, party, person, {
    params: { scope: 'openid offline_access', prompt: 'consent' },
  });
  assert.match(String(tokens.scope), /offline_access/);
  await submit(browser, await browser.get('/logout'), { logout: 'yes' });
  const { status, body } = await refresh(app.issuer, party, tokens.refresh_token ?? '');
  assert.equal(status, 200);
  assert.equal((await userinfo(app.issuer, body.access_token ?? '')).body.sub, person.id);
  assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 200);
});

test('the tokens of a disabled or deleted account cannot be refreshed (CVE-2025-53942)', async () => {
  const someone = await app.seed.person();
  const { tokens } = await tokensFor(app, party, someone, {
    params: { scope: 'openid offline_access', prompt: 'consent' },
  });
  await app.seed.accounts.disable(someone.id);
  assert.deepEqual(refusal(await refresh(app.issuer, party, tokens.refresh_token ?? '')), INVALID_GRANT);
  assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
});

test('a client without the grant type gets no refresh token', async () => {
  const plain = await app.seed.party({ metadata: { grant_types: ['authorization_code'] } });
  const { tokens } = await tokensFor(app, plain, person, {
    params: { scope: 'openid offline_access', prompt: 'consent' },
  });
  assert.equal(tokens.refresh_token, undefined);
  const { tokens: others } = await tokensFor(app, party, person);
  assert.deepEqual(refusal(await refresh(app.issuer, plain, others.refresh_token ?? '')), {
    status: 400,
    error: 'unauthorized_client',
  });
});
