import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { groups } from '../../server/operations/groups.ts';
import { NO_LINES } from '../../server/operations/json_lines.ts';
import type { Call } from '../../server/operations/operation.ts';
import type { Permission } from '../../server/operations/permissions.ts';
import { roles } from '../../server/operations/roles.ts';
import { userImport } from '../../server/operations/user_import.ts';
import { userState } from '../../server/operations/user_state.ts';
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

test('a repeated call may have its members in another order, and the items of a list not', async () => {
  const input = (body: { name: string; permissions: Permission[] }) => ({ params: undefined, query: undefined, body });
  const repeat = call({ idempotencyKey: 'ordered' });
  const permissions: Permission[] = ['users:read', 'groups:read'];
  const made = await runner.run(roles.create, input({ name: 'ordered', permissions }), repeat);
  const again = await runner.run(roles.create, input({ permissions, name: 'ordered' }), repeat);
  assert.deepEqual(again, made);
  const other = input({ name: 'ordered', permissions: permissions.toReversed() });
  await assert.rejects(runner.run(roles.create, other, repeat), { code: 'idempotency_key_reused', status: 422 });
});

test('a denied dry run has an entry as a denied change has, a refused one has none', async () => {
  const outcomes = async (requestId: string) => {
    const statement = { text: 'SELECT action, outcome, reason FROM audit WHERE request_id = $1' };
    return (await app.db.run(statement, [requestId])).map((entry) => Object.values(entry).join(' '));
  };
  const reader = actor({ permissions: new Set(['groups:read']) });
  const lines = { query: {}, lines: NO_LINES };
  for (const dryRun of [false, true]) {
    const [denied, refused] = [`denied ${dryRun}`, `refused ${dryRun}`];
    const by = (requestId: string, rest: Partial<Call> = {}) => call({ requestId, dryRun, ...rest });
    const insufficient = { code: 'insufficient_scope' };
    await assert.rejects(runner.run(groups.create, creation('probe'), by(denied, { actor: reader })), insufficient);
    await assert.rejects(runner.stream(userImport.import, lines, by(denied, { actor: reader })), insufficient);
    await assert.rejects(runner.run(groups.create, creation('first'), by(refused)), { code: 'already_exists' });
    assert.deepEqual(await outcomes(denied), [
      'groups.create denied insufficient_scope',
      'users.import denied insufficient_scope',
    ]);
    assert.deepEqual(await outcomes(refused), dryRun ? [] : ['groups.create refused already_exists']);
  }
});

test('the entry of a refused change has the id that it was sent, and no address or username', async () => {
  const reader = actor({ permissions: new Set() });
  const id = '01890a5d-ac96-774b-bcce-b302099a8057';
  for (const [sent, kept] of [
    [id, id],
    ['ada', ''],
    ['ada@example.com', ''],
  ] as const) {
    const input = { params: { id: sent }, query: undefined, body: undefined };
    const denied = runner.run(userState.disable, input, call({ actor: reader, requestId: `about ${sent}` }));
    await assert.rejects(denied, { code: 'insufficient_scope' });
    const statement = { text: 'SELECT target_kind, target_id FROM audit WHERE request_id = $1' };
    const entries = await app.db.run(statement, [`about ${sent}`]);
    assert.deepEqual(entries, [{ target_kind: 'user', target_id: kept }]);
  }
});

test('what a configuration file made is changed by it, or by force', async () => {
  await runner.run(groups.create, creation('owned'), call({ fromFile: true }));
  const update = (description: string) => ({ params: { name: 'owned' }, query: undefined, body: { description } });
  await assert.rejects(runner.run(groups.update, update('by hand'), call()), {
    code: 'managed_by_file',
    status: 409,
    message: /force=true.*--force/,
  });
  await runner.run(groups.update, update('forced'), call({ force: true }));
  const { managed_by: managedBy } = await runner.run(groups.update, update('by the file'), call({ fromFile: true }));
  assert.equal(managedBy, 'file');
});
