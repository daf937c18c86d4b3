import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TObject } from 'typebox';
import { ROUTES } from '../../server/admin/routes.ts';
import { METADATA_PROPERTIES } from '../../server/clients/metadata_schema.ts';
import { adminApi } from '../helpers/admin.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';

/** Whatever the schema of a body accepts is used or refused: nobody believes in a setting that nothing has. */

const scope = { after };
const app = await operatedDatabase(scope);
const api = await adminApi(scope, app);
for (const path of ['/groups', '/roles']) await api.request('POST', path, { body: { name: 'given' } });
await app.seed.clients.create({
  id: 'introspector',
  name: 'API',
  metadata: { redirect_uris: [], grant_types: ['client_credentials'] },
});

const REFUSED = Symbol('refused');
const SHOP = { client_name: 'Shop', redirect_uris: ['https://shop.example/cb'] };
const ONCE = { name: 'Once', identifier: 'https://once.example', email: 'once@example.com' };

/** A body that creates something, and for each other member that its schema has a value, which the answer shows as it is. */
const CREATIONS: Readonly<Record<string, { least: object; others: Readonly<Record<string, unknown>> }>> = {
  '/groups': { least: { name: ONCE.name }, others: { description: 'Some' } },
  '/roles': { least: { name: ONCE.name }, others: { description: 'Some', permissions: ['users:read'] } },
  '/resources': {
    least: { identifier: ONCE.identifier, name: ONCE.name },
    others: { scopes: ['a'], open: true, clients: ['introspector'], token_typ: 'JWT' },
  },
  '/clients': {
    least: SHOP,
    others: {
      client_id: 'chosen',
      demo: true,
      first_party: true,
      second_factor_required: true,
      introspect: 'all',
      opened_scopes: REFUSED,
      claim_mapping: [{ claim: 'tenant', into: ['id_token'], from: { static: 'a' } }],
      token_exchange: {
        subject_clients: ['other'],
        subject_audiences: [],
        targets: ['https://once.example'],
        delegation: true,
        impersonation: false,
      },
    },
  },
  '/users': {
    least: { email: ONCE.email },
    others: {
      email_verified: true,
      username: 'once',
      name: 'Name',
      given_name: 'Given',
      family_name: 'Family',
      middle_name: 'Middle',
      nickname: 'Nick',
      profile: 'https://once.example/profile',
      picture: 'https://once.example/picture',
      website: 'https://once.example/',
      gender: 'any',
      birthdate: '1990-01-01',
      zoneinfo: 'Europe/Paris',
      locale: 'en-GB',
      phone_number: '+44 20 7946 0000',
      phone_number_verified: true,
      address: { locality: 'Paris' },
      groups: ['given'],
      roles: ['given'],
      // of a password alone
      password_temporary: REFUSED,
    },
  },
  '/audit/destinations': {
    least: { kind: 'webhook', name: ONCE.name, settings: { url: 'https://once.example/events' } },
    others: {
      client_id: 'introspector',
      actions: ['user.*'],
      outcomes: ['done'],
      everybody: true,
      heads: true,
      // never for an app
      details: REFUSED,
      from: 0,
    },
  },
  '/registrations': {
    least: {},
    others: {
      uses: 3,
      expires_in: 600,
      redirect_hosts: ['once.example'],
      grant_types: ['authorization_code'],
      scope: 'openid',
    },
  },
};

/** Members that an answer shows in another way. */
const SHOWN: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => unknown>> = {
  uses: ({ uses_left }) => uses_left,
  from: ({ position }) => position,
  expires_in: ({ created_at, expires_at }) => (Date.parse(String(expires_at)) - Date.parse(String(created_at))) / 1_000,
};

const schemaOf = (path: string) =>
  ROUTES.find((route) => route.method === 'POST' && route.path === path)?.operation.schemas.body as TObject;

test('each creation is tried, with all members of its schema', () => {
  const creations = ROUTES.filter(({ location }) => location !== undefined).map(({ path }) => path);
  assert.deepEqual(Object.keys(CREATIONS).toSorted(), creations.toSorted());
  for (const [path, { least, others }] of Object.entries(CREATIONS)) {
    // Other tests use them: all metadata of a client (tests/admin/clients.test.ts), and a password, which takes long to hash.
    const elsewhere = path === '/clients' ? Object.keys(METADATA_PROPERTIES) : ['password'];
    const namesOf = (object: object) => Object.keys(object).filter((name) => !elsewhere.includes(name));
    const names = namesOf(schemaOf(path).properties);
    assert.deepEqual(namesOf({ ...least, ...others }).toSorted(), names.toSorted(), path);
  }
});

for (const [path, { least, others }] of Object.entries(CREATIONS)) {
  test(`POST ${path} uses or refuses each member that its schema accepts`, async () => {
    const accepted = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== REFUSED));
    const made = await api.request('POST', `${path}?dryRun=true`, { body: { ...least, ...accepted } });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    for (const [name, value] of Object.entries(accepted)) {
      assert.deepEqual((SHOWN[name] ?? ((body) => body[name]))(made.body), value, name);
    }
    for (const name of Object.keys(others).filter((one) => others[one] === REFUSED)) {
      const refused = await api.request('POST', path, { body: { ...least, [name]: ['email'] } });
      assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, `/${name}`], name);
    }
  });
}

test('each list uses or refuses each parameter that it accepts', async () => {
  const WRONG = { filter: 'nothing%20eq%20%22x%22', sort: 'nothing', fields: 'nothing', cursor: 'x', limit: '0' };
  const lists = ROUTES.filter(({ method, path }) => method === 'GET' && !path.includes(':'));
  for (const { path, operation } of lists) {
    const { properties = {} } = (operation.schemas.query ?? {}) as Partial<TObject>;
    for (const [name, value] of Object.entries(WRONG).filter(([name]) => name in properties)) {
      assert.equal((await api.request('GET', `${path}?${name}=${value}`)).status, 400, `${path} ${name}`);
    }
    if (!('total' in properties)) continue;
    assert.equal(typeof (await api.request('GET', `${path}?total=true`)).body.total, 'number', path);
  }
});
