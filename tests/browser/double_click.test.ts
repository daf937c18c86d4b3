import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment } from '../helpers/deployment.ts';
import { LONG } from '../helpers/long.ts';
import { authorizeUrl, redeem, userinfo } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** Real double clicks in Chromium, with and without scripts; the app redeems every code that it gets, once. */
const scope = { after };
const app = await deployment(scope, { env: { CARDEA_RATE_LIMIT: '1000' } });
const port = await freePort();
const rp = `http://localhost:${port}`;
const party = await app.seed.party({ name: 'Harbour Notes', metadata: { redirect_uris: [`${rp}/callback`] } });
const verifier = 'v'.repeat(43);
/** Access tokens that the app got, or errors, in order. */
let redeemed: string[] = [];
/** By code: apps redeem a code once, and a browser may follow both responses to a form, each with the same code. */
const results = new Map<string, ReturnType<typeof redeem>>();
const server = createServer((request, response) => {
  const code = new URL(request.url ?? '/', rp).searchParams.get('code');
  if (code === null) return void response.end('<!doctype html><title>RP</title><h1>no code</h1>');
  const result = results.get(code) ?? redeem(app.issuer, party, { code: remember('code', code), verifier });
  results.set(code, result);
  void result.then(({ status, body }) => {
    redeemed.push(body.access_token ?? String(body.error));
    response.end(`<!doctype html><title>RP</title><h1>${status === 200 ? 'Signed in' : body.error}</h1>`);
  });
});
await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
defer(scope, () => void server.close());
const browser = await launchChromium(scope);
/** The moment of the second click differs from round to round. */
const ROUNDS = LONG ? 30 : 2;

/**
 * Clicks twice: as fast as possible, where the second click may already be on the next page; or again once the first
 * form is on its way, since Chromium drops a form that it has not begun to send.
 */
async function doubleClick(page: Page, selector: string, when: 'at once' | 'once sent' = 'at once'): Promise<void> {
  const box = await page.locator(selector).boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  if (when === 'at once') return page.mouse.dblclick(x, y);
  const sent = page.waitForRequest((request) => request.method() === 'POST');
  await page.mouse.click(x, y);
  await sent;
  await page.mouse.click(x, y);
}

/** Unlike `page.waitForURL`, goes on when the second click aborts the navigation that the first has begun. */
async function arrivesAt(page: Page, url: string): Promise<void> {
  await until(`the page is ${url}`, () => page.url().startsWith(url));
  await page.waitForLoadState();
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with scripts' : 'without scripts';

  test(`a double click on "Sign in" and on "Allow" signs in once, ${how}`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      redeemed = [];
      const when = round % 2 === 0 ? 'once sent' : 'at once';
      const person = await app.seed.person();
      const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 900, height: 1200 } });
      const page = await context.newPage();
      const sent: string[] = [];
      page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
      await page.goto(authorizeUrl({ issuer: app.issuer, party }, verifier));
      await page.locator('#identifier').fill(person.email);
      await page.locator('#password').fill(person.password);
      await doubleClick(page, '#submit', when);
      await page.locator('#allow').waitFor();
      await doubleClick(page, '#allow', when);
      await arrivesAt(page, `${rp}/callback`);
      assert.equal(await page.locator('h1').textContent(), 'Signed in', `round ${round}: ${redeemed.join(', ')}`);
      for (const token of redeemed)
        assert.equal((await userinfo(app.issuer, token)).status, 200, 'what was got is good');
      if (javaScriptEnabled) assert.equal(sent.length, 2, 'each form is sent once');
      await page.goto(authorizeUrl({ issuer: app.issuer, party, params: { prompt: 'none' } }, verifier));
      assert.ok(new URL(page.url()).searchParams.has('code'), 'the browser is signed in');
      await context.close();
    }
  });

  test(`a double click on "Sign out" signs out, ${how}`, async () => {
    const person = await app.seed.person();
    const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 900, height: 1200 } });
    const page = await context.newPage();
    await page.goto(`${app.issuer}/account`);
    await page.locator('#identifier').fill(person.email);
    await page.locator('#password').fill(person.password);
    await doubleClick(page, '#submit');
    await page.locator('#sign-out').waitFor();
    await page.goto(`${app.issuer}/logout`);
    await doubleClick(page, '#logout-yes', 'once sent');
    await arrivesAt(page, `${app.issuer}/logout/success`);
    await page.goto(`${app.issuer}/account`);
    await page.locator('#password').waitFor();
    await context.close();
  });
}
