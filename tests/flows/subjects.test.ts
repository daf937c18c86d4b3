import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { adminApi } from '../helpers/admin.ts';
import { askPerson, CIBA_GRANT, cibaMetadata, decideRequest, fetchTokens } from '../helpers/ciba.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { logoutListener } from '../helpers/logout_listener.ts';
import { authorize, introspect, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import { begin, callbackOf, idTokenOf, shown, submit, tokensFor } from './support.ts';

/** People who had another `sub` in their former system keep it (OpenID Connect Core §2, §5.7). */
const scope = { after };
const app = await deployment(scope);
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const listener = await logoutListener(scope);
const SCOPE = 'openid profile email offline_access api:read';
const party = await app.seed.party({
  firstParty: true,
  metadata: { scope: SCOPE, backchannel_logout_uri: listener.uri, backchannel_logout_session_required: true },
});
const SUB = 'auth0|60425dc43519d90068f82973';

async function imported(sub: string): Promise<Person> {
  const { id, password } = await app.seed.person();
  const { passwordHash } = await app.seed.accounts.resolve(id);
  const email = `${sub.replace(/\W/g, '.')}@example.com`;
  const [account] = await app.seed.accounts.createAll([{ email, emailVerified: true, sub, passwordHash }]);
  assert.ok(account && account.id !== sub);
  return { id: account.id, email, password };
}

const person = await imported(SUB);
const leaving = await imported('auth0|leaving');
const api = await adminApi(scope, app);

test('is what apps get everywhere: ID token, userinfo, introspection, refresh', async () => {
  const params = { scope: 'openid email offline_access', prompt: 'consent' };
  const { tokens } = await tokensFor(app, party, person, { params });
  assert.equal(idTokenOf(tokens).sub, SUB);
  assert.equal((await userinfo(app.issuer, tokens.access_token)).body.sub, SUB);
  assert.equal((await introspect(app.issuer, party, tokens.access_token)).sub, SUB);
  assert.equal((await introspect(app.issuer, party, tokens.refresh_token ?? '')).sub, SUB);
  const resourceServer = await app.seed.party({ introspectsAll: true });
  assert.equal((await introspect(app.issuer, resourceServer, tokens.access_token)).sub, SUB);
  const { body } = await refresh(app.issuer, party, tokens.refresh_token ?? '');
  assert.equal(idTokenOf(body).sub, SUB);
});

test('is in a JWT access token and in its introspection (RFC 9068 §2.2)', async () => {
  const params = { scope: 'openid api:read', resource: API };
  const { code, verifier: code_verifier } = await authorize({ issuer: app.issuer, party, person, params });
  const { body } = await token(app.issuer, party, {
    grant_type: 'authorization_code',
    code,
    code_verifier,
    redirect_uri: party.redirectUri,
    resource: API,
  });
  assert.equal(decodeJwt(body.access_token ?? '').sub, SUB);
  assert.equal((await introspect(app.issuer, party, body.access_token ?? '')).sub, SUB);
});

test('is not shown to apps with pairwise subjects (§8.1)', async () => {
  const pairwise = await app.seed.party({
    firstParty: true,
    metadata: { redirect_uris: ['https://one.example.com/cb'], subject_type: 'pairwise', scope: SCOPE },
  });
  const { tokens } = await tokensFor(app, pairwise, person);
  assert.match(String(idTokenOf(tokens).sub), /^[\w-]{43}$/);
  assert.equal((await userinfo(app.issuer, tokens.access_token)).body.sub, idTokenOf(tokens).sub);
});

test('identifies the person in an id_token_hint and in a requested sub (§3.1.2.1, §5.5.1)', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  const claims = (value: unknown) => JSON.stringify({ id_token: { sub: { value } } });
  for (const params of [{ id_token_hint: tokens.id_token }, { claims: claims(SUB) }]) {
    assert.ok(callbackOf((await begin(app, party, { prompt: 'none', ...params }, browser.clone())).page).code);
  }
  const another = await tokensFor(app, party, await imported('auth0|another'));
  for (const params of [{ claims: claims(person.id) }, { id_token_hint: another.tokens.id_token }]) {
    assert.equal(shown((await begin(app, party, params, browser.clone())).page), 'sign-in');
  }
});

test('identifies the person in CIBA, and is in its tokens (CIBA Core §7.1)', async () => {
  const asker = await app.seed.party({
    firstParty: true,
    metadata: cibaMetadata({
      grant_types: [CIBA_GRANT, 'authorization_code'],
      redirect_uris: ['https://asker.example.com/cb'],
      scope: SCOPE,
    }),
  });
  const { tokens, browser } = await tokensFor(app, asker, person);
  const asked = await askPerson(app.issuer, asker, { id_token_hint: tokens.id_token });
  assert.equal(asked.status, 200, JSON.stringify(asked.body));
  await decideRequest(app, person, 'approve', { browser });
  assert.equal(idTokenOf((await fetchTokens(app.issuer, asker, asked.body.auth_req_id)).body).sub, SUB);
});

test('is in the logout token (OpenID Connect Back-Channel Logout 1.0 §2.4)', async () => {
  const { browser } = await tokensFor(app, party, person);
  await submit(browser, await browser.get('/logout'), { logout: 'yes' });
  await until('the app to be notified', () => listener.received.length > 0);
  assert.equal(decodeJwt(listener.received[0]?.token ?? '').sub, SUB);
});

test('is in the logout token of a person who was erased, and not in the database in clear', async () => {
  await tokensFor(app, party, leaving);
  const before = listener.received.length;
  const deleted = await api.request('POST', `/users/${leaving.id}/erase`);
  assert.deepEqual([deleted.status, deleted.body.sessions_ended], [200, 1]);
  await until('the app to be notified', () => listener.received.length > before);
  assert.equal(decodeJwt(listener.received[before]?.token ?? '').sub, 'auth0|leaving');
  const [row] = await app.db.run<{ sealed: Buffer }>({ name: '', text: 'SELECT sealed FROM departed_subjects' }, []);
  assert.ok(row && !row.sealed.includes('leaving'));
});

test('is not in the database in clear', async () => {
  const [row] = await app.db.run({ name: '', text: 'SELECT * FROM accounts WHERE id = $1' }, [person.id]);
  const stored = Object.values(row ?? {}).map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : value));
  assert.equal(JSON.stringify(stored).includes(SUB), false);
});
