import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createDevices, DEVICES_MAX } from '../../server/accounts/devices.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { begin, callbackOf, shown, submit, submitPassword } from '../flows/support.ts';
import { openAccount, press } from '../helpers/account.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { type BrowserSession, browserSession, type Page } from '../helpers/browser_session.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { fieldValue, textsOf } from '../helpers/html.ts';
import { authorize } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/**
 * A cookie that an attacker has planted in another person's browser is useless to the attacker: it is not accepted, and
 * its value changes (Zitadel CVE-2026-119128, CVE-2026-109373).
 */
const clock = { ms: Date.now() };
const now = () => clock.ms;
const app = await deployment({ after }, { now, env: { CARDEA_TRUST_DEVICE: '30d' } });
const factors = await createFactorSeeder(app, now);
const { accounts } = factors;
const party = await app.seed.party({ firstParty: true });
const DEVICE = 'cardea_device';
const MINUTE = 60_000;

const browserWith = (value: string, name = DEVICE) => browserSession(app.issuer, app.issuer, [{ name, value }]);
const deviceOf = (browser: BrowserSession) => remember('cookie', browser.cookie(DEVICE) ?? '');

/** A person with an authenticator app. */
async function createVictim(): Promise<{ person: Person; code: () => string }> {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  return { person, code: () => totpCode(secret, clock.ms) };
}

/** Signs in with both factors, and marks the browser as trusted. */
async function trust(
  browser: BrowserSession,
  { person, code }: Awaited<ReturnType<typeof createVictim>>,
): Promise<void> {
  clock.ms += MINUTE;
  const { page } = await begin(app, party, { prompt: 'login' }, browser);
  const asked = await submitPassword(browser, page, person);
  const done = shown(asked) === 'callback' ? asked : await submit(browser, asked, answerWith(code()));
  assert.ok(callbackOf(done).code, done.body);
}

const answerWith = (code: string) => ({ action: 'code', code, trust_device: 'yes' });

/** The page after the right password. */
async function afterPassword(
  browser: BrowserSession,
  person: Person,
): Promise<{ browser: BrowserSession; page: Page }> {
  const { page } = await begin(app, party, { prompt: 'login' }, browser);
  return { browser, page: await submitPassword(browser, page, person) };
}

async function isAskedForCode(device: string, person: Person): Promise<boolean> {
  return shown((await afterPassword(browserWith(device), person)).page) === 'second-factor';
}

describe('a device cookie', () => {
  test('with an invented value is not accepted at a sign-in: the server sets a new value', async () => {
    const planted = 'p'.repeat(43);
    const owner = await createVictim();
    const browser = browserWith(planted);
    await trust(browser, owner);
    assert.notEqual(deviceOf(browser), planted);
    assert.equal(await isAskedForCode(planted, owner.person), true);
    assert.equal(await isAskedForCode(deviceOf(browser), owner.person), false);
  });

  test('of another account does not become valid for this one: each account gets its own token', async () => {
    const [owner, eve] = [await createVictim(), await createVictim()];
    const eves = browserSession(app.issuer);
    await trust(eves, eve);
    const planted = deviceOf(eves);
    const browser = browserWith(planted);
    await trust(browser, owner);
    assert.equal(await isAskedForCode(planted, owner.person), true);
    // One browser can still be known for several people.
    assert.equal(await isAskedForCode(deviceOf(browser), owner.person), false);
    assert.equal(await isAskedForCode(deviceOf(browser), eve.person), false);
  });

  test('changes at each sign-in, and the previous value stays valid only briefly, for lost responses', async () => {
    const owner = await createVictim();
    const browser = browserSession(app.issuer);
    await trust(browser, owner);
    const first = deviceOf(browser);
    await trust(browser, owner);
    const second = deviceOf(browser);
    assert.notEqual(second, first);
    assert.equal(
      await isAskedForCode(first, owner.person),
      false,
      'the response with the second value may have been lost',
    );
    // That sign-in replaced the device token, and only its browser has a token that stays valid.
    clock.ms += 11 * MINUTE;
    assert.equal(await isAskedForCode(first, owner.person), true);
    const [{ devices } = { devices: 0 }] = await app.db.run<{ devices: number }>(
      { name: '', text: 'SELECT count(*)::int AS devices FROM devices WHERE account_id = $1' },
      [owner.person.id],
    );
    assert.equal(devices, 1, 'it is one browser in the list');
  });

  test('counts wrong codes of its browser together, although its value changes', async () => {
    const owner = await createVictim();
    const browser = browserSession(app.issuer);
    await trust(browser, owner);
    const stepUp = { prompt: 'login', acr_values: 'urn:cardea:acr:2fa' };
    const { page } = await begin(app, party, stepUp, browser);
    const asked = await submitPassword(browser, page, owner.person);
    assert.equal(shown(asked), 'second-factor');
    for (let i = 0; i < 3; i += 1) await submit(browser, asked, { action: 'code', code: '000000' });
    await authorize({ issuer: app.issuer, party, person: owner.person, browser, params: { prompt: 'login' } });
    const again = await begin(app, party, stepUp, browser);
    const locked = await submitPassword(browser, again.page, owner.person);
    clock.ms += MINUTE;
    assert.equal(
      (await submit(browser, locked, answerWith(owner.code()))).status,
      400,
      'three guesses, not three each',
    );
  });

  test('is the least recently used of more than 50: it is removed', async () => {
    const owner = await app.seed.person();
    const account = await accounts.resolve(owner.id);
    const visitor = { userAgent: undefined, address: '192.0.2.1' };
    const remembered = Array.from({ length: DEVICES_MAX }, (_, n) =>
      createDevices({ db: app.db, accounts, now: () => clock.ms - (n + 1) * MINUTE }).remember(account, {
        cookie: undefined,
        visitor,
      }),
    );
    await app.db.transact(remembered.map(({ bound }) => bound));
    await authorize({ issuer: app.issuer, party, person: owner });
    const [{ devices } = { devices: 0 }] = await app.db.run<{ devices: number }>(
      { name: '', text: 'SELECT count(*)::int AS devices FROM devices WHERE account_id = $1' },
      [owner.id],
    );
    assert.equal(devices, DEVICES_MAX);
    const stored = createDevices({ db: app.db, accounts, now });
    const known = await Promise.all(
      remembered.slice(-2).map(async ({ cookie }) => (await stored.isKnown(owner.id, cookie)).known),
    );
    assert.deepEqual(known, [true, false]);
  });
});

describe('browsers in which a person has signed in', () => {
  const kindsOf = async ({ id }: Person) =>
    (
      await app.db.run<{ kind: string }>(
        { name: '', text: 'SELECT kind FROM security_events WHERE account_id = $1 ORDER BY id' },
        [id],
      )
    ).map(({ kind }) => kind);

  test('are shown with their trust, and can be removed: the second factor is asked for there again', async () => {
    const owner = await createVictim();
    const [home, office] = [browserSession(app.issuer), browserSession(app.issuer)];
    await trust(home, owner);
    await trust(office, owner);
    const { page } = await openAccount(app, owner.person, '/account/devices', home);
    const labels = textsOf(page, 'dt').filter((label) => label === en['account.devices.trusted']);
    assert.equal(labels.length, 2);
    await press(home, page, 'forget-1');
    assert.equal(await isAskedForCode(deviceOf(office), owner.person), true);
    assert.equal(await isAskedForCode(deviceOf(home), owner.person), false);
    assert.equal((await kindsOf(owner.person)).filter((kind) => kind === 'device_forgotten').length, 1);
    for (let i = 0; i < 3; i += 1) await press(home, page, 'forget-1');
    assert.equal((await kindsOf(owner.person)).filter((kind) => kind === 'device_forgotten').length, 1, 'nothing more');
  });

  test('belong to their person: another person cannot remove them', async () => {
    const [owner, eve] = [await createVictim(), await createVictim()];
    const [home, eves] = [browserSession(app.issuer), browserSession(app.issuer)];
    await trust(home, owner);
    await trust(eves, eve);
    const theirs = await openAccount(app, owner.person, '/account/devices', home);
    const device = fieldValue(theirs.page, 'device');
    const { page } = await openAccount(app, eve.person, '/account/devices', eves);
    await press(eves, page, 'forget-0', { device });
    await press(eves, page, 'forget-0', { device: 'x' });
    assert.equal(await isAskedForCode(deviceOf(home), owner.person), false);
  });

  test('are removed by “sign out all others”, except the browser in which it is done', async () => {
    const owner = await createVictim();
    const [home, office] = [browserSession(app.issuer), browserSession(app.issuer)];
    await trust(home, owner);
    await trust(office, owner);
    const { page } = await openAccount(app, owner.person, '/account/sessions', home);
    await press(home, page, 'end-others');
    assert.equal(await isAskedForCode(deviceOf(office), owner.person), true);
    assert.equal(await isAskedForCode(deviceOf(home), owner.person), false);
  });
});

describe('other cookies', () => {
  test('an invented visitor cookie is replaced, and a form sent with it is refused', async () => {
    const planted = 'v'.repeat(43);
    for (const value of [planted, `${planted}.${'m'.repeat(43)}`]) {
      const browser = browserWith(value, 'cardea_visitor');
      const page = await browser.get('/account/forgot');
      assert.notEqual(browser.cookie('cardea_visitor'), value);
      const elsewhere = await press(browserWith(value, 'cardea_visitor'), page, 'submit', {
        identifier: 'a@example.com',
      });
      assert.equal(elsewhere.status, 403);
      assert.equal((await press(browser, page, 'submit', { identifier: 'a@example.com' })).status, 200);
    }
  });

  test('visit and session cookies are signed: a value without a valid signature is ignored', async () => {
    const owner = await app.seed.person();
    const names = ['cardea_session', 'cardea_resume'];
    const planted = names.flatMap((name) => [
      { name, value: 'q'.repeat(43) },
      { name: `${name}.sig`, value: 's'.repeat(27) },
    ]);
    const { browser } = await authorize({
      issuer: app.issuer,
      party,
      person: owner,
      browser: browserSession(app.issuer, app.issuer, planted),
    });
    assert.notEqual(browser.cookie('cardea_session'), 'q'.repeat(43));
    assert.equal(shown((await begin(app, party, {}, browser)).page), 'callback');
  });
});
