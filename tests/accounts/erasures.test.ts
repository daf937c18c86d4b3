import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { createErasures } from '../../server/jobs/erasures.ts';
import { dueErasure, userDeletion } from '../../server/operations/user_deletion.ts';
import { createLog } from '../../server/platform/log.ts';
import { endRecordsOfAccounts } from '../../server/records/ended.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { createRecordSeeder } from '../helpers/records.ts';

/** The job that erases accounts whose days of grace are over. */
const scope = { after };
const clock = { ms: Date.now() };
const now = () => clock.ms;
const DAY_MS = 86_400_000;
const app = await operatedDatabase(scope);
const { runner, services } = await operationsOf(scope, app, now);
const stores = await services.accountStores();
const records = createRecordSeeder(app, now);
const log = createLog({ level: 'silent', destination: { write() {} } });
const call = { actor: actor({ kind: 'cli' }), requestId: 'a request' };
const inputOf = (id: string) => ({ params: { id }, query: undefined, body: undefined });

const node = () =>
  createErasures({
    log,
    read: stores.accounts.dueForDeletion,
    erase: (id) => runner.run(dueErasure, inputOf(id), { ...call, actor: actor({ kind: 'system', id: 'erasures' }) }),
    async sweep() {
      const ids = await stores.departed.erasedLately();
      await app.db.query(endRecordsOfAccounts(ids));
    },
  });

/** People whose deletion is planned. */
async function leaving(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const { id } = await app.seed.person();
    await runner.run(userDeletion.remove, inputOf(id), call);
    ids.push(id);
  }
  return ids;
}

const exist = async (ids: readonly string[]) => {
  const rows = await app.db.run<{ id: string }>({ text: 'SELECT id FROM accounts WHERE id = ANY($1)' }, [ids]);
  return ids.filter((id) => rows.some((row) => row.id === id));
};
const erasuresOf = (id: string) =>
  app.db.run({ text: `SELECT actor_kind, outcome FROM audit WHERE target_id = $1 AND action = 'users.erase_due'` }, [
    id,
  ]);

test('erases who is due, and neither who is not, nor who was kept, nor whose data must stay', async () => {
  const [due = '', kept = '', restricted = ''] = await leaving(3);
  await runner.run(userDeletion.restore, inputOf(kept), call);
  await app.db.query(stores.accounts.plans.restricting(restricted, 'legal_claims'));
  clock.ms += 30 * DAY_MS - 1_000;
  const [later = ''] = await leaving(1);
  const all = [due, kept, restricted, later];
  await node().run();
  assert.deepEqual(await exist(all), all, 'a second too early');
  clock.ms += 1_000;
  await node().run();
  assert.deepEqual(await exist(all), [kept, restricted, later]);
  assert.deepEqual(await erasuresOf(due), [{ actor_kind: 'system', outcome: 'done' }]);
  await assert.rejects(runner.run(dueErasure, inputOf(later), call), { code: 'not_found' });
});

test('two nodes erase each account once', async () => {
  const ids = await leaving(8);
  clock.ms += 31 * DAY_MS;
  await Promise.all([node().run(), node().run()]);
  assert.deepEqual(await exist(ids), []);
  for (const id of ids) {
    const done = (await erasuresOf(id)).filter((one) => (one as { outcome: string }).outcome === 'done');
    assert.equal(done.length, 1);
  }
});

test('removes what a request that was under way has written since', async () => {
  const [id = ''] = await leaving(1);
  await runner.run(userDeletion.erase, inputOf(id), call);
  // It has no foreign key: such a request does not look at the account again.
  await records.records('Interaction', [{ accountId: id, jti: randomUUID() }]);
  await app.db.run({ text: 'UPDATE records SET account_id = $1' }, [id]);
  await node().run();
  assert.deepEqual(await app.db.run({ text: 'SELECT 1 FROM records WHERE account_id = $1' }, [id]), []);
});

test('leaves what is stored of somebody who was imported again with the same sub', async () => {
  const [sub = ''] = await leaving(1);
  await runner.run(userDeletion.erase, inputOf(sub), call);
  const { plans } = stores.accounts;
  const { statements } = await plans.creatingAll([{ email: 'again@example.com', sub }]);
  await app.db.transact(statements);
  await records.records('Interaction', [{ accountId: sub, jti: randomUUID() }]);
  await app.db.run({ text: 'UPDATE records SET account_id = $1 WHERE account_id IS NULL' }, [sub]);
  const recordsOf = () => app.db.run({ text: 'SELECT 1 AS one FROM records WHERE account_id = $1' }, [sub]);
  assert.equal((await recordsOf()).length, 1);
  await node().run();
  assert.equal((await recordsOf()).length, 1);
});
