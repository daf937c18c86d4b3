import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { keyedParty } from '../flows/keyed_party.ts';
import { CIBA_GRANT } from '../helpers/ciba.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';

/**
 * A client's assertion that somebody has caught is presented again (Hydra GHSA-3p3g-vpw6-4w66; RFC 7523 §3): its `jti` is
 * used up by whoever comes first, at whatever endpoint and on whatever node.
 */
const scope = { after };
const app = await deployment(scope);
const other = await neighbour(scope, app);
const { assertion } = await keyedParty(app, {
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

test('one of twenty who present it over two nodes gets in', async () => {
  const fields = await assertion();
  const statuses = await Promise.all(
    Array.from({ length: 20 }, (_, at) => present(fields, '/token', at % 2 === 0 ? app.issuer : other.issuer)),
  );
  assert.deepEqual(statuses.sort(), [200, ...Array.from({ length: 19 }, () => 401)]);
});

test('another assertion with the same jti is a replay, too', async () => {
  const claims = { jti: randomUUID() };
  assert.equal(await present(await assertion(claims)), 200);
  assert.equal(await present(await assertion(claims), '/token', other.issuer), 401);
});

for (const path of ['/introspect', '/revoke', '/par', '/backchannel_authentication']) {
  test(`what was presented at ${path} is used up at /token, and the other way round`, async () => {
    const first = await assertion();
    assert.notEqual(await present(first, path), 401);
    assert.equal(await present(first, '/token', other.issuer), 401);
    const second = await assertion();
    assert.equal(await present(second), 200);
    assert.equal(await present(second, path, other.issuer), 401);
  });
}

test('what a client presents where it is refused for another reason is used up, too', async () => {
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
