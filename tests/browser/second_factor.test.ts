import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { assertFit, NARROW } from '../helpers/appearance.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { authorizeUrl, redeem } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort } from '../helpers/waiting.ts';

/** Second factors and passkeys in a real Chromium with a virtual authenticator. */

const TWO_FACTORS = 'urn:cardea:acr:2fa';
const scope = { after };
const clock = { ms: Date.now() };
const now = () => clock.ms;
const rpPort = await freePort();
const rp = `http://localhost:${rpPort}`;
const server = createServer((_request, response) => void response.end('<!doctype html><title>RP</title><h1>RP</h1>'));
await new Promise<void>((listening) => server.listen(rpPort, '127.0.0.1', listening));
defer(scope, () => void server.close());

const app = await deployment(scope, { now, env: { CARDEA_TRUST_DEVICE: '30d', CARDEA_SECOND_FACTOR_GROUPS: 'staff' } });
const factors = await createFactorSeeder(app, now);
const party = await app.seed.party({
  name: 'Harbour Notes',
  firstParty: true,
  metadata: { redirect_uris: [`${rp}/callback`] },
});
const browser = await launchChromium(scope);
const complaints: string[] = [];

async function newPage(context?: BrowserContext): Promise<Page> {
  const page = await (context ?? (await browser.newContext({ viewport: NARROW }))).newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Chromium reports the status 400 of a form that comes back with errors.
    if (message.type() === 'error' && !/status of 400/.test(message.text())) complaints.push(message.text());
  });
  return page;
}

/**
 * Starts a sign-in.
 * @returns the values that are needed to redeem its code
 */
async function start(page: Page, params: Record<string, string> = {}): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  await page.goto(authorizeUrl({ issuer: app.issuer, party, params }, verifier));
  return verifier;
}

async function password(page: Page, person: Person): Promise<void> {
  await page.locator('#identifier').fill(person.email);
  await page.locator('#password').fill(person.password);
  await page.locator('#submit').click();
}

async function idTokenAtCallback(page: Page, verifier: string): Promise<Record<string, unknown>> {
  await page.waitForURL(`${rp}/callback**`);
  const code = remember('code', new URL(page.url()).searchParams.get('code') ?? '');
  const { body } = await redeem(app.issuer, party, { code, verifier });
  return decodeJwt(body.id_token ?? '');
}

const checkPage = (page: Page, name: string) => assertFit(page, 'flow', name);

/** A platform authenticator with user verification, which responds when the test tells it to. */
async function authenticator(page: Page) {
  const cdp: CDPSession = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    answers: (enabled: boolean) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
    verifies: (isUserVerified: boolean) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}

/** Registers a passkey in the page. */
async function register(page: Page, person: Person): Promise<void> {
  await page.goto(app.issuer);
  const account = await factors.accounts.resolve(person.id);
  const challenge = randomBytes(32).toString('base64url');
  const options = await factors.passkeys.registrationOptions(account, challenge);
  const response = await page.evaluate<string>(
    `navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(${JSON.stringify(options)}) })
       .then((credential) => JSON.stringify(credential.toJSON()))`,
  );
  await factors.passkeys.register(account, challenge, response, 'Chromium');
}

test('a person who needs a second factor sets up an authenticator app, saves the recovery codes, and signs in with either', async (t) => {
  const person = await app.seed.person({ name: 'Ada Lovelace' });
  await app.seed.accounts.setGroups(person.id, ['staff']);
  const page = await newPage();
  let secret = '';
  let codes: string[] = [];

  await t.test('sets it up with the QR code or the secret as text, and a code of the app', async () => {
    const verifier = await start(page);
    await password(page, person);
    await page.locator('svg.qr').waitFor();
    await checkPage(page, 'enrol');
    secret = remember('totp_secret', ((await page.locator('#totp-secret').textContent()) ?? '').replaceAll(' ', ''));
    await page.locator('#code').fill('12345');
    await page.locator('#submit').click();
    await page.locator('#code-error').waitFor();
    await checkPage(page, 'enrol-wrong');
    await page.locator('#code').fill(totpCode(secret, now()));
    await page.keyboard.press('Enter');
    await page.locator('#recovery-codes').waitFor();
    await checkPage(page, 'recovery-codes');
    codes = (await page.locator('#recovery-codes code').allTextContents()).map((code) =>
      remember('recovery_code', code),
    );
    assert.equal(codes.length, 10);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('#copy').click();
    await page.locator('[data-copied]:not(:empty)').waitFor();
    assert.equal((await page.evaluate<string>('navigator.clipboard.readText()')).trim(), codes.join('\n'));
    await page.locator('#next').click();
    assert.equal((await idTokenAtCallback(page, verifier)).acr, TWO_FACTORS);
  });

  await t.test('signs in with a code of the app', async () => {
    clock.ms += 30_000;
    const visitor = await newPage();
    const verifier = await start(visitor);
    await password(visitor, person);
    await visitor.locator('#code:focus').waitFor();
    await checkPage(visitor, 'second-factor');
    await visitor.keyboard.type('000 000');
    await visitor.keyboard.press('Enter');
    await visitor.locator('#error').waitFor();
    await checkPage(visitor, 'second-factor-wrong');
    await visitor.locator('#code').fill(totpCode(secret, now()));
    await visitor.locator('#trust-device').check();
    await visitor.locator('#submit').click();
    assert.deepEqual((await idTokenAtCallback(visitor, verifier)).amr, ['pwd', 'otp', 'mfa']);
    const again = await start(visitor, { prompt: 'login' });
    await visitor.locator('#password').fill(person.password);
    await visitor.locator('#submit').click();
    assert.deepEqual(
      (await idTokenAtCallback(visitor, again)).amr,
      ['pwd'],
      'the browser is trusted, and the app gets the true acr',
    );
  });

  await t.test('signs in with a recovery code, without JavaScript', async () => {
    const plain = await newPage(await browser.newContext({ javaScriptEnabled: false }));
    const verifier = await start(plain);
    assert.equal(await plain.locator('#passkey').isVisible(), false, 'no control is shown that needs JavaScript');
    await password(plain, person);
    await plain.locator('#recovery summary').click();
    await plain.locator('#recovery-code').fill(codes[0] ?? '');
    await plain.locator('#use-recovery-code').click();
    assert.equal((await idTokenAtCallback(plain, verifier)).acr, TWO_FACTORS);
  });
});

test('a passkey signs in without username and password, and steps up', async (t) => {
  const person = await app.seed.person({ name: 'Grace Hopper' });
  const page = await newPage();
  const device = await authenticator(page);
  await register(page, person);
  const expected = { sub: person.id, acr: TWO_FACTORS, amr: ['hwk', 'user', 'mfa'] };
  const signInClaims = ({ sub, acr, amr }: Record<string, unknown>) => ({ sub, acr, amr });

  await t.test('signs in by the button', async () => {
    await device.answers(false);
    const verifier = await start(page);
    await page.locator('#passkey').waitFor();
    await checkPage(page, 'login-passkey');
    await device.answers(true);
    await page.locator('#passkey').click();
    assert.deepEqual(signInClaims(await idTokenAtCallback(page, verifier)), expected);
  });

  await t.test('signs in from the browser’s suggestions in the username field (conditional mediation)', async () => {
    await page.context().clearCookies();
    const verifier = await start(page);
    assert.deepEqual(signInClaims(await idTokenAtCallback(page, verifier)), expected);
  });

  await t.test('fails when the device does not verify its user, with a message and the password form', async () => {
    await page.context().clearCookies();
    await device.verifies(false);
    await device.answers(false);
    const verifier = await start(page);
    await page.locator('#passkey').waitFor();
    await device.answers(true);
    await page.locator('#passkey').click();
    await page.locator('[data-unused]:visible, #error').waitFor();
    await checkPage(page, 'login-passkey-unused');
    await device.answers(false);
    await password(page, person);
    await page.locator('#recovery').waitFor();
    await checkPage(page, 'second-factor-passkey');
    await device.verifies(true);
    await device.answers(true);
    await page.locator('#passkey').click();
    const { amr } = await idTokenAtCallback(page, verifier);
    assert.deepEqual(amr, ['pwd', 'hwk', 'user', 'mfa'], 'after a password the passkey counts as a second factor');
  });

  await t.test('steps up when an app requires two factors and the session has one', async () => {
    const other = await app.seed.person();
    const weak = await newPage();
    const first = await start(weak);
    await password(weak, other);
    assert.equal((await idTokenAtCallback(weak, first)).acr, 'urn:cardea:acr:1fa');
    const key = await authenticator(weak);
    await register(weak, other);
    await key.answers(false);
    const verifier = await start(weak, { acr_values: TWO_FACTORS });
    await weak.locator('#password').fill(other.password);
    await weak.locator('#submit').click();
    await weak.locator('#recovery').waitFor();
    await key.answers(true);
    await weak.locator('#passkey').click();
    assert.deepEqual((await idTokenAtCallback(weak, verifier)).amr, ['pwd', 'hwk', 'user', 'mfa']);
    const later = await start(weak, { acr_values: TWO_FACTORS });
    assert.equal((await idTokenAtCallback(weak, later)).acr, TWO_FACTORS, 'no further factor is asked for');
  });
});

test('an app that requests two factors as voluntary lets people continue without', async () => {
  const person = await app.seed.person();
  const page = await newPage();
  const verifier = await start(page, { acr_values: TWO_FACTORS });
  await password(page, person);
  await page.locator('#later').waitFor();
  await checkPage(page, 'enrol-optional');
  await page.locator('#later').click();
  assert.equal((await idTokenAtCallback(page, verifier)).acr, 'urn:cardea:acr:1fa');
});

test('the Content-Security-Policy blocked nothing, and no script failed', () => {
  assert.deepEqual(complaints, []);
});
