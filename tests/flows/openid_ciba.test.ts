import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { endSessions } from '../../server/records/overview.ts';
import { isSignIn, openAccount, pathOf, press } from '../helpers/account.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { askPerson, CIBA_GRANT, cibaMetadata, decideRequest, fetchTokens, openRequests } from '../helpers/ciba.ts';
import { neighbour } from '../helpers/deployment.ts';
import { introspect, refresh, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { cibaDeployment } from './ciba_deployment.ts';
import { keyedParty } from './keyed_party.ts';
import { refusal } from './support.ts';

/**
 * How a person decides and a client polls for its tokens, on two nodes of one issuer, by section of OpenID Connect
 * Client-Initiated Backchannel Authentication Core 1.0.
 */
const scope = { after };
const { app, issuer, clock, now, callCentre, person, startRequest, countWaiting, removeRequests } =
  await cibaDeployment(scope);
const other = await neighbour(scope, app, { now });
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const API = 'https://api.example.com/';
await app.seed.resourceServer({ identifier: API, name: 'Example API', scopes: ['orders:read'] });

const pending = { status: 400, error: 'authorization_pending' };

beforeEach(removeRequests);

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
    assert.equal(payload.scope, 'openid orders:read');
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
    await cleanUp({ db: app.db, now });
    t.mock.timers.enable({ apis: ['Date'], now: clock.ms }); // the provider reads this clock for expiry
    assert.deepEqual(refusal(await fetchTokens(issuer, callCentre, authReqId)), {
      status: 400,
      error: 'expired_token',
    });
    t.mock.timers.reset();
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
