import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { secretOn, totpCode } from '../helpers/authenticator.ts';
import type { BrowserSession, Page } from '../helpers/browser_session.ts';
import { deployment, type Party, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { redeem, refresh } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { type Begun, begin, callbackOf, idTokenOf, type Params, shown, submit, submitPassword } from './support.ts';

/** Step-up by `acr_values` and `max_age` (OpenID Connect Core §3.1.2.1, §5.5.1.1). */

const ONE = 'urn:cardea:acr:1fa';
const TWO = 'urn:cardea:acr:2fa';
// Half an hour ago, so that this sign-in is old by the provider's own clock.
const clock = { ms: Date.now() - 1_800_000 };
const now = () => clock.ms;
const app = await deployment({ after }, { now });
const factors = await createFactorSeeder(app, now);
const party = await app.seed.party({ firstParty: true });

async function idToken(at: Page, begun: Begun, client: Party = party) {
  const { code = '' } = callbackOf(at);
  const { body } = await redeem(app.issuer, client, { code, verifier: begun.verifier });
  return idTokenOf(body);
}

/** A browser in which a person signed in with a password before they had any factor. */
async function weakSession(person: Person): Promise<BrowserSession> {
  const begun = await begin(app, party);
  assert.equal((await idToken(await submitPassword(begun.browser, begun.page, person), begun)).acr, ONE);
  return begun.browser;
}

const again = (browser: BrowserSession, params: Params) => begin(app, party, params, browser);

test('a session that is strong enough is not asked', async () => {
  const person = await app.seed.person();
  const browser = await weakSession(person);
  for (const acr_values of [ONE, `${ONE} ${TWO}`, `${TWO} ${ONE}`]) {
    const begun = await again(browser, { acr_values });
    assert.equal((await idToken(begun.page, begun)).acr, ONE, acr_values);
  }
  for (const acr_values of ['', 'urn:example:gold', `urn:example:gold ${ONE}`]) {
    const begun = await again(browser, { acr_values });
    assert.equal(shown(begun.page), 'callback', `unknown: ${acr_values}`);
  }
});

test('a weaker session signs in again with both factors, and is stronger from then on', async () => {
  const person = await app.seed.person();
  const browser = await weakSession(person);
  const secret = await factors.totp(person.id);
  const begun = await again(browser, { acr_values: TWO });
  assert.equal(shown(begun.page), 'sign-in');
  const second = await submitPassword(browser, begun.page, person);
  assert.equal(shown(second), 'second-factor');
  const claims = await idToken(await submit(browser, second, { action: 'code', code: totpCode(secret, now()) }), begun);
  assert.deepEqual([claims.acr, claims.amr], [TWO, ['pwd', 'otp', 'mfa']]);
  for (const params of [{}, { acr_values: TWO }, { acr_values: ONE }]) {
    const later = await again(browser, params);
    assert.equal((await idToken(later.page, later)).acr, TWO, 'and nothing is asked again');
  }
});

test('prompt=none returns login_required', async () => {
  const browser = await weakSession(await app.seed.person());
  const begun = await again(browser, { acr_values: TWO, prompt: 'none' });
  assert.equal(callbackOf(begun.page).error, 'login_required');
});

test('a person without a second factor may set one up or continue without: acr says which, and there is no loop', async () => {
  const person = await app.seed.person();
  const browser = await weakSession(person);
  const begun = await again(browser, { acr_values: TWO });
  const enrol = await submitPassword(browser, begun.page, person);
  assert.equal(shown(enrol), 'enrol');
  const without = await idToken(await submit(browser, enrol, { action: 'later' }), begun);
  assert.deepEqual([without.acr, without.amr], [ONE, ['pwd']]);

  const second = await again(browser, { acr_values: TWO });
  const page = await submitPassword(browser, second.page, person);
  const code = totpCode(remember('totp_secret', secretOn(page)), now());
  const codes = await submit(browser, page, { action: 'enrol', code });
  assert.equal(shown(codes), 'recovery-codes');
  const done = await browser.follow(await browser.get(page.url));
  assert.equal((await idToken(done, second)).acr, TWO);
});

test('max_age asks for the password and the second factor again, and auth_time is their time', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const first = await begin(app, party);
  const code = () => ({ action: 'code', code: totpCode(secret, now()) });
  await submit(first.browser, await submitPassword(first.browser, first.page, person), code());
  const fresh = await again(first.browser, { max_age: '86400' });
  const before = await idToken(fresh.page, fresh);
  assert.equal(before.acr, TWO);

  clock.ms += 60_000;
  const begun = await again(first.browser, { max_age: '60' });
  assert.equal(shown(begun.page), 'sign-in');
  const second = await submitPassword(first.browser, begun.page, person);
  assert.equal(shown(second), 'second-factor');
  const after = await idToken(await submit(first.browser, second, code()), begun);
  assert.equal(after.acr, TWO);
  assert.equal(Number(after.auth_time), Math.floor(now() / 1000));
  assert.ok(Number(after.auth_time) > Number(before.auth_time));
});

test('a refreshed ID token has the acr of its sign-in (OpenID Connect Core §12.2)', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const client = await app.seed.party({
    firstParty: true,
    metadata: { scope: 'openid offline_access', grant_types: ['authorization_code', 'refresh_token'] },
  });
  const begun = await begin(app, client, { scope: 'openid offline_access', prompt: 'consent' });
  let page = await submitPassword(begun.browser, begun.page, person);
  page = await submit(begun.browser, page, { action: 'code', code: totpCode(secret, now()) });
  if (shown(page) === 'consent') page = await submit(begun.browser, page, { action: 'allow' });
  const { body } = await redeem(app.issuer, client, { code: callbackOf(page).code ?? '', verifier: begun.verifier });
  const refreshed = await refresh(app.issuer, client, body.refresh_token ?? '');
  assert.deepEqual([idTokenOf(refreshed.body).acr, idTokenOf(refreshed.body).amr], [TWO, ['pwd', 'otp', 'mfa']]);
});
