import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import type { Call } from '../../server/operations/operation.ts';
import { userDeletion } from '../../server/operations/user_deletion.ts';
import { users } from '../../server/operations/users.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor, operationsOf } from '../helpers/operations.ts';

/** What waits, or is kept for a short time, about a person is sealed under the person's own key. */

const scope = { after };
const app = await operatedDatabase(scope);
const { runner, services } = await operationsOf(scope, app);
const { accounts, mails, links, deliveries } = await services.accountStores();
const sql = (text: string, values: readonly unknown[] = []) => app.db.run({ text }, values);
const person = () => accounts.create({ email: `${randomBytes(4).toString('hex')}@example.com` });
const destroyKey = (id: string) => sql('DELETE FROM data_keys WHERE account_id = $1', [id]);
const expiresAt = new Date(Date.now() + 3_600_000);

test('a mail about an account is sealed by the person’s own key, and goes with the account', async () => {
  const account = await person();
  const other = await person();
  const mail = { kind: 'change_email', accountId: account.id, email: 'new@example.com' } as const;
  await app.db.transact([
    mails.enqueue(mail, account),
    mails.enqueue({ kind: 'unlocked', accountId: other.id }, other),
  ]);
  const rows = await sql('SELECT sealed FROM mails WHERE account_id = $1', [account.id]);
  assert.deepEqual(rows, [{ sealed: null }, { sealed: null }]);
  const kinds = async () => (await mails.list()).items.map(({ kind }) => kind).toSorted();
  assert.deepEqual(await kinds(), ['change_email', 'change_email', 'unlocked']);
  await destroyKey(other.id);
  assert.deepEqual(await kinds(), ['change_email', 'change_email', undefined]);
  const claimed = await mails.claimDue({ limit: 9, leaseMs: 1 });
  assert.deepEqual(claimed.map(({ intent }) => intent?.kind).toSorted(), ['change_email', 'change_email', undefined]);
  await app.db.query(accounts.plans.deleting(account.id));
  assert.deepEqual(await sql('SELECT 1 FROM mails WHERE account_id = $1', [account.id]), []);
  assert.throws(() => mails.enqueue({ kind: 'unlocked', accountId: account.id }, other), /another account/);
});

test('a mail to an address that was typed is about nobody', async () => {
  const id = randomUUID();
  const mail = { kind: 'sign_up', email: 'new@example.com', locale: 'en' } as const;
  await app.db.query(mails.enqueue(mail, undefined, { id, afterMs: 0 }));
  const [row] = await sql('SELECT account_id, sealed_own FROM mails WHERE id = $1', [id]);
  assert.deepEqual(row, { account_id: null, sealed_own: null });
});

test('a link of an account is sealed by the person’s own key, and is no link without it', async () => {
  const account = await person();
  const { token, bound } = links.create('verify_email', { account, payload: { email: account.email } });
  await app.db.query(bound);
  assert.deepEqual(await sql('SELECT sealed FROM links WHERE account_id = $1', [account.id]), [{ sealed: null }]);
  assert.equal((await links.peek('verify_email', token))?.payload.email, account.email);
  await destroyKey(account.id);
  assert.equal(await links.peek('verify_email', token), undefined);
});

test('a message to an app about a person is sealed by their own key, and has no content without it', async () => {
  const account = await person();
  const input = { kind: 'notification', clientId: 'app', content: { id_token: 'x' }, expiresAt };
  await app.db.query(deliveries.enqueue({ ...input, owner: accounts.ownerOf(account) }));
  assert.deepEqual(await sql('SELECT account_id, sealed FROM deliveries'), [{ account_id: account.id, sealed: null }]);
  const claim = async () => (await deliveries.claimDue({ kinds: ['notification'], limit: 9, leaseMs: -1 }))[0]?.content;
  assert.deepEqual(await claim(), input.content);
  await destroyKey(account.id);
  assert.equal(await claim(), undefined);
});

test('the stored result of a call about a person is sealed by their own key', async () => {
  const call = (idempotencyKey: string): Call => ({ actor: actor(), requestId: 'a request', idempotencyKey });
  const create = () =>
    runner.run(
      users.create,
      { params: undefined, query: undefined, body: { email: 'grace@example.com', name: 'Grace' } },
      call('create'),
    );
  const created = await create();
  assert.deepEqual(await create(), created);
  const change = () =>
    runner.run(
      users.update,
      { params: { id: created.id }, query: undefined, body: { name: 'Hopper' } },
      call('update'),
    );
  assert.deepEqual(await change(), await change());
  const stored = await sql('SELECT account_id, sealed FROM operation_results');
  assert.deepEqual(stored, Array(2).fill({ account_id: created.id, sealed: null }));
  const remove = () =>
    runner.run(userDeletion.erase, { params: { id: created.id }, query: undefined, body: undefined }, call('delete'));
  assert.deepEqual(await remove(), await remove());
  const left = await sql('SELECT account_id, key_hash, sealed FROM operation_results');
  const [one] = left as { key_hash: Buffer; sealed: Buffer }[];
  assert.equal(left.length, 1);
  const place = { table: 'operation_results', column: 'sealed', row: one?.key_hash.toString('hex') ?? '' };
  const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
  assert.deepEqual(JSON.parse(sealer.open(place, one?.sealed ?? Buffer.of()).toString()), {
    output: { id: created.id, sessions_ended: 0 },
  });
});
