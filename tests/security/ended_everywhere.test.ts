import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { endSessions } from '../../server/records/overview.ts';
import { runCli } from '../cli/run_cli.ts';
import { openAccount, press } from '../helpers/account.ts';
import { deleteAccounts } from '../helpers/account_changes.ts';
import { type BrowserSession, formOf } from '../helpers/browser_session.ts';
import { deployment, neighbour, type Party, type Person } from '../helpers/deployment.ts';
import { authorization, authorize, introspect, redeem, refresh, token, userinfo } from '../helpers/relying_party.ts';

/**
 * A token that was ended on one node is ended on the other from the next request on: at introspection and userinfo,
 * for opaque tokens and for JWTs (Casdoor CVE-2026-9097).
 */
const scope = { after };
const app = await deployment(scope);
const { databaseUrl, db, issuer, masterKey, seed } = app;
const here = issuer;
const { issuer: there } = await neighbour(scope, app);
const API = 'https://api.example.com';
await seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const METADATA = { metadata: { scope: 'openid offline_access api:read' }, firstParty: true };
const api = await seed.party({ introspectsAll: true });
const cardea = async (...args: string[]) => {
  const ran = await runCli(args, {
    env: { CARDEA_DATABASE_URL: databaseUrl, CARDEA_MASTER_KEY: masterKey, CARDEA_ISSUER: issuer },
  });
  assert.equal(ran.code, 0, ran.stderr);
};

/** One person's tokens at one app, all issued on `here`. */
interface Held {
  readonly person: Person;
  readonly party: Party;
  readonly browser: BrowserSession;
  readonly opaque: string;
  readonly jwt: string;
  readonly refreshToken: string;
}

async function issueTokens(offline: boolean): Promise<Held> {
  const [person, party] = await Promise.all([seed.person(), seed.party(METADATA)]);
  const scopes = offline
    ? { scope: 'openid api:read offline_access', prompt: 'consent' }
    : { scope: 'openid api:read' };
  const params = { ...scopes, resource: API };
  const granted = await authorize({ issuer, reach: here, party, person, params });
  const { body } = await redeem(issuer, party, granted, here);
  const next = await token(issuer, party, {
    grant_type: 'refresh_token',
    refresh_token: String(body.refresh_token),
    resource: API,
  });
  const jwt = String(next.body.access_token);
  assert.deepEqual(decodeJwt(jwt).aud, [API, `${issuer}/userinfo`]);
  const { browser } = granted;
  return {
    person,
    party,
    browser,
    opaque: String(body.access_token),
    jwt,
    refreshToken: String(next.body.refresh_token),
  };
}

/** Asks the other node which tokens are active. */
async function alive({ opaque, jwt }: Held) {
  const [asked, info, askedJwt] = await Promise.all([
    introspect(issuer, api, opaque, there),
    userinfo(issuer, opaque, there),
    introspect(issuer, api, jwt, there),
  ]);
  return { opaque: asked.active, userinfo: info.status, jwt: askedJwt.active };
}

const ALIVE = { opaque: true, userinfo: 200, jwt: true };
const ENDED = { opaque: false, userinfo: 401, jwt: false };

async function revoke({ party }: Held, value: string): Promise<void> {
  const init = { method: 'POST', headers: authorization(party), body: new URLSearchParams({ token: value }) };
  assert.equal((await fetch(new URL('/revoke', here), init)).status, 200);
}

/** Each way to end a person's tokens. `offline`: it also ends access that the app has without a session. */
const WAYS: Readonly<Record<string, { end(held: Held): Promise<unknown>; offline: boolean }>> = {
  'revoking the JWT (RFC 7009)': { offline: true, end: (one) => revoke(one, one.jwt) },
  'revoking the opaque access token': { offline: true, end: (one) => revoke(one, one.opaque) },
  'revoking the refresh token': { offline: true, end: (one) => revoke(one, one.refreshToken) },
  'replay of a used refresh token (RFC 9700 §4.14.2)': {
    offline: true,
    async end({ party, refreshToken }) {
      const { body } = await refresh(issuer, party, refreshToken, here);
      await refresh(issuer, party, String(body.refresh_token), here);
      // The token before the last one does not get the stored response.
      assert.equal((await refresh(issuer, party, refreshToken, here)).body.error, 'invalid_grant');
    },
  },
  'signing out (OpenID Connect RP-Initiated Logout)': {
    offline: false,
    async end({ browser }) {
      const { action, fields } = formOf(await browser.get('/logout'));
      assert.equal((await browser.post(action, { ...fields, logout: 'yes' })).status, 303);
    },
  },
  'ending all other sessions at /account': {
    offline: true,
    async end({ person }) {
      const { browser, page } = await openAccount({ issuer: here }, person, '/account/sessions');
      await press(browser, page, 'end-others');
    },
  },
  'taking back what the app may do at /account': {
    offline: true,
    async end({ person, browser }) {
      const { page } = await openAccount({ issuer: here }, person, '/account/apps', browser);
      await press(browser, page, 'revoke-0');
    },
  },
  'another password, set in another browser': {
    offline: true,
    async end({ person }) {
      const { browser, page } = await openAccount({ issuer: here }, person, '/account/password');
      const done = await press(browser, page, 'change', { new_password: 'Another-Horse-Battery-7' });
      assert.equal(done.status, 303);
    },
  },
  'disabling the account, also when it is enabled again': {
    offline: true,
    async end(one) {
      await seed.accounts.disable(one.person.id, endSessions(one.person.id));
      assert.deepEqual(await alive(one), ENDED);
      await seed.accounts.enable(one.person.id);
    },
  },
  'deleting the account': {
    offline: true,
    end: ({ person }) => deleteAccounts(db, person.id),
  },
  'deleting the client': { offline: true, end: ({ party }) => seed.clients.remove(party.id) },
  'cardea tokens revoke': { offline: true, end: (one) => cardea('tokens', 'revoke', '--user', one.person.email) },
};

const bystander = await issueTokens(true);

for (const [way, { end, offline }] of Object.entries(WAYS)) {
  test(`${way} ends opaque tokens and JWTs on the other node`, async () => {
    const one = await issueTokens(offline);
    assert.deepEqual(await alive(one), ALIVE);
    await end(one);
    assert.deepEqual(await alive(one), ENDED);
  });
}

test('tokens of other accounts stay valid', async () => {
  assert.deepEqual(await alive(bystander), ALIVE);
});

test('a client’s own JWTs end when the client revokes one and when the operator revokes all', async () => {
  const party = await seed.party(METADATA);
  const fields = { grant_type: 'client_credentials', resource: API, scope: 'api:read' };
  const own = async () => String((await token(issuer, party, fields, here)).body.access_token);
  const isActive = async (value: string) => (await introspect(issuer, api, value, there)).active;
  const [revoked, left] = [await own(), await own()];
  assert.deepEqual([await isActive(revoked), await isActive(left)], [true, true]);
  const body = new URLSearchParams({ token: revoked });
  await fetch(new URL('/revoke', here), { method: 'POST', headers: authorization(party), body });
  assert.deepEqual([await isActive(revoked), await isActive(left)], [false, true]);
  await cardea('tokens', 'revoke', '--client', party.id);
  assert.equal(await isActive(left), false);
});
