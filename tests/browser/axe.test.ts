import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { createViews } from '../../server/views/views.ts';
import { ACCOUNT_PAGE_CASES } from '../helpers/account_page_cases.ts';
import { assertAccessible } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { PAGE_CASES } from '../helpers/page_cases.ts';
import { defer } from '../helpers/scope.ts';

/** Every page that there is, in every state, as axe-core sees it: nothing serious, nothing critical. */
const CASES = [...PAGE_CASES, ...ACCOUNT_PAGE_CASES];
const scope = { after };
const { assets } = createViews();
const server = createServer((request, response) => {
  const path = request.url ?? '/';
  const asset = assets.get(path);
  if (asset) return void response.setHeader('content-type', asset.type).end(asset.body);
  const found = CASES.find(({ name }) => `/${name}` === path);
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(found?.render('en'));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
defer(scope, () => {
  server.closeAllConnections();
  server.close();
});
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const browser = await launchChromium(scope);

test('every page, in every state', async () => {
  const page = await browser.newPage();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const { name } of CASES) {
    await page.goto(`${origin}/${name}`);
    await assertAccessible(page, name);
  }
  assert.ok(CASES.length > 60);
  await page.close();
});
