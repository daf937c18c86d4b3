import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, errorOn, shown, signedIn, submitPassword } from '../flows/support.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';

/**
 * A sign-in is finished once, in the browser that began it (Keycloak CVE-2026-7571: an interaction revived by a
 * tampered restart; better-auth GHSA-xg6x-h9c9-2m83: a session before the sign-in is complete).
 */

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const person = await app.seed.person();
const party = await app.seed.party();
const own = await app.seed.party({ firstParty: true });

/** The result of a request with prompt=none: an error code, or that there is a code. */
async function silentResult(browser: BrowserSession, client = own): Promise<string> {
  const page = await browser
    .clone()
    .get(authorizeUrl({ issuer, party: client, params: { prompt: 'none' } }, 'v'.repeat(43)));
  const { searchParams } = new URL(page.location ?? '');
  return searchParams.get('error') ?? (searchParams.has('code') ? 'code' : 'nothing');
}

function uidOf(page: Page): string {
  return new URL(page.url).pathname.split('/').at(-1) ?? '';
}

async function signedInSessions(): Promise<number> {
  const [row] = await app.db.run<{ n: number }>(
    { name: 'count', text: 'SELECT count(*)::int AS n FROM sessions WHERE account_id IS NOT NULL' },
    [],
  );
  return row?.n ?? -1;
}

test('resuming before the password was entered gives no session', async () => {
  const before = await signedInSessions();
  const { browser, page } = await begin(app, party);
  const resumed = await browser.follow(await browser.get(`/authorize/${uidOf(page)}`));
  assert.notEqual(shown(resumed), 'callback');
  assert.equal(await silentResult(browser), 'login_required');
  assert.equal(await signedInSessions(), before);
});

test('resuming between password and consent gives no code, and the stored progress gives no session', async () => {
  const before = await signedInSessions();
  const { browser, page } = await begin(app, party);
  const consent = await submitPassword(browser, page, person);
  assert.equal(shown(consent), 'consent');
  assert.equal(await signedInSessions(), before, 'no session until the sign-in is complete');
  assert.equal(await silentResult(browser), 'login_required');
  const resumed = await browser.follow(await browser.get(`/authorize/${uidOf(page)}`));
  assert.equal(shown(resumed), 'sign-in', 'it starts again');
  assert.equal(await silentResult(browser), 'login_required');
  assert.equal(await signedInSessions(), before);
  // The step before the detour is gone with its interaction.
  const { action, fields } = formOf(consent);
  const late = await browser.post(action, { ...fields, action: 'allow' });
  assert.equal(errorOn(late), 'interaction_expired');
});

test('a finished interaction cannot be repeated: neither the form, the page nor the resume URL', async () => {
  const { browser, page } = await begin(app, party);
  const consent = await submitPassword(browser, page, person);
  const earlier = browser.clone();
  const { action, fields } = formOf(consent);
  const done = await browser.post(action, { ...fields, action: 'allow' });
  assert.equal(shown(done), 'callback');
  const sessions = await signedInSessions();
  for (const replaying of [earlier, browser]) {
    // The same form again leads to the same place for a minute (flows/sent_twice.test.ts), and changes nothing.
    assert.equal((await replaying.clone().post(action, { ...fields, action: 'allow' })).location, done.location);
    const { fields: older } = formOf(page);
    for (const answer of [
      await replaying.clone().post(action, { ...older, identifier: person.email, password: person.password }),
      await replaying.clone().get(action),
      await replaying.clone().get(`/authorize/${uidOf(page)}`),
    ]) {
      assert.equal(answer.status, 400, answer.body.slice(0, 200));
      assert.equal(answer.location, undefined);
    }
  }
  assert.equal(await silentResult(earlier), 'login_required');
  assert.equal(await signedInSessions(), sessions);
});

test('a form that is sent twice at once grants no more than the person agreed to', async () => {
  const { browser, page } = await begin(app, own);
  const { action, fields } = formOf(page);
  const credentials = { ...fields, identifier: person.email, password: person.password };
  const answers = await Promise.all(Array.from({ length: 4 }, () => browser.clone().post(action, credentials)));
  for (const answer of answers) assert.equal(shown(answer), 'callback', `${answer.status} ${answer.body}`);
  assert.equal(new Set(answers.map((answer) => callbackOf(answer).code)).size, 1, 'one code for all of them');
});

test('another browser can neither continue a visit nor contribute its own', async () => {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(await submitPassword(browser, page, person));
  const other = await begin(app, party);
  const stranger = browserSession(issuer);
  for (const intruder of [stranger, other.browser]) {
    for (const answer of [
      await intruder.get(action),
      await intruder.post(action, { ...fields, action: 'allow' }),
      await intruder.get(`/authorize/${uidOf(page)}`),
    ]) {
      assert.equal(answer.status, 400);
      assert.equal(answer.location, undefined);
    }
    assert.equal(await silentResult(intruder), 'login_required');
  }
  // A CSRF token is valid for its own interaction only, in either direction.
  const mine = formOf(other.page);
  const crossed = await other.browser.post(mine.action, {
    ...mine.fields,
    csrf: fields.csrf ?? '',
    identifier: person.email,
    password: person.password,
  });
  assert.equal(errorOn(crossed), 'form_expired');
});

test('the cookies of a visit open the pages of that visit only', async () => {
  const one = await begin(app, own);
  const other = await begin(app, own);
  const cookie = other.browser.signedCookies('cardea_interaction');
  const credentials = { identifier: person.email, password: person.password };
  const stranger = browserSession(issuer);
  for (const { page } of [one, other]) {
    const isOwn = page === other.page;
    const shownPage = await stranger.get(page.url, { cookie });
    assert.equal(shownPage.status, isOwn ? 200 : 400);
    if (isOwn) continue;
    assert.equal(errorOn(shownPage), 'interaction_expired');
    for (const { fields } of [formOf(one.page), formOf(other.page)]) {
      const posted = await stranger.post(page.url, { ...fields, ...credentials }, { cookie });
      assert.equal(errorOn(posted), 'interaction_expired');
    }
  }
});

test('a visit that began in one session cannot be finished in another (RFC 9700 §4.7)', async () => {
  const victim = await signedIn(app, own, person);
  const attacker = await app.seed.person();
  const { browser, page } = await begin(app, party, {}, await signedIn(app, own, attacker));
  assert.equal(shown(page), 'consent');
  const { action, fields } = formOf(page);
  const taken = browser.signedCookies('cardea_interaction');
  const session = victim.signedCookies('cardea_session');
  const answer = await browserSession(issuer).post(
    action,
    { ...fields, action: 'allow' },
    { cookie: `${taken}; ${session}` },
  );
  assert.equal(answer.status, 400, `${answer.location}`);
  assert.equal(answer.location, undefined);
});

test('the session gets a new id at sign-in', async () => {
  const browser = await signedIn(app, own, person);
  const before = browser.cookie('cardea_session');
  const again = await begin(app, own, { prompt: 'login' }, browser);
  assert.equal(shown(again.page), 'sign-in');
  assert.equal(shown(await submitPassword(browser, again.page, person)), 'callback');
  assert.notEqual(browser.cookie('cardea_session'), before);
});
