import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { begin, callbackOf, shown, submit, submitPassword } from '../flows/support.ts';
import { isSignIn, openAccount, pathOf, press } from '../helpers/account.ts';
import { type BrowserSession, browserSession } from '../helpers/browser_session.ts';
import { deployment, neighbour, type Person } from '../helpers/deployment.ts';
import { authorize, redeem, refresh, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/**
 * A change of password ends all other sessions at once, on every node, and keeps the session of the browser in which it
 * is made.
 */
const scope = { after };
const env = { CARDEA_RATE_LIMIT: '1000000' };
const app = await deployment(scope, { env });
const { db, issuer, seed } = app;
const here = issuer;
const { issuer: there } = await neighbour(scope, app, { env });
const urls = [here, there];
const party = await seed.party();
const ours = await seed.party({ firstParty: true });
const PARAMS = { scope: 'openid email offline_access', prompt: 'consent' };

interface Signed {
  readonly browser: BrowserSession;
  readonly accessToken: string;
  readonly refreshToken: string;
}

async function signIn(person: Person, reach: string): Promise<Signed> {
  const granted = await authorize({ issuer, reach, party, person, params: PARAMS });
  const { status, body } = await redeem(issuer, party, granted, reach);
  assert.equal(status, 200, JSON.stringify(body));
  return { browser: granted.browser, accessToken: body.access_token ?? '', refreshToken: body.refresh_token ?? '' };
}

/** One after the other, since parallel guesses at one account wait for each other, even with the right password. */
async function signInOn(reaches: readonly string[], person: Person): Promise<Signed[]> {
  const signed: Signed[] = [];
  for (const reach of reaches) signed.push(await signIn(person, reach));
  return signed;
}

/** @returns the new password */
async function changePassword(person: Person, { browser }: Pick<Signed, 'browser'>): Promise<string> {
  const { page } = await openAccount({ issuer }, person, '/account/password', browser);
  const password = remember('password', `Blue-Door-${randomBytes(6).toString('hex')}-7`);
  const done = await press(browser, page, 'change', { new_password: password });
  assert.equal(pathOf(done), '/account/password?done=password', done.body.slice(0, 2_000));
  return password;
}

async function isSignedIn(browser: BrowserSession): Promise<boolean> {
  const { page } = await begin({ issuer }, ours, { prompt: 'none' }, browser.clone());
  return callbackOf(page).error === undefined;
}

describe('a change of password', () => {
  test('ends every other session and refresh token on both nodes at once, and keeps the session in which it was made', async () => {
    const person = await seed.person();
    const own = await signIn(person, here);
    const others = await signInOn(urls, person);
    const password = await changePassword(person, own);
    for (const reach of urls) {
      for (const { accessToken } of others) assert.equal((await userinfo(issuer, accessToken, reach)).status, 401);
      for (const { refreshToken } of others) {
        assert.equal((await refresh(issuer, party, refreshToken, reach)).body.error, 'invalid_grant');
      }
      assert.equal((await userinfo(issuer, own.accessToken, reach)).status, 200);
    }
    for (const { browser } of others) {
      assert.equal(await isSignedIn(browser), false);
      assert.ok(isSignIn(await browser.follow(await browser.get('/account'))));
    }
    assert.equal(await isSignedIn(own.browser), true);
    assert.equal((await own.browser.get('/account')).status, 200);
    const renewed = await refresh(issuer, party, own.refreshToken, there);
    assert.equal(renewed.status, 200);
    for (const reach of urls) {
      const { browser, page } = await begin({ issuer }, ours, {}, browserSession(issuer, reach));
      assert.equal(shown(await submitPassword(browser, page, person)), 'sign-in');
      assert.ok((await authorize({ issuer, reach, party: ours, person: { ...person, password } })).code);
    }
  });

  test('makes codes that were issued before invalid', async () => {
    const person = await seed.person();
    const own = await signIn(person, here);
    const granted = await Promise.all(urls.map((reach) => authorize({ issuer, reach, party, person, params: PARAMS })));
    await changePassword(person, own);
    for (const [i, reach] of urls.entries()) {
      const { body } = await redeem(issuer, party, granted[i] ?? { code: '', verifier: '' }, reach);
      assert.equal(body.error, 'invalid_grant');
    }
  });

  test('ends sign-ins in progress with the old password', async () => {
    const person = await seed.person();
    const own = await signIn(person, here);
    const halfway = await Promise.all(
      urls.map(async (reach) => {
        const { browser, page } = await begin({ issuer }, party, {}, browserSession(issuer, reach));
        const consent = await submitPassword(browser, page, person);
        assert.equal(shown(consent), 'consent');
        return { browser, consent };
      }),
    );
    await changePassword(person, own);
    for (const { browser, consent } of halfway) {
      assert.equal(shown(await submit(browser, consent, { action: 'allow' })), 'error');
      assert.equal(await isSignedIn(browser), false);
    }
  });

  test('ends tokens that are refreshed and sign-ins that finish at the same moment', async () => {
    const person = await seed.person();
    const own = await signIn(person, here);
    const others = await signInOn([...urls, ...urls], person);
    const visits = await Promise.all(
      Array.from({ length: 4 }, async (_, i) => begin({ issuer }, ours, {}, browserSession(issuer, urls[i % 2]))),
    );
    const { page } = await openAccount({ issuer }, person, '/account/password', own.browser);
    const password = remember('password', `Blue-Door-${randomBytes(6).toString('hex')}-7`);
    const [changed, refreshed, late] = await Promise.all([
      press(own.browser, page, 'change', { new_password: password }),
      Promise.all(others.map(({ refreshToken }, i) => refresh(issuer, party, refreshToken, urls[i % 2]))),
      Promise.all(
        visits.map(async ({ browser, page: form, verifier }) => {
          const answered = await submitPassword(browser, form, person);
          const code = answered.location && new URL(answered.location).searchParams.get('code');
          return { browser, code, verifier };
        }),
      ),
    ]);
    assert.equal(pathOf(changed), '/account/password?done=password');
    for (const { status, body } of refreshed) {
      assert.ok(status === 200 || body.error === 'invalid_grant', `${status} ${body.error}`);
      if (body.access_token) assert.equal((await userinfo(issuer, body.access_token, here)).status, 401);
      if (body.refresh_token) assert.equal((await refresh(issuer, party, body.refresh_token, there)).status, 400);
    }
    for (const { browser, code, verifier } of late) {
      assert.equal(await isSignedIn(browser), false);
      if (code) assert.equal((await redeem(issuer, ours, { code, verifier }, there)).body.error, 'invalid_grant');
    }
    const rows = await db.run({ name: '', text: 'SELECT 1 FROM sessions WHERE account_id = $1' }, [person.id]);
    assert.equal(rows.length, 1);
    assert.equal((await userinfo(issuer, own.accessToken, there)).status, 200);
  });
});
