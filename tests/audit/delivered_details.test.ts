import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PERMISSIONS, SEE_IN_FULL } from '../../server/operations/permissions.ts';
import { adminApi } from '../helpers/admin.ts';
import { auditOf } from '../helpers/audit.ts';
import { receiver } from '../helpers/audit_delivery.ts';
import { deployment } from '../helpers/deployment.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

/** A destination that gets address and device in clear: who may set it up, and what it gets. */
const scope = { after };
const app = await deployment(scope);
const full = await adminApi(scope, app);
const masked = await adminApi(scope, app, { permissions: new Set(PERMISSIONS.filter((one) => one !== SEE_IN_FULL)) });
const audit = await auditOf(app);
const person = await app.seed.person();
const client = (await app.seed.party()).id;
const [detailed, plain] = [await receiver(scope), await receiver(scope)];
const PATH = '/audit/destinations';
const headers = { 'if-match': '*' };
const DETAILS = { address: '198.51.100.23', device: 'Mozilla/5.0 (X11; Linux x86_64)' };
const NONE = { address: null, device: null };
const ACTIONS = ['profile.update', 'links.ask'];
const bodyOf = (url: string, more: object = {}) => ({
  kind: 'webhook',
  name: 'SIEM',
  settings: { url },
  actions: ACTIONS,
  ...more,
});

async function make(url: string, more: object = {}) {
  const { status, body } = await full.request('POST', PATH, { body: bodyOf(url, more) });
  assert.equal(status, 201, JSON.stringify(body));
  remember('other', String(body.secret));
  return body as { id: string; details: boolean };
}

const { id } = await make(detailed.url, { details: true });
await make(plain.url);

const codeOf = ({ body }: { readonly body: Record<string, unknown> }) => String(body.type).split('/').at(-1);
const received = (of: typeof detailed) =>
  of.received.map(({ body }) => (JSON.parse(body) as { data: Record<string, unknown> }).data);
const detailsIn = ({ address, device }: Record<string, unknown>) => ({ address, device });

test('only who may see personal data in full can send details somewhere, or change where they go', async () => {
  for (const [method, path, body] of [
    ['POST', PATH, bodyOf('https://siem.example.com/', { details: true })],
    ['PATCH', `${PATH}/${id}`, { settings: { url: 'https://siem.example.com/' } }],
  ] as const) {
    const refused = await masked.request(method, path, { body, headers });
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'beyond_own_permissions'], method);
  }
  const { body: other } = await masked.request('POST', PATH, { body: bodyOf('https://siem.example.com/') });
  remember('other', String(other.secret));
  assert.equal(other.details, false, 'not by default');
  const wanted = await masked.request('PATCH', `${PATH}/${other.id}`, { body: { details: true }, headers });
  assert.equal(codeOf(wanted), 'beyond_own_permissions');
  const ended = await masked.request('PATCH', `${PATH}/${other.id}`, { body: { details: false }, headers });
  assert.equal(ended.status, 200, 'sending none needs no permission');
  assert.equal((await full.request('DELETE', `${PATH}/${other.id}`, { headers })).status, 200);
});

test('an app gets none', async () => {
  const body = bodyOf('https://app.example.com/', { client_id: client, actions: [], details: true });
  const refused = await full.request('POST', PATH, { body });
  assert.deepEqual([refused.status, refused.body.errors?.[0].pointer], [400, '/details']);
});

test('the audit tells that a destination gets details', async () => {
  const [entry] = await app.db.run<{ changes: Record<string, unknown> }>(
    { text: "SELECT changes FROM audit WHERE target_id = $1 AND action = 'destinations.create'" },
    [id],
  );
  assert.deepEqual(entry?.changes.details, { after: true });
});

test('it gets address and device of people and of strangers, another destination none, and of an erased person there are none', async () => {
  const actor = { kind: 'person', id: person.id } as const;
  const target = { kind: 'user', id: person.id };
  const { accounts } = await full.services.accountStores();
  const detailsOf = accounts.ownerOf(await accounts.resolve(person.id));
  const about = { outcome: 'done', requestId: 'r', details: DETAILS } as const;
  const stranger = { kind: 'person', id: '' } as const;
  await app.db.transact([
    audit.append({ actor, action: 'profile.update', target, ...about, detailsOf }),
    audit.append({ actor: stranger, action: 'links.ask', target: { kind: 'user', id: '' }, ...about }),
  ]);
  await until('the events', () => detailed.received.length === 2 && plain.received.length === 2, {
    withinMs: 20_000,
  });
  assert.deepEqual(received(detailed).map(detailsIn), [DETAILS, DETAILS]);
  for (const data of received(plain)) assert.ok(!('address' in data || 'device' in data));
  for (const line of app.logLines) assert.ok(!line.includes(DETAILS.address));

  const erased = await full.request('POST', `/users/${person.id}/erase`);
  assert.equal(erased.status, 200, JSON.stringify(erased.body));
  detailed.received.length = 0;
  assert.equal((await full.request('POST', `${PATH}/${id}/replay`, { body: { from: 0 } })).status, 200);
  await until('the events again', () => detailed.received.length === 2, { withinMs: 20_000 });
  const byAction = Object.fromEntries(received(detailed).map((data) => [data.action, detailsIn(data)]));
  assert.deepEqual(byAction, { 'profile.update': NONE, 'links.ask': DETAILS });
});
