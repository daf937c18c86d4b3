import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { matchesSecrets } from '../../server/clients/secrets.ts';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { remember } from '../helpers/secrets.ts';

/** Secrets of clients in the admin API. */

const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);

async function created(body: object = {}) {
  const answer = await api.request('POST', '/clients', {
    body: { client_name: 'Shop', redirect_uris: ['https://shop.example/cb'], ...body },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  if (answer.body.client_secret) remember('client_secret', answer.body.client_secret);
  return answer.body;
}

test('a secret is rotated with an overlap, in which both work, and which is ended at once', async () => {
  const { client_id, client_secret: old } = await created();
  const path = `/clients/${client_id}`;
  const works = async (secret: string) => {
    const client = await app.seed.clients.find(client_id);
    return client !== undefined && matchesSecrets(client, secret, Date.now());
  };
  const dry = await api.request('POST', `${path}/rotate-secret?dryRun=true`, { body: {} });
  assert.deepEqual([dry.status, dry.body.client_secret], [200, undefined], 'nothing that could be taken for a secret');
  const rotated = await api.request('POST', `${path}/rotate-secret`, { body: { overlap_seconds: 3_600 } });
  const secret = remember('client_secret', rotated.body.client_secret);
  assert.deepEqual([await works(old), await works(secret)], [true, true]);
  const { previous_secret_expires_at: until } = (await api.request('GET', path)).body;
  assert.ok(Math.abs(Date.parse(until) - Date.now() - 3_600_000) < 60_000);
  const third = await api.request('POST', `${path}/rotate-secret`, { body: { overlap_seconds: 60 } });
  assert.deepEqual([third.status, third.body.type.split('/').at(-1)], [409, 'rotation_under_way']);
  const ended = await api.request('POST', `${path}/end-secret`, { body: { secret: 'old' } });
  assert.deepEqual([ended.status, ended.body.previous_secret_expires_at], [200, undefined]);
  assert.deepEqual([await works(old), await works(secret)], [false, true]);
  const none = await api.request('POST', `${path}/end-secret`, { body: { secret: 'old' } });
  assert.equal(none.body.type.split('/').at(-1), 'no_rotation');
  const rows = await app.db.run<{ action: string; changes: Record<string, unknown> }>(
    { name: '', text: 'SELECT action, changes FROM audit WHERE target_id = $1 ORDER BY id' },
    [client_id],
  );
  const entries = rows.filter(({ changes }) => 'client_secret' in changes);
  assert.deepEqual(
    entries.map(({ action, changes }) => [action, changes.client_secret]),
    ['clients.create', 'clients.rotate_secret', 'clients.end_secret'].map((action) => [action, {}]),
  );
});

test('a client that gets a secret by another authentication method is told it', async () => {
  const { client_id, client_secret } = await created({
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
  });
  assert.equal(client_secret, undefined);
  const changed = await api.request('PATCH', `/clients/${client_id}`, {
    headers: { 'if-match': '*' },
    body: { token_endpoint_auth_method: 'client_secret_post' },
  });
  assert.match(remember('client_secret', changed.body.client_secret), /^[\w-]{43}$/);
});
