import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { keyedParty } from '../flows/keyed_party.ts';
import { CIBA_GRANT } from '../helpers/ciba.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { authorize } from '../helpers/relying_party.ts';

/**
 * A stolen client assertion is presented again (Hydra GHSA-3p3g-vpw6-4w66; RFC 7523 §3): its `jti` is accepted once,
 * at all endpoints and on all nodes together.
 */
const scope = { after };
const app = await deployment(scope);
const other = await neighbour(scope, app);
const { assertion, party } = await keyedParty(app, {
  metadata: {
    token_endpoint_auth_method: 'private_key_jwt',
    grant_types: ['authorization_code', 'client_credentials', CIBA_GRANT],
    backchannel_token_delivery_mode: 'poll',
  },
});

async function present(fields: Record<string, string>, path = '/token', reach = app.issuer): Promise<number> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', token: 'nothing', ...fields });
  return (await fetch(new URL(path, reach), { method: 'POST', body })).status;
}

test('accepts one of twenty parallel requests with the same assertion on two nodes', async () => {
  const fields = await assertion();
  const statuses = await Promise.all(
    Array.from({ length: 20 }, (_, at) => present(fields, '/token', at % 2 === 0 ? app.issuer : other.issuer)),
  );
  assert.deepEqual(statuses.sort(), [200, ...Array.from({ length: 19 }, () => 401)]);
});

test('an assertion counts as used also when its request uses up neither code nor refresh token', async () => {
  const { issuer } = app;
  const { code, verifier } = await authorize({ issuer, party, person: await app.seed.person() });
  const fields = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: party.redirectUri };
  const first = await assertion();
  assert.equal(await present({ ...fields, ...first, resource: 'https://unknown.example.com' }), 400);
  assert.equal(await present({ ...fields, ...first }, '/token', other.issuer), 401);
  assert.equal(await present({ ...fields, ...(await assertion()) }), 200);
});

test('refuses another assertion with the same jti', async () => {
  const claims = { jti: randomUUID() };
  assert.equal(await present(await assertion(claims)), 200);
  assert.equal(await present(await assertion(claims), '/token', other.issuer), 401);
});

for (const path of ['/introspect', '/revoke', '/par', '/device_authorization', '/backchannel_authentication']) {
  test(`an assertion used at ${path} is refused at /token, and the reverse`, async () => {
    const first = await assertion();
    assert.notEqual(await present(first, path), 401);
    assert.equal(await present(first, '/token', other.issuer), 401);
    const second = await assertion();
    assert.equal(await present(second), 200);
    assert.equal(await present(second, path, other.issuer), 401);
  });
}

test('an assertion counts as used also when the request is refused for another reason', async () => {
  const pushed = await keyedParty(app, {
    metadata: {
      token_endpoint_auth_method: 'private_key_jwt',
      redirect_uris: [],
      grant_types: [CIBA_GRANT],
      backchannel_token_delivery_mode: 'push',
      backchannel_client_notification_endpoint: 'https://rp.example.com/notified',
    },
  });
  const fields = { ...(await pushed.assertion()), grant_type: CIBA_GRANT, auth_req_id: 'x' };
  assert.equal(await present(fields), 400);
  assert.equal(await present(fields, '/introspect', other.issuer), 401);
});

test('refuses an assertion with a long lifetime, tells the reason and stores nothing (RFC 7523 §3)', async () => {
  const at = Math.floor(Date.now() / 1_000);
  const claimed = [
    ['beyond all dates', { exp: 9e12 }],
    ['beyond all numbers', { exp: 1e300 }],
    ['a hundred years', { exp: at + 100 * 365 * 86_400 }],
    ['half an hour', { exp: at + 1_800 }],
    ['issued tomorrow', { iat: at + 86_400 }],
  ] as const;
  for (const [why, claims] of claimed) {
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...(await assertion(claims)) });
    const response = await fetch(new URL('/token', app.issuer), { method: 'POST', body });
    const answer = (await response.json()) as { error: string; error_description: string };
    assert.deepEqual([response.status, answer.error], [401, 'invalid_client'], why);
    assert.match(answer.error_description, /exp must not be more than 300 seconds ahead|iat must not be ahead/, why);
  }
  const [row] = await app.db.run<{ late: number }>(
    { name: '', text: "SELECT count(*)::int AS late FROM replays WHERE expires_at > now() + interval '10 minutes'" },
    [],
  );
  assert.equal(row?.late, 0);
  assert.equal(await present(await assertion({ exp: at + 299 })), 200);
});
