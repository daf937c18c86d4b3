import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { endSessions } from '../../server/records/overview.ts';
import { LIST_SIZE } from '../../server/records/status_lists.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { endSessionsAlone } from '../helpers/records.ts';
import { authorization, authorize, introspect, redeem, refresh, token } from '../helpers/relying_party.ts';
import { post } from './support.ts';

/** Token Status List (draft-ietf-oauth-status-list), for resource servers that verify JWTs themselves. */
const scope = { after };
let ahead = 0;
const now = () => Date.now() + ahead;
const app = await deployment(scope, { env: { CARDEA_TOKEN_STATUS_LIST: 'true' }, now });
const { issuer } = app;
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const METADATA = { metadata: { scope: 'openid offline_access api:read' }, firstParty: true };
const party = await app.seed.party(METADATA);
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer));

interface Status {
  readonly idx: number;
  readonly uri: string;
}

const statusOf = (jwt: string) => (decodeJwt(jwt).status as { status_list: Status }).status_list;

async function machineJwt(by: Party = party): Promise<string> {
  const { body } = await token(issuer, by, { grant_type: 'client_credentials', resource: API, scope: 'api:read' });
  return String(body.access_token);
}

async function issueTokens(by: Party = party, offline = true) {
  const person = await app.seed.person();
  const scopes = offline
    ? { scope: 'openid api:read offline_access', prompt: 'consent' }
    : { scope: 'openid api:read' };
  const params = { ...scopes, resource: API };
  const granted = await authorize({ issuer, party: by, person, params });
  const { body } = await redeem(issuer, by, granted);
  const fields = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token), resource: API };
  const next = await token(issuer, by, fields);
  return {
    person,
    jwt: String(next.body.access_token),
    refreshToken: String(next.body.refresh_token),
    browser: granted.browser,
  };
}

async function fetchList(uri: string, headers: Record<string, string> = {}) {
  return fetch(uri, { headers: { accept: 'application/statuslist+jwt', ...headers } });
}

/**
 * Acts as a resource server (§8.3): fetches, verifies and reads the list. The clock moves first, so that no node uses
 * its cache.
 */
async function isEnded(jwt: string): Promise<boolean> {
  ahead += 6_000;
  const { idx, uri } = statusOf(jwt);
  const response = await fetchList(uri);
  assert.equal(response.status, 200);
  const { payload } = await jwtVerify(await response.text(), keys, {
    typ: 'statuslist+jwt',
    issuer,
    subject: uri,
    currentDate: new Date(now()),
  });
  const { bits, lst } = payload.status_list as { bits: number; lst: string };
  assert.equal(bits, 1);
  const bytes = inflateSync(Buffer.from(lst, 'base64url'));
  assert.equal(bytes.length * 8, LIST_SIZE);
  return (((bytes[idx >> 3] ?? 0) >> (idx & 7)) & 1) === 1;
}

test('each JWT has its own place in a list (§6.2); introspection does not show it', async () => {
  const places = await Promise.all(Array.from({ length: 20 }, async () => statusOf(await machineJwt())));
  assert.equal(new Set(places.map(({ uri, idx }) => `${uri}#${idx}`)).size, places.length);
  assert.ok(places.every(({ idx }) => Number.isInteger(idx) && idx >= 0 && idx < LIST_SIZE));
  const inOrder = [...places].sort((a, b) => a.idx - b.idx);
  assert.notDeepEqual(places, inOrder, 'an index does not show when a token was issued (§12.5)');
  const jwt = await machineJwt();
  const answer = await introspect(issuer, party, jwt);
  assert.deepEqual([answer.active, answer.status], [true, undefined]);
});

test('a list is a signed JWT of its own type, cached for a minute (§5.1, §8.1)', async () => {
  const { uri } = statusOf(await machineJwt());
  ahead += 60_000;
  const response = await fetchList(uri);
  assert.equal(response.headers.get('content-type'), 'application/statuslist+jwt');
  assert.equal(response.headers.get('cache-control'), 'public, max-age=60');
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  const text = await response.text();
  const { sub, iat = 0, exp, ttl } = decodeJwt(text);
  assert.deepEqual({ sub, exp, ttl }, { sub: uri, exp: iat + 300, ttl: 60 });
  const etag = response.headers.get('etag') ?? '';
  const again = await fetchList(uri, { 'if-none-match': etag });
  assert.deepEqual([again.status, await again.text()], [304, '']);
  ahead += 31_000;
  const later = await fetchList(uri, { 'if-none-match': etag });
  assert.equal(later.status, 200, 'signed again long before the old one expires');
});

test('unknown lists are 404, lists of the past 501 (§8.4)', async () => {
  const { uri } = statusOf(await machineJwt());
  for (const id of ['x', 'A'.repeat(22), '%00']) {
    assert.equal((await fetchList(new URL(`/status-lists/${id}`, issuer).href)).status, 404, id);
  }
  assert.equal((await fetchList(`${uri}?time=1686925000`)).status, 501);
});

test('every way of ending a token sets its bit, and no other', async () => {
  const doomed = await app.seed.party(METADATA);
  const bystander = await issueTokens();
  const [own, kept] = [await machineJwt(), await machineJwt()];
  await post(app, '/revoke', { token: own }, authorization(party));
  assert.deepEqual([await isEnded(own), await isEnded(kept)], [true, false]);

  const ways: Record<string, (one: Awaited<ReturnType<typeof issueTokens>>) => Promise<unknown>> = {
    'revoking it': (one) => post(app, '/revoke', { token: one.jwt }, authorization(party)),
    'revoking a later one of its grant': async ({ refreshToken }) => {
      const fields = { grant_type: 'refresh_token', refresh_token: refreshToken, resource: API };
      const { body } = await token(issuer, party, fields);
      await post(app, '/revoke', { token: String(body.access_token) }, authorization(party));
    },
    'revoking its refresh token': (one) => post(app, '/revoke', { token: one.refreshToken }, authorization(party)),
    'ending all sessions': (one) => app.db.transact(endSessions(one.person.id)),
    'disabling the account': (one) => app.seed.accounts.disable(one.person.id),
  };
  for (const [way, end] of Object.entries(ways)) {
    const one = await issueTokens();
    assert.equal(await isEnded(one.jwt), false, way);
    await end(one);
    assert.equal(await isEnded(one.jwt), true, way);
  }
  const [bound, free] = [await issueTokens(party, false), await issueTokens(party, true)];
  for (const { person } of [bound, free]) await app.db.transact(endSessionsAlone(person.id));
  assert.deepEqual([await isEnded(bound.jwt), await isEnded(free.jwt)], [true, false]);

  const [machine, persons] = [await machineJwt(doomed), await issueTokens(doomed)];
  await app.seed.clients.remove(doomed.id);
  assert.deepEqual([await isEnded(machine), await isEnded(persons.jwt)], [true, true]);
  assert.deepEqual([await isEnded(bystander.jwt), await isEnded(kept)], [false, false]);
  assert.equal((await refresh(issuer, party, bystander.refreshToken)).status, 200);
});

test('it costs one statement for each token, in the same transaction', async () => {
  app.statements.length = 0;
  await machineJwt();
  assert.equal(app.statements.length, 1);
  assert.match(app.statements[0] ?? '', /INSERT INTO "?status_list_places"?/i);
});

test('it is off by default: no claim, no list', async () => {
  const plain = await deployment(scope);
  await plain.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
  const one = await plain.seed.party(METADATA);
  const fields = { grant_type: 'client_credentials', resource: API, scope: 'api:read' };
  const { body } = await token(plain.issuer, one, fields);
  assert.equal(decodeJwt(String(body.access_token)).status, undefined);
  const { pathname } = new URL(statusOf(await machineJwt()).uri);
  assert.equal((await fetchList(new URL(pathname, plain.issuer).href)).status, 404);
});
