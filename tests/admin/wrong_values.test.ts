import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { adminApi } from '../helpers/admin.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';

/** `errors` of a problem names every wrong value, each at its place (RFC 9457 §3, RFC 6901). */

const scope = { after };
const api = await adminApi(scope, await operatedDatabase(scope));
const ada = (await api.request('POST', '/users', { body: { email: 'ada@example.com' } })).body;
const etag = { 'if-match': ada.etag ?? '*' };
const BAD = 'http://shop.example/cb';
const GOOD = 'https://shop.example/cb';

for (const [what, method, path, body, pointers] of [
  [
    'a profile that is changed',
    'PATCH',
    `/users/${ada.id}`,
    { zoneinfo: 'Mars X', locale: 'klingonish', phone_number: 'abc', website: 'javascript:alert(1)' },
    ['/locale', '/phone_number', '/website', '/zoneinfo'],
  ],
  [
    'a new person',
    'POST',
    '/users',
    {
      email: 'none',
      username: 'a@b',
      locale: '!',
      address: { country: 'a\u0001', locality: '\u0002' },
    },
    ['/address/country', '/address/locality', '/email', '/locale', '/username'],
  ],
  [
    'the groups of a new person',
    'POST',
    '/users',
    { email: 'b@example.com', groups: ['nowhere', 'a,b'] },
    ['/groups/0', '/groups/1'],
  ],
  [
    'a new client',
    'POST',
    '/clients',
    {
      client_name: 'Shop',
      redirect_uris: [GOOD, BAD, `${GOOD}#a`],
      post_logout_redirect_uris: [BAD],
      client_uri: BAD,
      jwks: { keys: [{ kty: 'none' }] },
    },
    ['/client_uri', '/jwks/keys/0', '/post_logout_redirect_uris/0', '/redirect_uris/1', '/redirect_uris/2'],
  ],
  [
    'an exchange policy',
    'POST',
    '/clients',
    {
      client_name: 'Shop',
      redirect_uris: [GOOD],
      token_exchange: {
        subject_clients: ['a'],
        subject_audiences: [],
        targets: ['https://a.example', 'a'],
        delegation: true,
      },
    },
    ['/token_exchange/targets/1'],
  ],
  [
    'a resource server',
    'POST',
    '/resources',
    { identifier: 'https://orders.example', name: 'Orders', scopes: [], clients: ['unknown'] },
    ['/clients/0'],
  ],
] as const) {
  test(`every wrong value of ${what} is named`, async () => {
    const { status, body: problem } = await api.request(method, path, { body, headers: etag });
    assert.equal(status, 400, JSON.stringify(problem));
    assert.deepEqual(problem.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(), pointers);
    assert.ok(problem.detail.includes(problem.errors[0].detail), problem.detail);
  });
}
