import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { refresh, token, userinfo } from '../helpers/relying_party.ts';
import { idTokenOf, tokensFor } from './support.ts';

/** Which claims a relying party gets for which scope (OpenID Connect Core §2, §5.1, §5.3, §5.4). */
const app = await deployment({ after });
const account = await app.seed.accounts.create({
  email: 'ada@example.com',
  emailVerified: true,
  passwordHash: null,
  username: 'ada',
  name: 'Ada Lovelace',
  givenName: 'Ada',
  familyName: 'Lovelace',
  middleName: 'King',
  nickname: 'Countess',
  profile: 'https://example.com/ada',
  picture: 'https://example.com/ada.png',
  website: 'https://ada.example.com',
  gender: 'female',
  birthdate: '1815-12-10',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
  phoneNumber: '+44 20 7946 0000',
  phoneNumberVerified: true,
  address: { locality: 'London', country: 'United Kingdom' },
});
// Signs in with a password whose hash another person has too, since one hash is enough for the whole process.
const twin = await app.seed.person({ email: 'twin@example.com' });
const hash = (await app.seed.accounts.findByIdentifier(twin.email))?.passwordHash ?? '';
await app.db.transact(app.seed.accounts.passwordStatements(account, hash));
const ada = { ...twin, id: account.id, email: 'ada@example.com' };
const plain = await app.seed.person();
const party = await app.seed.party();

const PROFILE = {
  name: 'Ada Lovelace',
  family_name: 'Lovelace',
  given_name: 'Ada',
  middle_name: 'King',
  nickname: 'Countess',
  preferred_username: 'ada',
  profile: 'https://example.com/ada',
  picture: 'https://example.com/ada.png',
  website: 'https://ada.example.com',
  gender: 'female',
  birthdate: '1815-12-10',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
};
const BY_SCOPE = {
  email: { email: 'ada@example.com', email_verified: true },
  phone: { phone_number: '+44 20 7946 0000', phone_number_verified: true },
  address: { address: { locality: 'London', country: 'United Kingdom' } },
};

async function infoFor(scope: string, person = ada) {
  const { tokens } = await tokensFor(app, party, person, { params: { scope } });
  const { status, body } = await userinfo(app.issuer, tokens.access_token);
  assert.equal(status, 200);
  return body;
}

test('openid alone: sub and nothing else', async () => {
  assert.deepEqual(await infoFor('openid'), { sub: ada.id });
});

for (const [scope, claims] of Object.entries(BY_SCOPE)) {
  test(`${scope}: its claims and no others (OpenID Connect Core §5.4)`, async () => {
    assert.deepEqual(await infoFor(`openid ${scope}`), { sub: ada.id, ...claims });
  });
}

test('profile: its claims and no others; updated_at is in seconds', async () => {
  const { updated_at, ...rest } = await infoFor('openid profile');
  assert.deepEqual(rest, { sub: ada.id, ...PROFILE });
  assert.ok(Number.isInteger(updated_at) && Math.abs(Date.now() / 1000 - Number(updated_at)) < 600, String(updated_at));
});

test('all scopes together: all claims', async () => {
  const { updated_at: _, ...rest } = await infoFor('openid profile email phone address');
  assert.deepEqual(rest, { sub: ada.id, ...PROFILE, ...BY_SCOPE.email, ...BY_SCOPE.phone, ...BY_SCOPE.address });
});

test('an unknown value is omitted, never null or empty (OpenID Connect Core §5.3.2)', async () => {
  const { updated_at: _, ...rest } = await infoFor('openid profile email phone address', plain);
  assert.deepEqual(rest, { sub: plain.id, email: plain.email, email_verified: true });
});

test('userinfo accepts GET and POST, with the token in the header or the body, never in the URL (RFC 6750 §2, RFC 9700 §4.3.2)', async () => {
  const { tokens } = await tokensFor(app, party, ada, { params: { scope: 'openid' } });
  const authorization = `Bearer ${tokens.access_token}`;
  const url = new URL('/userinfo', app.issuer);
  const posted = await fetch(url, { method: 'POST', headers: { authorization } });
  assert.deepEqual(await posted.json(), { sub: ada.id });
  const body = await fetch(url, { method: 'POST', body: new URLSearchParams({ access_token: tokens.access_token }) });
  assert.deepEqual(await body.json(), { sub: ada.id });
  const query = await fetch(`${url}?${new URLSearchParams({ access_token: tokens.access_token })}`);
  assert.equal(query.status, 400);
  const twice = await fetch(url, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ access_token: tokens.access_token }),
  });
  assert.equal(twice.status, 400);
});

test('userinfo answers with the x-fapi-interaction-id of the request when that is a UUID, else with one of its own (FAPI 1.0 Baseline §6.2.1)', async () => {
  const { tokens } = await tokensFor(app, party, ada, { params: { scope: 'openid' } });
  const name = 'x-fapi-interaction-id';
  const given = 'c770aef3-6784-41f7-8e0e-ff5f97bddb3a';
  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  for (const bearer of [tokens.access_token, 'nonsense']) {
    const answerTo = async (id: Record<string, string>) => {
      const headers = { authorization: `Bearer ${bearer}`, ...id };
      return (await fetch(new URL('/userinfo', app.issuer), { headers })).headers.get(name) ?? '';
    };
    assert.equal(await answerTo({ [name]: given }), given);
    for (const value of ['', 'x', `${given} x`, `${given}, ${given}`, `${given}\t; x=1`, '<script>']) {
      const answer = await answerTo({ [name]: value });
      assert.match(answer, UUID, value);
      assert.notEqual(answer, given, value);
    }
    assert.notEqual(await answerTo({}), await answerTo({}));
  }
});

test('userinfo reports an error of a token in WWW-Authenticate as well (RFC 6750 §3)', async () => {
  const url = new URL('/userinfo', app.issuer);
  const none = await fetch(url);
  assert.equal(none.status, 401);
  assert.match(none.headers.get('www-authenticate') ?? '', /^Bearer /);
  assert.doesNotMatch(none.headers.get('www-authenticate') ?? '', /error=/, '§3.1: no error code without credentials');
  const { tokens } = await tokensFor(app, party, ada);
  for (const value of ['nonsense', tokens.refresh_token ?? '', tokens.id_token, 'x'.repeat(2_000)]) {
    const refused = await fetch(url, { headers: { authorization: `Bearer ${value}` } });
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer .*error="invalid_token"/);
  }
  // A client credentials token has no person as its subject.
  const machine = await token(app.issuer, party, { grant_type: 'client_credentials', scope: 'openid' });
  assert.equal((await userinfo(app.issuer, machine.body.access_token ?? '')).status, 401);
  // Without openid it is an OAuth request, and userinfo refuses its token.
  const { tokens: oauth } = await tokensFor(app, party, ada, { params: { scope: 'email' } });
  const insufficient = await fetch(url, { headers: { authorization: `Bearer ${oauth.access_token}` } });
  assert.equal(insufficient.status, 403);
  assert.match(insufficient.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/);
  assert.equal(oauth.id_token, '', 'no ID token without openid');
});

test('an ID token contains subject, audience, expiry, details of the sign-in and the claims of its scopes (OpenID Connect Core §2)', async () => {
  const { tokens } = await tokensFor(app, party, ada, {
    params: { nonce: 'n-0S6_WzA2Mj', max_age: '600', scope: 'openid email' },
  });
  const { iat, exp, auth_time, sid, at_hash, ...rest } = idTokenOf(tokens);
  assert.deepEqual(rest, {
    iss: app.issuer,
    aud: party.id,
    sub: ada.id,
    nonce: 'n-0S6_WzA2Mj',
    acr: 'urn:cardea:acr:1fa',
    amr: ['pwd'],
    ...BY_SCOPE.email,
  });
  assert.equal(Number(exp) - Number(iat), 3_600);
  const now = Date.now() / 1000;
  assert.ok(Math.abs(Number(iat) - now) < 60 && Number(auth_time) <= Number(iat) && Number(auth_time) > now - 60);
  assert.ok(sid === undefined || typeof sid === 'string');
  assert.equal(typeof at_hash, 'string');
});

test('auth_time is present when it was requested', async () => {
  const { tokens } = await tokensFor(app, party, ada);
  assert.equal('auth_time' in idTokenOf(tokens), false);
  const { tokens: asked } = await tokensFor(app, party, ada, { params: { max_age: '600' } });
  assert.equal(typeof idTokenOf(asked).auth_time, 'number');
  const { body } = await refresh(app.issuer, party, asked.refresh_token ?? '');
  assert.equal(idTokenOf(body).auth_time, idTokenOf(asked).auth_time);
});

test('sub is the same for every client, and unique to one account', async () => {
  const second = await app.seed.party();
  const here = await tokensFor(app, party, ada);
  const there = await tokensFor(app, second, ada);
  const another = await tokensFor(app, party, plain);
  assert.equal(idTokenOf(here.tokens).sub, idTokenOf(there.tokens).sub);
  assert.notEqual(idTokenOf(here.tokens).sub, idTokenOf(another.tokens).sub);
});
