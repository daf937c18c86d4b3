import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import {
  CLIENT_LIST,
  NOT_BUILTIN,
  REGISTRATION_TOKEN_LIST,
  RESOURCE_SERVER_LIST,
} from '../../server/clients/listings.ts';
import { createClients } from '../../server/clients/store.ts';
import type { ListRequest } from '../../server/platform/listing.ts';
import { endRecordsOfClient } from '../../server/records/ended.ts';
import { createRegistrationTokens, createResourceServers } from '../helpers/client_stores.ts';
import { explain } from '../helpers/explain.ts';
import { insertManyClients } from '../helpers/many_clients.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';

const COUNT = 10_000;
const START = Date.UTC(2026, 0, 1);

const { db } = await database({ after });
const clock = { ms: START };
const now = () => clock.ms;
const clients = createClients({ db, now, endRecordsOf: endRecordsOfClient });
const servers = createResourceServers({ db, now });
const tokens = createRegistrationTokens({ db, now });
await clients.ensureBuiltin({
  id: 'cardea-pages',
  name: 'Cardea',
  metadata: { redirect_uris: ['https://a.example/cb'] },
});

await insertManyClients(db, COUNT, START);

/** The ids of all pages. */
async function idsOf(request: ListRequest): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await clients.list({ limit: 200, ...request, cursor });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  }
  return ids;
}

const count = async (filter: string) => (await clients.list({ filter, limit: 1, total: true })).total;

describe('a list of 10,000 clients', () => {
  test('has each once on its pages, oldest first, and none of Cardea’s own', async () => {
    const ids = await idsOf({});
    assert.deepEqual([ids.length, new Set(ids).size, ids[0], ids.at(-1)], [COUNT, COUNT, 'app-1', `app-${COUNT}`]);
  });

  test('is sorted by what it declares, either way, also where values are equal', async () => {
    for (const sort of ['created_at', 'updated_at', 'client_name']) {
      const filter = 'client_name sw "App 1"';
      const ids = await idsOf({ sort, filter });
      assert.equal(new Set(ids).size, 1_100);
      assert.deepEqual(await idsOf({ sort: `-${sort}`, filter }), ids.toReversed());
    }
    await assert.rejects(clients.list({ sort: 'scope' }), { code: 'invalid_input', field: 'sort' });
  });

  test('is filtered by what it declares, and by nothing else', async () => {
    for (const [filter, expected] of [
      ['client_name eq "App 7"', 100],
      ['client_name sw "App 9"', 1_100],
      ['client_id eq "app-17"', 1],
      ['kind eq "operator"', COUNT],
      ['first_party eq true', COUNT / 2],
      ['managed_by eq "file"', 10],
      ['managed_by eq null', COUNT - 10],
      ['grant_types eq "client_credentials"', 20],
      ['grant_types ne "client_credentials"', COUNT - 20],
      ['scope eq "orders"', 40],
      ['redirect_uris eq "https://none.example/cb"', 0],
      ['token_endpoint_auth_method eq "none"', COUNT],
      [`created_at le "${new Date(START + 10_000).toISOString()}"`, 10],
      ['scope eq "orders" and not (grant_types eq "client_credentials")', 20],
    ] as const) {
      assert.equal(await count(filter), expected, filter);
    }
    for (const filter of ['secret_hash pr', 'redirect_uris sw "x"', 'metadata co "a"', 'kind gt "a"']) {
      await assert.rejects(clients.list({ filter }), { code: 'invalid_input', field: 'filter' }, filter);
    }
  });

  test('is read by an index in each order, and by those of grant types and scopes where few match', async () => {
    const planOf = async (request: ListRequest) => {
      const [statement] = CLIENT_LIST.plan(request, NOT_BUILTIN).statements;
      assert.ok(statement);
      return explain(db, statement);
    };
    for (const [sort, index] of [
      ['created_at', 'clients_created_at'],
      ['-updated_at', 'clients_updated_at'],
      ['client_name', 'clients_name'],
    ] as const) {
      const { next } = await clients.list({ sort, limit: 50 });
      for (const cursor of [undefined, next]) {
        const plan = await planOf({ sort, limit: 50, cursor });
        assert.match(plan, new RegExp(`Index Scan( Backward)? using ${index}\\b`));
        assert.doesNotMatch(plan, /Seq Scan|Sort/);
      }
    }
    assert.match(await planOf({ filter: 'grant_types eq "client_credentials"' }), /clients_grant_types/);
    assert.match(await planOf({ filter: 'scope eq "orders"' }), /clients_scopes/);
  });
});

describe('lists of resource servers and of initial access tokens', () => {
  test('have pages, filters and orders, and are read by an index', async () => {
    const { client } = await clients
      .create({ name: 'Gateway', metadata: { redirect_uris: ['https://a.example/cb'] } })
      .then((made) => {
        remember('client_secret', made.secret ?? '');
        return made;
      });
    for (let i = 0; i < 5; i += 1) {
      clock.ms += 1_000;
      await servers.create({
        identifier: `https://api-${i}.example`,
        name: `API ${5 - i}`,
        scopes: [`s${i}`],
        clients: i === 0 ? [client.id] : [],
      });
      const made = await tokens.create({ policy: { grantTypes: ['authorization_code'] }, uses: i + 1, lifetime: 60 });
      remember('other', made.token);
    }
    const first = await servers.list({ limit: 3, sort: 'name' });
    const second = await servers.list({ limit: 3, sort: 'name', cursor: first.next });
    assert.deepEqual(
      [...first.items, ...second.items].map(({ name }) => name),
      [1, 2, 3, 4, 5].map((i) => `API ${i}`),
    );
    assert.equal(second.next, undefined);
    const named = async (filter: string) => (await servers.list({ filter })).items.map(({ identifier }) => identifier);
    assert.deepEqual(await named('scopes eq "s3"'), ['https://api-3.example']);
    assert.deepEqual(await named(`clients eq "${client.id}"`), ['https://api-0.example']);
    assert.deepEqual((await servers.list({ limit: 1 })).items[0], await servers.find('https://api-0.example'));

    const few = await tokens.list({ filter: 'uses_left gt 3', total: true });
    assert.deepEqual([few.items.map(({ usesLeft }) => usesLeft), few.total], [[4, 5], 2]);
    assert.equal((await tokens.list({ sort: '-created_at', limit: 1 })).items[0]?.usesLeft, 5);
    for (const list of [RESOURCE_SERVER_LIST, REGISTRATION_TOKEN_LIST]) {
      const [statement] = list.plan({}).statements;
      assert.ok(statement);
      const plan = await explain(db, statement);
      assert.match(plan, /Index Scan using \w+_created_at/);
      assert.doesNotMatch(plan, /Seq Scan|Sort Key: created_at/);
    }
  });
});
