import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { groups } from '../../server/operations/groups.ts';
import type { Call } from '../../server/operations/operation.ts';
import { deployment } from '../helpers/deployment.ts';
import { actor, operationsOf } from '../helpers/operations.ts';

const scope = { after };
const app = await deployment(scope);
const { runner, services } = await operationsOf(scope, app);
const call = (rest: Partial<Call> = {}): Call => ({ actor: actor(), requestId: 'a request', ...rest });
const creation = (name: string) => ({ params: undefined, query: undefined, body: { name } });
const audited = async (id: string) =>
  (await app.db.run<{ outcome: string }>({ text: 'SELECT outcome FROM audit WHERE target_id = $1' }, [id])).length;

test('the changes of a batch see each other, and all happen with their entries in the audit', async () => {
  await runner.batch(async (transaction) => {
    await transaction.run(groups.create, creation('first'), call());
    const update = { params: { name: 'first' }, query: undefined, body: { description: 'changed' } };
    const { version } = await transaction.run(groups.update, update, call());
    assert.equal(version, 2);
    assert.equal(await services.groups.find('first'), undefined, 'nothing is visible outside before the end');
  });
  assert.equal((await services.groups.find('first'))?.description, 'changed');
  assert.equal(await audited('first'), 2);
});

test('a batch with a change that is refused changes nothing', async () => {
  const refused = runner.batch(async (transaction) => {
    await transaction.run(groups.create, creation('second'), call());
    await transaction.run(groups.create, creation('first'), call());
  });
  await assert.rejects(refused, { code: 'already_exists' });
  assert.equal(await services.groups.find('second'), undefined);
  assert.equal(await audited('second'), 0);
});

test('a batch that is rolled back changes nothing', async () => {
  const name = await runner.batch(
    async (transaction) => (await transaction.run(groups.create, creation('third'), call())).name,
    { rollBack: true },
  );
  assert.equal(name, 'third');
  assert.equal(await services.groups.find('third'), undefined);
});

test('what a configuration file made is changed by it, or by force', async () => {
  await runner.run(groups.create, creation('owned'), call({ fromFile: true }));
  const update = (description: string) => ({ params: { name: 'owned' }, query: undefined, body: { description } });
  await assert.rejects(runner.run(groups.update, update('by hand'), call()), { code: 'managed_by_file', status: 409 });
  await runner.run(groups.update, update('forced'), call({ force: true }));
  const { managed_by: managedBy } = await runner.run(groups.update, update('by the file'), call({ fromFile: true }));
  assert.equal(managedBy, 'file');
});
