import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, errorOn, shown, submit, submitPassword, tokensFor } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorize, introspect, redeem, refresh, userinfo } from '../helpers/relying_party.ts';

/** A disabled account gets no code and no token, at any stage of any flow (authentik CVE-2025-53942). */

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const party = await app.seed.party();
const disable = (id: string) => app.seed.accounts.disable(id);

test('disabled between password and consent: no code is issued', async () => {
  const person = await app.seed.person();
  const { browser, page } = await begin(app, party);
  const consent = await submitPassword(browser, page, person);
  assert.equal(shown(consent), 'consent');
  await disable(person.id);
  const answer = await submit(browser, consent, { action: 'allow' });
  assert.equal(errorOn(answer), 'interaction_expired');
  const rows = await app.db.run({ name: 'sessions_of', text: 'SELECT 1 FROM grants WHERE account_id = $1' }, [
    person.id,
  ]);
  assert.equal(rows.length, 0, 'nothing was granted');
});

test('disabled between code and token: invalid_grant (RFC 6749 §5.2)', async () => {
  const person = await app.seed.person();
  const granted = await authorize({ issuer, party, person });
  await disable(person.id);
  const { status, body } = await redeem(issuer, party, granted);
  assert.deepEqual({ status, error: body.error }, { status: 400, error: 'invalid_grant' });
  assert.equal(body.access_token, undefined);
});

test('disabled later: refused at refresh, userinfo and introspection', async () => {
  const person = await app.seed.person();
  const { tokens } = await tokensFor(app, party, person);
  assert.equal((await userinfo(issuer, tokens.access_token)).status, 200);
  assert.equal((await introspect(issuer, party, tokens.access_token)).active, true);
  await disable(person.id);
  const refused = await userinfo(issuer, tokens.access_token);
  assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_token']);
  assert.deepEqual(await introspect(issuer, party, tokens.access_token), { active: false });
  assert.deepEqual(await introspect(issuer, party, tokens.refresh_token ?? ''), { active: false });
  const refreshed = await refresh(issuer, party, tokens.refresh_token ?? '');
  assert.deepEqual([refreshed.status, refreshed.body.error], [400, 'invalid_grant']);
});

for (const firstParty of [true, false]) {
  test(`disabled with an existing session, at ${firstParty ? 'a first-party' : 'another'} app: no code is issued`, async () => {
    const client = await app.seed.party({ firstParty });
    const person = await app.seed.person();
    const { browser } = await authorize({ issuer, party: client, person });
    const silent = await begin(app, client, { prompt: 'none' }, browser.clone());
    assert.ok(callbackOf(silent.page).code);
    await disable(person.id);
    const after = await begin(app, client, { prompt: 'none' }, browser.clone());
    assert.equal(callbackOf(after.page).code, undefined);
    assert.equal(callbackOf(after.page).error, 'login_required');
    const { page } = await begin(app, client, {}, browser);
    assert.equal(shown(page), 'sign-in');
    assert.equal(shown(await submitPassword(browser, page, person)), 'sign-in');
  });
}

test('an account that is enabled again signs in, and unused tokens of before work', async () => {
  const person = await app.seed.person();
  await disable(person.id);
  const { browser, page } = await begin(app, party);
  assert.equal(shown(await submitPassword(browser, page, person)), 'sign-in');
  await app.seed.accounts.enable(person.id);
  assert.equal((await redeem(issuer, party, await authorize({ issuer, party, person }))).status, 200);
});
