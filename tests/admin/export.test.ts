import assert from 'node:assert/strict';
import { json } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { READ_IN_FULL } from '../../server/operations/full_reads.ts';
import { userExport } from '../../server/operations/user_export.ts';
import { BCRYPT } from '../accounts/exported_users.ts';
import { deleteAccounts } from '../helpers/account_changes.ts';
import { entryReader } from '../helpers/audit.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor } from '../helpers/operations.ts';
import { exchanged, jsonLines, openStream, servedApi } from '../helpers/streams.ts';
import { until } from '../helpers/waiting.ts';

const scope = { after };
const app = await operatedDatabase(scope);
const { db, seed } = app;
const api = await servedApi(scope, app);
const EXPORT = `${api.url}/users/export`;

const FIRST = {
  sub: 'auth0|1',
  email: 'ada@example.com',
  email_verified: true,
  username: 'ada',
  name: 'Ada Lovelace',
  phone_number: '+44 20 7946 0000',
  phone_number_verified: false,
  address: { locality: 'London' },
  groups: ['staff'],
  roles: ['reader'],
};
const SECOND = {
  sub: '3c1b4a0e-0000-4000-8000-000000000001',
  email: 'bob@example.com',
  email_verified: false,
  disabled: true,
};
const SECRETS = { password_hash: BCRYPT, password_set_at: '2025-01-31T12:00:00.000Z', totp_secret: 'GEZDGNBVGY3TQOJQ' };
await exchanged(`${api.url}/users/import`, jsonLines({ ...FIRST, ...SECRETS }));
await exchanged(`${api.url}/users/import`, jsonLines(SECOND));

const allEntries = entryReader<{
  readonly action: string;
  readonly outcome: string;
  readonly target_kind: string;
  readonly reason: string;
  readonly changes: object;
}>({ db }, 'action, outcome, target_kind, reason, changes');
const entries = async () => (await allEntries()).filter(({ action }) => action !== READ_IN_FULL);
await entries();

interface Exported {
  readonly status: number | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into them and asserts what it finds
  readonly lines: any[];
}

async function exported(query = '', url = EXPORT): Promise<Exported> {
  const stream = openStream(url + query, { method: 'GET' });
  stream.end();
  const { statusCode: status } = await stream.answer();
  return { status, lines: status === 200 ? await stream.rest() : [] };
}

describe('an export by the API', () => {
  test('has all people as an import takes them, without their credentials, and one entry in the audit besides that of people read in full', async () => {
    assert.deepEqual(await exported(), { status: 200, lines: [FIRST, SECOND] });
    assert.deepEqual(await entries(), [
      {
        action: 'users.export',
        outcome: 'done',
        target_kind: 'export',
        reason: null,
        changes: { credentials: { after: false } },
      },
    ]);
  });

  test('has the members that are asked for, of the people who match', async () => {
    const { lines } = await exported('?fields=email,groups&filter=disabled%20eq%20false');
    assert.deepEqual(lines, [{ email: FIRST.email, groups: FIRST.groups }]);
    const [entry] = await entries();
    assert.deepEqual(entry?.changes, {
      filter: {},
      fields: { after: ['email', 'groups'] },
      credentials: { after: false },
    });
    assert.deepEqual(await exported('?filter=email%20eq%20%22nobody@example.com%22'), { status: 200, lines: [] });
    await entries();
  });

  test('is refused before its first line, and the audit says so', async (t) => {
    const nobody = await servedApi(t, app, { as: { permissions: new Set(['users:write', 'credentials:read']) } });
    const cases = [
      [400, '?fields=email,shoe_size'],
      [400, '?fields=password_hash'],
      [400, '?filter=shoe_size%20eq%201'],
      [400, '?filter=('],
      [400, '?dryRun=true'],
      [403, '?include=credentials'],
      [403, '', `${nobody.url}/users/export`],
    ] as const;
    for (const [status, query, url] of cases) assert.equal((await exported(query, url)).status, status, query);
    const outcomes = (await entries()).map(({ outcome, reason }) => `${outcome} ${reason}`);
    assert.equal(outcomes.length, cases.length);
    assert.deepEqual(outcomes.slice(-2), ['denied beyond_own_permissions', 'denied insufficient_scope']);
  });

  test('names the parameter that is not allowed', async () => {
    const stream = openStream(`${EXPORT}?filter=(`, { method: 'GET' });
    stream.end();
    const { errors } = (await json(await stream.answer())) as { errors: { parameter?: string }[] };
    await entries();
    assert.deepEqual(
      errors.map(({ parameter }) => parameter),
      ['filter'],
    );
  });

  test('has everybody once who exists throughout, and nobody who came later, in pages as they are read', async () => {
    const people = Array.from({ length: 450 }, (_, i) => ({ email: `p${i}@example.com` }));
    await exchanged(`${api.url}/users/import?results=all`, jsonLines(...people));
    const call = { actor: actor(), requestId: 'r' };
    const input = { query: { fields: 'email' }, lines: (async function* () {})() };
    const running = await api.runner.stream(userExport.export, input, call);
    const seen: string[] = [];
    let pages = 0;
    for (let lines = await running.next(); lines; lines = await running.next()) {
      seen.push(...lines.map(({ email = '' }) => email));
      pages += 1;
      const gone = await seed.accounts.resolve(`p${449 - pages}@example.com`);
      await deleteAccounts(db, gone.id);
      await seed.accounts.create({ email: `new${pages}@example.com` });
    }
    assert.equal(pages, 3);
    assert.equal(new Set(seen).size, seen.length);
    const stay = people.slice(0, 446).map(({ email }) => email);
    assert.ok(stay.every((email) => seen.includes(email)));
    assert.ok(!seen.some((email) => email.startsWith('new')));
  });

  test('breaks the connection when it cannot be completed: a part of it does not look like the whole', async () => {
    // No operation makes a row that cannot be read.
    await db.run(
      {
        text: `UPDATE accounts SET sealed_profile = '\\x00' WHERE id = (SELECT id FROM accounts ORDER BY created_at DESC LIMIT 1)`,
      },
      [],
    );
    const stream = openStream(EXPORT, { method: 'GET' });
    stream.end();
    assert.equal((await stream.answer()).statusCode, 200);
    await assert.rejects(stream.rest());
    await until('it is logged', () => api.logged.length === 1);
  });
});
