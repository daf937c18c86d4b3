import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, shown, submit, submitPassword } from '../flows/support.ts';
import { changePassword } from '../helpers/account_changes.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { deployment } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';

/** Between password and second factor there is no session (better-auth GHSA-xg6x-h9c9-2m83). */

const app = await deployment({ after });
const factors = await createFactorSeeder(app);
const party = await app.seed.party({ firstParty: true });

const rowsOf = (table: string, accountId: string) =>
  app.db.run({ name: '', text: `SELECT 1 FROM ${table} WHERE account_id = $1` }, [accountId]);

test('the password alone gives no session, no code, no device, and no state that could be resumed', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const { browser, page } = await begin(app, party);
  const waiting = await submitPassword(browser, page, person);
  assert.equal(shown(waiting), 'second-factor');

  for (const table of ['sessions', 'grants', 'devices']) {
    assert.equal((await rowsOf(table, person.id)).length, 0, table);
  }
  assert.equal((await rowsOf('security_events', person.id)).length, 1, 'the person sees that the password was used');
  assert.equal(browser.cookie('cardea_device'), undefined, 'nor does the browser become known');

  const uid = new URL(waiting.url).pathname.split('/').at(-1);
  const resumed = await browser.follow(await browser.get(`/authorize/${uid}`));
  assert.notEqual(shown(resumed), 'callback');
  const silent = await begin(app, party, { prompt: 'none' }, browser);
  assert.equal(callbackOf(silent.page).error, 'login_required');
  const another = await begin(app, party, {}, browser);
  assert.equal(shown(another.page), 'sign-in', 'another request starts from the beginning');
  const account = await browser.get('/account');
  assert.equal(new URL(account.location ?? '').pathname, '/authorize', 'their account page asks for a sign-in');

  // the interaction still works for its own step
  const fresh = await begin(app, party);
  const asked = await submitPassword(fresh.browser, fresh.page, person);
  const done = await submit(fresh.browser, asked, { action: 'code', code: totpCode(secret, Date.now()) });
  assert.ok(callbackOf(done).code);
});

test('a second factor makes a new session, and the one before ends', async () => {
  const person = await app.seed.person();
  const first = await begin(app, party);
  const { browser } = first;
  assert.ok(callbackOf(await submitPassword(browser, first.page, person)).code, 'a session by the password alone');
  const before = browser.clone();
  const secret = await factors.totp(person.id);
  const { page } = await begin(app, party, { prompt: 'login' }, browser);
  const waiting = await submitPassword(browser, page, person);
  assert.equal(browser.cookie('cardea_session'), before.cookie('cardea_session'), 'the password alone makes none');
  const done = await submit(browser, waiting, { action: 'code', code: totpCode(secret, Date.now()) });
  assert.ok(callbackOf(done).code);
  assert.ok(before.cookie('cardea_session'));
  assert.notEqual(browser.cookie('cardea_session'), before.cookie('cardea_session'));
  const silent = await begin(app, party, { prompt: 'none' }, before);
  assert.equal(callbackOf(silent.page).error, 'login_required');
});

test('a sign-in that waits for its second factor fails when the credentials change', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const { browser, page } = await begin(app, party);
  const waiting = await submitPassword(browser, page, person);
  await app.db.transact(await changePassword(app.seed.accounts, person.id));
  const answer = await submit(browser, waiting, { action: 'code', code: totpCode(secret, Date.now()) });
  assert.equal(shown(answer), 'error');
  assert.equal((await rowsOf('sessions', person.id)).length, 0);
});

test('a sign-in that waits for its second factor fails when the account is disabled', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const { browser, page } = await begin(app, party);
  const waiting = await submitPassword(browser, page, person);
  await app.seed.accounts.disable(person.id);
  const answer = await submit(browser, waiting, { action: 'code', code: totpCode(secret, Date.now()) });
  assert.notEqual(shown(answer), 'callback');
  assert.equal((await rowsOf('sessions', person.id)).length, 0);
});
