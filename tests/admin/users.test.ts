import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { READ_IN_FULL } from '../../server/operations/full_reads.ts';
import { adminApi } from '../helpers/admin.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';

/** People by the admin API: find, create, invite, change, disable, delete. */
const scope = { after };
const app = await operatedDatabase(scope);
const api = await adminApi(scope, app);
const second = await adminApi(scope, app);
const records = createRecordSeeder(app);
for (const body of [{ name: 'staff' }, { name: 'guests' }, { name: 'visitors' }])
  await api.request('POST', '/groups', { body });
await api.request('POST', '/roles', { body: { name: 'editor' } });
const anyVersion = { 'if-match': '*' };

// Test data and rows that no operation reads back are looked at in SQL.
const rowsOf = async (text: string, values: unknown[] = []) => app.db.run({ name: '', text }, values);
const auditOf = (id: string) =>
  rowsOf('SELECT action, outcome, reason, changes FROM audit WHERE target_id = $1 AND action <> $2 ORDER BY id', [
    id,
    READ_IN_FULL,
  ]);
const eventsOf = async (id: string) =>
  (await api.request('GET', `/users/${id}/events`)).body.items.map(({ kind }: { kind: string }) => kind);
const mailsOf = async (id: string) => {
  const { accounts, mails } = await api.services.accountStores();
  await accounts.findById(id);
  const due = await mails.claimDue({ limit: 100, leaseMs: 0 });
  return due.flatMap(({ intent }) => (intent && 'accountId' in intent && intent.accountId === id ? [intent] : []));
};
const codeOf = ({ body }: { body: { type: string } }) => body.type.split('/').at(-1);

async function created(body: object) {
  const answer = await api.request('POST', '/users', { body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

test('a user is created with every claim, groups and roles, and shown with an ETag', async () => {
  const profile = {
    email: 'Ada@example.com',
    email_verified: true,
    username: 'ada',
    name: 'Ada Lovelace',
    given_name: 'Ada',
    family_name: 'Lovelace',
    middle_name: 'King',
    nickname: 'Countess',
    profile: 'https://ada.example/',
    picture: 'https://ada.example/me.png',
    website: 'https://ada.example/site',
    gender: 'female',
    birthdate: '1815-12-10',
    zoneinfo: 'Europe/London',
    locale: 'en-GB',
    phone_number: '+44 20 7946 0000',
    phone_number_verified: true,
    address: { street_address: '12 St James’s Square', locality: 'London', country: 'UK' },
    groups: ['staff'],
    roles: ['editor'],
  };
  const answer = await api.request('POST', '/users', { body: profile });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const { id, version, created_at, updated_at, ...rest } = answer.body;
  assert.equal(answer.headers.location, `/api/v1/users/${id}`);
  assert.deepEqual([version, created_at], [1, updated_at]);
  assert.deepEqual(rest, { ...profile, has_password: false, second_factors: [], disabled: false });
  const shown = await api.request('GET', `/users/${id}`);
  assert.deepEqual(shown.body, { ...answer.body, locked: [], accepted_texts: [] });
  assert.equal(shown.headers.etag, answer.headers.etag);
  const detailOf = async (unknown: string) => {
    const { status, body } = await api.request('GET', `/users/${unknown}`);
    return [status, body.detail.includes('/users/search')];
  };
  assert.deepEqual(await detailOf('ada'), [404, true], 'a username is no id');
  assert.deepEqual(await detailOf('019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e'), [404, false]);
  const [entry] = await auditOf(id);
  assert.deepEqual(entry?.changes, {
    ...Object.fromEntries(['id', ...Object.keys(profile)].map((name) => [name, {}])),
    email_verified: { after: true },
    phone_number_verified: { after: true },
    has_password: { after: false },
    second_factors: { after: [] },
    groups: { after: ['staff'] },
    roles: { after: ['editor'] },
    disabled: { after: false },
  });
});

test('a user is created with a password that the policy accepts; broken rules are named one by one', async () => {
  const password = remember('password', 'Kestrel-Fjord-7-Anvil');
  const body = { email: 'pass@example.com', password };
  assert.equal((await created(body)).has_password, true);
  const refused = await api.request('POST', '/users', { body: { email: 'other@example.com', password: 'qzxw' } });
  assert.equal(refused.status, 400);
  const rules = refused.body.errors.map(({ pointer, rule }: { pointer: string; rule: string }) => [pointer, rule]);
  assert.deepEqual(rules, [
    ['/password', 'too_short'],
    ['/password', 'no_upper'],
    ['/password', 'no_digit'],
    ['/password', 'no_symbol'],
    ...(rules.some(([, rule]: string[]) => rule === 'blocklisted') ? [['/password', 'blocklisted']] : []),
  ]);
  assert.ok(!JSON.stringify(refused.body).includes('qzxw'));
});

test('an identifier that somebody has is refused with its field', async () => {
  await created({ email: 'first@example.com', username: 'first' });
  for (const [body, field] of [
    [{ email: 'FIRST@example.com' }, '/email'],
    [{ email: 'second@example.com', username: 'First' }, '/username'],
  ] as const) {
    const refused = await api.request('POST', '/users', { body });
    assert.deepEqual(
      [refused.status, codeOf(refused), refused.body.errors[0].pointer],
      [409, 'identifier_taken', field],
    );
  }
});

test('a group or role that does not exist is refused with its place', async () => {
  const body = { email: 'lost@example.com', groups: ['staff', 'unknown'] };
  const refused = await api.request('POST', '/users', { body });
  assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/groups/1']);
  const { id } = await created({ email: 'named@example.com' });
  for (const [path, set, pointer] of [
    ['groups', { groups: ['x'] }, '/groups/0'],
    ['roles', { roles: ['editor', 'x'] }, '/roles/1'],
  ] as const) {
    const one = await api.request('PUT', `/users/${id}/${path}`, { headers: anyVersion, body: set });
    assert.deepEqual([one.status, one.body.errors[0].pointer], [400, pointer]);
  }
});

test('a patch replaces and removes members (RFC 7396), of an address one by one', async () => {
  const { id } = await created({
    email: 'patch@example.com',
    name: 'Before',
    nickname: 'Nick',
    address: { locality: 'Paris', country: 'FR' },
  });
  const body = { name: 'After', nickname: null, address: { locality: null, region: 'IDF' }, groups: ['guests'] };
  const { etag } = (await api.request('GET', `/users/${id}`)).headers;
  const changed = await api.request('PATCH', `/users/${id}`, { headers: { 'if-match': String(etag) }, body });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal(changed.body.name, 'After');
  assert.equal('nickname' in changed.body, false);
  assert.deepEqual(changed.body.address, { country: 'FR', region: 'IDF' });
  assert.deepEqual(changed.body.groups, ['guests']);
  const again = await api.request('GET', `/users/${id}`);
  assert.deepEqual(
    [again.body, again.headers.etag],
    [{ ...changed.body, locked: [], accepted_texts: [] }, changed.headers.etag],
  );
  const [, entry] = await auditOf(id);
  assert.deepEqual(entry?.changes, {
    name: {},
    nickname: {},
    address: {},
    groups: { before: [], after: ['guests'] },
  });
  const gone = await api.request('PATCH', `/users/${id}`, { headers: anyVersion, body: { address: null } });
  assert.equal('address' in gone.body, false);
});

test('a change needs If-Match, and a stale one is refused', async () => {
  const { id } = await created({ email: 'match@example.com' });
  const path = `/users/${id}`;
  for (const [method, sub, body] of [
    ['PATCH', '', { name: 'x' }],
    ['DELETE', '', undefined],
    ['PUT', '/groups', { groups: [] }],
    ['PUT', '/roles', { roles: [] }],
    ['DELETE', '/factors', undefined],
  ] as const) {
    const input = body ? { body } : {};
    assert.equal((await api.request(method, path + sub, input)).status, 428, `${method} ${sub}`);
    const stale = await api.request(method, path + sub, { ...input, headers: { 'if-match': '"7"' } });
    assert.equal(stale.status, 412, `${method} ${sub}`);
  }
  assert.equal((await api.request('GET', path)).body.version, 1);
});

test('an action takes If-Match where it is sent, and answers with the new ETag', async () => {
  const { id } = await created({ email: 'action@example.com' });
  const path = `/users/${id}`;
  const password = remember('password', 'Kestrel-Fjord-7-Anvil');
  for (const [action, body] of [['disable'], ['enable'], ['unlock'], ['password', { password }]] as const) {
    const input = body ? { body } : {};
    const before = await api.request('GET', path);
    const send = (etag: string) =>
      api.request('POST', `${path}/${action}`, { ...input, headers: { 'if-match': etag } });
    assert.equal((await send('"99"')).status, 412, action);
    assert.equal((await api.request('GET', path)).headers.etag, before.headers.etag, action);
    const done = await send(String(before.headers.etag));
    assert.equal(done.status, 200, action);
    assert.equal(done.headers.etag, (await api.request('GET', path)).headers.etag, action);
  }
  // What has no ETag is as no caller can have read it (RFC 9110 §13.1.1).
  const ended = (etag: string) => api.request('DELETE', `${path}/sessions`, { headers: { 'if-match': etag } });
  assert.equal((await ended('"1"')).status, 412);
  assert.equal((await ended('*')).status, 200);
});

for (const [what, path, bodyOf] of [
  ['of a profile', '', (i: number) => ({ name: `Name ${i}` })],
  ['of groups', '/groups', (i: number) => ({ groups: [i % 2 ? 'visitors' : 'guests'] })],
] as const) {
  test(`of 100 parallel changes ${what} with one ETag one wins`, async () => {
    const { id } = await created({ email: `race${path.replace('/', '-')}@example.com` });
    const { etag } = (await api.request('GET', `/users/${id}`)).headers;
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 ? api : second).request(path === '' ? 'PATCH' : 'PUT', `/users/${id}${path}`, {
          headers: { 'if-match': String(etag) },
          body: bodyOf(i),
        }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 412).length, 99);
    assert.equal((await api.request('GET', `/users/${id}`)).body.version, 2);
  });
}

test('a new e-mail address is not verified, is told at both addresses, and gets a link; links to the old one end', async () => {
  const { id } = await created({ email: 'old@example.com', email_verified: true });
  const { accounts, links } = await api.services.accountStores();
  const account = await accounts.resolve(id);
  const { token, bound } = links.create('verify_email', { account, payload: { email: 'old@example.com' } });
  await app.db.transact([bound]);
  const changed = await api.request('PATCH', `/users/${id}`, {
    headers: anyVersion,
    body: { email: 'new@example.com' },
  });
  assert.deepEqual([changed.body.email, changed.body.email_verified], ['new@example.com', false]);
  assert.equal(await links.peek('verify_email', remember('other', token)), undefined);
  assert.deepEqual(await eventsOf(id), ['email_changed']);
  const mails = await mailsOf(id);
  assert.deepEqual(mails.map(({ kind, to }) => [kind, to]).toSorted(), [
    ['email_changed', 'new'],
    ['email_changed', 'old'],
    ['verify_email', undefined],
  ]);
  const [entry] = (await auditOf(id)).slice(-1);
  assert.deepEqual(entry?.changes, { email: {}, email_verified: { before: true, after: false } });
  const known = await api.request('PATCH', `/users/${id}`, {
    headers: anyVersion,
    body: { email: 'third@example.com', email_verified: true },
  });
  assert.equal(known.body.email_verified, true);
  assert.equal(
    (await api.request('POST', '/users/search', { body: { filter: 'email eq "third@example.com"' } })).body.items
      .length,
    1,
  );
});

test('a new username is an event and a mail; the same one is neither', async () => {
  const { id } = await created({ email: 'name@example.com', username: 'before' });
  for (const username of ['before', 'after']) {
    await api.request('PATCH', `/users/${id}`, { headers: anyVersion, body: { username } });
  }
  assert.deepEqual(await eventsOf(id), ['username_changed']);
  assert.deepEqual(
    (await mailsOf(id)).map(({ kind }) => kind),
    ['username_changed'],
  );
});

test('an address that an operator verifies is an event', async () => {
  const { id } = await created({ email: 'verify@example.com' });
  const { body } = await api.request('PATCH', `/users/${id}`, { headers: anyVersion, body: { email_verified: true } });
  assert.equal(body.email_verified, true);
  assert.deepEqual(await eventsOf(id), ['email_verified']);
});

test('an invitation creates a user and mails a link; repeated it mails another, and of a user in use none', async () => {
  const body = { email: 'invited@example.com', name: 'Invited', groups: ['guests'] };
  const first = await api.request('POST', '/users/invite', { body });
  const { id } = first.body;
  assert.deepEqual([first.status, first.body], [200, { id, email: body.email, invited: true }]);
  assert.deepEqual((await api.request('GET', `/users/${id}`)).body.groups, ['guests']);
  assert.deepEqual((await api.request('POST', '/users/invite', { body })).body.id, id);
  assert.deepEqual(
    (await mailsOf(id)).map(({ kind }) => kind),
    ['invitation', 'invitation'],
  );
  await api.request('PATCH', `/users/${id}`, { headers: anyVersion, body: { email_verified: true } });
  const refused = await api.request('POST', '/users/invite', { body });
  assert.deepEqual([refused.status, codeOf(refused)], [409, 'identifier_taken']);
});

test('an invitation is refused in production without a mail server', async () => {
  const production = await adminApi(scope, { ...app, issuer: 'https://id.example.com' });
  const refused = await production.request('POST', '/users/invite', { body: { email: 'never@example.com' } });
  assert.deepEqual([refused.status, codeOf(refused)], [409, 'mail_not_configured']);
});

test('a disabled user has no sessions and is shown as disabled; enabled again', async () => {
  const { id } = await created({ email: 'off@example.com' });
  await records.session(id);
  const off = await api.request('POST', `/users/${id}/disable`);
  assert.deepEqual([off.status, off.body.disabled, off.body.version], [200, true, 2]);
  assert.deepEqual((await api.request('GET', `/users/${id}/sessions`)).body.items, []);
  const on = await api.request('POST', `/users/${id}/enable`);
  assert.deepEqual([on.body.disabled, on.body.version], [false, 3]);
  const entries = (await auditOf(id)).slice(1).map(({ action, changes }) => [action, changes]);
  assert.deepEqual(entries, [
    ['users.disable', { disabled: { before: false, after: true }, sessions_ended: { after: 1 } }],
    ['users.enable', { disabled: { before: true, after: false } }],
  ]);
});

test('an erased user is gone with sessions, tokens and events, and apps are told; a dry run erases nothing', async () => {
  const party = await app.seed.party({
    metadata: { backchannel_logout_uri: 'https://rp.example.com/logout', backchannel_logout_session_required: true },
  });
  const { id } = await created({ email: 'gone@example.com', username: 'gone' });
  const authorizations = { [party.id]: { sid: 'sid-1', grantId: await records.grant(id, party.id) } };
  await records.session(id, { payload: { authorizations } });
  await api.request('PATCH', `/users/${id}`, { headers: anyVersion, body: { username: 'going' } });
  const tried = await api.request('POST', `/users/${id}/erase?dryRun=true`, { headers: anyVersion });
  assert.deepEqual([tried.status, tried.body], [200, { id, sessions_ended: 1 }]);
  assert.equal((await api.request('GET', `/users/${id}`)).status, 200);
  const deleted = await api.request('POST', `/users/${id}/erase`, { headers: anyVersion });
  assert.deepEqual([deleted.status, deleted.body], [200, { id, sessions_ended: 1 }]);
  assert.equal((await api.request('GET', `/users/${id}`)).status, 404);
  for (const table of ['sessions', 'grants', 'security_events', 'account_identifiers', 'password_history', 'devices']) {
    assert.deepEqual(await rowsOf(`SELECT 1 FROM ${table} WHERE account_id = $1`, [id]), [], table);
  }
  assert.deepEqual(await rowsOf('SELECT sid FROM deliveries WHERE account_id = $1', [id]), [{ sid: 'sid-1' }]);
  assert.equal((await auditOf(id)).at(-1)?.action, 'users.erase');
  await created({ email: 'gone@example.com', username: 'going' });
});

test('users are listed by filter, search, order, fields and total; personal data is searched by POST', async () => {
  const { id } = await created({ email: 'grace@navy.example', username: 'grace', name: 'Grace Hopper' });
  const items = async (body: object) => (await api.request('POST', '/users/search', { body })).body.items;
  for (const body of [
    { filter: 'email eq "GRACE@navy.example"' },
    { filter: 'username sw "gra" and disabled eq false' },
    { search: 'grace h' },
    { search: 'grace@na' },
  ]) {
    const found = await items(body);
    assert.deepEqual(
      found.map((one: { id: string }) => one.id),
      [id],
      JSON.stringify(body),
    );
  }
  const picked = await items({ search: 'grace h', fields: 'id,name' });
  assert.deepEqual(picked, [{ id, name: 'Grace Hopper' }]);
  const members = await api.request(
    'GET',
    `/users?filter=${encodeURIComponent('groups eq "staff"')}&total=true&fields=email`,
  );
  assert.deepEqual([members.body.items, members.body.total], [[{ email: 'Ada@example.com' }], 1]);
  const page = await api.request('GET', '/users?limit=1&sort=created_at');
  assert.match(String(page.headers.link), /rel="next"/);
  const posted = await api.request('POST', '/users/search', { body: { limit: 1 } });
  assert.equal(typeof posted.body.next, 'string');
  assert.equal(posted.headers.link, undefined, 'a link would be a GET');
  for (const [query, status] of [
    ['filter=password_hash+pr', 400],
    ['sort=email', 400],
    ['fields=password_hash', 400],
    ['limit=1000', 400],
  ] as const) {
    assert.equal((await api.request('GET', `/users?${query}`)).status, status, query);
  }
});

test('a user that does not exist is 404 on every path', async () => {
  for (const id of ['019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f', 'ada@example.com', '%00', "' OR 1=1"]) {
    for (const [method, sub, body] of [
      ['GET', '', undefined],
      ['DELETE', '', undefined],
      ['PATCH', '', { name: 'x' }],
      ['POST', '/disable', undefined],
      ['GET', '/sessions', undefined],
      ['GET', '/grants', undefined],
      ['GET', '/events', undefined],
      ['GET', '/factors', undefined],
    ] as const) {
      const path = `/users/${encodeURIComponent(id)}${sub}`;
      const answer = await api.request(method, path, { headers: anyVersion, ...(body ? { body } : {}) });
      assert.equal(answer.status, 404, `${method} ${path}`);
    }
  }
});
