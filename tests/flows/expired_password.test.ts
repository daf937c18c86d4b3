import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MUST_CHANGE } from '../../server/accounts/policy.ts';
import { changePassword } from '../helpers/account_changes.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import type { Page } from '../helpers/browser_session.ts';
import { createSeeder, deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder, passkeyOptionsOn } from '../helpers/factors.ts';
import { documentOf } from '../helpers/html.ts';
import { introspect, refresh, token } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { begin, callbackOf, errorOn, shown, signedIn, submit, submitPassword, tokensFor } from './support.ts';

/** An expired password has to be changed during the sign-in, before any other step. */
const DAY_MS = 86_400_000;
let clock = Date.now();
const app = await deployment({ after }, { env: { CARDEA_PASSWORD_MAX_AGE: '90d' }, now: () => clock });
const party = await app.seed.party();
const { accounts: before91Days } = await createSeeder(app.db, app.masterKey, () => clock - 91 * DAY_MS);
const factors = await createFactorSeeder(app, () => clock);
const NEW = remember('password', 'Kestrel-Fjord-77');

const sql = (text: string, values: readonly unknown[]) => app.db.run({ name: '', text }, values);

const personOfAge = (days: number): Promise<Person> =>
  app.seed.person({ name: 'Ada Lovelace', passwordSetAt: new Date(clock - days * DAY_MS) });

const failedRules = (page: Page) =>
  documentOf(page)
    .querySelectorAll('[data-rule][data-state="failed"]')
    .map((rule) => rule.getAttribute('data-rule'));

test('a password is not asked for before it is too old, or when its age is unknown', async () => {
  const person = await personOfAge(89);
  const { browser, page } = await begin(app, party);
  assert.equal(shown(await submitPassword(browser, page, person)), 'consent');
  const imported = await app.seed.person({ passwordSetAt: null });
  const unknown = await begin(app, party);
  assert.equal(shown(await submitPassword(unknown.browser, unknown.page, imported)), 'consent');
});

test('a new one is asked for and checked, then the sign-in continues', async () => {
  const person = await personOfAge(91);
  const half = await begin(app, party);
  const other = await submitPassword(half.browser, half.page, person);
  const { browser, page } = await begin(app, party);
  const asked = await submitPassword(browser, page, person);
  assert.equal(shown(asked), 'new-password');
  assert.deepEqual(failedRules(asked), []);

  const weak = await submit(browser, asked, { new_password: 'lovelace', action: 'change' });
  assert.equal(weak.status, 400);
  assert.deepEqual(failedRules(weak), ['too_short', 'no_upper', 'no_digit', 'no_symbol', 'personal']);
  assert.equal(weak.body.includes('value="lovelace"'), false);
  const same = await submit(browser, weak, { new_password: person.password, action: 'change' });
  assert.deepEqual(failedRules(same), ['reused']);

  const consent = await submit(browser, same, { new_password: NEW, action: 'change' });
  assert.equal(shown(consent), 'consent');
  assert.ok(callbackOf(await submit(browser, consent, { action: 'allow' })).code);

  const overtaken = await submit(half.browser, other, { new_password: `${NEW}8`, action: 'change' });
  assert.equal(errorOn(overtaken), 'interaction_expired', 'an unfinished sign-in with the old password has ended');
  const old = await begin(app, party);
  assert.equal((await submitPassword(old.browser, old.page, person)).status, 400);
  const fresh = await begin(app, party);
  assert.equal(shown(await submitPassword(fresh.browser, fresh.page, { ...person, password: NEW })), 'consent');
  const account = await app.seed.accounts.resolve(person.id);
  assert.deepEqual([account.epoch, account.passwordSetAt], [1, new Date(clock)]);
  const events = await sql("SELECT 1 FROM security_events WHERE account_id = $1 AND kind = 'password_changed'", [
    person.id,
  ]);
  assert.equal(events.length, 1);
});

test('a password that an operator chose is changed at the first sign-in, whatever its age', async () => {
  const person = await app.seed.person({ passwordSetAt: MUST_CHANGE });
  const { browser, page } = await begin(app, party);
  const asked = await submitPassword(browser, page, person);
  assert.equal(shown(asked), 'new-password');
  const same = await submit(browser, asked, { new_password: person.password, action: 'change' });
  assert.deepEqual(failedRules(same), ['reused']);
  assert.equal(shown(await submit(browser, same, { new_password: NEW, action: 'change' })), 'consent');
  const fresh = await begin(app, party);
  assert.equal(shown(await submitPassword(fresh.browser, fresh.page, { ...person, password: NEW })), 'consent');
});

test('a sign-in by a passkey ends such a password as well, and asks for no new one that is only too old', async () => {
  for (const [passwordSetAt, next] of [
    [MUST_CHANGE, 'new-password'],
    [new Date(clock - 91 * DAY_MS), 'consent'],
  ] as const) {
    const person = await app.seed.person({ passwordSetAt });
    const passkey = softPasskey({ backedUp: true });
    await factors.passkey(person.id, passkey);
    const { browser, page } = await begin(app, party);
    const assertion = passkey.get(passkeyOptionsOn(page), app.issuer);
    const asked = await submit(browser, page, { action: 'passkey', assertion });
    assert.equal(shown(asked), next);
    if (next === 'new-password')
      assert.equal(shown(await submit(browser, asked, { new_password: NEW, action: 'change' })), 'consent');
  }
});

test('the step cannot be skipped', async () => {
  const person = await personOfAge(91);
  const { browser, page } = await begin(app, party);
  const asked = await submitPassword(browser, page, person);
  for (const fields of [
    { action: 'allow' },
    { action: 'signin', identifier: person.email, password: person.password },
    { action: 'change', password: NEW },
    {},
  ]) {
    const answer = await submit(browser, asked, fields);
    assert.deepEqual([answer.status, shown(answer)], [400, 'new-password'], JSON.stringify(fields));
  }
  assert.equal(shown((await begin(app, party, {}, browser)).page), 'sign-in', 'the person is not signed in');
  assert.equal(callbackOf(await submit(browser, asked, { action: 'cancel' })).error, 'access_denied');
  assert.equal((await sql('SELECT 1 FROM sessions WHERE account_id = $1', [person.id])).length, 0);
});

test('every other session and token ends at once; the session of this sign-in continues', async () => {
  const person = await personOfAge(80);
  const elsewhere = await tokensFor(app, party, person, {
    params: { scope: 'openid offline_access', prompt: 'consent' },
  });
  const { browser } = await tokensFor(app, party, person);
  clock += 11 * DAY_MS;
  const again = await begin(app, party, { prompt: 'login' }, browser);
  const asked = await submitPassword(browser, again.page, person);
  assert.equal(shown(asked), 'new-password');
  const done = await submit(browser, asked, { new_password: NEW, action: 'change' });
  const { code = '' } = callbackOf(done);
  const refreshed = await refresh(app.issuer, party, elsewhere.tokens.refresh_token ?? '');
  assert.deepEqual([refreshed.status, refreshed.body.error], [400, 'invalid_grant']);
  assert.equal((await introspect(app.issuer, party, elsewhere.tokens.access_token)).active, false);
  assert.equal(shown((await begin(app, party, {}, elsewhere.browser)).page), 'sign-in');
  const tokens = await token(app.issuer, party, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: party.redirectUri,
    code_verifier: again.verifier,
  });
  assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
  assert.equal(shown((await begin(app, party, {}, browser)).page), 'callback');
  clock -= 11 * DAY_MS;
});

test('when the credentials were changed meanwhile, no password is set', async () => {
  const person = await personOfAge(91);
  const { browser, page } = await begin(app, party);
  const asked = await submitPassword(browser, page, person);
  // The new password has expired as well, so that the sign-in is still at this step.
  await app.db.transact(await changePassword(before91Days, person.id));
  const before = await app.seed.accounts.resolve(person.id);
  const answer = await submit(browser, asked, { new_password: NEW, action: 'change' });
  assert.deepEqual([answer.status, errorOn(answer)], [409, 'credentials_changed']);
  assert.deepEqual(await app.seed.accounts.resolve(person.id), before);
});

test('a disabled person cannot set one', async () => {
  const person = await personOfAge(91);
  const { browser, page } = await begin(app, party);
  const asked = await submitPassword(browser, page, person);
  await app.seed.accounts.disable(person.id);
  const answer = await submit(browser, asked, { new_password: NEW, action: 'change' });
  assert.deepEqual([answer.status, errorOn(answer)], [400, 'interaction_expired']);
});

test('the browser stays known, other browsers do not', async () => {
  const person = await personOfAge(80);
  const browser = await signedIn(app, party, person);
  await signedIn(app, party, person);
  clock += 11 * DAY_MS;
  const again = await begin(app, party, { prompt: 'login' }, browser);
  await submit(browser, await submitPassword(browser, again.page, person), { new_password: NEW, action: 'change' });
  assert.equal((await sql('SELECT 1 FROM devices WHERE account_id = $1', [person.id])).length, 1);
  clock -= 11 * DAY_MS;
});
