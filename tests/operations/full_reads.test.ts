import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { READ_IN_FULL } from '../../server/operations/full_reads.ts';
import { PERMISSIONS, SEE_IN_FULL } from '../../server/operations/permissions.ts';
import { runCli } from '../cli/run_cli.ts';
import { adminApi } from '../helpers/admin.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { environmentOf } from '../helpers/operations.ts';
import { createRecordSeeder } from '../helpers/records.ts';

/** Who sees personal data in full, and what the audit says of it. */
const scope = { after };
const app = await operatedDatabase(scope);
const full = await adminApi(scope, app);
const without = new Set(PERMISSIONS.filter((one) => one !== SEE_IN_FULL));
const masked = await adminApi(scope, app, { permissions: without });

const EMAIL = 'wilhelmina.quist@example.com';
const USERNAME = 'w.quist';
const NAME = 'Wilhelmina Quist';
const PHONE = '+44 20 7946 0958';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const PROFILE = { name: NAME, given_name: 'Wilhelmina', family_name: 'Quist', phone_number: PHONE };
const body = { email: EMAIL, username: USERNAME, ...PROFILE, address: { locality: 'Kopervik', country: 'NO' } };
const created = await masked.request('POST', '/users', { body });
const id = String(created.body.id);
const { accounts, events, sessionDetails } = await full.services.accountStores();
const account = await accounts.resolve(id);
const uid = await createRecordSeeder(app).session(id);
await app.db.transact([
  sessionDetails.touch(uid, account, { userAgent: BROWSER, address: '198.51.100.23' }),
  events.append(account, 'signed_in', { browser: 'Firefox', address: '198.51.100.23' }),
]);
const factors = await createFactorSeeder(app);
await factors.passkey(id, softPasskey());

/** Nothing that a caller without the permission may get. */
const SECRET = [EMAIL, USERNAME, NAME, 'Wilhelmina', 'Quist', PHONE, 'Kopervik', 'Firefox', '198.51.100.23'];

interface Entry {
  readonly target_kind: string;
  readonly target_id: string;
  readonly changes: Readonly<Record<string, { after: unknown }>>;
}

/** The entries of reads in full while something runs. */
async function readsDuring<T>(work: () => Promise<T>): Promise<{ result: T; reads: Entry[]; text: string }> {
  const text = 'SELECT * FROM audit ORDER BY at, id';
  const before = (await app.db.run({ text }, [])).length;
  const result = await work();
  const rows = (await app.db.run<Entry & { action: string }>({ text }, [])).slice(before);
  return { result, reads: rows.filter(({ action }) => action === READ_IN_FULL), text: JSON.stringify(rows) };
}

const ROUTES = {
  'GET /users': ['GET', '/users'],
  'GET /users/{id}': ['GET', `/users/${id}`],
  'GET /users/{id}/sessions': ['GET', `/users/${id}/sessions`],
  'GET /users/{id}/events': ['GET', `/users/${id}/events`],
  'GET /users/{id}/factors': ['GET', `/users/${id}/factors`],
  'GET /sessions/{uid}': ['GET', `/sessions/${uid}`],
  'POST /users/{id}/unlock': ['POST', `/users/${id}/unlock`],
  'POST /users/{id}/enable': ['POST', `/users/${id}/enable`],
} as const;

for (const [name, [method, path]] of Object.entries(ROUTES)) {
  test(`${name} is masked without users:read:pii, and with it in full and in the audit`, async () => {
    const hidden = await readsDuring(() => masked.request(method, path));
    assert.equal(hidden.result.status, 200, JSON.stringify(hidden.result.body));
    assert.deepEqual(hidden.reads, []);
    const shown = JSON.stringify(hidden.result.body);
    assert.deepEqual(
      SECRET.filter((one) => shown.includes(one)),
      [],
    );
    assert.match(shown, /•••/);

    const seen = await readsDuring(() => full.request(method, path));
    assert.equal(seen.result.status, 200);
    assert.doesNotMatch(JSON.stringify(seen.result.body), /•••/);
    assert.equal(seen.reads.length, 1);
    const [{ target_kind, target_id, changes } = assert.fail()] = seen.reads;
    assert.ok(Array.isArray(changes.fields?.after) && changes.fields.after.length > 0);
    assert.deepEqual([target_kind, target_id], ['user', path === '/users' ? '' : id]);
    assert.deepEqual(
      SECRET.filter((one) => seen.text.includes(one)),
      [],
      'the entry has names of fields alone',
    );
  });
}

test('the forms of masked members', async () => {
  const { body: user } = await masked.request('GET', `/users/${id}`);
  assert.equal(user.email, 'w•••@e•••.com');
  assert.equal(user.username, 'w•••');
  assert.equal(user.name, 'W••• Q•••');
  assert.equal(user.phone_number, '•••58');
  assert.deepEqual(user.address, { locality: '•••', country: '•••' });
  assert.equal(created.body.email, user.email, 'also in the answer to a change');
  const { body: session } = await masked.request('GET', `/sessions/${uid}`);
  assert.deepEqual([session.browser, session.network], ['•••', '198.51.•••']);
});

test('the entry of a list has the number of people and the names of what it was asked by', async () => {
  const filter = `email eq "${EMAIL}" and (name sw "W" or not (disabled eq true))`;
  const search = { filter, search: 'will', fields: 'id,email' };
  const { reads } = await readsDuring(() =>
    full.request('POST', '/users/search', { body: { ...search, search: 'wil' } }),
  );
  assert.deepEqual(
    reads.map(({ changes }) => Object.fromEntries(Object.entries(changes).map(([name, { after }]) => [name, after]))),
    [
      {
        operation: 'users.search',
        fields: ['email'],
        count: 1,
        filter_fields: ['email', 'name', 'disabled', 'search'],
      },
    ],
  );
});

test('a list of addresses alone is a read in full', async () => {
  const { result, reads } = await readsDuring(() => full.request('GET', '/users?fields=id,address'));
  assert.match(JSON.stringify(result.body), /Kopervik/);
  assert.deepEqual(
    reads.map(({ changes }) => changes.fields?.after),
    [['locality', 'country']],
  );
});

test('who is found by the beginning of a name is read in full, although the answer has the id alone', async () => {
  for (const asked of [{ filter: 'given_name sw "Wil"' }, { search: 'wil' }]) {
    const body = { ...asked, fields: 'id' };
    const { result, reads } = await readsDuring(() => full.request('POST', '/users/search', { body }));
    assert.deepEqual(result.body.items, [{ id }]);
    assert.deepEqual(
      reads.map(({ changes }) => changes.filter_fields?.after),
      [['filter' in asked ? 'given_name' : 'search']],
    );
  }
});

test('what shows nothing of a person is no read in full', async () => {
  for (const query of ['fields=id,disabled', 'filter=email%20eq%20%22nobody@example.com%22']) {
    const { reads } = await readsDuring(() => full.request('GET', `/users?${query}`));
    assert.deepEqual(reads, [], query);
  }
});

test('a read in full fails when its entry cannot be written', async (t) => {
  await app.db.run(
    { text: `ALTER TABLE audit ADD CONSTRAINT refused CHECK (action <> '${READ_IN_FULL}') NOT VALID` },
    [],
  );
  t.after(() => app.db.run({ text: 'ALTER TABLE audit DROP CONSTRAINT refused' }, []));
  const refused = await full.request('GET', `/users/${id}`);
  assert.equal(refused.status, 500);
  assert.ok(!JSON.stringify(refused.body).includes(EMAIL));
  assert.equal((await full.request('POST', `/users/${id}/enable`)).status, 500, 'as a change does, which is undone');
  assert.equal((await masked.request('GET', `/users/${id}`)).status, 200);
});

test('what a dry run shows is in the audit, although it changes nothing', async () => {
  const headers = { 'if-match': '*', prefer: 'handling=dry-run' };
  const patch = { headers, body: { nickname: 'Mina' } };
  const { result, reads } = await readsDuring(() => full.request('PATCH', `/users/${id}`, patch));
  assert.deepEqual([result.status, result.body.email, result.body.nickname], [200, EMAIL, 'Mina']);
  assert.deepEqual(
    reads.map(({ target_id }) => target_id),
    [id],
  );
  assert.equal((await accounts.resolve(id)).nickname, undefined);
});

test('who sees masked values changes others by the ETag, and never overwrites one with its masked form', async () => {
  const read = await masked.request('GET', `/users/${id}`);
  const headers = { 'if-match': String(read.headers.etag) };
  const { email, username, name, address } = read.body;
  for (const [patch, pointer] of [
    [{ email }, '/email'],
    [{ username }, '/username'],
    [{ name, nickname: 'Mina' }, '/name'],
    [{ address }, '/address/locality'],
  ] as const) {
    const refused = await masked.request('PATCH', `/users/${id}`, { headers, body: patch });
    assert.equal(refused.status, 400, pointer);
    assert.equal(String(refused.body.type).split('/').at(-1), 'invalid_input');
    assert.equal(refused.body.errors[0].pointer, pointer);
  }
  const changed = await masked.request('PATCH', `/users/${id}`, { headers, body: { nickname: 'Mina' } });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  const after_ = await accounts.resolve(id);
  assert.deepEqual([after_.email, after_.name, after_.nickname], [EMAIL, NAME, 'Mina']);
  assert.equal((await masked.request('GET', `/users/${id}`, { headers })).headers.etag, changed.headers.etag);
});

test('without users:read:pii people are found by whole values, and nothing tells one letter after the other', async () => {
  const found = async (body: object) => {
    const answer = await masked.request('POST', '/users/search', { body });
    return answer.status === 200 ? answer.body.items.length : `${answer.status} ${answer.body.errors?.[0]?.pointer}`;
  };
  for (const body of [
    { filter: `email eq "${EMAIL}"` },
    { filter: `username eq "${USERNAME}"` },
    { filter: `name eq "${NAME.toUpperCase()}"` },
    { search: EMAIL },
    { search: USERNAME },
    { search: NAME },
  ])
    assert.equal(await found(body), 1, JSON.stringify(body));
  for (const search of [EMAIL.slice(0, -1), 'w', 'wilhelmina', 'Wilhelmina Q', 'quist'])
    assert.equal(await found({ search }), 0, search);
  for (const filter of [
    'email sw "w"',
    'not (username sw "w")',
    'disabled eq false and name sw "Wil"',
    'given_name eq "Wilhelmina"',
    'family_name sw "Q"',
  ])
    assert.equal(await found({ filter }), '400 /filter', filter);
  const { body: refusal } = await masked.request('POST', '/users/search', { body: { filter: 'email sw "w"' } });
  assert.match(refusal.detail, /users:read:pii/);
  assert.equal((await full.request('POST', '/users/search', { body: { search: 'wilhelmi' } })).body.items.length, 1);
  assert.equal((await masked.request('POST', '/users/search', { body: { filter: 'id sw "w"' } })).status, 400);
});

test('a cursor of one who sees all is none for one who does not', async () => {
  await app.seed.person();
  const { body: page } = await full.request('GET', '/users?limit=1');
  assert.equal((await masked.request('GET', `/users?limit=1&cursor=${page.next}`)).status, 400);
});

test('an export needs users:read:pii, since people are imported from it', async () => {
  const { result, text } = await readsDuring(() => masked.request('GET', '/users/export'));
  assert.equal(result.status, 403);
  assert.equal(String(result.body.type).split('/').at(-1), 'insufficient_scope');
  assert.match(result.body.detail, /users:read:pii/);
  assert.match(text, /users\.export.*denied/);
  const { result: lines, reads } = await readsDuring(() => full.request('GET', '/users/export?fields=email'));
  assert.ok(lines.body.some((one: { email: string }) => one.email === EMAIL));
  assert.deepEqual(
    reads.map(({ changes }) => changes.fields?.after),
    [['email']],
  );
});

test('an export of the audit has addresses and devices masked without users:read:pii', async () => {
  const headers = { 'user-agent': BROWSER };
  await full.request('POST', '/groups', { headers, body: { name: 'exported' } });
  const exported = async (api: typeof full) => {
    const { status, body: lines } = await api.request('GET', '/audit/export');
    assert.equal(status, 200);
    return lines.find(({ action }: { action: string }) => action === 'groups.create');
  };
  const [shown, hidden] = [await exported(full), await exported(masked)];
  assert.deepEqual([shown.address, shown.device], ['127.0.0.1', BROWSER]);
  assert.deepEqual([hidden.address, hidden.device], ['127.0.•••', '•••']);
  const { address: _, device: __, ...rest } = shown;
  const { address: ___, device: ____, ...others } = hidden;
  assert.deepEqual(others, rest);
});

test('a result that is repeated is masked when the permission is gone meanwhile', async () => {
  const headers = { 'idempotency-key': 'once' };
  const body = { email: 'matilda.brand@example.com' };
  const first = await full.request('POST', '/users', { headers, body });
  const again = await readsDuring(() => full.request('POST', '/users', { headers, body }));
  const later = await readsDuring(() => masked.request('POST', '/users', { headers, body }));
  assert.deepEqual(
    [first, again.result, later.result].map((one) => [one.status, one.body.id, one.body.email]),
    [
      [201, first.body.id, body.email],
      [201, first.body.id, body.email],
      [201, first.body.id, 'm•••@e•••.com'],
    ],
  );
  assert.deepEqual([again.reads.length, later.reads.length], [1, 0]);
});

test('cardea shows people masked, and in full with --full, which the audit keeps', async () => {
  const cli = (...args: string[]) => readsDuring(() => runCli(args, { env: environmentOf(app) }));
  const list = await cli('users', 'list', '--filter', `email sw "${EMAIL.slice(0, 9)}"`);
  assert.ok(list.result.stdout.includes('w•••@e•••.com'), list.result.stderr);
  const json = await cli('users', 'list', '--json');
  assert.ok(!json.result.stdout.includes(EMAIL));
  const show = await cli('users', 'show', EMAIL);
  assert.deepEqual(
    SECRET.filter((one) => show.result.stdout.includes(one)),
    [],
  );
  assert.deepEqual(
    [list, json, show].map(({ reads }) => reads.length),
    [0, 0, 0],
  );
  const shown = await cli('users', 'show', EMAIL, '--full');
  assert.ok([EMAIL, NAME, PHONE].every((one) => shown.result.stdout.includes(one)));
  assert.deepEqual(
    shown.reads.map(({ target_id }) => target_id),
    [id],
  );
});
