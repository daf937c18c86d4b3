import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { groups } from '../../server/operations/groups.ts';
import type { Call } from '../../server/operations/operation.ts';
import { roles } from '../../server/operations/roles.ts';
import { ACTOR_MS } from '../../server/operations/run_stream.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor, operationsOf } from '../helpers/operations.ts';

/** Groups and roles with more members than one transaction takes. */
const scope = { after };
const app = await operatedDatabase(scope);
let now = Date.now();
const { runner } = await operationsOf(scope, app, () => now);
const MEMBERS = 1_100;
// In SQL, because they are many; half of them are not in the index of people yet.
await app.db.run(
  {
    text: `
      INSERT INTO accounts (id, sealed_profile, search_tokens, groups, roles, created_at, updated_at)
      SELECT gen_random_uuid(), '\\x00', CASE WHEN i % 2 = 0 THEN '{}'::bigint[] END, '{staff,kept}', '{crew,kept}', now(), now()
        FROM generate_series(1, $1::int) AS i`,
  },
  [MEMBERS],
);

const call = (rest: Partial<Call> = {}): Call => ({ actor: actor(), requestId: 'a request', ...rest });
const left = async (column: 'groups' | 'roles', name: string) => {
  const text = `SELECT count(*)::int AS people FROM accounts WHERE ${column} @> ARRAY[$1]`;
  return (await app.db.run<{ people: number }>({ text }, [name]))[0]?.people;
};
const entriesOf = async (requestId: string) => {
  const text = `SELECT outcome, changes->'members_removed'->'after' AS removed FROM audit WHERE request_id = $1 ORDER BY id`;
  return (await app.db.run({ text }, [requestId])).map((entry) => Object.values(entry));
};

for (const [column, name, { create, remove }] of [
  ['groups', 'staff', groups],
  ['roles', 'crew', roles as unknown as typeof groups],
] as const) {
  const input = { params: { name }, query: { remove_members: true } } as const;
  const run = (rest: Partial<Call> = {}) => runner.run(remove, { ...input, body: undefined }, call(rest));

  test(`${column}: a large one is deleted in batches, of which each has an entry in the audit`, async () => {
    await runner.run(create, { params: undefined, query: undefined, body: { name } }, call());
    const unused = runner.run(remove, { ...input, query: {}, body: undefined }, call());
    await assert.rejects(unused, { code: 'in_use', message: new RegExp(`\\b${MEMBERS} members\\b`) });
    assert.deepEqual(await run({ dryRun: true }), { name, members_removed: MEMBERS });
    assert.equal(await left(column, name), MEMBERS, 'a dry run takes it from nobody');

    const interrupted = run({
      requestId: `${name} interrupted`,
      progress() {
        throw new Error('interrupted');
      },
    });
    await assert.rejects(interrupted, /interrupted/);
    assert.equal(await left(column, name), MEMBERS - 500);
    assert.deepEqual(await entriesOf(`${name} interrupted`), [['done', 500]]);

    const told: number[] = [];
    const removed = await run({ requestId: `${name} again`, progress: (done) => told.push(done) });
    assert.deepEqual([removed, told], [{ name, members_removed: MEMBERS - 500 }, [500]]);
    assert.deepEqual(await entriesOf(`${name} again`), [
      ['done', 500],
      ['done', null],
    ]);
    assert.deepEqual([await left(column, name), await left(column, 'kept')], [0, MEMBERS]);
  });
}

test('a deletion ends soon when its caller loses the right to it', async () => {
  await runner.run(groups.create, { params: undefined, query: undefined, body: { name: 'kept' } }, call());
  const input = { params: { name: 'kept' }, query: { remove_members: true }, body: undefined };
  const removed = runner.run(
    groups.remove,
    input,
    call({
      requestId: 'denied',
      actorNow: async () => actor({ permissions: new Set() }),
      progress() {
        now += ACTOR_MS;
      },
    }),
  );
  await assert.rejects(removed, { code: 'insufficient_scope' });
  assert.equal(await left('groups', 'kept'), MEMBERS - 500);
  assert.deepEqual(await entriesOf('denied'), [
    ['done', 500],
    ['denied', null],
  ]);
});

test('a deletion takes a changed group from nobody', async () => {
  await app.db.run({ text: "UPDATE accounts SET groups = '{kept}'" }, []);
  const params = { name: 'kept' };
  let changed: Promise<unknown> | undefined;
  const removed = runner.run(
    groups.remove,
    { params, query: { remove_members: true }, body: undefined },
    call({
      requestId: 'changed',
      async actorNow() {
        await changed;
        return actor();
      },
      progress() {
        now += ACTOR_MS;
        changed ??= runner.run(groups.update, { params, query: undefined, body: { description: 'new' } }, call());
      },
    }),
  );
  await assert.rejects(removed, { code: 'changed_meanwhile' });
  assert.equal(await left('groups', 'kept'), MEMBERS - 500);
  assert.deepEqual(await entriesOf('changed'), [
    ['done', 500],
    ['refused', null],
  ]);
});

test('deletions at once count each member once, in the audit as well', async () => {
  await app.db.run({ text: "UPDATE accounts SET groups = '{kept}'" }, []);
  const input = { params: { name: 'kept' }, query: { remove_members: true }, body: undefined };
  const ended = await Promise.allSettled(
    ['one', 'two', 'three'].map((requestId) => runner.run(groups.remove, input, call({ requestId }))),
  );
  assert.deepEqual(ended.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected', 'rejected']);
  const entries = (await Promise.all(['one', 'two', 'three'].map(entriesOf))).flat();
  const removed = entries.reduce((sum, [, count]) => sum + Number(count), 0);
  assert.equal(removed, 1_000, 'the batches; the rest is in the transaction of the deletion');
});

test('a deletion ends when the server stops, and a repeated one goes on', async () => {
  await app.db.run({ text: "UPDATE accounts SET groups = '{kept}'" }, []);
  await runner.run(groups.create, { params: undefined, query: undefined, body: { name: 'kept' } }, call());
  const input = { params: { name: 'kept' }, query: { remove_members: true }, body: undefined };
  const stopping = new AbortController();
  const removed = runner.run(
    groups.remove,
    input,
    call({ stopping: stopping.signal, progress: () => stopping.abort() }),
  );
  await assert.rejects(removed, { code: 'temporarily_unavailable' });
  assert.equal(await left('groups', 'kept'), MEMBERS - 500);
  assert.deepEqual(await runner.run(groups.remove, input, call()), { name: 'kept', members_removed: MEMBERS - 500 });
});
