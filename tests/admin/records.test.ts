import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { FAILURES } from '../../server/accounts/attempts.ts';
import type { Permission } from '../../server/operations/permissions.ts';
import { tokensFor } from '../flows/support.ts';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { introspect, refresh, token, userinfo } from '../helpers/relying_party.ts';

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const METADATA = { metadata: { scope: 'openid offline_access api:read' }, firstParty: true };
const party = await app.seed.party(METADATA);
const gateway = await app.seed.party({ introspectsAll: true });
const api = await adminApi(scope, app);
const onlyAs = (...permissions: Permission[]) => adminApi(scope, app, { permissions: new Set(permissions), id: 'few' });
const reader = await onlyAs('sessions:read', 'grants:read', 'lockouts:read', 'users:read:pii');
const stranger = await onlyAs('users:read', 'users:write');
const OFFLINE = { params: { scope: 'openid offline_access api:read', prompt: 'consent' } };

async function signedIn(by = party) {
  const person = await app.seed.person();
  const { tokens } = await tokensFor(app, by, person, OFFLINE);
  const { body } = await api.request(
    'GET',
    `/sessions?${new URLSearchParams({ filter: `user_id eq "${person.id}"` })}`,
  );
  return { person, tokens, session: body.items[0] };
}

const grantsOf = async (user: string, by = party.id) => {
  const filter = `user_id eq "${user}" and client_id eq "${by}"`;
  return (await reader.request('GET', `/grants?${new URLSearchParams({ filter })}`)).body.items;
};
const isSignedIn = async (accessToken: string) => (await userinfo(issuer, accessToken)).status === 200;
const isActive = async (value: unknown) => (await introspect(issuer, gateway, String(value))).active;
const revoke = (body: unknown, query = '') => api.request('POST', `/tokens/revoke${query}`, { body });
const entriesOf = (action: string, target: string) =>
  app.db.run(
    {
      name: '',
      text: 'SELECT target_kind, outcome, reason FROM audit WHERE action = $1 AND target_id = $2 ORDER BY id',
    },
    [action, target],
  );

test('sessions of all people are listed; a session alone shows its browser', async () => {
  const [one, other] = [await signedIn(), await signedIn()];
  const all = await reader.request('GET', '/sessions');
  const uids = all.body.items.map(({ uid }: { uid: string }) => uid);
  assert.ok(uids.includes(one.session.uid) && uids.includes(other.session.uid));
  assert.deepEqual([one.session.user_id, one.session.clients, one.session.amr], [one.person.id, [party.id], ['pwd']]);
  assert.ok(!('network' in one.session));
  const shown = await reader.request('GET', `/sessions/${one.session.uid}`);
  assert.deepEqual([shown.status, shown.body.network], [200, '127.0.0.1']);
  const byClient = await reader.request('GET', `/sessions?filter=${encodeURIComponent('clients eq "nobody"')}`);
  assert.deepEqual(byClient.body.items, []);
  for (const filter of ['network eq "127.0.0.1"', 'amr eq "pwd"', 'user_id eq "x"']) {
    assert.equal((await reader.request('GET', `/sessions?filter=${encodeURIComponent(filter)}`)).status, 400, filter);
  }
});

test('a session that has reached its absolute end is not in the list', async () => {
  const person = await app.seed.person();
  const records = createRecordSeeder(app);
  const long = Math.floor(Date.now() / 1_000) - 366 * 86_400;
  const [over, current] = [
    await records.session(person.id, { payload: { loginTs: long } }),
    await records.session(person.id),
  ];
  const { body } = await reader.request('GET', '/sessions?limit=200');
  const uids = body.items.map(({ uid }: { uid: string }) => uid);
  assert.deepEqual([uids.includes(over), uids.includes(current)], [false, true]);
});

test('ending a session ends its tokens and nothing else, with an event for the person', async () => {
  const [one, other] = [await signedIn(), await signedIn()];
  const { uid } = one.session;
  assert.equal((await api.request('DELETE', `/sessions/${uid}?dryRun=true`)).status, 200);
  assert.ok(await isSignedIn(one.tokens.access_token));
  const ended = await api.request('DELETE', `/sessions/${uid}`);
  assert.deepEqual([ended.status, ended.body], [200, { uid, user_id: one.person.id }]);
  assert.deepEqual(
    [await isSignedIn(one.tokens.access_token), await isSignedIn(other.tokens.access_token)],
    [false, true],
  );
  assert.equal((await refresh(issuer, party, String(one.tokens.refresh_token))).body.error, 'invalid_grant');
  assert.equal((await api.request('GET', `/sessions/${uid}`)).status, 404);
  assert.equal((await api.request('DELETE', `/sessions/${uid}`)).status, 404);
  const events = await app.db.run(
    { name: '', text: "SELECT 1 FROM security_events WHERE account_id = $1 AND kind = 'session_ended'" },
    [one.person.id],
  );
  assert.equal(events.length, 1);
  assert.deepEqual(await entriesOf('sessions.end', uid), [
    { target_kind: 'session', outcome: 'done', reason: null },
    { target_kind: 'session', outcome: 'refused', reason: 'not_found' },
  ]);
});

test('of parallel requests that end one session one does', async () => {
  const { session } = await signedIn();
  const answers = await Promise.all([1, 2, 3, 4].map(() => api.request('DELETE', `/sessions/${session.uid}`)));
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 404, 404, 404]);
});

test('grants are listed with what was allowed, and revoked with their tokens', async () => {
  const { person, tokens } = await signedIn();
  const [grant] = await grantsOf(person.id);
  assert.deepEqual(grant.scopes.toSorted(), ['offline_access', 'openid']);
  assert.deepEqual((await reader.request('GET', `/grants/${grant.id}`)).body, grant);
  const revoked = await api.request('DELETE', `/grants/${grant.id}`);
  assert.deepEqual(revoked.body, { id: grant.id, user_id: person.id, client_id: party.id });
  assert.ok(!(await isActive(tokens.access_token)));
  assert.deepEqual(await grantsOf(person.id), []);
  assert.equal((await api.request('DELETE', `/grants/${grant.id}`)).status, 404);
  assert.equal((await api.request('GET', `/grants/${grant.id}`)).status, 404);
});

test('tokens end by token, jti, grant, session, user or client, and the answer has no token', async () => {
  const busy = await app.seed.party(METADATA);
  const cases = [
    async (one: Awaited<ReturnType<typeof signedIn>>) => ({ token: String(one.tokens.refresh_token) }),
    async (one: Awaited<ReturnType<typeof signedIn>>) => ({ grant: (await grantsOf(one.person.id))[0].id }),
    async (one: Awaited<ReturnType<typeof signedIn>>) => ({ session: one.session.uid }),
    async (one: Awaited<ReturnType<typeof signedIn>>) => ({ user_id: one.person.id }),
  ];
  const bystander = await signedIn();
  for (const body of cases) {
    const one = await signedIn();
    const what = await body(one);
    assert.equal((await revoke(what, '?dryRun=true')).status, 200);
    assert.ok(await isActive(one.tokens.access_token), 'a dry run changes nothing');
    const { status, body: answer } = await revoke(what);
    assert.equal(status, 200, JSON.stringify(answer));
    assert.ok(!(await isActive(one.tokens.access_token)), JSON.stringify(Object.keys(what)));
    for (const secret of [one.tokens.access_token, one.tokens.refresh_token, one.person.email]) {
      assert.ok(!JSON.stringify(answer).includes(String(secret)));
    }
  }
  const ofClient = await signedIn(busy);
  const grant = { grant_type: 'client_credentials', resource: API, scope: 'api:read' };
  const { body: machine } = await token(issuer, busy, grant);
  const { jti } = decodeJwt(String(machine.access_token));
  assert.equal((await revoke({ jti })).body.revoked, 'jti');
  assert.ok(!(await isActive(machine.access_token)));
  assert.equal((await revoke({ client_id: busy.id })).body.grants_ended, 1);
  assert.ok(!(await isActive(ofClient.tokens.access_token)));
  assert.ok(await isActive(bystander.tokens.access_token));
});

test('one member says which tokens end; no token is stored by the audit, also one that is refused', async () => {
  const { tokens } = await signedIn();
  for (const body of [
    {},
    { jti: 'a', grant: 'b' },
    { everything: true },
    { grant: 7 },
    { token: '' },
    { user_id: 'ada@example.com' },
  ]) {
    assert.equal((await revoke(body)).status, 400, JSON.stringify(body));
  }
  for (const body of [
    { token: 'unknown' },
    { grant: 'unknown' },
    { session: 'unknown' },
    { client_id: 'unknown' },
    { user_id: randomUUID() },
  ]) {
    assert.equal((await revoke(body)).status, 404, JSON.stringify(body));
  }
  await revoke({ token: tokens.access_token });
  await revoke({ token: tokens.access_token });
  const rows = await app.db.run({ name: '', text: 'SELECT * FROM audit' }, []);
  assert.ok(!JSON.stringify(rows).includes(String(tokens.access_token)));
  assert.ok(!JSON.stringify(rows).includes('@example.com'));
});

test('locks are listed without what was typed, and ended one by one', async () => {
  const person = await app.seed.person();
  const { attempts } = await api.services.accountStores();
  for (const identifier of [person.email, 'nobody-has-this@example.com']) {
    for (let i = 0; i < FAILURES; i += 1) {
      await attempts.countFailure(await attempts.reservePasswordGuess({ identifier, deviceCookie: undefined }));
    }
  }
  const listed = await reader.request('GET', '/lockouts');
  assert.equal(listed.body.items.length, 2);
  assert.ok(!JSON.stringify(listed.body).includes('example.com'));
  const [lock] = listed.body.items.filter(({ user_id }: { user_id: string | null }) => user_id === person.id);
  const ended = await api.request('DELETE', `/lockouts/${lock.id}`);
  assert.deepEqual([ended.status, ended.body], [200, lock]);
  assert.deepEqual(await attempts.locksOf(person.id), []);
  assert.equal(
    (await attempts.reservePasswordGuess({ identifier: person.email, deviceCookie: undefined })).allowed,
    true,
  );
  assert.equal((await api.request('DELETE', `/lockouts/${lock.id}`)).status, 404);
  assert.equal((await reader.request('GET', '/lockouts')).body.items.length, 1);
  assert.deepEqual(await entriesOf('lockouts.end', person.id), [
    { target_kind: 'user', outcome: 'done', reason: null },
  ]);
});

test('pages of sessions and grants have each once, in both orders', async () => {
  for (const path of ['/sessions', '/grants']) {
    const whole = (await api.request('GET', `${path}?limit=200`)).body.items.map(idOf);
    for (const sort of ['created_at', '-created_at']) {
      const seen: string[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const query = new URLSearchParams({ limit: '3', sort, ...(cursor === '' ? {} : { cursor }) });
        const { body } = await api.request('GET', `${path}?${query}`);
        seen.push(...body.items.map(idOf));
        cursor = body.next;
      }
      assert.deepEqual(seen.toSorted(), whole.toSorted(), path);
    }
  }
});

const idOf = ({ uid, id }: { uid?: string; id?: string }) => uid ?? id;

test('each of these needs its own permission, to read and to change', async () => {
  const { session, person } = await signedIn();
  const [grant] = await grantsOf(person.id);
  const paths = ['/sessions', `/sessions/${session.uid}`, '/grants', `/grants/${grant.id}`, '/lockouts'];
  for (const path of paths) {
    assert.equal((await stranger.request('GET', path)).status, 403, path);
    assert.equal((await reader.request('GET', path)).status, 200, path);
  }
  const lock = 'a'.repeat(64);
  for (const path of [`/sessions/${session.uid}`, `/grants/${grant.id}`, `/lockouts/${lock}`]) {
    assert.equal((await stranger.request('DELETE', path)).status, 403, path);
    assert.equal((await reader.request('DELETE', path)).status, 403, path);
  }
  assert.equal((await reader.request('POST', '/tokens/revoke', { body: { client_id: party.id } })).status, 403);
  assert.equal((await reader.request('GET', `/sessions/${session.uid}`)).status, 200);
});
