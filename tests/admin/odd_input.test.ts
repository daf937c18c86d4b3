import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';

/** What tests/security/fuzz_admin.test.ts has found, one by one. */
const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);
const [first, second] = [await app.seed.party(), await app.seed.party()];
const pointersOf = (body: { errors?: { pointer?: string; parameter?: string }[] }) =>
  body.errors?.map(({ pointer, parameter }) => pointer ?? parameter);

test('a text that Postgres or UTF-8 cannot have is refused where it is, and is not changed silently', async () => {
  for (const text of ['a\0b', '\ud800', 'a\udfff']) {
    const body = { name: text, description: text };
    const refused = await api.request('POST', '/groups', { body });
    assert.equal(refused.status, 400, JSON.stringify(text));
    assert.deepEqual(pointersOf(refused.body), ['/name', '/description']);
  }
  const named = await api.request('POST', '/keys/%00/revoke');
  assert.deepEqual([named.status, pointersOf(named.body)], [400, ['kid']]);
  const inPair = await api.request('POST', '/groups', { body: { name: '\u{1f469}\u200d\u{1f680}' } });
  assert.equal(inPair.status, 201);
});

test('an operation without a body refuses one that says something, and takes an empty one', async () => {
  const path = '/keys/unknown/revoke';
  const refused = await api.request('POST', path, { body: { now: true } });
  assert.deepEqual([refused.status, pointersOf(refused.body)], [400, ['/now']]);
  for (const body of ['"text"', '7', '[1]', 'null'])
    assert.equal((await api.request('POST', path, { body })).status, 400, body);
  // Many programs send these with every POST.
  for (const body of ['', '{}']) assert.equal((await api.request('POST', path, { body })).status, 404, body);
});

test('an operation with a body refuses an empty one', async () => {
  assert.equal((await api.request('POST', '/groups', { body: '' })).status, 400);
});

test('a wrong parameter or header is named as such, and a member of a body by its place', async () => {
  const wrong = [
    ['GET', '/groups?filter=nme eq "a"', 'filter'],
    ['GET', '/groups?sort=odd', 'sort'],
    ['GET', '/groups?cursor=x', 'cursor'],
    ['GET', '/groups?fields=nme', 'fields'],
    ['POST', '/groups?dryRun=1', 'dryRun'],
    ['POST', '/groups?dry_run=true', 'dry_run'],
  ] as const;
  for (const [method, path, parameter] of wrong) {
    const body = method === 'POST' ? { body: { name: 'odd' } } : {};
    const refused = await api.request(method, path.replaceAll(' ', '%20').replaceAll('"', '%22'), body);
    assert.deepEqual([refused.status, refused.body.errors?.[0]?.parameter], [400, parameter], path);
  }
  const headers = { 'if-match': '1' };
  const unquoted = await api.request('PATCH', '/groups/any', { headers, body: { description: '' } });
  assert.deepEqual([unquoted.status, unquoted.body.errors[0].parameter], [400, 'If-Match']);
  for (const body of [{ filter: 'nme eq "a"' }, { fields: 'nme' }, { sort: 'odd' }]) {
    const searched = await api.request('POST', '/users/search', { body });
    assert.deepEqual([searched.status, pointersOf(searched.body)], [400, [`/${Object.keys(body)[0]}`]]);
  }
});

test('a body of another media type, no JSON, and none at all: the message says what to send', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const typed = await api.request('POST', '/groups', { headers: form, body: 'name=a' });
  assert.deepEqual([typed.status, typed.body.detail.includes('application/json')], [415, true]);
  const cut = await api.request('POST', '/groups', { body: '{"name":' });
  assert.deepEqual([cut.status, cut.body.detail], [400, 'the body cannot be read as JSON']);
  const none = await api.request('POST', '/groups');
  assert.match(`${none.status} ${none.body.detail}`, /^400 body: is missing/);
});

test('the clients of a resource server are answered as they are shown, whatever their order and number', async () => {
  for (const clients of [
    [first.id, second.id],
    [second.id, first.id, second.id],
  ]) {
    const identifier = `https://${clients.length}.example.com`;
    const created = await api.request('POST', '/resources', { body: { identifier, name: 'API', clients } });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    const shown = await api.request('GET', `/resources/${encodeURIComponent(identifier)}`);
    assert.deepEqual(created.body.clients, shown.body.clients);
  }
});
