import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, beforeEach, describe, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, generateKeyPair, jwtVerify, UnsecuredJWT } from 'jose';
import * as client from 'openid-client';
import pg from 'pg';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { endSessions } from '../../server/records/overview.ts';
import { isSignIn, openAccount, pathOf, press } from '../helpers/account.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import {
  askPerson,
  CIBA_GRANT,
  cibaMetadata,
  decideRequest,
  fetchTokens,
  type NotificationListener,
  notificationListener,
  openRequests,
} from '../helpers/ciba.ts';
import { deployment, neighbour, type Party } from '../helpers/deployment.ts';
import { documentOf } from '../helpers/html.ts';
import { introspect, refresh, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until as waitFor } from '../helpers/waiting.ts';
import { keyedParty } from './keyed_party.ts';
import { idTokenOf, refusal, tokensFor } from './support.ts';

/** OpenID Connect Client-Initiated Backchannel Authentication Core 1.0, by section, on two nodes of one issuer. */
const scope = { after };
/** Advances with the real time, which the provider uses for some lifetimes, so that a slow machine does not fail the tests. */
const startedAt = Date.now() - performance.now();
const clock = {
  aheadMs: 0,
  get ms() {
    return startedAt + performance.now() + this.aheadMs; // not Date, which some tests set
  },
};
const now = () => clock.ms;
const app = await deployment(scope, { now });
const { issuer } = app;
const other = await neighbour(scope, app, { now });
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const API = 'https://api.example.com/';
await app.seed.resourceServer({ identifier: API, name: 'Example API', scopes: ['orders:read'] });

const callCentre = await app.seed.party({ name: 'Call Centre', metadata: cibaMetadata() });
const web = await app.seed.party({ firstParty: true });
const person = await app.seed.person({ username: 'portia' });

const pending = { status: 400, error: 'authorization_pending' };

/** Starts a request that waits for the person's decision. */
async function startRequest(party: Party = callCentre, params: Parameters<typeof askPerson>[2] = {}, who = person) {
  const answer = await askPerson(issuer, party, { login_hint: who.email, ...params });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.auth_req_id;
}

/** The error response to a request. */
async function refusalOf(params: Parameters<typeof askPerson>[2], party: Party = callCentre) {
  const { status, body } = await askPerson(issuer, party, params);
  return { status, error: body.error };
}

/** A client that gets notifications, and the parameters that it sends for them. */
async function partyOf(mode: 'ping' | 'push', more: Record<string, unknown> = {}) {
  const listener = await notificationListener(scope);
  const party = await app.seed.party({
    metadata: cibaMetadata({
      backchannel_token_delivery_mode: mode,
      backchannel_client_notification_endpoint: listener.uri,
      ...more,
    }),
  });
  const client_notification_token = remember('other', randomBytes(24).toString('base64url'));
  return { listener, party, params: { client_notification_token } };
}

const ping = await partyOf('ping');
const push = await partyOf('push');

/** Counts the requests that wait for the person. */
async function countWaiting(who = person): Promise<number> {
  const { page } = await openRequests(app, who);
  assert.equal(page.status, 200);
  return documentOf(page).querySelectorAll('[id^="approve-"]').length;
}

beforeEach(async () => {
  // Removes requests that the test before has left.
  for (const table of ['waiting_requests', 'deliveries'])
    await app.db.run({ name: `empty_${table}`, text: `DELETE FROM ${table}` }, []);
});

describe('metadata (§4)', () => {
  test('discovery names the endpoint, the modes and the algorithms, and no user code', async () => {
    const discovery = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
      string,
      string[]
    >;
    assert.equal(discovery.backchannel_authentication_endpoint, `${issuer}/backchannel_authentication`);
    assert.deepEqual(discovery.backchannel_token_delivery_modes_supported, ['poll', 'ping', 'push']);
    assert.equal(discovery.backchannel_user_code_parameter_supported, false);
    assert.ok(discovery.backchannel_authentication_request_signing_alg_values_supported?.includes('PS256'));
    assert.ok(discovery.grant_types_supported?.includes(CIBA_GRANT));
  });

  const broken: [string, Record<string, unknown>, string][] = [
    ['no delivery mode', { backchannel_token_delivery_mode: undefined }, 'backchannel_token_delivery_mode'],
    ['an unknown delivery mode', { backchannel_token_delivery_mode: 'fax' }, 'backchannel_token_delivery_mode'],
    [
      'ping without a notification endpoint',
      { backchannel_token_delivery_mode: 'ping' },
      'backchannel_client_notification_endpoint',
    ],
    [
      'an endpoint without TLS',
      { backchannel_client_notification_endpoint: 'http://rp.example.com/' },
      'backchannel_client_notification_endpoint',
    ],
    ['a public client', { token_endpoint_auth_method: 'none' }, 'grant_types'],
    ['pairwise without keys that tell the sector', { subject_type: 'pairwise' }, 'jwks_uri'],
    ['signed without a key', { backchannel_authentication_request_signing_alg: 'PS256' }, 'jwks'],
    [
      'push with bound tokens',
      {
        backchannel_token_delivery_mode: 'push',
        backchannel_client_notification_endpoint: 'https://rp.example.com/n',
        dpop_bound_access_tokens: true,
      },
      'backchannel_token_delivery_mode',
    ],
    [
      'the profile fapi2 without signed requests (FAPI-CIBA §5.2.2)',
      {
        profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://rp.example.com/jwks',
      },
      'backchannel_authentication_request_signing_alg',
    ],
    [
      'the profile fapi2 does not push (FAPI-CIBA §5.2.2)',
      {
        profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://rp.example.com/jwks',
        backchannel_token_delivery_mode: 'push',
        backchannel_client_notification_endpoint: 'https://rp.example.com/n',
      },
      'backchannel_token_delivery_mode',
    ],
  ];
  for (const [why, metadata, field] of broken) {
    test(`is refused, with its field: ${why}`, async () => {
      const metadataOf = cibaMetadata(metadata);
      await assert.rejects(app.seed.clients.create({ name: 'x', metadata: metadataOf }), {
        code: 'invalid_input',
        field,
      });
    });
  }
});

describe('the request (§7)', () => {
  test('requires a client that is registered for it and authenticates (§7.1)', async () => {
    assert.deepEqual(await refusalOf({ login_hint: person.email }, web), { status: 400, error: 'unauthorized_client' });
    assert.deepEqual(await refusalOf({ login_hint: person.email }, { ...callCentre, secret: 'wrong' }), {
      status: 401,
      error: 'invalid_client',
    });
    assert.equal((await fetch(`${issuer}/backchannel_authentication`)).status, 405);
  });

  const bad: [string, Record<string, string | undefined>, string][] = [
    ['no scope', { login_hint: 'portia', scope: undefined }, 'invalid_request'],
    ['a scope without openid', { login_hint: 'portia', scope: 'profile' }, 'invalid_request'],
    ['no hint', {}, 'invalid_request'],
    ['two hints', { login_hint: 'portia', id_token_hint: 'x' }, 'invalid_request'],
    ['a login_hint_token, which is not supported', { login_hint_token: 'x' }, 'invalid_request'],
    ['a hint for an unknown person (§13)', { login_hint: 'nobody@example.com' }, 'unknown_user_id'],
    ['a hint as long as an address may be', { login_hint: 'x'.repeat(320) }, 'unknown_user_id'],
    ['a hint that is longer', { login_hint: 'x'.repeat(321) }, 'invalid_request'],
    ['an id_token_hint that is not an ID token', { id_token_hint: 'x' }, 'invalid_request'],
    ['requested_expiry that is not a number', { login_hint: 'portia', requested_expiry: 'soon' }, 'invalid_request'],
    ['requested_expiry of zero', { login_hint: 'portia', requested_expiry: '0' }, 'invalid_request'],
    ['a long binding_message', { login_hint: 'portia', binding_message: 'x'.repeat(65) }, 'invalid_binding_message'],
    [
      'a binding_message that reverses the text direction',
      { login_hint: 'portia', binding_message: 'a\u202Eb' },
      'invalid_binding_message',
    ],
    ['a binding_message of two lines', { login_hint: 'portia', binding_message: 'a\nb' }, 'invalid_binding_message'],
    ['an unknown resource', { login_hint: 'portia', resource: 'https://nobody.example.com/' }, 'invalid_target'],
    [
      'an unknown essential acr',
      { login_hint: 'portia', claims: '{"id_token":{"acr":{"essential":true,"value":"gold"}}}' },
      'unmet_authentication_requirements',
    ],
  ];
  for (const [why, params, error] of bad) {
    test(`is refused: ${why}`, async () => {
      assert.deepEqual(await refusalOf(params), { status: 400, error });
      assert.equal(await countWaiting(), 0);
    });
  }

  test('unknown_user_id also for an account that is disabled', async () => {
    const gone = await app.seed.person();
    await app.seed.accounts.disable(gone.id);
    assert.deepEqual(await refusalOf({ login_hint: gone.email }), { status: 400, error: 'unknown_user_id' });
  });

  test('an app that tries many people gets 429, counted by client', async () => {
    const curious = await app.seed.party({ metadata: cibaMetadata() });
    const tries = await Promise.all(
      Array.from({ length: 20 }, (_, n) => refusalOf({ login_hint: `${n}@example.com` }, curious)),
    );
    assert.ok(tries.every(({ error }) => error === 'unknown_user_id'));
    const { status, headers } = await askPerson(issuer, curious, { login_hint: person.email });
    assert.equal(status, 429, 'an existing hint gets the same response');
    assert.equal(headers.get('retry-after'), '60');
    // The operator can do nothing about it.
    assert.ok(!app.logLines.some((line) => line.includes('"level":"error"')));
    assert.equal((await askPerson(issuer, callCentre, { login_hint: person.email })).status, 200, 'others go on');
  });

  test('parallel tries count as well; hints that exist do not count', async () => {
    const curious = await app.seed.party({ metadata: cibaMetadata() });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => refusalOf({ login_hint: `${n}@example.com` }, curious)),
    );
    const errors = answers.map(({ error }) => error);
    assert.equal(errors.filter((error) => error === 'unknown_user_id').length, 20);
    assert.equal(errors.filter((error) => error === 'temporarily_unavailable').length, 20);
    assert.equal((await refusalOf({ login_hint: person.email }, curious)).status, 429);
    const busy = await app.seed.party({ metadata: cibaMetadata() });
    for (let n = 0; n < 25; n += 1) await refusalOf({ login_hint: person.email, scope: 'openid' }, busy);
    assert.equal((await refusalOf({ login_hint: 'nobody@example.com' }, busy)).error, 'unknown_user_id');
  });

  test('five requests of an app wait for a person at most', async () => {
    for (let n = 0; n < 5; n += 1) await startRequest();
    assert.deepEqual(await refusalOf({ login_hint: person.email }), { status: 400, error: 'access_denied' });
    const another = await app.seed.party({ metadata: cibaMetadata() });
    await startRequest(another);
    assert.equal(await countWaiting(), 6);
  });

  test('lives as long as the app requests, ten minutes at most (§7.1 requested_expiry)', async () => {
    const lifetimes = [undefined, '60', '99999'].map(async (requested_expiry) => {
      const { body } = await askPerson(issuer, callCentre, { login_hint: 'PORTIA', requested_expiry });
      return body.expires_in;
    });
    assert.deepEqual(await Promise.all(lifetimes), [300, 60, 600]);
  });

  test('may be signed, and must be when the client is registered so (§7.1.1); in fapi2 it always must (FAPI-CIBA §5.2.2)', async () => {
    const { party, request, assertion } = await keyedParty(app, {
      metadata: cibaMetadata({
        profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        backchannel_authentication_request_signing_alg: 'ES256',
      }),
    });
    const stranger = await keyedParty(app);
    const at = Math.floor(Date.now() / 1_000);
    const claims = () => ({
      login_hint: person.email,
      binding_message: 'signed',
      redirect_uri: undefined,
      response_type: undefined,
      client_id: undefined,
      iat: at,
      jti: randomBytes(16).toString('hex'),
    });
    const send = async (params: Record<string, string | undefined>) => {
      const { status, body } = await askPerson(issuer, party, { ...params, ...(await assertion()) });
      return { status, error: body.error };
    };
    const sign = async (more: Record<string, unknown>, options = {}) =>
      send({ scope: undefined, request: await request({ ...claims(), ...more }, options) });
    const invalid = { status: 400, error: 'invalid_request' };
    assert.deepEqual(await send({ login_hint: person.email }), invalid, 'unsigned');
    for (const wrong of [
      { aud: 'https://other.example.com' },
      { aud: undefined },
      { iss: stranger.party.id },
      { iss: undefined },
      { exp: at - 120 },
      { exp: at + 4_200 },
      { exp: undefined },
      { nbf: at + 600 },
      { nbf: at - 4_200 },
      { nbf: undefined },
      { iat: undefined },
      { jti: undefined },
    ]) {
      assert.deepEqual(await sign(wrong), invalid, JSON.stringify(wrong));
    }
    assert.deepEqual(await sign({}, { key: stranger.privateKey }), invalid, 'with another client’s key');
    for (const alg of ['RS256', 'PS256']) {
      const { privateKey: key } = await generateKeyPair(alg);
      assert.deepEqual(await sign({}, { alg, key }), invalid, alg);
    }
    const none = new UnsecuredJWT({ ...claims(), iss: party.id, aud: issuer, exp: at + 60, nbf: at, scope: 'openid' });
    assert.deepEqual(await send({ scope: undefined, request: none.encode() }), invalid, 'none');
    const bare = await askPerson(issuer, party, { scope: undefined, request: await request(claims()) });
    assert.deepEqual(
      [bare.status, bare.body.error],
      [401, 'invalid_client'],
      'signed, but without client authentication',
    );
    for (const requested_expiry of [60, '60']) {
      assert.deepEqual(await sign({ requested_expiry }), { status: 200, error: undefined });
    }
    assert.match((await openRequests(app, person)).page.body, /signed/);
  });

  test('names the person by an ID token, of any age, that this client got', async () => {
    const signIn = await app.seed.party({
      firstParty: true,
      metadata: {
        grant_types: ['authorization_code', CIBA_GRANT],
        backchannel_token_delivery_mode: 'poll',
      },
    });
    const { tokens } = await tokensFor(app, signIn, person);
    const hint = { id_token_hint: tokens.id_token };
    assert.equal((await askPerson(issuer, signIn, hint)).status, 200);
    assert.equal(await countWaiting(), 1);
    assert.deepEqual(await refusalOf(hint), { status: 400, error: 'invalid_request' });
  });
});

describe('the decision (§8) and the tokens (§10.1, poll)', () => {
  test('openid-client asks, the person approves on one node, and the app gets its tokens on another', async () => {
    const config = await client.discovery(
      new URL(issuer),
      callCentre.id,
      undefined,
      client.ClientSecretBasic(callCentre.secret),
      {
        execute: [client.allowInsecureRequests],
      },
    );
    const answer = await client.initiateBackchannelAuthentication(config, {
      scope: 'openid email',
      login_hint: 'Portia',
      binding_message: 'Order 4711 – 20 €',
    });
    remember('code', answer.auth_req_id);
    assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, answer.auth_req_id, other.issuer)), pending);

    const { browser, page } = await openRequests(app, person);
    assert.match(page.body, /Call Centre/);
    assert.match(page.body, /Order 4711 – 20 €/);
    const done = await press(browser, page, 'approve-0');
    assert.equal(pathOf(done), '/account/requests?done=request_approved');
    assert.equal(await countWaiting(), 0);

    const tokens = await client.pollBackchannelAuthenticationGrant(config, { ...answer, interval: 0.001 });
    for (const name of ['access_token', 'id_token'] as const) remember(name, tokens[name] ?? '');
    const claims = tokens.claims() ?? assert.fail();
    assert.equal(claims.sub, person.id);
    assert.equal(claims.acr, 'urn:cardea:acr:1fa');
    assert.deepEqual(claims.amr, ['pwd']);
    const active = await introspect(issuer, callCentre, tokens.access_token);
    assert.ok(Math.abs(Number(active.auth_time) - clock.ms / 1_000) < 300);
    assert.equal(tokens.refresh_token, undefined, 'offline_access was not requested');
    assert.equal((await userinfo(issuer, tokens.access_token)).body.email, person.email);
    const events = await openAccount(app, person, '/account/events', browser);
    assert.match(events.page.body, /Call Centre/);
  });

  test('a refresh token needs offline_access, and ends when the app loses its access', async () => {
    const authReqId = await startRequest(callCentre, { scope: 'openid offline_access' });
    const { browser, page } = await openRequests(app, person);
    await press(browser, page, 'approve-0');
    const { status, body } = await fetchTokens(issuer, callCentre, authReqId);
    assert.equal(status, 200, JSON.stringify(body));
    const renewed = await refresh(issuer, callCentre, body.refresh_token ?? assert.fail());
    assert.equal(renewed.status, 200);
    const apps = await openAccount(app, person, '/account/apps', browser);
    await press(browser, apps.page, 'revoke-0', { client: callCentre.id });
    const gone = await refresh(issuer, callCentre, renewed.body.refresh_token ?? '');
    assert.deepEqual(refusal(gone), { status: 400, error: 'invalid_grant' });
  });

  test('for a resource server the access token is a JWT with its scope and the acr of the approval', async () => {
    const metadata = cibaMetadata({ scope: 'openid orders:read' });
    const party = await app.seed.party({ metadata });
    const authReqId = await startRequest(party, { scope: 'openid orders:read', resource: API });
    await decideRequest(app, person, 'approve');
    const fetched = await fetch(new URL('/token', issuer), {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${party.id}:${party.secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: CIBA_GRANT, auth_req_id: authReqId, resource: API }),
    });
    const { access_token } = (await fetched.json()) as { access_token: string };
    remember('access_token', access_token);
    const { payload } = await jwtVerify(access_token, keys, { audience: API });
    assert.equal(payload.scope, 'orders:read');
    assert.equal(payload.acr, 'urn:cardea:acr:1fa');
    assert.equal(payload.sub, person.id);
  });

  test('denied: access_denied, for every later request (§11)', async () => {
    const authReqId = await startRequest();
    const done = await decideRequest(app, person, 'deny');
    assert.equal(pathOf(done), '/account/requests?done=request_denied');
    assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, authReqId)), {
      status: 400,
      error: 'access_denied',
    });
    assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, authReqId)), {
      status: 400,
      error: 'invalid_grant',
    });
  });

  test('polled too often: slow_down, on any nodes (§11)', async () => {
    const authReqId = await startRequest();
    assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, authReqId)), pending);
    const second = await fetchTokens(issuer, callCentre, authReqId, other.issuer);
    assert.deepEqual(refusal(second), { status: 400, error: 'slow_down' });
  });

  test('is redeemed once: a second time revokes the tokens of the first (RFC 6749 §4.1.2)', async () => {
    const authReqId = await startRequest();
    await decideRequest(app, person, 'approve');
    const { body } = await fetchTokens(issuer, callCentre, authReqId);
    const again = await fetchTokens(issuer, callCentre, authReqId, other.issuer);
    assert.deepEqual(refusal(again), { status: 400, error: 'invalid_grant' });
    assert.deepEqual(await introspect(issuer, callCentre, body.access_token ?? ''), { active: false });
  });

  test('of twenty parallel redemptions on two nodes one gets tokens', async () => {
    const authReqId = await startRequest();
    await decideRequest(app, person, 'approve');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => fetchTokens(issuer, callCentre, authReqId, n % 2 ? issuer : other.issuer)),
    );
    const losers = answers.filter(({ status }) => status !== 200);
    assert.deepEqual(losers.map(refusal), Array(19).fill({ status: 400, error: 'invalid_grant' }));
  });

  test('another client cannot redeem it', async () => {
    const authReqId = await startRequest();
    const stranger = await app.seed.party({ metadata: cibaMetadata() });
    await decideRequest(app, person, 'approve');
    const answer = await fetchTokens(issuer, stranger, authReqId);
    assert.deepEqual(refusal(answer), { status: 400, error: 'invalid_grant' });
    assert.equal((await fetchTokens(issuer, callCentre, authReqId)).status, 200);
  });

  test('expired: expired_token, it cannot be approved, and it is removed (§11)', async (t) => {
    const authReqId = await startRequest(callCentre, { requested_expiry: '60' });
    const { browser, page } = await openRequests(app, person);
    clock.aheadMs += 90_000;
    t.after(() => {
      clock.aheadMs -= 90_000;
    });
    const late = await press(browser, page, 'approve-0');
    assert.equal(late.status, 400);
    assert.equal(await countWaiting(), 0);
    t.mock.timers.enable({ apis: ['Date'], now: clock.ms }); // the provider reads this clock for expiry
    assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, authReqId)), {
      status: 400,
      error: 'expired_token',
    });
    t.mock.timers.reset();
    await cleanUp({ db: app.db, now });
    const [left] = await app.db.run<{ n: number }>(
      { name: 'left', text: 'SELECT count(*)::int AS n FROM waiting_requests' },
      [],
    );
    assert.equal(left?.n, 0);
  });

  for (const [verdict, expected] of [
    ['approve', undefined],
    ['deny', 'access_denied'],
  ] as const) {
    test(`a decision at the last moment can still be fetched for a minute: ${verdict}`, async (t) => {
      const authReqId = await startRequest(callCentre, { requested_expiry: '60' });
      t.after(() => {
        clock.aheadMs -= 100_000;
      });
      clock.aheadMs += 55_000;
      await decideRequest(app, person, verdict);
      clock.aheadMs += 45_000;
      t.mock.timers.enable({ apis: ['Date'], now: clock.ms });
      const { body } = await fetchTokens(issuer, callCentre, authReqId);
      t.mock.timers.reset();
      assert.equal(body.error, expected);
    });
  }

  test('decided on two nodes at once: one decision counts', async () => {
    const authReqId = await startRequest();
    const { browser, page } = await openRequests(app, person);
    const second = await openRequests(app, person, browserSession(issuer, other.issuer));
    const [yes, no] = await Promise.all([
      press(browser, page, 'approve-0'),
      press(second.browser, second.page, 'deny-0'),
    ]);
    assert.deepEqual([yes.status, no.status].sort(), [303, 400], 'the second decision gets an error');
    const answer = await fetchTokens(issuer, callCentre, authReqId);
    assert.equal(answer.status, yes.status === 303 ? 200 : 400);
  });

  test('a request for two factors can be approved only with two (§7.1 acr_values, OpenID Connect Core §5.5.1.1)', async () => {
    await startRequest(callCentre, {
      claims: '{"id_token":{"acr":{"essential":true,"value":"urn:cardea:acr:2fa"}}}',
    });
    const strict = await app.seed.party({ metadata: cibaMetadata(), secondFactorRequired: true });
    await startRequest(strict);
    for (const at of [0, 1]) {
      const answer = await decideRequest(app, person, 'approve', { at });
      const target = new URL(answer.location ?? '', issuer);
      assert.equal(target.pathname, '/authorize');
      assert.equal(target.searchParams.get('acr_values'), 'urn:cardea:acr:2fa');
      assert.equal(target.searchParams.get('prompt'), 'login');
    }
    assert.equal(await countWaiting(), 2, 'both wait on');
    assert.match(pathOf(await decideRequest(app, person, 'deny')), /request_denied/, 'denying needs no recent sign-in');
  });

  test('approving needs a recent sign-in', async (t) => {
    await startRequest();
    const { browser, page } = await openRequests(app, person);
    clock.aheadMs += 6 * 60_000;
    t.after(() => {
      clock.aheadMs -= 6 * 60_000;
    });
    const late = await startRequest();
    const answer = await browser.follow(await press(browser, page, 'approve-0'));
    assert.ok(isSignIn(answer));
    assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, late)), pending);
  });

  test('one person cannot decide for another, and not without the form (better-auth CVE-2026-45337)', async () => {
    const authReqId = await startRequest();
    const { page } = await openRequests(app, person);
    const { fields } = formOf(page);
    const stranger = await app.seed.person();
    const theirs = await openRequests(app, stranger);
    assert.doesNotMatch(theirs.page.body, /Call Centre/);
    await startRequest(callCentre, {}, stranger);
    const own = await openRequests(app, stranger, theirs.browser);
    const forged = await press(own.browser, own.page, 'approve-0', { request: fields.request ?? assert.fail() });
    assert.equal(forged.status, 400, 'as if there were no requests');
    const bare = await own.browser.post('/account/requests', { request: fields.request ?? '', action: 'approve' });
    assert.equal(bare.status, 403);
    assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, authReqId)), pending);
  });

  test('a change of the password ends waiting requests and approved ones that were not fetched', async () => {
    const who = await app.seed.person();
    const [first, second] = [await startRequest(callCentre, {}, who), await startRequest(callCentre, {}, who)];
    await decideRequest(app, who, 'approve');
    await app.db.transact(endSessions(who.id));
    for (const id of [first, second]) {
      assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, id)), { status: 400, error: 'invalid_grant' });
    }
    assert.equal(await countWaiting(who), 0);
  });

  test('a sender-constrained token is bound to the key of the client that fetches it (RFC 9449 §5)', async () => {
    const { party, assertion } = await keyedParty(app, {
      metadata: cibaMetadata({ token_endpoint_auth_method: 'private_key_jwt', dpop_bound_access_tokens: true }),
    });
    const answer = await askPerson(issuer, party, { login_hint: person.email, ...(await assertion()) });
    await decideRequest(app, person, 'approve');
    const bare = await fetch(new URL('/token', issuer), {
      method: 'POST',
      body: new URLSearchParams({
        ...(await assertion()),
        grant_type: CIBA_GRANT,
        auth_req_id: answer.body.auth_req_id,
      }),
    });
    assert.equal(bare.status, 400);
    assert.match(String(((await bare.json()) as { error: string }).error), /invalid_grant|invalid_dpop_proof/);
  });
});

describe('notifications', () => {
  /** Longer than the interval after which a node checks by itself, in case its database was too busy to answer. */
  const until: typeof waitFor = (what, condition) => waitFor(what, condition, { withinMs: 40_000 });
  const receivedBy = (listener: NotificationListener, count = 1) =>
    until('the client to be notified', () => listener.received.length >= count && listener.received);
  const settled = () =>
    until('the queue to be empty', async () => {
      const rows = await app.db.run({ name: 'queued', text: 'SELECT 1 FROM deliveries' }, []);
      return rows.length === 0;
    });

  beforeEach(() => {
    for (const { listener } of [ping, push]) Object.assign(listener, { status: 204 }).received.length = 0;
  });

  test('a client that is notified must send a client_notification_token (§7.1)', async () => {
    for (const { party } of [ping, push]) {
      const hint = { login_hint: person.email };
      for (const token of [undefined, 'not a token', 'x'.repeat(1_025)]) {
        assert.deepEqual(await refusalOf({ ...hint, client_notification_token: token }, party), {
          status: 400,
          error: 'invalid_request',
        });
      }
    }
  });

  for (const verdict of ['approve', 'deny'] as const) {
    test(`ping: the client gets the auth_req_id with its own token, and fetches the result: ${verdict} (§10.2)`, async () => {
      const authReqId = await startRequest(ping.party, ping.params);
      await decideRequest(app, person, verdict);
      const [notice] = await receivedBy(ping.listener);
      assert.deepEqual(notice?.body, { auth_req_id: authReqId });
      assert.equal(notice?.headers.authorization, `Bearer ${ping.params.client_notification_token}`);
      assert.equal(notice?.headers['content-type'], 'application/json');
      await settled();
      const answer = await fetchTokens(issuer, ping.party, authReqId);
      assert.equal(answer.body.error, verdict === 'approve' ? undefined : 'access_denied');
    });
  }

  test('push: the tokens, with an ID token that contains their hashes and the request (§10.3.1)', async () => {
    const authReqId = await startRequest(push.party, { ...push.params, scope: 'openid email offline_access' });
    const pulled = await fetchTokens(issuer, push.party, authReqId);
    assert.deepEqual(refusal(pulled), { status: 400, error: 'unauthorized_client' });
    await decideRequest(app, person, 'approve');
    const [notice] = await receivedBy(push.listener);
    assert.equal(notice?.headers.authorization, `Bearer ${push.params.client_notification_token}`);
    const { auth_req_id, access_token, refresh_token, id_token, token_type, expires_in } = (notice?.body ??
      {}) as Record<string, string>;
    assert.equal(auth_req_id, authReqId);
    assert.equal(token_type, 'Bearer');
    assert.ok(Number(expires_in) > 0);
    const { payload } = await jwtVerify(id_token ?? '', keys, { audience: push.party.id, issuer });
    const half = (token = '') => createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url');
    assert.equal(payload.sub, person.id);
    assert.equal(payload['urn:openid:params:jwt:claim:auth_req_id'], authReqId);
    assert.equal(payload.at_hash, half(access_token));
    assert.equal(payload['urn:openid:params:jwt:claim:rt_hash'], half(refresh_token));
    assert.equal(payload.acr, 'urn:cardea:acr:1fa');
    assert.equal((await userinfo(other.issuer, access_token ?? '')).body.email, person.email);
    assert.equal((await refresh(issuer, push.party, refresh_token ?? '')).status, 200);
    const again = await fetchTokens(issuer, push.party, authReqId);
    assert.deepEqual(refusal(again), { status: 400, error: 'unauthorized_client' });
  });

  test('push: a notification whose response was lost is sent again unchanged', async () => {
    push.listener.status = 0;
    const authReqId = await startRequest(push.party, push.params);
    await decideRequest(app, person, 'approve');
    await receivedBy(push.listener);
    push.listener.status = 204;
    await until('the client to be notified again', async () => {
      clock.aheadMs += 11_000;
      await app.db.run({ name: 'wake', text: `SELECT pg_notify('cardea_deliveries', '')` }, []);
      return push.listener.received.length >= 2;
    });
    const [first, second] = push.listener.received;
    assert.equal(first?.body.auth_req_id, authReqId);
    assert.deepEqual(second?.body, first?.body);
  });

  test('push: a denial is sent as an error (§12)', async () => {
    const authReqId = await startRequest(push.party, push.params);
    await decideRequest(app, person, 'deny');
    const [notice] = await receivedBy(push.listener);
    assert.deepEqual(
      { ...notice?.body, error_description: undefined },
      { auth_req_id: authReqId, error: 'access_denied', error_description: undefined },
    );
  });

  test('push: nothing is approved under the old password while it is being changed', async () => {
    const who = await app.seed.person();
    await startRequest(push.party, push.params, who);
    const { browser, page } = await openRequests(app, who);
    const change = new pg.Client({ connectionString: app.databaseUrl });
    await change.connect();
    try {
      await change.query('BEGIN');
      await change.query('UPDATE accounts SET epoch = epoch + 1 WHERE id = $1', [who.id]);
      for (const { statement, values } of endSessions(who.id)) await change.query(statement.text, [...values]);
      const approving = press(browser, page, 'approve-0');
      await until('the decision to wait for the change', async () => {
        const text = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return (await app.db.run({ name: 'waits', text }, [])).length > 0;
      });
      await change.query('COMMIT');
      assert.equal((await approving).status, 400);
    } finally {
      await change.end();
    }
    const [left] = await app.db.run<{ n: number }>(
      { name: 'tokens_of', text: 'SELECT count(*)::int AS n FROM records WHERE account_id = $1' },
      [who.id],
    );
    assert.deepEqual([left?.n, push.listener.received.length], [0, 0]);
  });

  test('push: for a request with a resource the tokens are for userinfo, as at the token endpoint', async () => {
    const { listener, party, params } = await partyOf('push', { scope: 'openid orders:read' });
    await startRequest(party, { ...params, scope: 'openid orders:read', resource: API });
    await decideRequest(app, person, 'approve');
    const [notice] = await receivedBy(listener);
    const claims = decodeJwt(String(notice?.body.id_token));
    assert.equal(claims.sub, person.id);
    assert.equal(idTokenOf(notice?.body as { id_token: string }).aud, party.id);
  });

  test('a 4xx response is final, and a redirect is not followed', async () => {
    for (const [status, isKept] of [
      [401, false],
      [403, false],
      [302, true],
    ] as const) {
      ping.listener.received.length = 0;
      ping.listener.status = status;
      await startRequest(ping.party, ping.params);
      await decideRequest(app, person, 'deny');
      await receivedBy(ping.listener);
      if (!isKept) await settled();
      else {
        const [row] = await app.db.run<{ attempts: number }>(
          { name: 'kept', text: 'SELECT attempts FROM deliveries' },
          [],
        );
        assert.ok(row, 'it is tried again');
      }
      assert.equal(ping.listener.received.length, 1);
    }
  });
});
