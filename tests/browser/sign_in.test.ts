import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import * as client from 'openid-client';
import type { Page } from 'playwright-core';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { assertFit, NARROW } from '../helpers/appearance.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { type Deployment, deployment, type Party, type Person } from '../helpers/deployment.ts';
import { openPage } from '../helpers/page.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort } from '../helpers/waiting.ts';

/** A real browser, a real relying party on another origin, and the real pages. */
const scope = { after };
const app: Deployment = await deployment(scope, { env: { CARDEA_DEMO: 'true' } });
const person: Person = await app.seed.person({ name: 'Ada Lovelace', email: 'ada@example.com' });
const rpPort = await freePort();
const rp = `http://localhost:${rpPort}`;
const party: Party = await app.seed.party({
  name: 'Harbour Notes',
  metadata: { redirect_uris: [`${rp}/callback`], post_logout_redirect_uris: [`${rp}/bye`], application_type: 'web' },
});
const config = await client.discovery(new URL(app.issuer), party.id, party.secret, undefined, {
  execute: [client.allowInsecureRequests],
});

interface Pending {
  verifier: string;
  state: string;
  nonce: string;
}
const pending = new Map<string, Pending>();
/** Claims of the ID tokens that the relying party has accepted, in order. */
const accepted: client.IDToken[] = [];

const server = createServer((request, response) => {
  void answer(new URL(request.url ?? '/', rp)).then((body) => response.end(body));
});
async function answer(url: URL): Promise<string> {
  if (url.pathname !== '/callback') return `<!doctype html><title>RP</title><h1>${url.pathname}</h1>`;
  const known = pending.get(url.searchParams.get('state') ?? '');
  if (!known) return '<!doctype html><title>RP</title><h1>unknown state</h1>';
  try {
    const tokens = await client.authorizationCodeGrant(config, url, {
      pkceCodeVerifier: known.verifier,
      expectedState: known.state,
      expectedNonce: known.nonce,
    });
    remember('access_token', tokens.access_token);
    remember('code', url.searchParams.get('code') ?? '');
    const claims = tokens.claims();
    if (claims) accepted.push(claims);
    return `<!doctype html><title>RP</title><h1>Signed in as ${claims?.sub}</h1>`;
  } catch (error) {
    return `<!doctype html><title>RP</title><h1>${(error as { error?: string }).error ?? 'failed'}</h1>`;
  }
}
await new Promise<void>((listening) => server.listen(rpPort, '127.0.0.1', listening));
defer(scope, () => void server.close());

async function authorizationUrl(more: Record<string, string> = {}): Promise<string> {
  const known = {
    verifier: client.randomPKCECodeVerifier(),
    state: client.randomState(),
    nonce: client.randomNonce(),
  };
  pending.set(known.state, known);
  return client.buildAuthorizationUrl(config, {
    redirect_uri: `${rp}/callback`,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(known.verifier),
    code_challenge_method: 'S256',
    state: known.state,
    nonce: known.nonce,
    max_age: '3600',
    ...more,
  }).href;
}

const browser = await launchChromium(scope);
const { page, complaints } = await openPage(browser, { viewport: NARROW });
const look = (shown: Page, name: string) => assertFit(shown, 'flow', name);

async function textOf(shown: Page, selector: string): Promise<string> {
  return (await shown.locator(selector).textContent()) ?? '';
}

async function fillIn(password: string): Promise<void> {
  await page.locator('#identifier').fill(person.email);
  await page.locator('#password').fill(password);
  await page.locator('#submit').click();
}

test('a person signs in, consents, keeps the session, signs in again on prompt=login, and signs out', async (t) => {
  await t.test('is asked to sign in, and told that the password was wrong', async () => {
    await page.goto(await authorizationUrl());
    await page.locator('#identifier').waitFor();
    assert.match(await textOf(page, 'main'), /Harbour Notes/);
    await look(page, 'login');
    await fillIn('not the password');
    await page.locator('#error').waitFor();
    assert.equal(await page.locator('#identifier').inputValue(), person.email, 'the identifier that was typed is kept');
    await look(page, 'login-error');
  });

  await t.test('signs in with the keyboard alone, and consents to permissions in plain words', async () => {
    await page.locator('#password').focus();
    await page.keyboard.type(person.password);
    await page.keyboard.press('Enter');
    await page.locator('#allow').waitFor();
    const text = await textOf(page, 'main');
    assert.match(text, /Harbour Notes/);
    assert.match(text, /Ada Lovelace/);
    assert.ok((await page.locator('.scope-label').allTextContents()).includes(en['scope.email']));
    await look(page, 'consent');
    await page.locator('#allow').click();
    await page.waitForURL(`${rp}/callback**`);
    assert.equal(await textOf(page, 'h1'), `Signed in as ${person.id}`);
  });

  await t.test('keeps the session: the same app asks nothing again', async () => {
    await page.goto(await authorizationUrl());
    assert.ok(page.url().startsWith(`${rp}/callback`));
    assert.equal(accepted.length, 2);
    assert.equal(accepted[1]?.auth_time, accepted[0]?.auth_time);
  });

  await t.test('signs in again on prompt=login (OpenID Connect Core §3.1.2.1)', async () => {
    await page.goto(await authorizationUrl({ prompt: 'login' }));
    await page.locator('#password').waitFor();
    assert.equal(await page.locator('#identifier').inputValue(), person.email);
    await look(page, 'login-again');
    await page.locator('#password').fill(person.password);
    await page.locator('#submit').click();
    await page.waitForURL(`${rp}/callback**`);
    assert.equal(accepted.length, 3);
    assert.ok(Number(accepted[2]?.auth_time) >= Number(accepted[0]?.auth_time));
  });

  await t.test('can choose an account', async () => {
    await page.goto(await authorizationUrl({ prompt: 'select_account' }));
    await page.locator('#continue').waitFor();
    await look(page, 'select-account');
    await page.locator('#continue').click();
    await page.waitForURL(`${rp}/callback**`);
    assert.equal(accepted.length, 4);
  });

  await t.test('signs out, and then has to sign in again', async () => {
    const logout = client.buildEndSessionUrl(config, { client_id: party.id, post_logout_redirect_uri: `${rp}/bye` });
    await page.goto(logout.href);
    await page.locator('#logout-yes').waitFor();
    await look(page, 'logout');
    await page.locator('#logout-yes').click();
    await page.waitForURL(`${rp}/bye**`);
    await page.goto(await authorizationUrl());
    await page.locator('#password').waitFor();
  });

  await t.test('sees an error page for a mistake of the app, and no script or style was blocked', async () => {
    await page.goto(`${app.issuer}/logout/success`);
    await look(page, 'logged-out');
    await page.goto(`${app.issuer}/authorize?client_id=unknown`);
    await look(page, 'error');
    assert.deepEqual(complaints, []);
  });
});

test('a person can sign in without JavaScript', async () => {
  const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await plain.goto(await authorizationUrl());
  await plain.locator('#identifier').fill(person.email);
  await plain.locator('#password').fill(person.password);
  await plain.locator('#submit').click();
  await plain.locator('#allow').click();
  await plain.waitForURL(`${rp}/callback**`);
  assert.equal(await textOf(plain, 'h1'), `Signed in as ${person.id}`);
});

test('the front page offers a demo that runs the whole flow and shows its result', async () => {
  const visitor = (await openPage(browser, { viewport: NARROW })).page;
  await visitor.goto(app.issuer);
  await look(visitor, 'home');
  await visitor.locator('a[href="/demo"]').first().click();
  await visitor.locator('#identifier').fill('demo@example.com');
  await visitor.locator('#password').fill('Over-the-Threshold-1');
  await visitor.locator('#submit').click();
  await visitor.locator('#allow').click();
  await visitor.waitForURL(`${app.issuer}/demo/callback**`);
  assert.match(await textOf(visitor, 'main'), /demo@example\.com/);
  await look(visitor, 'demo');
});
