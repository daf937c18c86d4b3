import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { fieldValue } from '../helpers/html.ts';
import { introspect, refresh, userinfo } from '../helpers/relying_party.ts';
import { begin, callbackOf, errorOn, type Params, shown, signedIn, submit, tokensFor } from './support.ts';

/** OpenID Connect RP-Initiated Logout 1.0. */
const app = await deployment({ after });
const person = await app.seed.person();
const BACK = 'https://rp.example.com/signed-out';
const party = await app.seed.party({ name: 'Rose Garden', metadata: { post_logout_redirect_uris: [BACK] } });
const other = await app.seed.party({ name: 'Other app' });

function logout(browser: BrowserSession, params: Params = {}): Promise<Page> {
  const given = Object.entries(params).filter((one): one is [string, string] => one[1] !== undefined);
  return browser.get(`/logout?${new URLSearchParams(given)}`);
}

async function isSignedIn(browser: BrowserSession): Promise<boolean> {
  const { page } = await begin(app, party, { prompt: 'none', scope: 'openid' }, browser);
  return callbackOf(page).error !== 'login_required';
}

test('the person is asked, with the name of the app; yes ends the session and returns with state', async () => {
  const browser = await signedIn(app, party, person);
  const request = { client_id: party.id, post_logout_redirect_uri: BACK, state: 'a b&c' };
  const page = await logout(browser, request);
  assert.equal(shown(page), 'sign-out');
  assert.match(page.body, /Rose Garden/);
  assert.equal(await isSignedIn(browser), true, 'the session has not ended yet');
  const asked = await logout(browser, request);
  const left = await submit(browser, asked, { logout: 'yes' });
  const url = new URL(left.location ?? '');
  assert.equal(url.origin + url.pathname, BACK);
  assert.deepEqual([...url.searchParams], [['state', 'a b&c']]);
  assert.equal(browser.cookie('cardea_session'), undefined);
  assert.equal(await isSignedIn(browser), false);
});

test('the session itself has ended, not only its cookie: a copy of the cookie is signed out as well', async () => {
  const browser = await signedIn(app, party, person);
  const copy = browser.clone();
  await submit(browser, await logout(browser), { logout: 'yes' });
  assert.equal(await isSignedIn(copy), false);
});

test('no keeps the person signed in, and returns as well', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  const otherTokens = await tokensFor(app, other, person, { browser });
  const page = await logout(browser, { client_id: party.id, post_logout_redirect_uri: BACK, state: 's' });
  const left = await submit(browser, page, {});
  assert.equal(left.location, `${BACK}?state=s`);
  assert.equal(await isSignedIn(browser), true);
  // The app that asked for the logout has lost its tokens; the others keep theirs.
  assert.equal((await refresh(app.issuer, party, tokens.refresh_token ?? '')).status, 400);
  assert.equal((await userinfo(app.issuer, otherTokens.tokens.access_token)).status, 200);
});

test('tokens of the session end with it, for every client; offline access stays', async () => {
  const { tokens: first, browser } = await tokensFor(app, party, person);
  const { tokens: second } = await tokensFor(app, other, person, { browser });
  const keeper = await app.seed.party();
  const { tokens: offline } = await tokensFor(app, keeper, person, {
    browser,
    params: { scope: 'openid offline_access', prompt: 'consent' },
  });
  const elsewhere = await tokensFor(app, party, person);
  await submit(browser, await logout(browser), { logout: 'yes' });
  for (const [client, tokens] of [
    [party, first],
    [other, second],
  ] as const) {
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
    assert.equal((await introspect(app.issuer, client, tokens.access_token)).active, false);
    assert.equal((await introspect(app.issuer, client, tokens.refresh_token ?? '')).active, false);
    assert.equal((await refresh(app.issuer, client, tokens.refresh_token ?? '')).status, 400);
  }
  assert.equal((await userinfo(app.issuer, offline.access_token)).status, 200);
  assert.equal((await refresh(app.issuer, keeper, offline.refresh_token ?? '')).status, 200);
  assert.equal((await userinfo(app.issuer, elsewhere.tokens.access_token)).status, 200, "another browser's session");
});

test('grants of the session are deleted from the database', async () => {
  const someone = await app.seed.person();
  const { browser } = await tokensFor(app, party, someone);
  const left = async () => {
    const text = `SELECT (SELECT count(*)::int FROM grants WHERE account_id = $1) AS grants,
                         (SELECT count(*)::int FROM records WHERE account_id = $1) AS records`;
    return (await app.db.run<{ grants: number; records: number }>({ name: 'left', text }, [someone.id]))[0];
  };
  assert.equal((await left())?.grants, 1);
  await submit(browser, await logout(browser), { logout: 'yes' });
  assert.deepEqual(await left(), { grants: 0, records: 0 });
});

test('an unregistered post_logout_redirect_uri is refused with a page, and the session stays', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  for (const uri of [
    'https://evil.example.com/',
    `${BACK}/`,
    `${BACK}?x=1`,
    'https://rp.example.com/callback',
    'javascript:alert(1)',
  ]) {
    const page = await logout(browser, { id_token_hint: tokens.id_token, post_logout_redirect_uri: uri });
    assert.equal(page.status, 400, uri);
    assert.equal(page.location, undefined);
    assert.equal(errorOn(page), 'invalid_request');
  }
  assert.equal(await isSignedIn(browser), true);
});

test('without id_token_hint or client_id the app is unknown: the person is asked, and stays at Cardea', async () => {
  const browser = await signedIn(app, party, person);
  const page = await logout(browser, { post_logout_redirect_uri: BACK, state: 's' });
  assert.equal(shown(page), 'sign-out');
  assert.doesNotMatch(page.body, /Rose Garden/);
  const left = await submit(browser, page, { logout: 'yes' });
  assert.equal(left.location, undefined);
  assert.equal(shown(left), 'signed-out');
  assert.equal(await isSignedIn(browser), false);
});

test('client_id works in place of an ID token; both must agree (RP-Initiated Logout §2)', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  const mismatch = await logout(browser, { id_token_hint: tokens.id_token, client_id: other.id });
  assert.equal(mismatch.status, 400);
  assert.equal((await logout(browser, { client_id: 'nobody' })).status, 400);
  const page = await logout(browser, { client_id: party.id, post_logout_redirect_uri: BACK });
  assert.match(page.body, /Rose Garden/);
  assert.equal((await submit(browser, page, { logout: 'yes' })).location, BACK);
});

test('a forged hint, and a hint that is not an ID token, are refused', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  const [header = '', payload = ''] = tokens.id_token.split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  for (const hint of ['x', `${header}.${payload}.AAAA`, `${none}.${payload}.`, tokens.access_token]) {
    const page = await logout(browser, { id_token_hint: hint, post_logout_redirect_uri: BACK });
    assert.equal(page.status, 400, hint.slice(0, 30));
  }
  assert.equal(await isSignedIn(browser), true);
});

test('without a session the redirect back still works', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const stranger = browserSession(app.issuer);
  const page = await logout(stranger, { id_token_hint: tokens.id_token, post_logout_redirect_uri: BACK, state: 's' });
  // There is no session to end and nothing to ask, and no session is created for the logout.
  assert.equal(page.location, `${BACK}?state=s`);
  assert.deepEqual(stranger.cookies(), []);
  const bare = browserSession(app.issuer);
  assert.equal(shown(await bare.follow(await logout(bare))), 'signed-out');
});

test('another site cannot sign a person out: the confirmation needs the secret of this browser (CSRF)', async () => {
  const browser = await signedIn(app, party, person);
  const never = await browser.post('/logout/confirm', { logout: 'yes' });
  assert.equal(never.status, 400);
  const page = await logout(browser);
  const stranger = await signedIn(app, party, person);
  const foreign = fieldValue(await logout(stranger), 'xsrf');
  const own = fieldValue(page, 'xsrf');
  assert.notEqual(foreign, own);
  for (const xsrf of [undefined, '', 'x', foreign]) {
    const refused = await browser.post('/logout/confirm', { logout: 'yes', ...(xsrf === undefined ? {} : { xsrf }) });
    assert.equal(refused.status, 400, String(xsrf));
  }
  assert.equal(await isSignedIn(browser), true);
  assert.equal((await browser.post('/logout/confirm', { logout: 'yes', xsrf: own })).status, 303);
  assert.equal(await isSignedIn(browser), false);
});

test('a confirmation that is sent twice leads to the same page, and signs no other session out', async () => {
  const browser = await signedIn(app, party, person);
  const page = await logout(browser, { client_id: party.id, post_logout_redirect_uri: BACK, state: 'x' });
  const { action, fields } = formOf(page);
  const confirm = (one: BrowserSession) => one.post(action, { ...fields, logout: 'yes' });
  const first = await confirm(browser.clone());
  assert.equal(first.location, `${BACK}?state=x`);
  assert.equal((await confirm(browser.clone())).location, first.location, 'the browser still has its cookies');
  assert.equal((await confirm(browserSession(app.issuer))).location, first.location, 'they were deleted');
  assert.equal(await isSignedIn(browser), false);
});

test('names of apps are shown as text', async () => {
  const nasty = await app.seed.party({ name: '<img src=x onerror=alert(1)>' });
  const browser = await signedIn(app, nasty, person);
  const page = await logout(browser, { client_id: nasty.id });
  assert.doesNotMatch(page.body, /<img src=x/);
  assert.match(page.body, /&lt;img src=x/);
});

test('POST works like GET (RP-Initiated Logout §2)', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  const page = await browser.follow(
    await browser.post('/logout', { id_token_hint: tokens.id_token, post_logout_redirect_uri: BACK, state: 'p' }),
  );
  assert.equal(page.location, `${BACK}?state=p`);
  assert.equal(await isSignedIn(browser), false);
});
