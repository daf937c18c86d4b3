import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { createAccounts } from '../../server/accounts/store.ts';
import { RESOURCE_SERVERS_CHANNEL } from '../../server/clients/resource_servers.ts';
import { matchesSecret, newSecret } from '../../server/clients/secrets.ts';
import { CLIENTS_CHANNEL } from '../../server/clients/statements.ts';
import type { Db } from '../../server/platform/db.ts';
import { createSealer, hashToken } from '../../server/platform/sealing.ts';
import { endRecordsOfClient } from '../../server/records/ended.ts';
import { createClients, createResourceServers } from '../helpers/client_stores.ts';
import { database } from '../helpers/postgres.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { defer } from '../helpers/scope.ts';
import { dumpDatabase, formsOf, remember } from '../helpers/secrets.ts';

const START = Date.UTC(2026, 0, 1);
const CALLBACK = 'https://app.example/cb';
const WEB = { name: 'Shop', metadata: { redirect_uris: [CALLBACK] } };
const query = (db: Db, text: string, values: readonly unknown[] = []) => db.run({ name: '', text }, values);

async function setUp(t: TestContext) {
  const statements: string[] = [];
  const { url, db } = await database(t, { onStatement: (text) => statements.push(text) });
  const clock = { ms: START };
  const now = () => clock.ms;
  return {
    url,
    db,
    clock,
    statements,
    clients: createClients({ db, now, endRecordsOf: endRecordsOfClient }),
    servers: createResourceServers({ db, now }),
  };
}

/** Records notifications on the channel from now on. `settled` waits for everything that was committed before. */
async function listen(t: TestContext, db: Db, channel: string) {
  const connection = await db.connect();
  defer(t, () => connection.end());
  const heard: (string | undefined)[] = [];
  connection.on('notification', ({ payload }) => heard.push(payload));
  await connection.query(`LISTEN ${channel}`);
  return {
    async heard() {
      await connection.query('SELECT 1'); // Postgres delivers pending notifications before it answers
      return heard.splice(0);
    },
  };
}

describe('clients', () => {
  test('are found as they were created, in one statement', async (t) => {
    const { clients, statements } = await setUp(t);
    const { client, secret = '' } = await clients.create({ ...WEB, firstParty: true, id: 'shop' });
    remember('client_secret', secret);
    assert.deepEqual(
      { id: client.id, name: client.name, firstParty: client.firstParty, demo: client.demo, at: client.createdAt },
      { id: 'shop', name: 'Shop', firstParty: true, demo: false, at: new Date(START) },
    );
    statements.length = 0;
    assert.deepEqual(await clients.find('shop'), client);
    assert.equal(statements.length, 1);
    for (const id of ['', 'nobody', 'shop\u0000', '../shop', 'a'.repeat(1_000)]) {
      assert.equal(await clients.find(id), undefined);
    }
    assert.equal(
      statements.filter((text) => text.includes('clients')).length,
      2,
      'an impossible id sends no statement',
    );
  });

  test('have a secret of 256 bits that is not in the database', async (t) => {
    const { url, clients } = await setUp(t);
    const { client, secret = '' } = await clients.create(WEB);
    assert.equal(Buffer.from(secret, 'base64url').length, 32);
    assert.deepEqual(client.secretHash, hashToken(secret));
    const dump = await dumpDatabase(url);
    for (const form of formsOf(secret)) assert.equal(dump.includes(form), false);
    const public_ = await clients.create({ ...WEB, metadata: { ...WEB.metadata, token_endpoint_auth_method: 'none' } });
    assert.deepEqual([public_.secret, public_.client.secretHash], [undefined, null]);
  });

  test('are refused with the field, and when the id is taken', async (t) => {
    const { clients } = await setUp(t);
    await clients.create({ ...WEB, id: 'shop' });
    await assert.rejects(clients.create({ ...WEB, id: 'shop' }), { code: 'client_exists', status: 409 });
    for (const [field, input] of [
      ['client_name', { name: ' ' }],
      ['client_name', { name: 'Bank\u202e' }],
      ['client_name', { name: 'a'.repeat(201) }],
      ['client_id', { id: 'a b' }],
      ['client_id', { id: '-rf' }],
      ['redirect_uris', { metadata: { redirect_uris: ['javascript:x'] } }],
    ] as const) {
      await assert.rejects(clients.create({ ...WEB, ...input }), { code: 'invalid_input', field });
    }
  });

  test('are updated field by field, and get or lose their secret with the authentication method', async (t) => {
    const { clients, clock } = await setUp(t);
    const { client: before } = await clients.create(WEB);
    clock.ms += 1_000;
    const renamed = await clients.update(before.id, { name: 'New' });
    assert.deepEqual(renamed.client, { ...before, name: 'New', version: 2, updatedAt: new Date(clock.ms) });
    assert.equal(renamed.secret, undefined);
    const toPublic = { metadata: { token_endpoint_auth_method: 'none', grant_types: undefined } };
    assert.equal((await clients.update(before.id, toPublic)).client.secretHash, null);
    await assert.rejects(clients.rotateSecret(before.id), { code: 'no_secret', status: 409 });
    const back = await clients.update(before.id, { metadata: { token_endpoint_auth_method: 'client_secret_post' } });
    assert.deepEqual(back.client.secretHash, hashToken(back.secret ?? ''));
    await assert.rejects(clients.update(before.id, { metadata: { redirect_uris: [] } }), { field: 'redirect_uris' });
    await assert.rejects(clients.update('nobody', {}), { code: 'not_found' });
  });

  test('do not lose one of two parallel changes', async (t) => {
    const { clients } = await setUp(t);
    const { client } = await clients.create(WEB);
    await Promise.all(Array.from({ length: 9 }, () => clients.list())); // opens the connections, so that no statement waits for one
    const settled = await Promise.allSettled([
      clients.update(client.id, { name: 'One' }),
      clients.update(client.id, { metadata: { scope: 'openid' } }),
      clients.update(client.id, { firstParty: true }),
    ]);
    const changed = await clients.find(client.id);
    const kept = [changed?.name === 'One', changed?.metadata.scope === 'openid', changed?.firstParty === true];
    assert.ok(kept.includes(true), 'one of them at least');
    for (const [i, one] of settled.entries()) {
      assert.equal(one.status === 'fulfilled', kept[i]);
      if (one.status === 'rejected') assert.equal(one.reason.code, 'conflict');
    }
  });

  test('are removed with all of their data, and nothing of others', async (t) => {
    const { db, clients } = await setUp(t);
    for (const id of ['shop', 'bank']) await clients.create({ ...WEB, id });
    const masterKey = remember('master_key', randomBytes(32).toString('base64'));
    const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
    const accounts = createAccounts({
      db,
      sealer,
      indexKey: randomBytes(32),
      searchKey: randomBytes(32),
      now: () => START,
    });
    const account = await accounts.create({ email: 'ada@example.com' });
    const seed = createRecordSeeder({ db, masterKey });
    for (const id of ['shop', 'bank']) {
      const grantId = await seed.grant(account.id, id);
      await seed.records('AccessToken', [{ clientId: id, accountId: account.id, grantId }]);
      await seed.records('ClientCredentials', [{ clientId: id }]);
    }
    await clients.remove('shop');
    assert.equal(await clients.find('shop'), undefined);
    assert.deepEqual(await query(db, 'SELECT client_id FROM grants'), [{ client_id: 'bank' }]);
    const left = await query(db, 'SELECT client_id, model FROM records ORDER BY model');
    assert.deepEqual(
      left,
      ['AccessToken', 'ClientCredentials'].map((model) => ({ client_id: 'bank', model })),
    );
    const trace = { statement: { name: '', text: 'INSERT INTO replays (id_hash, expires_at) VALUES ($1, now())' } };
    await assert.rejects(clients.remove('shop', [{ ...trace, values: [Buffer.from('trace')] }]), {
      code: 'not_found',
      status: 404,
    });
    assert.deepEqual(await query(db, 'SELECT id_hash FROM replays'), [], 'the rest of the transaction was rolled back');
    assert.deepEqual(
      (await clients.list()).items.map(({ id }) => id),
      ['bank'],
    );
  });

  test('notify all nodes of every change', async (t) => {
    const { db, clients } = await setUp(t);
    const { heard } = await listen(t, db, CLIENTS_CHANNEL);
    const { client } = await clients.create(WEB);
    assert.deepEqual(await heard(), [client.id]);
    await clients.update(client.id, { name: 'New' });
    assert.deepEqual(await heard(), [client.id]);
    await clients.rotateSecret(client.id);
    assert.deepEqual(await heard(), [client.id]);
    await clients.remove(client.id);
    assert.deepEqual(await heard(), [client.id]);
  });
});

describe('matchesSecret', () => {
  test('accepts the secret and nothing else', () => {
    const secret = newSecret();
    const hash = hashToken(secret);
    assert.equal(matchesSecret(hash, secret), true);
    for (const wrong of ['', `${secret} `, secret.slice(1), secret.toUpperCase(), hash.toString('hex')]) {
      assert.equal(matchesSecret(hash, wrong), false);
    }
  });

  test('accepts nothing for a client without a secret', () => {
    for (const presented of ['', 'null', '\u0000'.repeat(32)]) {
      assert.equal(matchesSecret(null, presented), false);
      assert.equal(matchesSecret(Buffer.alloc(0), presented), false);
      assert.equal(matchesSecret(Buffer.alloc(32), presented), false);
    }
  });
});

describe('resource servers', () => {
  test('are created, found, listed and removed, and all nodes are notified', async (t) => {
    const { db, servers } = await setUp(t);
    const { heard } = await listen(t, db, RESOURCE_SERVERS_CHANNEL);
    const identifier = 'https://api.example/v1';
    const made = await servers.create({ identifier, name: 'API', scopes: ['read', 'write', 'read'] });
    assert.deepEqual(made, {
      identifier,
      version: 1,
      managedBy: null,
      name: 'API',
      scopes: ['read', 'write'],
      open: false,
      clients: [],
      tokenTyp: 'at+jwt',
      createdAt: new Date(START),
      updatedAt: new Date(START),
    });
    assert.deepEqual(await servers.find(identifier), made);
    assert.deepEqual((await servers.list()).items, [made]);
    assert.equal(await servers.find(`${identifier}/`), undefined, 'compared character by character');
    assert.equal(await servers.find('\u0000'), undefined);
    await assert.rejects(servers.create(made), { code: 'resource_server_exists', status: 409 });
    await servers.remove(identifier);
    await assert.rejects(servers.remove(identifier), { code: 'not_found', status: 404 });
    assert.deepEqual([...new Set(await heard())], [identifier]);
    for (const [field, input] of [
      ['identifier', { identifier: 'api' }],
      ['name', { name: '' }],
      ['scopes', { scopes: ['a b'] }],
      ['token_typ', { tokenTyp: 'jwt' }],
    ] as const) {
      await assert.rejects(servers.create({ identifier, name: 'API', scopes: [], ...input }), {
        code: 'invalid_input',
        field,
      });
    }
  });
});
