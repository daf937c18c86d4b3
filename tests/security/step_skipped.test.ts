import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, idTokenOf, shown, submit, submitPassword } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { redeem } from '../helpers/relying_party.ts';

/** No step is skipped by an empty form or the form of a later step (authentik CVE-2026-49443). */

const scope = { after };
const app = await deployment(scope);
const party = await app.seed.party();
const own = await app.seed.party({ firstParty: true });
const person = await app.seed.person();
const other = await app.seed.person();

for (const [name, client] of [
  ['another party', party],
  ['the operator', own],
] as const) {
  test(`at the password step, for an app of ${name}, only the password continues`, async () => {
    const { browser, page } = await begin(app, client);
    const forms: Record<string, string>[] = [
      {},
      { action: '' },
      { action: 'allow' },
      { action: 'continue' },
      { action: 'done' },
      { action: 'allow', identifier: person.email },
      { action: 'allow', accountId: person.id, login: person.id, 'login[accountId]': person.id },
      { identifier: person.email, password: '' },
      { identifier: person.email, password: ' ' },
      { identifier: person.id, password: person.id },
      { step: 'consent', next: 'consent', prompt: 'consent', action: 'allow' },
      { select_account: '{"another":false}', consent: '{"scopes":["openid"]}', action: 'allow' },
    ];
    for (const form of forms) {
      const { action, fields } = formOf(page);
      const answer = await browser.post(action, { ...fields, ...form });
      assert.equal(answer.status, 400, JSON.stringify(form));
      assert.equal(shown(answer), 'sign-in', JSON.stringify(form));
      assert.equal(browser.cookie('cardea_session') === undefined || answer.location === undefined, true);
    }
    assert.equal(shown(await browser.get(page.url)), 'sign-in', 'the visit is at the same step');
    const rows = await app.db.run({ name: 'signed_in', text: 'SELECT 1 FROM sessions WHERE account_id = $1' }, [
      person.id,
    ]);
    assert.equal(rows.length, 0);
  });
}

test('at the consent page a form of an earlier step has no effect', async () => {
  for (const form of [
    {},
    { action: '' },
    { action: 'signin', identifier: other.email, password: other.password },
    { action: 'continue' },
  ]) {
    const { browser, page } = await begin(app, party);
    const consent = await submitPassword(browser, page, person);
    assert.equal(shown(consent), 'consent');
    const answer = await submit(browser, consent, form);
    assert.equal(callbackOf(answer).error, 'access_denied', JSON.stringify(form));
    assert.equal(callbackOf(answer).code, undefined);
  }
});

test('choosing another account discards the password that was entered', async () => {
  const { browser, page, verifier } = await begin(app, party);
  const consent = await submitPassword(browser, page, person);
  const again = await submit(browser, consent, { action: 'switch' });
  assert.equal(shown(again), 'sign-in');
  const { action, fields } = formOf(again);
  assert.equal(shown(await browser.post(action, { ...fields, action: 'allow' })), 'sign-in');
  const second = await submitPassword(browser, again, other);
  const { code = '' } = callbackOf(await submit(browser, second, { action: 'allow' }));
  const { body } = await redeem(app.issuer, party, { code, verifier });
  assert.equal(idTokenOf(body).sub, other.id);
});

test('an existing session does not satisfy prompt=login (OpenID Connect Core §3.1.2.1)', async () => {
  const first = await begin(app, own);
  await submitPassword(first.browser, first.page, person);
  const { browser, page } = await begin(app, own, { prompt: 'login' }, first.browser);
  assert.equal(shown(page), 'sign-in');
  for (const form of [{}, { action: 'continue' }, { action: 'allow' }]) {
    const { action, fields } = formOf(page);
    assert.equal(shown(await browser.post(action, { ...fields, ...form })), 'sign-in');
  }
  const uid = new URL(page.url).pathname.split('/').at(-1);
  const resumed = await browser.follow(await browser.get(`/authorize/${uid}`));
  assert.equal(shown(resumed), 'sign-in', 'and resuming asks again');
});
