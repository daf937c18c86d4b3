import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertAccessible } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment } from '../helpers/deployment.ts';
import { openPage } from '../helpers/page.ts';

/** The reference of the API in a real browser, at an issuer with a path. */
const scope = { after };
const app = await deployment(scope, { basePath: '/auth' });
const browser = await launchChromium(scope);

test('a developer finds an operation, and reads it, its errors and the schemas, under the policy of all pages', async () => {
  const { page, context, complaints } = await openPage(browser);
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(`${app.issuer}/`)) elsewhere.push(request.url());
  });
  const answer = await page.goto(`${app.issuer}/api/docs?document=oauth`);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|connect-src/);

  await page.locator('#q').fill('introspect');
  await page.locator('#search').click();
  await page.locator('#found a[href$="#introspect"]').click();
  // The fragment opens the operation that it leads to.
  await page.locator('#introspect h4').first().waitFor({ state: 'visible' });
  await assertAccessible(page, 'the reference with an open operation');

  await page.locator('#introspect a[href="#schema-Introspection"]').first().click();
  await page.locator('#schema-Introspection table').waitFor({ state: 'visible' });

  await page.goto(`${app.issuer}/problems/invalid_input`);
  await page.locator('#all').click();
  await page.locator('main li').first().waitFor();
  await assertAccessible(page, 'the list of error codes');

  assert.deepEqual(elsewhere, []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('it can be read and searched without scripts', async () => {
  const { page, context } = await openPage(browser, { javaScriptEnabled: false });
  await page.goto(`${app.issuer}/api/docs?document=oauth`);
  await page.locator('.operation summary').first().click();
  await page.locator('#authorize').waitFor({ state: 'visible' });
  await page.locator('#q').fill('status list');
  await page.locator('#search').click();
  await page.locator('#nothing').waitFor();
  await context.close();
});
