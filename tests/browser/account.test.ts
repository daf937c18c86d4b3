import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { tokensFor } from '../flows/support.ts';
import { assertFit, NARROW } from '../helpers/appearance.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { askPerson, cibaMetadata, fetchTokens } from '../helpers/ciba.ts';
import { type Deployment, deployment, type Person } from '../helpers/deployment.ts';
import { message } from '../helpers/messages.ts';
import { openPage } from '../helpers/page.ts';
import { userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/** A real Chromium with a virtual authenticator (WebAuthn L3 §11) on the real pages of `/account`. */
const scope = { after };
const app: Deployment = await deployment(scope);
const party = await app.seed.party({ name: 'Harbour Notes', metadata: { client_uri: 'https://notes.example.com' } });
const ours = await app.seed.party({ name: 'Post Room', firstParty: true });
const callCentre = await app.seed.party({ name: 'Call Centre', metadata: cibaMetadata() });
const browser = await launchChromium(scope);
const OFFLINE = { params: { scope: 'openid profile email offline_access', prompt: 'consent' } };

const visit = () => openPage(browser, { viewport: NARROW });
const look = (page: Page, name: string) => assertFit(page, 'account', name);

async function signIn(page: Page, person: Person): Promise<void> {
  await page.locator('#password').waitFor();
  if ((await page.locator('#identifier').inputValue()) === '') await page.locator('#identifier').fill(person.email);
  await page.locator('#password').fill(person.password);
  await page.locator('#submit').click();
}

const textOf = async (page: Page, selector: string) => (await page.locator(selector).first().textContent()) ?? '';

test('a person views their account, and signs out other sessions', async (t) => {
  const person = await app.seed.person({ name: 'Ada Lovelace', email: 'ada.lovelace@example.com', username: 'ada' });
  const elsewhere = await tokensFor(app, party, person, OFFLINE);
  await tokensFor(app, ours, person);
  const { page, complaints } = await visit();

  await t.test('opens from the front page after signing in', async () => {
    await page.goto(app.issuer);
    await page.locator('#account').click();
    await signIn(page, person);
    await page.waitForURL(`${app.issuer}/account`);
    assert.match(await textOf(page, 'main'), /ada\.lovelace@example\.com/);
    await look(page, 'overview');
  });

  await t.test('the profile is changed, and invalid values are explained', async () => {
    await page.locator('#row-profile').click();
    await look(page, 'profile');
    await page.locator('#zoneinfo').fill('Mars/Olympus');
    await page.locator('#save').click();
    await page.locator('#problem').waitFor();
    await look(page, 'profile-refused');
    await page.locator('#zoneinfo').fill('Europe/London');
    await page.locator('#nickname').fill('Enchantress');
    await page.locator('#save').click();
    await page.locator('#done').waitFor();
    assert.equal(await page.locator('#nickname').inputValue(), 'Enchantress');
    await look(page, 'profile-saved');
  });

  await t.test('e-mail and username are changed', async () => {
    await page.goto(`${app.issuer}/account/email`);
    await page.locator('#email').fill('ada@king.example.com');
    await look(page, 'email');
    await page.locator('#change').click();
    await page.locator('#done').waitFor();
    await page.goto(`${app.issuer}/account/username`);
    await look(page, 'username');
  });

  await t.test('apps are listed with their permissions, and one loses its access', async () => {
    await page.goto(`${app.issuer}/account/apps`);
    await look(page, 'apps');
    const index = (await textOf(page, '#app-0')) === 'Harbour Notes' ? 0 : 1;
    await page.locator(`#revoke-${index}`).click();
    await page.locator('#done').waitFor();
    assert.doesNotMatch(await textOf(page, 'main'), /Harbour Notes/);
    assert.equal((await userinfo(app.issuer, elsewhere.tokens.access_token)).status, 401);
  });

  await t.test('a request for approval from an app elsewhere is read, compared and approved', async () => {
    const binding_message = 'Order 4711 – 20 €';
    const { body } = await askPerson(app.issuer, callCentre, { login_hint: person.email, binding_message });
    await page.goto(`${app.issuer}/account`);
    await page.getByRole('link', { name: en['account.hint.request_waiting.action'] }).click();
    assert.equal(await textOf(page, '#message-0'), binding_message);
    await look(page, 'requests');
    const heading = message('account.requests.heading', { client: 'Call Centre' });
    await page.getByRole('button', { name: `${en['account.requests.approve']} ${heading}` }).click();
    await page.locator('#done').waitFor();
    assert.equal((await fetchTokens(app.issuer, callCentre, body.auth_req_id)).status, 200);
  });

  await t.test('sessions are listed, and all others are signed out', async () => {
    const other = await tokensFor(app, party, person, OFFLINE);
    await page.goto(`${app.issuer}/account/sessions`);
    await look(page, 'sessions');
    await page.locator('#end-others').click();
    await page.locator('#done').waitFor();
    assert.equal(await page.locator('input[name=session]').count(), 0);
    assert.equal((await userinfo(app.issuer, other.tokens.access_token)).status, 401);
    await look(page, 'sessions-alone');
  });

  await t.test('the password is changed, with the rules marked during typing', async () => {
    await page.goto(`${app.issuer}/account/password`);
    await page.locator('#new-password').fill('short');
    assert.equal(await page.locator('#rule-too-short').getAttribute('data-state'), 'failed');
    await page.locator('#change').click();
    await page.locator('#new-password[aria-invalid]').waitFor();
    await look(page, 'password-refused');
    await page.locator('#new-password').fill(remember('password', 'Harpsichord-Meadow-41'));
    assert.equal(await page.locator('#rule-too-short').getAttribute('data-state'), 'met');
    await page.locator('#change').click();
    await page.locator('#done').waitFor();
    await look(page, 'password');
  });

  await t.test('security events are listed', async () => {
    await page.goto(`${app.issuer}/account/events`);
    assert.ok((await page.locator('.event-title').allTextContents()).includes(en['account.event.password_changed']));
    await look(page, 'events');
  });

  assert.deepEqual(complaints, []);
});

test('an authenticator app is set up from the page, asked for before sensitive changes, and removed', async () => {
  const person = await app.seed.person({ name: 'Grace Hopper' });
  const { page, context, complaints } = await visit();
  await page.goto(`${app.issuer}/account/second-factor`);
  await signIn(page, person);
  await page.locator('#add-totp').waitFor();
  await look(page, 'second-factor');
  await page.locator('#add-totp').click();
  await page.locator('svg.qr').waitFor();
  await look(page, 'authenticator');
  const secret = remember('totp_secret', (await textOf(page, '#totp-secret')).replaceAll(' ', ''));
  await page.locator('#code').fill('000000');
  await page.locator('#confirm').click();
  await page.locator('#problem').waitFor();
  await look(page, 'authenticator-refused');
  await page.locator('#code').fill(totpCode(secret, Date.now()));
  await page.locator('#confirm').click();
  await page.locator('.codes code').first().waitFor();
  assert.equal(await page.locator('.codes code').count(), 10);
  await look(page, 'recovery-codes');
  await page.locator('#kept').click();
  await page.waitForURL(`${app.issuer}/account`);
  const details = await page.locator('#row-second-factor bdi').allTextContents();
  assert.ok(details.includes(en['account.overview.second-factor.totp']), details.join());
  await look(page, 'overview-secured');

  // This sign-in used the password alone, so a sensitive change requires a step-up.
  await page.locator('#row-second-factor').click();
  await signIn(page, person);
  // The current code was used for the setup; the code of the next step is accepted already.
  await page.locator('#code').fill(totpCode(secret, Date.now() + 30_000));
  await page.locator('#submit').click();
  await page.waitForURL(`${app.issuer}/account/second-factor`);
  await look(page, 'second-factor-secured');
  await page.locator('#renew-codes').click();
  await page.locator('.codes code').first().waitFor();
  await page.goto(`${app.issuer}/account/second-factor`);
  await page.locator('#remove-totp').click();
  await page.locator('#done').waitFor();
  assert.deepEqual((await app.seed.accounts.findById(person.id))?.secondFactors, []);
  await context.close();
  assert.deepEqual(complaints, []);
});

test('a passkey is added, used without a password, renamed and removed', async () => {
  const person = await app.seed.person({ name: 'Katherine Johnson' });
  const { page, context, complaints } = await visit();
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(`${app.issuer}/account/passkeys`);
  await signIn(page, person);
  await page.locator('#add-passkey').waitFor();
  await look(page, 'passkeys');
  await page.locator('#passkey-name').fill('Phone');
  await page.locator('#add-passkey').click();
  await page.locator('.codes code').first().waitFor();
  await page.locator('#kept').click();
  assert.deepEqual((await app.seed.accounts.findById(person.id))?.secondFactors, ['passkey']);

  await context.clearCookies();
  await page.goto(`${app.issuer}/account/passkeys`);
  // The browser may offer the passkey by itself (conditional UI), and the virtual authenticator accepts at once.
  await Promise.any([page.locator('#passkey').click(), page.waitForURL(`${app.issuer}/account/passkeys`)]);
  await page.waitForURL(`${app.issuer}/account/passkeys`);
  assert.match(await textOf(page, '#passkey-0'), /Phone/);
  assert.match(await textOf(page, '.account-nav'), /Katherine Johnson/);
  await look(page, 'passkeys-one');

  // The browser itself refuses the same device again, and the page explains why (WebAuthn L3 §5.1.3).
  await page.locator('#passkey-name').fill('Phone again');
  await page.locator('#add-passkey').click();
  await page.locator('[data-known]').waitFor({ state: 'visible' });
  assert.equal(await page.locator('[data-unused]').isVisible(), false);

  await page.locator('#name-0').fill('Telephone');
  await page.locator('#rename-0').click();
  await page.locator('#done').waitFor();
  assert.match(await textOf(page, '#passkey-0'), /Telephone/);
  await page.locator('#remove-0').click();
  await page.locator('#done').waitFor();
  assert.equal(await page.locator('#passkey-0').count(), 0);
  assert.deepEqual((await app.seed.accounts.findById(person.id))?.secondFactors, []);
  await context.close();
  assert.deepEqual(complaints, []);
});

test('the account works without JavaScript, except for passkeys', async () => {
  const person = await app.seed.person();
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${app.issuer}/account/password`);
  await signIn(page, person);
  await page.locator('#new-password').fill(remember('password', 'Harpsichord-Meadow-42'));
  await page.locator('#change').click();
  await page.locator('#done').waitFor();
  await page.goto(`${app.issuer}/account/passkeys`);
  assert.equal(await page.locator('[data-no-passkeys]').isVisible(), true);
  assert.equal(await page.locator('#add-passkey').isVisible(), false);
  await context.close();
});
