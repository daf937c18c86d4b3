import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { shown, submit } from '../flows/support.ts';
import { openAccount } from '../helpers/account.ts';
import { softPasskey, totpCode } from '../helpers/authenticator.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { type Deployment, deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { fieldValue, has } from '../helpers/html.ts';

/**
 * Keycloak CVE-2026-3429: an attacker with only the password, or at an unlocked screen, removes the second factor.
 * Changes of credentials need a sign-in with all factors of the account in the last five minutes.
 */
const clock = { ms: Date.now() };
const app: Deployment = await deployment({ after }, { now: () => clock.ms });
const factors = await createFactorSeeder(app, () => clock.ms);

interface Secured {
  readonly person: Person;
  readonly secret: string;
  readonly passkeyId: string;
}

async function createSecured(): Promise<Secured> {
  const person = await app.seed.person();
  return { person, ...(await secure(person)) };
}

async function secure(person: Person) {
  const secret = await factors.totp(person.id);
  await factors.recoveryCodes(person.id);
  const passkey = softPasskey();
  await factors.passkey(person.id, passkey);
  return { secret, passkeyId: passkey.id };
}

/** Signs in with both factors where asked. */
async function signInFully(browser: BrowserSession, { person, secret }: Secured, path: string): Promise<Page> {
  let { page } = await openAccount(app, person, path, browser);
  if (has(page, '#use-recovery-code')) {
    clock.ms += 30_000; // each code works once
    page = await submit(browser, page, { action: 'code', code: totpCode(secret, clock.ms) });
  }
  return page;
}

const csrfOf = (page: Page) => fieldValue(page, 'csrf');

/** Every form that changes how a person signs in. */
const changes = ({ passkeyId }: Secured): readonly (readonly [string, Record<string, string>])[] => [
  ['/account/second-factor', { action: 'remove' }],
  ['/account/second-factor', { action: 'renew' }],
  ['/account/authenticator', { action: 'confirm', enrolment: 'x', code: '123456' }],
  ['/account/passkeys', { action: 'remove', passkey: passkeyId }],
  ['/account/passkeys', { action: 'rename', passkey: passkeyId, name: 'Evil' }],
  ['/account/passkeys', { action: 'register', name: 'Evil', challenge: 'x', response: '{}' }],
  ['/account/password', { action: 'change', new_password: 'Evil-Horse-Battery-13' }],
  ['/account/email', { action: 'change', email: 'evil@example.com' }],
  ['/account/username', { action: 'save', username: 'evil' }],
];

async function stateOf({ person }: Secured): Promise<unknown> {
  const [row] = await app.db.run(
    {
      name: '',
      text: `SELECT a.updated_at, a.epoch, a.password_hash, a.second_factors,
                    (SELECT array_agg(lookup ORDER BY lookup) FROM recovery_codes WHERE account_id = $1) AS codes,
                    (SELECT array_agg(sealed_own) FROM passkeys WHERE account_id = $1) AS passkeys,
                    (SELECT sealed_own FROM totp WHERE account_id = $1) AS totp
               FROM accounts a WHERE a.id = $1`,
    },
    [person.id],
  );
  // Queued mails may be sent and removed at any time.
  return { ...row, mails: app.statements.filter((text) => text.includes('INSERT INTO mails')).length };
}

/** Every page asks for a new sign-in with both factors; every form redirects to its page and changes nothing. */
async function assertShut(browser: BrowserSession, account: Secured): Promise<void> {
  const csrf = csrfOf(await browser.get('/account/profile'));
  assert.ok(csrf, 'the session is sufficient for other changes');
  const before = await stateOf(account);
  for (const [path, fields] of changes(account)) {
    const page = await browser.get(path);
    const asked = new URL(page.location ?? '', app.issuer);
    assert.deepEqual(
      [page.status, asked.pathname, asked.searchParams.get('prompt'), asked.searchParams.get('acr_values')],
      [303, '/authorize', 'login', 'urn:cardea:acr:2fa'],
      path,
    );
    const posted = await browser.post(path, { ...fields, csrf });
    assert.deepEqual([posted.status, posted.location], [303, app.issuer + path], path);
  }
  assert.deepEqual(await stateOf(account), before);
}

describe('a second factor, password, e-mail address, username or passkey', () => {
  test('cannot be changed in a session with the password only', async () => {
    const person = await app.seed.person();
    const { browser } = await openAccount(app, person);
    // The person enrols factors in another session, so this one has used none of them.
    await assertShut(browser, { person, ...(await secure(person)) });
  });

  test('cannot be changed more than five minutes after a sign-in with both factors', async () => {
    const account = await createSecured();
    const browser = browserSession(app.issuer);
    assert.equal((await signInFully(browser, account, '/account/second-factor')).status, 200);
    clock.ms += 301_000;
    await assertShut(browser, account);
  });

  test('cannot be changed after confirming only the password: the step-up asks for the second factor too', async () => {
    const account = await createSecured();
    const browser = browserSession(app.issuer);
    await signInFully(browser, account, '/account');
    clock.ms += 301_000;
    const { page } = await openAccount(app, account.person, '/account/second-factor', browser);
    assert.equal(shown(page), 'second-factor');
    // Enrolling again instead of using the factor does not help.
    const around = await browser.get('/account/second-factor');
    assert.equal(new URL(around.location ?? '').pathname, '/authorize');
    await assertShut(browser, account);
  });

  test('can be changed after a fresh sign-in with both factors', async () => {
    const account = await createSecured();
    const browser = browserSession(app.issuer);
    await signInFully(browser, account, '/account');
    clock.ms += 301_000;
    const page = await signInFully(browser, account, '/account/second-factor');
    assert.equal(page.status, 200);
    const csrf = csrfOf(page);
    const codes = await browser.post('/account/second-factor', { csrf, action: 'renew' });
    assert.equal(codes.status, 200);
    const passkey = { action: 'remove', passkey: account.passkeyId };
    assert.equal((await browser.post('/account/passkeys', { csrf, ...passkey })).location?.includes('done='), true);
    const removed = await browser.post('/account/second-factor', { csrf, action: 'remove' });
    assert.match(removed.location ?? '', /done=totp_removed/);
    assert.deepEqual((await app.seed.accounts.findById(account.person.id))?.secondFactors, []);
    const kinds = await app.db.run<{ kind: string }>(
      { name: '', text: 'SELECT kind FROM security_events WHERE account_id = $1' },
      [account.person.id],
    );
    for (const kind of ['recovery_codes_renewed', 'passkey_removed', 'totp_removed']) {
      assert.ok(
        kinds.some((one) => one.kind === kind),
        kind,
      );
    }
  });

  test('cannot be changed after a fresh sign-in of another person in the same browser', async () => {
    const account = await createSecured();
    const browser = browserSession(app.issuer);
    await signInFully(browser, account, '/account');
    clock.ms += 301_000;
    const before = await stateOf(account);
    const attacker = await app.seed.person();
    const asked = await browser.follow(await browser.get('/account/second-factor'));
    const { action, fields } = formOf(asked);
    const answer = { identifier: attacker.email, password: attacker.password, action: 'signin' };
    let page = await browser.follow(await browser.post(action, { ...fields, ...answer }));
    if (page.status === 200 && has(page, '[name="xsrf"]')) page = await submit(browser, page, { logout: 'yes' });
    const now = await browser.get('/account/second-factor');
    const csrf = csrfOf(now);
    if (csrf) await browser.post('/account/second-factor', { csrf, action: 'remove' });
    assert.deepEqual(await stateOf(account), before);
  });
});
