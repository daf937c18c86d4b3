import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { createAccounts } from '../../server/accounts/store.ts';
import { createClients } from '../../server/clients/store.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { endRecordsOfClient } from '../../server/records/ended.ts';
import { createRecordLists, GRANT_LIST, SESSION_LIST } from '../../server/records/listings.ts';
import { explain } from '../helpers/explain.ts';
import { database } from '../helpers/postgres.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';

const START = Date.UTC(2026, 0, 1);
const { db } = await database({ after });
const clock = { ms: START };
const now = () => clock.ms;
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
const accounts = createAccounts({ db, sealer, indexKey: randomBytes(32), searchKey: randomBytes(32), now });
const clients = createClients({ db, now, endRecordsOf: endRecordsOfClient });
const seed = createRecordSeeder({ db, masterKey }, now);
const lists = createRecordLists({ db, sealer, now, lifetimes: { sessionAbsolute: 86_400 } });

const metadata = { redirect_uris: ['https://app.example/cb'], token_endpoint_auth_method: 'none' };
for (const id of ['shop', 'bank']) await clients.create({ id, name: id, metadata });
const people: string[] = [];
const sessions: string[] = [];
const grants: string[] = [];
for (let i = 0; i < 6; i += 1) {
  clock.ms += 60_000;
  const { id } = await accounts.create({ email: `person${i}@example.com` });
  people.push(id);
  const clientId = i % 3 === 0 ? 'bank' : 'shop';
  const grantId = await seed.grant(id, clientId, {
    payload: { openid: { scope: 'openid email' }, resources: { 'https://api.example': 'read' } },
  });
  grants.push(grantId);
  sessions.push(
    await seed.session(id, { payload: { amr: ['pwd'], authorizations: { [clientId]: { sid: `s${i}`, grantId } } } }),
  );
}
const ENDED = clock.ms + 3_600_000;

const uids = async (filter?: string) =>
  (await lists.sessions({ filter, sort: 'created_at' })).items.map(({ uid }) => uid);
const grantIds = async (filter?: string) =>
  (await lists.grants({ filter, sort: 'created_at' })).items.map(({ id }) => id);

describe('sessions of all people', () => {
  test('are listed with what is sealed in them, the latest first, by pages', async () => {
    const first = await lists.sessions({ limit: 4, total: true });
    const second = await lists.sessions({ limit: 4, cursor: first.next });
    assert.equal(first.total, 6);
    const listed = [...first.items, ...second.items];
    assert.deepEqual(
      listed.map(({ uid }) => uid),
      sessions.toReversed(),
    );
    const at = new Date(START + 60_000);
    assert.deepEqual(listed.at(-1), {
      uid: sessions[0],
      accountId: people[0],
      authTime: at,
      amr: ['pwd'],
      clientIds: ['bank'],
      createdAt: at,
      expiresAt: new Date(at.getTime() + 3_600_000),
      endsAt: new Date(at.getTime() + 86_400_000),
    });
    assert.deepEqual(await lists.findSession(sessions[0] ?? ''), listed.at(-1));
    for (const uid of ['nobody', '\u0000', '\ud800']) assert.equal(await lists.findSession(uid), undefined);
  });

  test('are filtered by account, client and time', async () => {
    assert.deepEqual(await uids(`user_id eq "${people[2]}"`), [sessions[2]]);
    assert.deepEqual(await uids('clients eq "bank"'), [sessions[0], sessions[3]]);
    assert.deepEqual(
      await uids('clients ne "bank"'),
      [1, 2, 4, 5].map((i) => sessions[i]),
    );
    const since = new Date(START + 5 * 60_000).toISOString();
    assert.deepEqual(await uids(`created_at ge "${since}"`), sessions.slice(4));
    await assert.rejects(uids('user_id eq "ada"'), { code: 'invalid_input', field: 'filter' });
    await assert.rejects(uids('sealed pr'), { code: 'invalid_input', field: 'filter' });
  });

  test('are not those that nobody has signed in to, or that have expired', async () => {
    const anonymous = await seed.session(people[0] ?? '');
    // The provider saves one before anybody signs in.
    await db.run({ text: 'UPDATE sessions SET account_id = NULL WHERE uid = $1' }, [anonymous]);
    assert.equal((await uids()).includes(anonymous), false);
    clock.ms = ENDED;
    assert.deepEqual(await uids(), []);
    assert.equal(await lists.findSession(sessions[5] ?? ''), undefined);
    clock.ms = START + 6 * 60_000;
    assert.equal((await uids()).length, 6);
  });
});

describe('grants of all people', () => {
  test('are listed with what was allowed, and filtered by account, client and time', async () => {
    assert.deepEqual(await grantIds(), grants);
    assert.deepEqual(await grantIds(`user_id eq "${people[1]}"`), [grants[1]]);
    assert.deepEqual(await grantIds('client_id eq "bank"'), [grants[0], grants[3]]);
    const since = new Date(START + 5 * 60_000).toISOString();
    assert.deepEqual(await grantIds(`created_at ge "${since}" and client_id eq "shop"`), grants.slice(4));
    const at = new Date(START + 60_000);
    assert.deepEqual(await lists.findGrant(grants[0] ?? ''), {
      id: grants[0],
      accountId: people[0],
      clientId: 'bank',
      scopes: ['openid', 'email'],
      resources: { 'https://api.example': ['read'] },
      createdAt: at,
      expiresAt: new Date(at.getTime() + 3_600_000),
    });
    assert.equal(await lists.findGrant('\u0000'), undefined);
  });
});

test('both lists are read by an index, in their order and by account or client', async () => {
  // One by one these would take minutes.
  await db.run(
    {
      text: `INSERT INTO sessions (uid, id_hash, account_id, sealed, expires_at, created_at)
             SELECT 'u' || i, sha256(i::text::bytea), ($1::uuid[])[1 + i % 6], '', now() + interval '1 day', now()
               FROM generate_series(1, 5000) AS i`,
    },
    [people],
  );
  await db.run(
    {
      text: `INSERT INTO grants (id, account_id, client_id, sealed, expires_at, created_at)
             SELECT 'g' || i, ($1::uuid[])[1 + i % 6], 'shop', '', now() + interval '1 day', now()
               FROM generate_series(1, 5000) AS i`,
    },
    [people],
  );
  await db.run({ text: 'ANALYZE sessions, grants, session_authorizations' }, []);
  const where = { where: () => 's.account_id IS NOT NULL' };
  for (const sort of ['created_at', '-created_at']) {
    for (const [plan, index] of [
      [SESSION_LIST.plan({ sort }, where), 'sessions_created_at'],
      [GRANT_LIST.plan({ sort }), 'grants_created_at'],
    ] as const) {
      const [statement] = plan.statements;
      assert.ok(statement);
      const text = await explain(db, statement);
      assert.match(text, new RegExp(`Index Scan( Backward)? using ${index}\\b`));
      assert.doesNotMatch(text, /Seq Scan|Sort Key: \w*\.?created_at/);
    }
  }
  for (const [plan, index] of [
    [SESSION_LIST.plan({ filter: `user_id eq "${people[0]}"` }, where), /sessions_(account|created_at)/],
    [SESSION_LIST.plan({ filter: 'clients eq "bank"' }, where), /session_authorizations_(client|pkey)/],
    [GRANT_LIST.plan({ filter: `user_id eq "${people[0]}"` }), /grants_(account|created_at)/],
    [GRANT_LIST.plan({ filter: 'client_id eq "bank"' }), /grants_(client|created_at)/],
  ] as const) {
    const [statement] = plan.statements;
    assert.ok(statement);
    const text = await explain(db, statement);
    assert.match(text, index);
    assert.doesNotMatch(text, /Seq Scan/);
  }
});
