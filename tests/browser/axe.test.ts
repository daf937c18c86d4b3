import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertAccessible } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { EVERY_CASE, servePages } from '../helpers/page_server.ts';

/** Every page that there is, in every state, as axe-core sees it: nothing serious, nothing critical. */
const scope = { after };
const { origin } = await servePages(scope);
const browser = await launchChromium(scope);

test('every page is accessible in every state', async () => {
  const page = await browser.newPage();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const { name } of EVERY_CASE) {
    await page.goto(`${origin}/${name}`);
    await assertAccessible(page, name);
  }
  assert.ok(EVERY_CASE.length > 60);
  await page.close();
});
