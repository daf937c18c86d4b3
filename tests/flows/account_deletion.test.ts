import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { userDeletion } from '../../server/operations/user_deletion.ts';
import { users } from '../../server/operations/users.ts';
import { eventsOf, openAccount, press } from '../helpers/account.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { type Deployment, deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { has } from '../helpers/html.ts';
import { logoutListener } from '../helpers/logout_listener.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { introspect, refresh, userinfo } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import { begin, callbackOf, shown, submit, submitPassword, tokensFor } from './support.ts';

/** Deleting an account: planned, seen at the sign-in, undone. */
const scope = { after };
const clock = { ms: Date.now() };
const now = () => clock.ms;
const app: Deployment = await deployment(scope, { now });
const { runner } = await operationsOf(scope, app, now);
const factors = await createFactorSeeder(app, now);
const listener = await logoutListener(scope);
const party = await app.seed.party({
  firstParty: true,
  metadata: { backchannel_logout_uri: listener.uri, grant_types: ['authorization_code', 'refresh_token'] },
});
const DAY_MS = 86_400_000;

const call = { actor: actor({ kind: 'cli' }), requestId: 'a request', masked: true };
const inputOf = ({ id }: Pick<Person, 'id'>) => ({ params: { id }, query: undefined, body: undefined });
const shownOf = (person: Pick<Person, 'id'>) => runner.run(users.show, inputOf(person), call);
const rows = <Row>(text: string, values: readonly unknown[]) => app.db.run<Row>({ name: '', text }, values);
const actionsOf = async ({ id }: Pick<Person, 'id'>) =>
  (
    await rows<{ actor_kind: string; action: string }>(
      "SELECT actor_kind, action FROM audit WHERE target_id = $1 AND action LIKE 'users.%' ORDER BY id",
      [id],
    )
  ).map(({ actor_kind, action }) => `${actor_kind} ${action}`);

/** The person deletes the account at its page. */
async function deleteOwn(person: Person) {
  const { browser, page } = await openAccount(app, person, '/account/delete');
  return { browser, page: await press(browser, page, 'delete') };
}

describe('a person who deletes the account', () => {
  test('is signed out everywhere, tokens end, apps are told, and operators see when it is erased', async () => {
    const person = await app.seed.person();
    const { tokens } = await tokensFor(app, party, person, {
      params: { scope: 'openid offline_access', prompt: 'consent' },
    });
    const { browser, page } = await deleteOwn(person);
    assert.equal(page.status, 200);
    assert.ok(!has(page, 'form'), 'nothing else can be done');
    assert.equal(new URL((await browser.get('/account')).location ?? '').pathname, '/authorize');
    assert.deepEqual(await introspect(app.issuer, party, tokens.access_token), { active: false });
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
    assert.equal((await refresh(app.issuer, party, tokens.refresh_token ?? '')).body.error, 'invalid_grant');
    await until('the app is told', () => listener.received.length > 0);
    const user = await shownOf(person);
    assert.equal(user.deletion_due_at, new Date(clock.ms + 30 * DAY_MS).toISOString());
    assert.equal(user.deletion_by, 'person');
    assert.deepEqual(await actionsOf(person), ['person users.delete_own']);
    assert.equal((await eventsOf(app, person))[0], 'deletion_asked');
    const listed = await runner.run(
      users.list,
      {
        ...inputOf(person),
        params: undefined,
        query: { filter: 'deletion_planned eq true and deletion_due_at gt "2020-01-01T00:00:00Z"' },
      },
      call,
    );
    assert.ok(listed.items.some(({ id }) => id === person.id));
  });

  test('sees one page after a right password, keeps the account there, and is signed in', async () => {
    const person = await app.seed.person();
    await deleteOwn(person);
    const begun = await begin(app, party);
    const wrong = await submitPassword(begun.browser, begun.page, { ...person, password: 'Wrong-Horse-Battery-9' });
    assert.equal(shown(wrong), 'sign-in', 'a stranger learns nothing');
    const page = await submitPassword(begun.browser, wrong, person);
    assert.equal(shown(page), 'unusable');
    const back = await submit(begun.browser, page, { action: 'keep' });
    assert.ok(callbackOf(back).code);
    assert.equal((await shownOf(person)).deletion_due_at, undefined);
    assert.deepEqual(await actionsOf(person), ['person users.delete_own', 'person users.restore_own']);
    assert.ok((await eventsOf(app, person)).includes('deletion_undone'));
    await tokensFor(app, party, person);
  });

  test('is asked for the second factor before that page', async () => {
    const person = await app.seed.person();
    const passkey = softPasskey();
    await factors.passkey(person.id, passkey);
    await runner.run(userDeletion.remove, inputOf(person), call);
    const { browser, page } = await begin(app, party);
    assert.equal(shown(await submitPassword(browser, page, person)), 'second-factor');
  });

  test('who leaves that page is not signed in, and nothing is undone', async () => {
    const person = await app.seed.person();
    await deleteOwn(person);
    const { browser, page } = await begin(app, party);
    const left = await submit(browser, await submitPassword(browser, page, person), { action: 'cancel' });
    assert.equal(callbackOf(left).error, 'access_denied');
    assert.ok((await shownOf(person)).deletion_due_at);
    const again = await begin(app, party, {}, browser);
    assert.equal(shown(again.page), 'sign-in');
  });
});

describe('a deletion by an operator', () => {
  test('is undone by operators alone: the person sees the day, and a forged form does nothing', async () => {
    const person = await app.seed.person();
    const planned = await runner.run(userDeletion.remove, inputOf(person), call);
    assert.equal(planned.deletion_due_at, new Date(clock.ms + 30 * DAY_MS).toISOString());
    const { browser, page } = await begin(app, party);
    const seen = await submitPassword(browser, page, person);
    assert.ok(!has(seen, '#keep') && has(seen, '#cancel'));
    assert.equal(callbackOf(await submit(browser, seen, { action: 'keep' })).error, 'access_denied');
    assert.ok((await shownOf(person)).deletion_due_at);
    const restored = await runner.run(userDeletion.restore, inputOf(person), call);
    assert.equal(restored.deletion_due_at, undefined);
    await tokensFor(app, party, person);
  });

  test('stays one of an operator, and the earlier day counts, when both have asked', async () => {
    const person = await app.seed.person();
    await deleteOwn(person);
    const first = (await shownOf(person)).deletion_due_at;
    clock.ms += DAY_MS;
    const { deletion_due_at: second } = await runner.run(userDeletion.remove, inputOf(person), call);
    assert.equal(second, first);
    assert.equal((await shownOf(person)).deletion_by, 'operator');
  });

  test('of somebody who is disabled too shows nothing at the sign-in', async () => {
    const person = await app.seed.person();
    await app.seed.accounts.disable(person.id);
    await runner.run(userDeletion.remove, inputOf(person), call);
    const { browser, page } = await begin(app, party);
    assert.equal(shown(await submitPassword(browser, page, person)), 'sign-in');
    await runner.run(userDeletion.restore, inputOf(person), call);
    assert.equal((await shownOf(person)).disabled, true, 'undoing the deletion enables nobody');
  });
});

test('a sign-in that was under way when the deletion was planned is not completed', async () => {
  const person = await app.seed.person();
  const other = await app.seed.party();
  const { browser, page } = await begin(app, other);
  const consent = await submitPassword(browser, page, person);
  assert.equal(shown(consent), 'consent');
  await app.db.query(
    app.seed.accounts.plans.schedulingDeletion(person.id, { dueAt: new Date(clock.ms + DAY_MS), by: 'operator' }),
  );
  const answer = await submit(browser, consent, { action: 'allow' });
  assert.equal(answer.location, undefined);
  assert.deepEqual(await rows('SELECT 1 FROM grants WHERE account_id = $1', [person.id]), []);
});

test('without days of grace a deletion erases at once', async () => {
  const atOnce = await operationsOf(scope, { ...app, env: { CARDEA_DELETION_GRACE: '0' } }, now);
  const person = await app.seed.person();
  const deleted = await atOnce.runner.run(userDeletion.remove, inputOf(person), call);
  assert.equal(deleted.deletion_due_at, undefined);
  await assert.rejects(shownOf(person), { code: 'not_found' });
});
