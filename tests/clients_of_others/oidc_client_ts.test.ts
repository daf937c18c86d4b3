import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { openPage } from '../helpers/page.ts';
import { userinfo } from '../helpers/relying_party.ts';
import { type AppSettings, noteTokens, setUp } from './setting.ts';
import { CLIENTS } from './table.ts';

const PAGE = `<!doctype html><html lang="en"><title>Notes</title><link rel="icon" href="data:,">
<script type="importmap">{"imports":{"oidc-client-ts":"/oidc-client-ts.js","jwt-decode":"/jwt-decode.js"}}</script>
<button id="sign-in">Sign in</button><button id="refresh">Refresh</button><button id="sign-out">Sign out</button>
<output></output><script type="module" src="/app.js"></script></html>`;

/** A single-page app without a server of its own: files alone. */
function browserApp({ issuer, clientId }: AppSettings): RequestListener {
  const scripts: Readonly<Record<string, string>> = {
    '/app.js': read(CLIENTS.oidcClientTs.file),
    '/oidc-client-ts.js': read('node_modules/oidc-client-ts/dist/esm/oidc-client-ts.js'),
    '/jwt-decode.js': read('node_modules/jwt-decode/build/esm/index.js'),
    '/settings.js': `export const issuer = '${issuer}', clientId = '${clientId}';`,
  };
  return (request, response) => {
    const script = scripts[request.url ?? ''];
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript').end(script ?? PAGE);
  };
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const setting = await setUp({ after });
const { origin } = await setting.serve(CLIENTS.oidcClientTs, browserApp);
const browser = await launchChromium({ after });

test('oidc-client-ts signs in, refreshes, revokes and signs out in a browser', async () => {
  const { cardea, person } = setting;
  const { page, context, complaints } = await openPage(browser);
  const shown = async () => {
    const text = await page.locator('output:not(:empty)').textContent();
    return JSON.parse(text ?? '') as { error?: string; profile?: Record<string, unknown>; token?: string };
  };

  await page.goto(`${origin}/`);
  await page.click('#sign-in');
  await page.fill('#identifier', person.email);
  await page.fill('#password', person.password);
  await page.press('#password', 'Enter');
  await page.click('#allow');
  await page.waitForURL(`${origin}/`);
  const first = await shown();
  assert.deepEqual(
    [first.profile?.sub, first.profile?.email, first.profile?.name],
    [person.id, person.email, 'Ada Lovelace'],
  );

  await page.locator('output').evaluate((output) => output.replaceChildren());
  await page.click('#refresh');
  const second = await shown();
  for (const { token } of [first, second]) noteTokens({ access_token: token });
  assert.equal(second.error, undefined);
  assert.notEqual(second.token, first.token);

  await page.click('#sign-out');
  const signedOut = page.locator('output').filter({ hasText: /^\{\}$/ });
  await signedOut.waitFor();
  assert.equal(page.url(), `${origin}/`);
  assert.equal((await userinfo(cardea.issuer, second.token ?? '')).status, 401, 'it has revoked its tokens');
  const cookies = await context.cookies(cardea.issuer);
  assert.ok(!cookies.some(({ name }) => name === 'cardea_session'), 'the session has ended');
  assert.deepEqual(complaints, []);
  await context.close();
});
