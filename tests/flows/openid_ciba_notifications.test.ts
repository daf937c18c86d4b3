import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, beforeEach, describe, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import pg from 'pg';
import { endSessions } from '../../server/records/overview.ts';
import { press } from '../helpers/account.ts';
import { changePassword } from '../helpers/account_changes.ts';
import {
  cibaMetadata,
  decideRequest,
  fetchTokens,
  type NotificationListener,
  notificationListener,
  openRequests,
} from '../helpers/ciba.ts';
import { neighbour } from '../helpers/deployment.ts';
import { refresh, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until as waitFor } from '../helpers/waiting.ts';
import { cibaDeployment } from './ciba_deployment.ts';
import { idTokenOf, refusal } from './support.ts';

/** CIBA clients that are notified (modes ping and push), by section of the specification. */
const scope = { after };
const { app, issuer, clock, now, person, startRequest, refusalOf, removeRequests } = await cibaDeployment(scope);
const other = await neighbour(scope, app, { now });
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const API = 'https://api.example.com/';
await app.seed.resourceServer({ identifier: API, name: 'Example API', scopes: ['orders:read'] });

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

beforeEach(removeRequests);

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
      const statements = [...(await changePassword(app.seed.accounts, who.id)), ...endSessions(who.id)];
      await change.query('BEGIN');
      for (const { statement, values } of statements) await change.query(statement.text, [...values]);
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
