import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment } from '../helpers/deployment.ts';
import { openPage } from '../helpers/page.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort } from '../helpers/waiting.ts';

/** An authorization request by POST from another site (OpenID Connect Core §3.1.2.1), for which browsers send no cookies. */
const scope = { after };
const app = await deployment(scope);
const person = await app.seed.person();
const port = await freePort();
// Another site than localhost, where the server is.
const elsewhere = `http://127.0.0.1:${port}`;
const party = await app.seed.party({ firstParty: true, metadata: { redirect_uris: [`${elsewhere}/callback`] } });
const LONG = 'x'.repeat(40_000);
const form = new URL(authorizeUrl({ issuer: app.issuer, party }, 'v'.repeat(43))).searchParams;
form.set('more', LONG);
const server = createServer((request, response) => {
  const inputs = [...form].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join('');
  const page = `<form method="post" action="${app.issuer}/authorize">${inputs}<button id="go">Go</button></form>`;
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><link rel="icon" href="data:,">${request.url === '/form' ? page : ''}`);
});
await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
defer(scope, () => void server.close());
const browser = await launchChromium(scope);

for (const javaScriptEnabled of [true, false]) {
  test(`a person with a session is not asked again, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const { page, context } = await openPage(browser, { javaScriptEnabled });
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(request.url()));
    const post = async () => {
      await page.goto(`${elsewhere}/form`);
      await page.click('#go');
      if (!javaScriptEnabled) await page.click('#onward');
    };
    await post();
    await page.locator('#identifier').fill(person.email);
    await page.locator('#password').fill(person.password);
    await page.locator('#submit').click();
    await page.waitForURL(`${elsewhere}/callback**`);
    await post();
    await page.waitForURL(`${elsewhere}/callback**`);
    const callback = new URL(page.url()).searchParams;
    remember('code', callback.get('code') ?? assert.fail('no code'));
    assert.equal(callback.get('state'), form.get('state'));
    assert.ok(
      asked.every((url) => !(url.startsWith(app.issuer) && url.includes('?'))),
      'no URL of the server has a parameter of the request',
    );
    await context.close();
  });
}
