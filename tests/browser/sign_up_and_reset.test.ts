import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { assertFit, measure, NARROW } from '../helpers/appearance.ts';
import { assertAccessible } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment } from '../helpers/deployment.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { openPage } from '../helpers/page.ts';
import { picture } from '../helpers/pictures.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort } from '../helpers/waiting.ts';

/** Sign-up and password reset with a real browser and a real mail server. */

const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url, CARDEA_SIGN_UP: 'true' } });
const EMAIL = 'ada.lovelace@example.com';
const FIRST = remember('password', 'Analytical-Engine-1843');
const SECOND = remember('password', 'Difference-Engine-1822');

// Another site (a different host), such as a webmail, which shows the given link.
const webmailPort = await freePort();
const webmail = `http://127.0.0.1:${webmailPort}`;
let shown = '';
const server = createServer((_request, response) => {
  const href = shown.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  response
    .setHeader('content-type', 'text/html; charset=utf-8')
    .end(`<!doctype html><title>Webmail</title><a id="link" href="${href}">the link</a>`);
});
await new Promise<void>((listening) => server.listen(webmailPort, '127.0.0.1', listening));
defer(scope, () => void server.close());

// The redirect is enough: any answer does.
const party = await app.seed.party({
  name: 'Harbour Notes',
  firstParty: true,
  metadata: { redirect_uris: [`http://localhost:${webmailPort}/callback`] },
});
const signInUrl = () => authorizeUrl({ issuer: app.issuer, party }, 'v'.repeat(43));

const browser = await launchChromium(scope);
const { page, context, complaints } = await openPage(browser, { viewport: NARROW });
const look = (at: Page, name: string) => assertFit(at, 'mail', name);

/** The link of the next mail that contains one; notices about new browsers contain none. */
async function nextLink(): Promise<string> {
  for (;;) {
    const { link } = await post.next(EMAIL);
    if (link !== '') return link;
  }
}

/** Clicks a link in a mail program that runs in the same browser, on another site. */
async function clickInWebmail(at: Page, link: string): Promise<void> {
  shown = link;
  await at.goto(webmail);
  await at.locator('#link').click();
}

async function signIn(at: Page, password: string): Promise<void> {
  await at.goto(signInUrl());
  await at.locator('#identifier').fill(EMAIL);
  await at.locator('#password').fill(password);
  await at.locator('#submit').click();
}

test('a person creates an account with a link in a mail', async (t) => {
  await t.test('asks for it on the sign-in page', async () => {
    await page.goto(signInUrl());
    await look(page, 'login');
    await page.locator('#sign-up').click();
    await page.locator('#email').waitFor();
    await look(page, 'sign-up');
    await page.locator('#email').fill('nobody@nowhere@');
    // The server also refuses values that the browser's own validation refuses.
    await page.evaluate("document.querySelector('form').noValidate = true");
    await page.locator('#submit').click();
    await page.locator('[role=alert]').waitFor();
    await look(page, 'sign-up-error');
    await page.locator('#email').fill(EMAIL);
    await page.locator('#submit').click();
    await page.locator('[role=status]').waitFor();
    await look(page, 'mail-sent');
  });

  await t.test(
    'the link in the mail, clicked in a webmail, leads to a form and leaves no token in the browser',
    async () => {
      const { link, token, html } = await post.next(EMAIL);
      const reader = await context.newPage();
      await reader.setContent(html);
      await assertAccessible(reader, 'mail');
      const { faults } = await measure(reader);
      // A mail has its styles inline, and is no page with a heading of its own.
      assert.deepEqual([faults.contrast, faults.overflow, faults.wide], [undefined, undefined, undefined]);
      await picture(reader, 'mail', 'mail');
      await reader.close();
      await clickInWebmail(page, link);
      await page.locator('#new-password').waitFor();
      assert.equal(page.url(), `${app.issuer}/account/link/sign_up`);
      const places = (await page.evaluate(
        'JSON.stringify([location.href, document.referrer, document.cookie])',
      )) as string;
      assert.ok(!places.includes(token));
      assert.ok(!(await page.content()).includes(token));
      await look(page, 'sign-up-details');
      await page.locator('#name').fill('Ada Lovelace');
      await page.locator('#new-password').fill('ada');
      await page.locator('#submit').click();
      await page.locator('[aria-invalid=true]').first().waitFor();
      await look(page, 'sign-up-details-error');
      await page.locator('#new-password').fill(FIRST);
      await page.locator('#submit').click();
      await page.locator('#account').waitFor();
      await look(page, 'sign-up-done');
      await page.reload();
      await page.locator('#account').waitFor();
    },
  );

  await t.test('signs in', async () => {
    await signIn(page, FIRST);
    await page.waitForURL(`${party.redirectUri}**`);
  });
});

test('a person who forgot the password sets a new one, and other browsers are signed out', async (t) => {
  const elsewhere = (await openPage(browser, { viewport: NARROW })).page;
  let link = '';

  await t.test('asks for a mail', async () => {
    await elsewhere.goto(signInUrl());
    await elsewhere.locator('#forgot').click();
    await elsewhere.locator('#identifier').waitFor();
    await look(elsewhere, 'forgot');
    await elsewhere.locator('#identifier').fill(EMAIL);
    await elsewhere.keyboard.press('Enter');
    await elsewhere.locator('[role=status]').waitFor();
    link = await nextLink();
  });

  await t.test('sets a new password', async () => {
    await clickInWebmail(elsewhere, link);
    await elsewhere.locator('#new-password').waitFor();
    assert.equal(elsewhere.url(), `${app.issuer}/account/link/reset_password`);
    await look(elsewhere, 'reset');
    await elsewhere.locator('#new-password').fill(SECOND);
    await elsewhere.locator('#submit').click();
    await elsewhere.locator('#account').waitFor();
    await look(elsewhere, 'reset-done');
    assert.equal((await post.next(EMAIL)).subject, en['mail.password_changed.subject']);
  });

  await t.test('finds the link used', async () => {
    await elsewhere.goto(link);
    await elsewhere.locator('#forgot').waitFor();
    await look(elsewhere, 'link-gone');
  });

  await t.test('is asked to sign in again in the first browser, where the new password works', async () => {
    await signIn(page, FIRST);
    await page.locator('#error').waitFor();
    await page.locator('#password').fill(SECOND);
    await page.locator('#submit').click();
    await page.waitForURL(`${party.redirectUri}**`);
  });
});

test('sign-up and reset work without JavaScript', async () => {
  const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await plain.goto(`${app.issuer}/account/forgot`);
  await plain.locator('#identifier').fill(EMAIL);
  await plain.locator('#submit').click();
  await plain.locator('[role=status]').waitFor();
  await plain.goto(await nextLink());
  await plain.locator('#new-password').fill(remember('password', 'Punched-Cards-1801-Loom'));
  await plain.locator('#submit').click();
  await plain.locator('#account').waitFor();
});

test('the Content-Security-Policy of the pages blocked nothing', () => {
  assert.deepEqual(complaints, []);
});
