import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchChromium } from '../helpers/chromium.ts';
import { message } from '../helpers/messages.ts';
import { openPage } from '../helpers/page.ts';
import { servePages } from '../helpers/page_server.ts';

/** The fields that forms send, and the effects of their scripts, on pages without a server's logic. */
const scope = { after };
const { origin, posted } = await servePages(scope);
const browser = await launchChromium(scope);

test('sign-in, cancel, consent and logout post the right fields without JavaScript', async () => {
  const { page, context, complaints } = await openPage(browser, { javaScriptEnabled: false });
  const submit = async (path: string, button: string): Promise<Record<string, string>> => {
    await page.goto(`${origin}/${path}`);
    if (button === 'submit') await page.fill('#password', 'correct horse');
    await Promise.all([page.waitForURL('**/post'), page.click(`[id="${button}"]`)]);
    return Object.fromEntries(new URLSearchParams(posted()));
  };
  const csrf = 'csrf-token';
  const identifier = 'ada@example.com';
  assert.deepEqual(await submit('login-again', 'submit'), {
    csrf,
    identifier,
    password: 'correct horse',
    action: 'signin',
  });
  assert.deepEqual(await submit('login', 'cancel'), { csrf, identifier: '', password: '', action: 'cancel' });
  for (const action of ['allow', 'deny', 'switch']) assert.deepEqual(await submit('consent', action), { csrf, action });
  for (const action of ['continue', 'another']) {
    assert.deepEqual(await submit('select-account', action), { csrf, action });
  }
  assert.deepEqual(await submit('logout', 'logout-yes'), { xsrf: 'xsrf-token', logout: 'yes' });
  assert.deepEqual(await submit('logout', 'logout-no'), { xsrf: 'xsrf-token' });
  assert.deepEqual(await submit('demo', 'refresh'), { csrf, action: 'refresh' });
  assert.deepEqual(complaints, []);
  await context.close();
});

test('rules of a new password are marked during typing, and the password can be shown', async () => {
  const { page, context, complaints } = await openPage(browser);
  await page.goto(`${origin}/new-password-refused`);
  const states = () =>
    page.evaluate<Record<string, string>>(
      `Object.fromEntries([...document.querySelectorAll('[data-rule]')].map((e) => [e.dataset.rule, e.dataset.state + (e.hidden ? ' hidden' : '')]))`,
    );
  assert.equal((await states()).reused, 'failed');
  const known = { blocklisted: 'open', reused: 'open' };
  await page.fill('#new-password', '🔑Ébc');
  assert.deepEqual(await states(), {
    ...known,
    too_short: 'failed',
    no_upper: 'met',
    no_digit: 'failed',
    too_long: 'met hidden',
  });
  assert.equal(
    await page.locator('[role=status]').textContent(),
    message('password.rules.summary', { met: '2', total: '4' }),
  );
  assert.equal(await page.locator('#rule-reused [data-words]').textContent(), message('password.rule-state.server'));
  await page.fill('#new-password', `${'🔑'.repeat(256)}4`);
  assert.deepEqual(await states(), {
    ...known,
    too_short: 'met',
    no_upper: 'failed',
    no_digit: 'met',
    too_long: 'failed',
  });
  await page.click('[data-reveal]');
  assert.equal(await page.getAttribute('#new-password', 'type'), 'text');
  await Promise.all([page.waitForURL('**/post'), page.click('#submit')]);
  assert.equal(new URLSearchParams(posted()).get('new_password'), `${'🔑'.repeat(256)}4`);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the server marks the rules of a new password when no script runs', async () => {
  const { page, context } = await openPage(browser, { javaScriptEnabled: false });
  await page.goto(`${origin}/new-password-refused`);
  assert.equal(await page.locator('#rule-too-short[data-state=failed]').count(), 1);
  assert.equal(await page.locator('#rule-no-upper [data-words]').textContent(), message('password.rule-state.met'));
  assert.equal(await page.locator('[data-reveal]').isVisible(), false);
  await context.close();
});

test('Enter signs in instead of cancelling, and empty fields are not sent', async () => {
  const { page, context } = await openPage(browser, { javaScriptEnabled: false });
  await page.goto(`${origin}/login`);
  await page.press('#identifier', 'Enter');
  assert.equal(page.url(), `${origin}/login`);
  await page.fill('#identifier', 'ada');
  await page.fill('#password', 'pw');
  await Promise.all([page.waitForURL('**/post'), page.press('#password', 'Enter')]);
  assert.equal(new URLSearchParams(posted()).get('action'), 'signin');
  await context.close();
});
