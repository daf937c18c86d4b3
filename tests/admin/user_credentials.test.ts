import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { adminApi } from '../helpers/admin.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { PASSWORD } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';

/** Passwords, factors, locks, sessions, grants and events of people by the admin API. */
const scope = { after };
const app = await operatedDatabase(scope);
const api = await adminApi(scope, app);
const records = createRecordSeeder(app);
const factors = await createFactorSeeder(app);
const party = await app.seed.party();
const anyVersion = { 'if-match': '*' };
const NEW_PASSWORD = remember('password', 'Kestrel-Fjord-7-Anvil');

const { attempts, mails } = await api.services.accountStores();
const mailsOf = async (id: string) =>
  (await mails.claimDue({ limit: 100, leaseMs: 0 })).flatMap(({ intent }) =>
    intent && 'accountId' in intent && intent.accountId === id ? [[intent.kind, intent.details?.factor]] : [],
  );
const eventsOf = async (id: string): Promise<string[]> =>
  (await api.request('GET', `/users/${id}/events`)).body.items.map(({ kind }: { kind: string }) => kind);
const sessionsOf = async (id: string) => (await api.request('GET', `/users/${id}/sessions`)).body.items;
const lastEntry = async (id: string) => {
  const text =
    "SELECT action, outcome, reason, changes FROM audit WHERE target_id = $1 AND action <> 'users.read_pii' ORDER BY id DESC LIMIT 1";
  return (await app.db.run({ name: '', text }, [id]))[0];
};

/** As the lists of all locks has them. */
const lockoutsOf = async (id: string) =>
  (await api.request('GET', `/lockouts?filter=${encodeURIComponent(`user_id eq "${id}"`)}`)).body;

async function lock(email: string): Promise<void> {
  for (let i = 0; i < 3; i += 1) {
    await attempts.countFailure(await attempts.reservePasswordGuess({ identifier: email, deviceCookie: undefined }));
  }
}

test('a new password ends sessions and a lock, and is an event and a mail; the audit has no word of the password', async () => {
  const { id, email } = await app.seed.person();
  await records.session(id);
  await lock(email);
  const before = (await api.request('GET', `/users/${id}`)).body;
  const [lockout] = (await lockoutsOf(id)).items;
  assert.deepEqual(before.locked, [{ factor: 'password', locked_until: lockout.locked_until }]);
  const set = await api.request('POST', `/users/${id}/password`, { body: { password: NEW_PASSWORD } });
  assert.deepEqual([set.status, set.body.has_password, set.body.password_temporary], [200, true, true]);
  assert.ok(set.body.version > before.version);
  const after = (await api.request('GET', `/users/${id}`)).body;
  assert.deepEqual([after.locked, await sessionsOf(id)], [[], []]);
  assert.deepEqual(await eventsOf(id), ['password_changed']);
  assert.deepEqual(await mailsOf(id), [['password_changed', undefined]]);
  assert.deepEqual(await lastEntry(id), {
    action: 'users.set_password',
    outcome: 'done',
    reason: null,
    changes: { password: {}, password_temporary: { after: true }, sessions_ended: { after: 1 } },
  });
  const { passwordHash, epoch } = await app.seed.accounts.resolve(id);
  const { passwords } = await api.services.passwords();
  assert.deepEqual([await passwords.verify(passwordHash, NEW_PASSWORD), epoch], [true, 1]);
});

test('the person has to change a password that an operator chose, unless the operator says otherwise', async () => {
  const { id } = await app.seed.person();
  const isTemporary = async () => (await api.request('GET', `/users/${id}`)).body.password_temporary;
  assert.equal(await isTemporary(), undefined);
  const setTo = (body: object) => api.request('POST', `/users/${id}/password`, { body });
  const isExpired = async () => {
    const { policy } = await api.services.passwords();
    return policy.isExpired((await app.seed.accounts.resolve(id)).passwordSetAt, Date.now());
  };
  assert.equal((await setTo({ password: NEW_PASSWORD })).status, 200);
  assert.deepEqual([await isTemporary(), await isExpired()], [true, true]);
  const kept = await setTo({ password: `${NEW_PASSWORD}-8`, password_temporary: false });
  assert.deepEqual(
    [kept.body.password_temporary, await isTemporary(), await isExpired()],
    [undefined, undefined, false],
  );

  const created = async (more: object) =>
    api.request('POST', '/users', { body: { email: `${Object.keys(more).length}@temporary.example`, ...more } });
  const made = await created({ password: NEW_PASSWORD });
  assert.deepEqual([made.status, made.body.password_temporary], [201, true]);
  const permanent = await created({ password: NEW_PASSWORD, password_temporary: false });
  assert.deepEqual([permanent.status, permanent.body.password_temporary], [201, undefined]);
  const without = await created({ password_temporary: false, name: 'Ada', nickname: 'Ada' });
  assert.deepEqual([without.status, without.body.errors[0].pointer], [400, '/password_temporary']);
});

test('a password that was used before, or breaks rules, is refused with the names of the rules, and changes nothing', async () => {
  const { id, email } = await app.seed.person();
  await records.session(id);
  for (const [password, rule] of [
    [PASSWORD, 'reused'],
    [`${email.split('@')[0]}-Aa1!`, 'personal'],
    ['Aa1!', 'too_short'],
  ] as const) {
    const refused = await api.request('POST', `/users/${id}/password`, { body: { password } });
    assert.equal(refused.status, 400);
    assert.ok(
      refused.body.errors.some((one: object) => 'rule' in one && one.rule === rule),
      rule,
    );
    assert.ok(!JSON.stringify(refused.body).includes(password), rule);
  }
  assert.equal((await sessionsOf(id)).length, 1);
  assert.deepEqual([await eventsOf(id), await mailsOf(id)], [[], []]);
});

test('a dry run of a new password checks it and changes nothing', async () => {
  const { id } = await app.seed.person();
  await records.session(id);
  const path = `/users/${id}/password?dryRun=true`;
  assert.equal((await api.request('POST', path, { body: { password: NEW_PASSWORD } })).status, 200);
  assert.equal((await api.request('POST', path, { body: { password: PASSWORD } })).status, 400);
  assert.equal((await sessionsOf(id)).length, 1);
  assert.equal((await app.seed.accounts.resolve(id)).epoch, 0);
});

test('one factor or all are removed, with sessions, an event and a mail for each kind', async () => {
  for (const [path, kinds, left] of [
    ['/totp', ['totp'], { second_factors: ['passkey'], recovery_codes: 10 }],
    ['/passkeys/:first', ['passkey'], { second_factors: ['totp'], recovery_codes: 10 }],
    ['/recovery_codes', ['recovery_codes'], { second_factors: ['totp', 'passkey'], recovery_codes: 0 }],
    ['', ['totp', 'passkey'], { second_factors: [], recovery_codes: 0 }],
  ] as const) {
    const { id } = await app.seed.person();
    await factors.totp(id);
    await factors.passkey(id, softPasskey());
    await factors.recoveryCodes(id);
    await records.session(id);
    const shown = (await api.request('GET', `/users/${id}/factors`)).body;
    assert.deepEqual([shown.second_factors, shown.recovery_codes], [['totp', 'passkey'], 10]);
    const target = `/users/${id}/factors${path.replace(':first', shown.passkeys[0].id)}`;
    const removed = await api.request('DELETE', target, { headers: anyVersion });
    assert.deepEqual([removed.status, removed.body.id, removed.body.removed], [200, id, [...kinds]]);
    const { second_factors, recovery_codes } = (await api.request('GET', `/users/${id}/factors`)).body;
    assert.deepEqual({ second_factors, recovery_codes }, left);
    assert.deepEqual(await sessionsOf(id), []);
    assert.deepEqual((await eventsOf(id)).toSorted(), kinds.map((kind) => `${kind}_removed`).toSorted());
    const names = kinds.map((kind) => ['factor_removed', kind === 'recovery_codes' ? 'recovery_code' : kind]);
    assert.deepEqual((await mailsOf(id)).toSorted(), names.toSorted());
    const again = await api.request('DELETE', target, { headers: anyVersion });
    assert.equal(again.status, path === '' ? 200 : 404, path);
  }
});

test('a lock of a person is ended', async () => {
  const { id, email } = await app.seed.person();
  await lock(email);
  const { locked } = (await api.request('GET', `/users/${id}`)).body;
  const unlocked = await api.request('POST', `/users/${id}/unlock`);
  assert.deepEqual([unlocked.body.locks_ended, locked.length], [locked, 1]);
  assert.deepEqual((await api.request('GET', `/users/${id}`)).body.locked, []);
  assert.deepEqual((await lastEntry(id))?.changes, {
    locks: { before: ['password'], after: [] },
    failures: { after: 0 },
  });
});

test('sessions are listed by pages; one ends, or all', async () => {
  const { id } = await app.seed.person();
  const other = await app.seed.person();
  const uids = [await records.session(id), await records.session(id), await records.session(id)];
  const foreign = await records.session(other.id);
  const first = await api.request('GET', `/users/${id}/sessions?limit=2`);
  const rest = await api.request('GET', `/users/${id}/sessions?limit=2&cursor=${first.body.next}`);
  const listed = [...first.body.items, ...rest.body.items].map(({ uid }: { uid: string }) => uid);
  assert.deepEqual(listed.toSorted(), uids.toSorted());
  assert.equal(rest.body.next, undefined);
  const wrong = await api.request('GET', `/users/${id}/sessions?cursor=x`);
  assert.deepEqual([wrong.status, wrong.body.errors[0].parameter], [400, 'cursor']);
  // A session is one of its person alone: by the path of another it is not found.
  assert.equal((await api.request('DELETE', `/users/${id}/sessions/${foreign}`)).status, 404);
  assert.equal((await sessionsOf(other.id)).length, 1);
  const ended = await api.request('DELETE', `/users/${id}/sessions/${uids[0]}`);
  assert.deepEqual([ended.status, ended.body], [200, { id, sessions_ended: 1 }]);
  assert.equal((await sessionsOf(id)).length, 2);
  const all = await api.request('DELETE', `/users/${id}/sessions`);
  assert.deepEqual(all.body, { id, sessions_ended: 2 });
  assert.deepEqual(await sessionsOf(id), []);
  assert.deepEqual(await eventsOf(id), ['session_ended', 'session_ended']);
});

test('what a person allowed to apps is listed, and revoked by app', async () => {
  const { id } = await app.seed.person();
  const at = Math.floor(Date.now() / 1_000);
  await records.grant(id, party.id, { payload: { iat: at } });
  const { body } = await api.request('GET', `/users/${id}/grants`);
  const filter = encodeURIComponent(`client_id eq "${party.id}"`);
  const [{ expires_at }] = (await api.request('GET', `/grants?filter=${filter}`)).body.items;
  const [{ client_id, scopes, ...times }, ...others] = body.items;
  assert.deepEqual([client_id, scopes, others], [party.id, ['openid'], []]);
  assert.deepEqual(
    [times.created_at, times.expires_at, Object.keys(times).filter((name) => !name.endsWith('_at'))],
    [new Date(at * 1_000).toISOString(), expires_at, ['resources', 'accepted_texts']],
    'by the names of /grants',
  );
  const path = `/users/${id}/grants/${encodeURIComponent(party.id)}`;
  const revoked = await api.request('DELETE', path);
  assert.deepEqual([revoked.status, revoked.body], [200, { id, client_id: party.id }]);
  assert.deepEqual((await api.request('GET', `/users/${id}/grants`)).body.items, []);
  assert.equal((await api.request('DELETE', path)).status, 404);
  assert.deepEqual(await eventsOf(id), ['app_revoked']);
});

test('events are listed by pages, the newest first', async () => {
  const { id } = await app.seed.person();
  for (let i = 0; i < 5; i += 1) {
    const body = { username: `user-${i}-${id.slice(-6)}` };
    await api.request('PATCH', `/users/${id}`, { headers: anyVersion, body });
  }
  const seen: string[] = [];
  for (let path: string | undefined = `/users/${id}/events?limit=2`; path !== undefined; ) {
    const { body } = await api.request('GET', path);
    seen.push(...body.items.map((event: { id: string }) => event.id));
    path = body.next && `/users/${id}/events?limit=2&cursor=${body.next}`;
  }
  assert.equal(seen.length, 5);
  assert.deepEqual(seen, seen.toSorted().toReversed());
  assert.equal((await api.request('GET', `/users/${id}/events?cursor=x`)).status, 400);
});
