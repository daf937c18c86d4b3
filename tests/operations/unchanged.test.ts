import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deadLetters } from '../../server/operations/dead_letters.ts';
import { groups } from '../../server/operations/groups.ts';
import { settings } from '../../server/operations/settings.ts';
import { userCredentials } from '../../server/operations/user_credentials.ts';
import { userDeletion } from '../../server/operations/user_deletion.ts';
import { userRestriction } from '../../server/operations/user_restriction.ts';
import { userSessions } from '../../server/operations/user_sessions.ts';
import { userState } from '../../server/operations/user_state.ts';
import { users } from '../../server/operations/users.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { lockOut } from '../helpers/lockouts.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';

/** Changes of people that change nothing have no entry in the audit; others say how much they have ended. */
const scope = { after };
const clock = { ms: Date.now() };
const now = () => clock.ms;
const app = await operatedDatabase(scope);
const { runner, services } = await operationsOf(scope, app, now);
const records = createRecordSeeder(app, now);
const party = await app.seed.party();
const password = remember('password', 'Kestrel-Fjord-7-Anvil');
const call = { actor: actor({ kind: 'cli' }), requestId: 'a request', masked: true };
const of = (id: string) => ({ params: { id }, query: undefined, body: undefined });

type Entry = [string, Record<string, { before?: unknown; after?: unknown }>];

async function auditOf(id: string): Promise<Entry[]> {
  const text = 'SELECT action, changes FROM audit WHERE target_id = $1 ORDER BY id';
  const rows = await app.db.run<{ action: string; changes: Entry[1] }>({ text }, [id]);
  return rows.map(({ action, changes }) => [action, changes]);
}

const versionOf = async (id: string) => (await (await services.accountStores()).accounts.findById(id))?.version;
const mailsOf = async (id: string) =>
  (await app.db.run({ text: 'SELECT 1 FROM mails WHERE account_id = $1' }, [id])).length;

/** Somebody with sessions and grants, of which one each has expired and is not cleaned up. */
async function signedIn(): Promise<string> {
  const { id } = await app.seed.person();
  const started = clock.ms;
  clock.ms -= 90 * 86_400_000;
  await records.session(id);
  await records.grant(id, party.id);
  clock.ms = started;
  await records.session(id);
  await records.session(id);
  await records.grant(id, party.id);
  return id;
}
const ENDED = { sessions_ended: { after: 2 }, grants_ended: { after: 1 } };

const restrict = (id: string, reason: 'unlawful' | 'objection' = 'unlawful') =>
  runner.run(userRestriction.restrict, { ...of(id), body: { reason } }, call);

/** Each is done twice; the second time changes nothing. */
const TWICE: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  'users.unlock': (id) => runner.run(userState.unlock, of(id), call),
  'users.end_sessions': (id) => runner.run(userSessions.endAll, of(id), call),
  'users.disable': (id) => runner.run(userState.disable, of(id), call),
  'users.enable': (id) => runner.run(userState.enable, of(id), call),
  'users.restrict': (id) => restrict(id),
  'users.lift_restriction': (id) => runner.run(userRestriction.lift, of(id), call),
  'users.delete': (id) => runner.run(userDeletion.remove, of(id), call),
  'users.restore': (id) => runner.run(userDeletion.restore, of(id), call),
  'users.update': (id) => runner.run(users.update, { ...of(id), body: { name: 'Ada' } }, call),
};

test('a change of a person that changes nothing succeeds, and neither the audit nor a mail claims that it did', async () => {
  const id = await signedIn();
  await lockOut(app, (await (await services.accountStores()).accounts.resolve(id)).email);
  for (const [action, run] of Object.entries(TWICE)) {
    await run(id);
    const [version, mails, entries] = [await versionOf(id), await mailsOf(id), await auditOf(id)];
    await run(id);
    assert.deepEqual([await versionOf(id), await mailsOf(id), await auditOf(id)], [version, mails, entries], action);
  }
  const actions = (await auditOf(id)).map(([action]) => action);
  assert.deepEqual(actions, Object.keys(TWICE), 'each has changed something the first time');
});

for (const action of ['users.end_sessions', 'users.disable', 'users.restrict', 'users.delete']) {
  test(`${action} that ends a sign-in under way alone has an entry, also for one who is in that state already`, async () => {
    const { id } = await app.seed.person();
    await TWICE[action]?.(id);
    const before = await auditOf(id);
    await records.records('Interaction', [{ session: { accountId: id } }]);
    for (const _ of [1, 2]) await TWICE[action]?.(id);
    assert.deepEqual((await auditOf(id)).slice(before.length), [[action, { records_ended: { after: 1 } }]]);
  });
}

test('dead letters that wait already or that there are not, and a setting that has the value: no entry', async () => {
  const input = {
    kind: 'webhook',
    name: 'a',
    settings: { url: 'https://siem.example.com/' },
    clientId: undefined,
  } as const;
  const all = { actions: [], outcomes: [], everybody: false, heads: false, details: false };
  const made = await services.destinations.creating({ ...input, ...all }, 0);
  await carryOut(app.db, made);
  const destination = made.after.id;
  await runner.run(deadLetters.retryAll, of(destination), call);
  await runner.run(deadLetters.dropAll, of(destination), call);
  assert.deepEqual(await auditOf(destination), []);

  const [letter] = await app.db.run<{ id: string }>(
    {
      text: `INSERT INTO audit_dead_letters (id, destination_id, first_index, last_index, is_head, reason, attempts, created_at)
             VALUES (gen_random_uuid(), $1, 0, 0, false, 'status_422', 4, now()) RETURNING id`,
    },
    [destination],
  );
  const id = letter?.id ?? '';
  await Promise.all([1, 2, 3].map(() => runner.run(deadLetters.retry, of(id), call)));
  assert.deepEqual(await auditOf(id), [['dead_letters.retry', { wanted: { before: false, after: true } }]]);

  const name = 'CARDEA_PASSWORD_POLICY';
  const declare = { params: { name }, query: undefined, body: { value: 'nist' } } as const;
  for (const _ of [1, 2]) await runner.run(settings.declare, declare, call);
  assert.deepEqual(await auditOf(name), [['settings.declare', { value: { after: 'nist' } }]]);
});

test('another reason of a restriction is a change', async () => {
  const { id } = await app.seed.person();
  await restrict(id);
  await restrict(id, 'objection');
  const [, second] = await auditOf(id);
  assert.deepEqual(second, ['users.restrict', { restriction_reason: { before: 'unlawful', after: 'objection' } }]);
});

test('a group that is set to what it is keeps its version, and the audit says nothing', async () => {
  const made = { params: undefined, query: undefined, body: { name: 'staff', description: 'Employees' } };
  await runner.run(groups.create, made, call);
  const update = { params: { name: 'staff' }, query: undefined, body: { description: 'Employees' } };
  assert.equal((await runner.run(groups.update, update, call)).version, 1);
  assert.deepEqual(
    (await auditOf('staff')).map(([action]) => action),
    ['groups.create'],
  );
});

for (const [action, run] of Object.entries({
  'users.disable': TWICE['users.disable'],
  'users.restrict': TWICE['users.restrict'],
  'users.delete': TWICE['users.delete'],
  'users.end_sessions': TWICE['users.end_sessions'],
  'users.erase': (id: string) => runner.run(userDeletion.erase, of(id), call),
  'users.set_password': (id: string) =>
    runner.run(userCredentials.setPassword, { ...of(id), body: { password } }, call),
})) {
  test(`the audit says how many sessions and grants ${action} has ended, of those that were in force`, async () => {
    const id = await signedIn();
    const result = (await run?.(id)) as { sessions_ended?: number };
    const [entry] = await auditOf(id);
    assert.equal(entry?.[0], action);
    const { sessions_ended, grants_ended } = entry?.[1] ?? {};
    assert.deepEqual({ sessions_ended, grants_ended }, ENDED);
    if (result.sessions_ended !== undefined) assert.equal(result.sessions_ended, 2);
  });
}
