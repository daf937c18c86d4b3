import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { errorOn } from '../flows/support.ts';
import { openAccount } from '../helpers/account.ts';
import { type BrowserSession, browserSession, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { fieldValue } from '../helpers/html.ts';

/** Another site, another session and another person cannot submit the forms of `/account`. */
const app = await deployment({ after });

/** Every form, with fields that would change something. */
const FORMS: readonly (readonly [string, Record<string, string>])[] = [
  ['/account/profile', { action: 'save', name: 'Evil' }],
  ['/account/email', { action: 'change', email: 'evil@example.com' }],
  ['/account/username', { action: 'save', username: 'evil' }],
  ['/account/password', { action: 'change', new_password: 'Evil-Horse-Battery-1' }],
  ['/account/second-factor', { action: 'remove' }],
  ['/account/authenticator', { action: 'confirm', enrolment: 'x', code: '123456' }],
  ['/account/passkeys', { action: 'remove', passkey: 'x' }],
  ['/account/sessions', { action: 'end_others' }],
  ['/account/apps', { action: 'revoke', client: 'x' }],
];

const csrfOf = (page: Page) => fieldValue(page, 'csrf');
const tokenIn = async (browser: BrowserSession) => csrfOf(await browser.get('/account/profile'));

async function stateOf(accountId: string): Promise<unknown> {
  const [row] = await app.db.run(
    {
      name: '',
      text: `SELECT updated_at, epoch, password_hash, second_factors,
                    (SELECT count(*) FROM sessions WHERE account_id = $1) AS sessions,
                    (SELECT count(*) FROM security_events WHERE account_id = $1) AS events
               FROM accounts WHERE id = $1`,
    },
    [accountId],
  );
  return row;
}

describe('a form at /account', () => {
  for (const [path, fields] of FORMS) {
    test(`${path} refuses a form without a token, with the token of another session or person, or from another site`, async () => {
      const person = await app.seed.person();
      const { browser } = await openAccount(app, person);
      const { browser: second } = await openAccount(app, person);
      const { browser: stranger } = await openAccount(app, await app.seed.person());
      const own = await tokenIn(browser);
      const before = await stateOf(person.id);
      const tokens = ['', 'x'.repeat(43), await tokenIn(second), await tokenIn(stranger)];
      assert.equal(new Set([...tokens, own]).size, 5, 'each session has a token of its own');
      for (const csrf of tokens) {
        const page = await browser.post(path, { ...fields, csrf });
        assert.deepEqual([page.status, errorOn(page)], [403, 'form_expired']);
      }
      for (const site of ['cross-site', 'same-site']) {
        const page = await browser.post(path, { ...fields, csrf: own }, { 'sec-fetch-site': site });
        assert.deepEqual([page.status, errorOn(page)], [403, 'cross_site_form']);
      }
      assert.deepEqual(await stateOf(person.id), before);
    });
  }

  test('redirects a browser that is not signed in to the sign-in page and changes nothing', async () => {
    for (const [path, fields] of FORMS) {
      const page = await browserSession(app.issuer).post(path, { ...fields, csrf: 'x' });
      assert.equal(page.status, 303);
      assert.equal(page.location, app.issuer + path);
    }
  });

  test('accepts forms only, no JSON', async () => {
    const { browser } = await openAccount(app, await app.seed.person());
    const response = await fetch(new URL('/account/profile', app.issuer), {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: `x=${browser.cookies()[0]}` },
      body: JSON.stringify({ name: 'Evil' }),
    });
    assert.equal(response.status, 415);
  });

  test('a GET request to any account page changes nothing', async () => {
    const person = await app.seed.person();
    const { browser } = await openAccount(app, person);
    const csrf = await tokenIn(browser);
    const before = await stateOf(person.id);
    for (const [path, fields] of FORMS) await browser.get(`${path}?${new URLSearchParams({ ...fields, csrf })}`);
    assert.deepEqual(await stateOf(person.id), before);
  });
});
