import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { loadPages } from '../../server/selfservice/pages.ts';
import { errorOn } from '../flows/support.ts';
import { openAccount, pathOf } from '../helpers/account.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { has } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';

/**
 * Every page in server/selfservice/pages is served behind the guard that it names; new pages are tested without a
 * change here, unless they need no fresh sign-in.
 */

const clock = { ms: Date.now() };
const scope = { after };
const { url } = await mailbox(scope);
const app = await deployment(scope, {
  now: () => clock.ms,
  env: { CARDEA_SMTP_URL: url, CARDEA_SIGN_UP: 'true', CARDEA_RATE_LIMIT: '200' },
});
const pages = await loadPages();
const guardedBy = (...guards: readonly string[]) => pages.filter(({ guard }) => guards.includes(guard));
const MINUTES = 60_000;

/** What they change does not help anybody to sign in. Any other page needs a fresh sign-in. */
const WITHOUT_FRESH_SIGN_IN = [
  '/account',
  '/account/apps',
  '/account/devices',
  '/account/events',
  '/account/profile',
  '/account/sessions',
];

describe('the guard of a page', () => {
  for (const { path, submit } of guardedBy('signed_in', 'fresh_sign_in')) {
    test(`${path} sends a browser without a session to sign in, and reads none of its forms`, async () => {
      const browser = browserSession(app.issuer);
      assert.equal(pathOf(await browser.get(path)), '/authorize');
      if (submit) assert.equal(pathOf(await browser.post(path, { csrf: 'x' })), path);
    });
  }

  for (const { path } of guardedBy('visitor')) {
    test(`${path} refuses the form of a browser that was not shown it`, async () => {
      const browser = browserSession(app.issuer);
      assert.equal(
        (await browser.post(path, { csrf: 'x', identifier: 'a@b.example', email: 'a@b.example' })).status,
        403,
      );
    });
  }

  for (const { path } of guardedBy('link')) {
    test(`${path} shows nothing and does nothing without a link`, async () => {
      const browser = browserSession(app.issuer);
      assert.equal((await browser.get(path)).status, 400);
      assert.equal((await browser.post(path, { csrf: 'x' })).status, 400);
    });
  }

  test('is a fresh sign-in, for every page that is not listed here', () => {
    const others = guardedBy('signed_in').map(({ path }) => path);
    assert.deepEqual(others.sort(), WITHOUT_FRESH_SIGN_IN);
  });

  test('a page for a fresh sign-in sends a person with an older one to sign in again, any other does not', async () => {
    const { browser } = await openAccount(app, await app.seed.person());
    clock.ms += 6 * MINUTES;
    for (const { path, guard } of guardedBy('signed_in', 'fresh_sign_in')) {
      const page = await browser.get(path);
      assert.deepEqual([path, page.status], [path, guard === 'fresh_sign_in' ? 303 : 200]);
      if (page.status === 303) assert.equal(new URL(page.location ?? '').searchParams.get('prompt'), 'login', path);
    }
  });

  test('every page of a person has a button to sign out (ASVS 7.4.4)', async () => {
    const { browser } = await openAccount(app, await app.seed.person());
    for (const { path } of guardedBy('signed_in', 'fresh_sign_in')) {
      const page = await browser.get(path);
      assert.deepEqual([path, page.status, has(page, '#sign-out[href="/logout"]')], [path, 200, true]);
    }
  });

  test('a form without the token of its session is refused on every page', async () => {
    const { browser } = await openAccount(app, await app.seed.person());
    for (const { path, submit } of guardedBy('signed_in', 'fresh_sign_in')) {
      if (!submit) continue;
      const page = await browser.post(path, { csrf: 'x' });
      assert.deepEqual([path, page.status, errorOn(page)], [path, 403, 'form_expired']);
    }
  });
});
