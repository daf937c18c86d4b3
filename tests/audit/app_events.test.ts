import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { Action } from '../../server/audit/actions.ts';
import { createDestinations } from '../../server/audit/destinations.ts';
import { createSealing } from '../../server/audit/seal.ts';
import { PAIRWISE_SECRET } from '../../server/oidc/pairwise.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { loadServerSecret } from '../../server/platform/server_secrets.ts';
import { adminApi } from '../helpers/admin.ts';
import { auditOf } from '../helpers/audit.ts';
import { type Receiver, receiver } from '../helpers/audit_delivery.ts';
import { auditReceiver } from '../helpers/audit_receiver.ts';
import { deployment } from '../helpers/deployment.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';
import { listen } from '../helpers/ssrf_cases.ts';
import { until } from '../helpers/waiting.ts';

const scope = { after };
const app = await deployment(scope);
const { db, seed, masterKey } = app;
const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
const destinations = createDestinations({ db, sealer, now: Date.now });
const audit = await auditOf(app);
const api = await adminApi(scope, app);
const { keys } = await auditOf({ db, masterKey });
const sealing = createSealing({ db, keys, issuer: app.issuer, now: Date.now, headEveryMs: 1_000 });
const [user, stranger] = [await seed.person(), await seed.person()];
const pairwise = await seed.party({ metadata: { subject_type: 'pairwise' } });
const records = createRecordSeeder(app);
await records.grant(user.id, pairwise.id);
const pairwiseKey = await loadServerSecret(db, sealer, PAIRWISE_SECRET, Date.now);
const sub = createHmac('sha256', pairwiseKey).update(`rp.example.com\n${user.id}`).digest('base64url');
const [own, all, filtered] = [await receiver(scope), await receiver(scope), await receiver(scope)];
const made = async (
  url: string,
  more: { everybody?: boolean; actions?: readonly string[]; clientId?: string | undefined },
) => {
  const input = {
    name: 'a',
    settings: { url },
    actions: [],
    outcomes: [],
    everybody: false,
    heads: false,
    details: false,
  };
  const planned = await destinations.creating({ kind: 'webhook', clientId: pairwise.id, ...input, ...more }, undefined);
  await carryOut(db, planned);
  return remember('other', planned.secret ?? '');
};
await made(own.url, {});
await made(all.url, { everybody: true });
await made(filtered.url, { actions: ['user.signed_out'] });

async function append(action: Action, id: string, outcome: 'done' | 'refused' = 'done'): Promise<void> {
  const actor = { kind: 'system', id: 'test' } as const;
  const changes = { locale: { before: 'en', after: 'de' } };
  await db.query(audit.append({ actor, action, target: { kind: 'user', id }, outcome, changes, requestId: 'r' }));
}

/** Sends an operator's request to the API. @returns the answer */
async function did(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) {
  const headers = { 'if-match': '*' };
  const done = await api.request(method, path, { headers, ...(body ? { body } : {}) });
  assert.ok(done.status < 300, `${path} ${JSON.stringify(done.body)}`);
  return done.body;
}

async function deliver(): Promise<void> {
  await sealing.run();
}

const bodiesAt = ({ received }: Receiver) =>
  received.map(({ body }) => JSON.parse(body) as { type: string; data: unknown });

test('an app gets events of the people who have a grant with it, with the sub that it knows', async () => {
  await did('POST', '/users', { email: 'newcomer@example.com' });
  await did('PATCH', `/users/${stranger.id}`, { locale: 'de' });
  await append('users.update', user.id, 'refused');
  await append('users.unlock', user.id);
  await did('PATCH', `/users/${user.id}`, { locale: 'de' });
  await did('DELETE', `/sessions/${await records.session(user.id)}`);
  await deliver();
  await until(
    'the events',
    () => own.received.length >= 2 && all.received.length >= 4 && filtered.received.length >= 1,
  );
  assert.deepEqual(
    bodiesAt(own).map(({ type, data }) => [type, data]),
    [
      ['user.updated', { sub, changed: ['locale'] }],
      ['user.signed_out', { sub, changed: [] }],
    ],
  );
  assert.equal(JSON.stringify(own.received).includes(user.id), false, 'no id that another app would know as well');
  assert.deepEqual(
    bodiesAt(all).map(({ type }) => type),
    ['user.created', 'user.updated', 'user.updated', 'user.signed_out'],
  );
  assert.deepEqual(
    bodiesAt(filtered).map(({ type }) => type),
    ['user.signed_out'],
  );
});

test('an app is told of a session that ends, by the person or an operator, and of access that an operator takes away', async () => {
  const before = own.received.length;
  const [one, two] = [await records.session(user.id), await records.session(user.id)];
  const grant = await records.grant(user.id, pairwise.id);
  for (const [method, path, body] of [
    ['DELETE', `/sessions/${one}`],
    ['POST', '/tokens/revoke', { session: two }],
    ['DELETE', `/grants/${grant}`],
    ['POST', '/tokens/revoke', { user_id: user.id }],
  ] as const) {
    await did(method, path, body);
  }
  // As the person does at the end of a session (RP-Initiated Logout): the target is the session.
  const person = { kind: 'person', id: user.id } as const;
  const session = { kind: 'session', id: 'one' };
  await db.query(
    audit.append({ actor: person, action: 'sessions.end', target: session, outcome: 'done', requestId: 'r' }),
  );
  // A revocation by the app itself.
  const client = { kind: 'client', id: pairwise.id } as const;
  const changes = { token: { before: 'AccessToken' } };
  const target = { kind: 'user', id: user.id };
  await db.query(
    audit.append({ actor: client, action: 'tokens.revoke', target, outcome: 'done', changes, requestId: 'r' }),
  );
  await deliver();
  await until('the events', () => own.received.length >= before + 5);
  assert.deepEqual(
    bodiesAt(own)
      .slice(before)
      .map(({ type, data }) => [type, data]),
    [
      ['user.signed_out', { sub, changed: [] }],
      ['user.signed_out', { sub, changed: ['revoked'] }],
      ['user.access_revoked', { sub, changed: [] }],
      ['user.signed_out', { sub, changed: ['revoked'] }],
      ['user.signed_out', { sub, changed: [] }],
    ],
  );
});

test('an app is told of the end of an account, although the grants are gone', async () => {
  const before = own.received.length;
  await records.grant(user.id, pairwise.id);
  await did('POST', `/users/${user.id}/erase`);
  assert.deepEqual(await db.run({ text: 'SELECT 1 FROM grants WHERE account_id = $1' }, [user.id]), []);
  await deliver();
  await until('the event', () => own.received.length > before);
  assert.deepEqual(bodiesAt(own).at(-1), {
    ...bodiesAt(own).at(-1),
    type: 'user.erased',
    data: { sub, changed: [] },
  });
});

test('the receiver of the document takes what is signed, and refuses what is not', async (t) => {
  const stored: [string, unknown][] = [];
  const secret = { value: '' };
  const server = { url: '' };
  // The secret is known once the destination is made, which needs the address.
  const port = await listen(t, auditReceiverLater(), '127.0.0.1');
  server.url = `http://127.0.0.1:${port}/`;
  secret.value = await made(server.url, { clientId: undefined, actions: ['groups.create'] });
  await db.query(
    audit.append({
      actor: { kind: 'system', id: 'test' },
      action: 'groups.create',
      target: { kind: 'group', id: 'staff' },
      outcome: 'done',
      requestId: 'r',
    }),
  );
  await deliver();
  await until('the event', () => stored.length > 0);
  assert.deepEqual(
    stored.map(([, event]) => (event as { type: string }).type),
    ['groups.create'],
  );
  const other = new Webhook(`whsec_${Buffer.alloc(32).toString('base64')}`);
  const headers = {
    'webhook-id': 'x',
    'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
    'webhook-signature': other.sign('x', new Date(), '{}'),
  };
  assert.equal((await fetch(server.url, { method: 'POST', body: '{}', headers })).status, 401);
  assert.equal(stored.length, 1);

  function auditReceiverLater() {
    return auditReceiver(
      () => secret.value,
      async (id, event) => void stored.push([id, event]),
    );
  }
});
