import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, shown, submit, submitPassword } from '../flows/support.ts';
import { type BrowserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { LONG } from '../helpers/long.ts';
import { authorize, authorizeUrl, signIn } from '../helpers/relying_party.ts';

/**
 * An attacker without the password cannot lock out the owner (promise 9; OWASP "Device Cookies"), and has three guesses
 * in a lock period.
 */
const clock = { ms: Date.now() };
const app = await deployment(
  { after },
  { now: () => clock.ms, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1/32,::1/128,::ffff:127.0.0.1/128' } },
);
const party = await app.seed.party();
const MINUTE = 60_000;
/** Guesses of attackers between two sign-ins of the owner; `make chaos` makes more. */
const GUESSES = LONG ? 250 : 20;

/** A form that an attacker sends many times, each time from another address. */
async function createAttacker(): Promise<(person: Person, password: string) => Promise<Page>> {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  let address = 0;
  return (person, password) => {
    address += 1;
    const from = `198.51.${(address >> 8) & 255}.${address & 255}`;
    return browser.post(
      action,
      { ...fields, identifier: person.email, password, action: 'signin' },
      { 'x-forwarded-for': from },
    );
  };
}

async function signInAgain(browser: BrowserSession, person: Person): Promise<Page> {
  const url = authorizeUrl({ issuer: app.issuer, party, params: { prompt: 'login' } }, 'v'.repeat(43));
  return signIn(browser, await browser.follow(await browser.get(url)), person);
}

test(`${4 * GUESSES} wrong passwords from as many addresses never stop the owner on a known browser`, async () => {
  const owner = await app.seed.person();
  const { browser } = await authorize({ issuer: app.issuer, party, person: owner });
  const guess = await createAttacker();
  for (let done = 0; done < 4 * GUESSES; done += GUESSES) {
    for (let i = 0; i < GUESSES; i += 1) assert.equal((await guess(owner, `wrong ${done + i}`)).status, 400);
    assert.ok((await signInAgain(browser, owner)).location?.startsWith(party.redirectUri), `after ${done + GUESSES}`);
  }
  // The owner's success gave the attackers no further guesses.
  assert.equal((await guess(owner, owner.password)).status, 400);
});

test('an unknown browser has three guesses in a lock period: the fourth is refused even if it is right', async () => {
  const owner = await app.seed.person();
  const guess = await createAttacker();
  let guesses = 0;
  for (const minutes of [0, 15, 30, 60]) {
    clock.ms += minutes * MINUTE;
    const bucket = async () =>
      (
        await app.db.run<{ failures: number }>(
          { name: '', text: 'SELECT failures FROM attempts WHERE account_id = $1' },
          [owner.id],
        )
      )[0];
    for (let i = 0; i < 10; i += 1) await guess(owner, `wrong ${i}`);
    guesses += (await bucket())?.failures ?? 0;
    assert.equal((await guess(owner, owner.password)).status, 400, 'right, but too late');
  }
  assert.equal(guesses, 4 * 3);
  clock.ms += 120 * MINUTE;
  assert.equal((await guess(owner, owner.password)).status, 303, 'the lock ends after its time');
});

test('the owner’s wrong passwords on a known browser lock only that browser, for a while', async () => {
  const owner = await app.seed.person();
  const { browser } = await authorize({ issuer: app.issuer, party, person: owner });
  const { page } = await begin(app, party, { prompt: 'login' }, browser);
  for (let i = 0; i < 3; i += 1) {
    assert.equal(
      (await submit(browser, page, { identifier: owner.email, password: 'wrong', action: 'signin' })).status,
      400,
    );
  }
  assert.equal((await submitPassword(browser, page, owner)).status, 400);
  const elsewhere = await begin(app, party);
  assert.equal(shown(await submitPassword(elsewhere.browser, elsewhere.page, owner)), 'consent');
  clock.ms += 15 * MINUTE;
  assert.equal(shown(await submitPassword(browser, page, owner)), 'callback');
});

test('a device cookie of another account, or an invented one, has no effect', async () => {
  const [owner, eve] = [await app.seed.person(), await app.seed.person()];
  const { browser: known } = await authorize({ issuer: app.issuer, party, person: owner });
  const { browser: eves } = await authorize({ issuer: app.issuer, party, person: eve });
  const { page } = await begin(app, party, { prompt: 'login' }, eves);
  for (let i = 0; i < 5; i += 1) {
    await submit(eves, page, { identifier: owner.email, password: 'wrong', action: 'signin' });
  }
  assert.equal((await submitPassword(eves, page, owner)).status, 400, 'a stranger’s');
  assert.equal((await submitPassword(eves, page, eve)).status, 303, 'the person’s own cookie stays the same');
  assert.ok((await signInAgain(known, owner)).location?.startsWith(party.redirectUri));
});
