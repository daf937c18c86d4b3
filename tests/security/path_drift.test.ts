import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { authorization } from '../helpers/relying_party.ts';
import { assertRefusal, send } from './wire.ts';

/**
 * One path, one route, one set of limits (middie CVE-2026-2880: router and guard read a path differently; Keycloak
 * CVE-2026-3872: `..;/`, which a servlet container reads as `../`).
 */

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_RATE_LIMIT: '3' } });
const { issuer } = app;
const party = await app.seed.party();
const below = await deployment(scope, { basePath: '/auth' });
const atPath = await below.seed.party();
const otherSpellings = (path: string) => [
  `/${path}`,
  `${path}/`,
  `${path}//`,
  path.toUpperCase(),
  `/${path[1]?.toUpperCase()}${path.slice(2)}`,
  `${path};x`,
  `${path};x=1?y`,
  `/%${path.charCodeAt(1).toString(16)}${path.slice(2)}`,
  `/%25${path.charCodeAt(1).toString(16)}${path.slice(2)}`,
  `/..${path}`,
  `/.${path}`,
  `/x/..${path}`,
  `/x/%2e%2e${path}`,
  `/.;${path}`,
  `/x/..;${path}`,
  `/x/..;a=b${path}`,
  `/x/..%3b${path}`,
  `/x/%2e%2e;${path}`,
  `/assets/..;${path}`,
  `/docs/..;/..;${path}`,
  `${path}/..;${path}`,
  `/;x${path}`,
  `/@x${path}`,
  `${path}/.`,
  `${path}%00`,
  `${path}%20`,
  `${path}%2f`,
  `${path}%09`,
  `${path}.json`,
  `/\\${path.slice(1)}`,
  `/api/..${path}`,
];

for (const path of ['/token', '/introspect', '/revoke', '/userinfo', '/authorize', '/logout']) {
  test(`only ${path} reaches ${path}`, async () => {
    // Interactions are below /authorize/, but none has such a name.
    for (const target of otherSpellings(path).filter((one) => !one.startsWith('/authorize/'))) {
      const headers = { ...authorization(party), 'content-type': 'application/x-www-form-urlencoded' };
      const body = 'grant_type=client_credentials&token=x';
      const isPage = path === '/authorize' || path === '/logout';
      const answer = await send(issuer, isPage ? { target } : { method: 'POST', target, headers, body });
      const shape = target.startsWith('/api/') ? 'problem' : 'oauth';
      // The router decodes the path to the same route, but the provider behind it does not know the encoded path.
      assertRefusal(answer, { status: 404, error: 'not_found', shape }, target);
    }
  });
}

test('below the path of an issuer, only the exact path reaches /token', async () => {
  for (const target of otherSpellings('/auth/token').filter((one) => !one.startsWith('/api/'))) {
    const headers = { ...authorization(atPath), 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await send(below.issuer, { method: 'POST', target, headers, body: 'grant_type=client_credentials' });
    assertRefusal(answer, { status: 404, error: 'not_found', shape: 'oauth' }, target);
  }
});

test('no other spelling avoids the limit on failed client authentication', async () => {
  const wrong = {
    ...authorization({ ...party, secret: 'wrong' }),
    'content-type': 'application/x-www-form-urlencoded',
  };
  const guess = (target: string) =>
    send(issuer, { method: 'POST', target, headers: wrong, body: 'grant_type=client_credentials' });
  const statuses: number[] = [];
  for (let i = 0; i < 3; i += 1) statuses.push((await guess('/token')).status);
  assert.deepEqual(statuses, [401, 401, 401]);
  for (const target of [
    '/token',
    '/token?',
    '/token?x',
    '/token?/introspect',
    `${issuer}/token`,
    'http://other.test/token',
  ]) {
    assert.equal((await guess(target)).status, 429, target);
  }
  for (const target of otherSpellings('/token')) assert.ok([404, 429].includes((await guess(target)).status), target);
});

for (const path of [
  '/token',
  '/introspect',
  '/revoke',
  '/par',
  '/device_authorization',
  '/backchannel_authentication',
]) {
  test(`failed client authentication at ${path} counts, and is limited there and at /token`, async (t) => {
    const at = Date.now();
    // Failures count by the minute.
    const limited = await deployment(t, { env: { CARDEA_RATE_LIMIT: '3' }, now: () => at });
    const { id } = await limited.seed.party();
    const headers = {
      ...authorization({ ...party, id, secret: 'wrong' }),
      'content-type': 'application/x-www-form-urlencoded',
    };
    const guess = async (target: string) =>
      (await send(limited.issuer, { method: 'POST', target, headers, body: 'token=x' })).status;
    const statuses: number[] = [];
    for (const target of [path, path, path, path, '/token']) statuses.push(await guess(target));
    assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
  });
}
