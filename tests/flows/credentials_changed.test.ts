import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { changePassword } from '../helpers/account_changes.ts';
import { deployment } from '../helpers/deployment.ts';
import { until } from '../helpers/waiting.ts';
import { begin, errorOn, shown, submit, submitPassword } from './support.ts';

/** A sign-in fails when the credentials change before it is complete, so that an old password cannot sign in. */
const app = await deployment({ after });
const party = await app.seed.party();
const sql = (text: string, values: readonly unknown[]) => app.db.run({ name: '', text }, values);
const sessionsOf = async (id: string) => (await sql('SELECT 1 FROM sessions WHERE account_id = $1', [id])).length;

test('a change between the password and the consent ends the sign-in', async () => {
  const person = await app.seed.person();
  const { browser, page } = await begin(app, party);
  const consent = await submitPassword(browser, page, person);
  assert.equal(shown(consent), 'consent');
  await app.db.transact(await changePassword(app.seed.accounts, person.id));
  const end = await submit(browser, consent, { action: 'allow' });
  assert.equal(end.status, 400);
  assert.equal(errorOn(end), 'interaction_expired');
  assert.equal(await sessionsOf(person.id), 0);
});

test('also when the account was disabled and enabled again', async () => {
  const person = await app.seed.person();
  const { browser, page } = await begin(app, party);
  const consent = await submitPassword(browser, page, person);
  await app.seed.accounts.disable(person.id);
  assert.equal((await submit(browser, consent, { action: 'allow' })).status, 400);
  await app.seed.accounts.enable(person.id);
  const again = await begin(app, party);
  const allowed = await submitPassword(again.browser, again.page, person);
  assert.equal(shown(await submit(again.browser, allowed, { action: 'allow' })), 'callback');
});

test('a sign-in waits for a change in progress', async () => {
  const person = await app.seed.person();
  const { browser, page } = await begin(app, party);
  const consent = await submitPassword(browser, page, person);
  const client = await app.db.connect();
  try {
    const change = await changePassword(app.seed.accounts, person.id);
    await client.query('BEGIN');
    for (const { statement, values } of change) await client.query(statement.text, [...values]);
    const end = submit(browser, consent, { action: 'allow' });
    const isBlocked = async () =>
      (
        await sql(
          "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%require_epoch%' AND datname = current_database()",
          [],
        )
      ).length > 0;
    await until('it waits for the account', isBlocked);
    await client.query('COMMIT');
    assert.equal((await end).status, 400);
    assert.equal(await sessionsOf(person.id), 0);
  } finally {
    await client.end();
  }
});
