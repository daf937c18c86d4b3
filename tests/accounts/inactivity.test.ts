import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createInactivity, inactivitySteps } from '../../server/accounts/inactivity.ts';
import { createInactivityJob } from '../../server/jobs/inactivity.ts';
import { inactivityChanges, userInactivity } from '../../server/operations/user_inactivity.ts';
import { userState } from '../../server/operations/user_state.ts';
import { users } from '../../server/operations/users.ts';
import { createLog } from '../../server/platform/log.ts';
import { begin, callbackOf, shown, submit, submitPassword } from '../flows/support.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { actor, operationsOf } from '../helpers/operations.ts';

/** Accounts that nobody signs in to: warned, disabled, deleted with days of grace. */
const scope = { after };
const clock = { ms: Date.now() };
const now = () => clock.ms;
const DAY_MS = 86_400_000;
// In production without a mail server no mail leaves the queue.
const app = await deployment(scope, { now, env: { NODE_ENV: 'production' } });
const POLICY = { CARDEA_INACTIVE_WARN: '300d', CARDEA_INACTIVE_DISABLE: '330d', CARDEA_INACTIVE_ERASE: '400d' };
const party = await app.seed.party({ firstParty: true });
const log = createLog({ level: 'silent', destination: { write() {} } });
const call = { actor: actor({ kind: 'cli' }), requestId: 'a request' };
const inputOf = ({ id }: Pick<Person, 'id'>) => ({ params: { id }, query: undefined, body: undefined });

const { runner, services } = await operationsOf(scope, { ...app, env: POLICY }, now);
const inactivity = createInactivity({ db: app.db, now });
const job = createInactivityJob(
  inactivitySteps(services.config.privacy.inactivity).map((step) => ({
    name: step.stage,
    next: (limit: number) => inactivity.next(step, limit),
    reach: (id: string) =>
      runner.run(inactivityChanges[step.stage], inputOf({ id }), { ...call, actor: actor({ kind: 'system' }) }),
  })),
  { log },
);
const shownOf = (person: Pick<Person, 'id'>) => runner.run(users.show, inputOf(person), call);
const counted = () =>
  runner.run(userInactivity.inactive, { params: undefined, query: undefined, body: undefined }, call);
const stageOf = async ({ id }: Person) => {
  const text = 'SELECT inactive_stage AS stage FROM accounts WHERE id = $1';
  return (await app.db.run<{ stage: string | null }>({ text }, [id]))[0]?.stage;
};
const passDays = async (days: number) => {
  clock.ms += days * DAY_MS;
  await job.run();
};
/** The warnings by mail that were queued since the last look: what each says, by the account. */
async function warnings() {
  const { mails } = await services.accountStores();
  const claimed = await mails.claimDue({ limit: 100, leaseMs: 1 });
  for (const { id } of claimed) await mails.remove(id);
  return claimed
    .flatMap(({ intent }) => (intent?.kind === 'inactive' ? [[intent.accountId, intent.details] as const] : []))
    .toSorted();
}
async function signIn(person: Person) {
  const { browser, page } = await begin(app, party);
  return { browser, page: await submitPassword(browser, page, person) };
}

test('are warned, disabled and deleted in this order; a sign-in begins anew, and administrators and restricted ones are left', async () => {
  const idle = await app.seed.person();
  const active = await app.seed.person();
  const administrator = await app.seed.person({ roles: ['cardea-admin'] });
  const restricted = await app.seed.person();
  await app.db.query(app.seed.accounts.plans.restricting(restricted.id, 'objection'));
  await passDays(299);
  assert.deepEqual(await counted(), { to_warn: 0, to_disable: 0, to_delete: 0 });
  clock.ms += DAY_MS;
  assert.deepEqual(await counted(), { to_warn: 2, to_disable: 0, to_delete: 0 });
  await job.run();
  assert.deepEqual(
    [await stageOf(idle), await stageOf(active), await stageOf(administrator)],
    ['warned', 'warned', null],
  );
  const due = new Date(clock.ms + 30 * DAY_MS).toISOString();
  assert.deepEqual(
    await warnings(),
    [idle, active].map(({ id }) => [id, { due }]).toSorted(),
    'a warning of each by mail, and none of administrators and restricted ones',
  );
  assert.ok(callbackOf((await signIn(active)).page).code);
  assert.equal(await stageOf(active), null);
  await passDays(30);
  assert.equal((await shownOf(idle)).disabled, true);
  assert.deepEqual(await warnings(), [], 'one warning is enough');
  assert.equal(shown((await signIn(idle)).page), 'sign-in');
  await passDays(69);
  assert.equal((await shownOf(idle)).deletion_due_at, undefined);
  await passDays(1);
  const leaving = await shownOf(idle);
  assert.deepEqual([leaving.disabled, leaving.deletion_by], [false, 'inactivity']);
  assert.equal(leaving.deletion_due_at, new Date(clock.ms + 30 * DAY_MS).toISOString());
  assert.deepEqual([await stageOf(administrator), await stageOf(restricted)], [null, null]);
  assert.equal((await shownOf(active)).disabled, false);

  const { browser, page } = await signIn(idle);
  assert.equal(shown(page), 'unusable');
  assert.ok(callbackOf(await submit(browser, page, { action: 'keep' })).code);
  await job.run();
  assert.deepEqual([await stageOf(idle), (await shownOf(idle)).deletion_due_at], [null, undefined]);
});

test('one that an operator enables again begins anew, and a policy that begins today takes nothing away yet', async () => {
  const person = await app.seed.person();
  await passDays(1_000);
  assert.equal(await stageOf(person), 'warned');
  await job.run();
  assert.equal(await stageOf(person), 'warned', 'the days between the warning and the next stage pass first');
  await passDays(30);
  assert.equal((await shownOf(person)).disabled, true);
  await runner.run(userState.enable, inputOf(person), call);
  await job.run();
  assert.deepEqual([(await shownOf(person)).disabled, await stageOf(person)], [false, null]);
});

test('one that an operator disables stays disabled: the policy does not make it one that its person may keep', async () => {
  const [warned, disabled] = [await app.seed.person(), await app.seed.person()];
  await passDays(300);
  await runner.run(userState.disable, inputOf(warned), call);
  await passDays(30);
  assert.equal(await stageOf(disabled), 'disabled');
  await runner.run(userState.disable, inputOf(disabled), call);
  await passDays(70);
  for (const person of [warned, disabled]) {
    const { disabled: isDisabled, deletion_by: by } = await shownOf(person);
    assert.deepEqual([isDisabled, by], [true, undefined]);
  }
});

test('somebody who signs in between the look and the change stays', async () => {
  const person = await app.seed.person();
  clock.ms += 300 * DAY_MS;
  const planned = inactivityChanges.warned.plan(services, inputOf(person), call);
  assert.ok(callbackOf((await signIn(person)).page).code);
  await assert.rejects(app.db.transact((await planned).statements));
  assert.equal(await stageOf(person), null);
});

test('a policy without a stage goes on from the one before', () => {
  const steps = inactivitySteps({ warnSeconds: 10, disableSeconds: 0, eraseSeconds: 30 });
  assert.deepEqual(steps, [
    { stage: 'warned', from: null, seconds: 10, waits: 10 },
    { stage: 'leaving', from: 'warned', seconds: 30, waits: 20 },
  ]);
  assert.deepEqual(inactivitySteps({ warnSeconds: 0, disableSeconds: 0, eraseSeconds: 0 }), []);
});
