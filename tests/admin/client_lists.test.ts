import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';

/** Lists of clients in the admin API. */

const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);
await app.seed.party();

async function created(body: object) {
  const redirect_uris = ['https://shop.example/cb'];
  const answer = await api.request('POST', '/clients', {
    body: { redirect_uris, token_endpoint_auth_method: 'none', ...body },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

test('pages give each client once, in each order, and filters find by what is declared', async () => {
  const ids = new Set<string>();
  for (let i = 0; i < 5; i += 1) {
    ids.add((await created({ client_name: `Listed ${i % 2}`, scope: i < 3 ? 'openid listed' : 'openid' })).client_id);
  }
  const filter = encodeURIComponent('client_name sw "Listed"');
  for (const sort of ['created_at', '-created_at', 'client_name', '-client_name', '-updated_at']) {
    const found: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await api.request('GET', `/clients?limit=2&filter=${filter}&sort=${sort}${cursor}`);
      found.push(...body.items.map((one: { client_id: string }) => one.client_id));
      if (body.next === undefined) break;
      cursor = `&cursor=${body.next}`;
    }
    assert.equal(found.length, 5, sort);
    assert.deepEqual(new Set(found), ids, sort);
  }
  for (const [text, total] of [
    ['client_name sw "Listed" and scope eq "listed"', 3],
    ['client_name eq "Listed 0"', 3],
    ['client_name sw "Listed" and kind eq "operator" and first_party eq false and managed_by eq null', 5],
    ['client_name sw "Listed" and redirect_uris eq "https://shop.example/cb"', 5],
    ['client_name sw "Listed" and grant_types eq "implicit"', 0],
    ['client_name sw "Listed" and created_at gt "2999-01-01T00:00:00Z"', 0],
  ] as const) {
    const { body } = await api.request('GET', `/clients?total=true&limit=1&filter=${encodeURIComponent(text)}`);
    assert.equal(body.total, total, text);
  }
  for (const query of ['filter=client_secret%20pr', 'filter=secret_hash%20pr', 'sort=scope', 'fields=client_secret']) {
    assert.equal((await api.request('GET', `/clients?${query}`)).status, 400, query);
  }
});
