import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type BrowserSession, browserSession, type Page } from '../helpers/browser_session.ts';
import { deployment, type Party, type Person } from '../helpers/deployment.ts';
import { logoutListener } from '../helpers/logout_listener.ts';
import { introspect, refresh, userinfo } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import { begin, callbackOf, type Params, shown, submit, tokensFor } from './support.ts';

/** OpenID Connect RP-Initiated Logout 1.0 §2: signing out with an ID token of the session's own person. */

const scope = { after };
let aheadMs = 0;
const startedAt = Date.now() - performance.now();
const now = () => startedAt + performance.now() + aheadMs;
const app = await deployment(scope, { now });
const asking = await deployment(scope, { env: { CARDEA_CONFIRM_LOGOUT: 'true' } });
const listener = await logoutListener(scope);
const BACK = 'https://rp.example.com/signed-out?flag';
const metadata = { post_logout_redirect_uris: [BACK] };
const party = await app.seed.party({ metadata });
const other = await app.seed.party({ metadata: { ...metadata, backchannel_logout_uri: listener.uri } });
const pairwise = await app.seed.party({ metadata: { ...metadata, subject_type: 'pairwise' } });
const withSid = await app.seed.party({
  metadata: { ...metadata, backchannel_logout_uri: listener.uri, backchannel_logout_session_required: true },
});
const person = await app.seed.person();
const stranger = await app.seed.person();

function logout(browser: BrowserSession, params: Params): Promise<Page> {
  return browser.get(`/logout?${new URLSearchParams(params as Record<string, string>)}`);
}

async function isSignedIn(browser: BrowserSession): Promise<boolean> {
  const { page } = await begin(app, party, { prompt: 'none', scope: 'openid' }, browser);
  return callbackOf(page).error !== 'login_required';
}

const signIn = (by: Party, who: Person, browser?: BrowserSession) =>
  tokensFor(app, by, who, browser === undefined ? {} : { browser });

for (const [what, by] of Object.entries({ public: party, pairwise, 'with a sid': withSid })) {
  test(`nothing is asked, and the browser returns with state (subject: ${what})`, async () => {
    const { tokens, browser } = await signIn(by, person);
    const copy = browser.clone();
    const request = { id_token_hint: tokens.id_token, post_logout_redirect_uri: BACK, state: 'a b' };
    const left = await logout(browser, request);
    assert.deepEqual([left.status, left.location], [303, `${BACK}&state=a+b`]);
    assert.equal(browser.cookie('cardea_session'), undefined);
    assert.equal(await isSignedIn(copy), false, 'the session itself has ended, not only its cookie');
    assert.equal((await logout(copy, request)).location, left.location, 'once more leads to the same place');
  });
}

test('everything of the session ends, for other apps as well, which are told', async () => {
  const { tokens: first, browser } = await signIn(party, person);
  const { tokens: second } = await signIn(other, person, browser);
  const before = listener.received.length;
  const left = await browser.follow(await logout(browser, { id_token_hint: first.id_token }));
  assert.equal(shown(left), 'signed-out');
  for (const [client, tokens] of [
    [party, first],
    [other, second],
  ] as const) {
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
    assert.equal((await introspect(app.issuer, client, tokens.access_token)).active, false);
    assert.equal((await refresh(app.issuer, client, tokens.refresh_token ?? '')).status, 400);
  }
  await until('the other app has been told', () => listener.received.length > before);
});

test('an expired ID token is a hint as well (§2)', async () => {
  const { tokens, browser } = await signIn(party, person);
  aheadMs += 2 * 3_600_000;
  assert.equal((await logout(browser, { id_token_hint: tokens.id_token })).status, 303);
  assert.equal(await isSignedIn(browser), false);
});

test('the hint of another person asks, and so does that of another session of the same person', async () => {
  const { tokens: foreign } = await signIn(party, stranger);
  const { tokens: earlier } = await signIn(withSid, person);
  const { browser } = await signIn(withSid, person);
  for (const hint of [foreign.id_token, earlier.id_token]) {
    const page = await logout(browser, { id_token_hint: hint, post_logout_redirect_uri: BACK });
    assert.equal(shown(page), 'sign-out');
    assert.equal(await isSignedIn(browser), true);
  }
});

test('no hint asks, with client_id or without, as any site can send a browser here', async () => {
  const { browser } = await signIn(party, person);
  for (const params of [{}, { client_id: party.id }, { client_id: party.id, post_logout_redirect_uri: BACK }]) {
    assert.equal(shown(await logout(browser, params)), 'sign-out');
    assert.equal(await isSignedIn(browser), true);
  }
});

test('a forged hint, one of another app, and an unregistered URI end nothing', async () => {
  const { tokens, browser } = await signIn(party, person);
  const forged = tokens.id_token.replace(/[^.]+$/, 'AAAA');
  for (const params of [
    { id_token_hint: forged },
    { id_token_hint: tokens.id_token, client_id: other.id },
    { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://evil.example.com/' },
  ]) {
    assert.equal((await logout(browser, params)).status, 400);
    assert.equal(await isSignedIn(browser), true);
  }
});

test('without a session the browser returns as well', async () => {
  const { tokens } = await signIn(party, person);
  const left = await logout(browserSession(app.issuer), {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: BACK,
  });
  assert.equal(left.location, BACK);
});

test('CARDEA_CONFIRM_LOGOUT=true asks every time', async () => {
  const careful = await asking.seed.party({ metadata });
  const { tokens, browser } = await tokensFor(asking, careful, await asking.seed.person());
  const page = await logout(browser, { id_token_hint: tokens.id_token, post_logout_redirect_uri: BACK });
  assert.equal(shown(page), 'sign-out');
  assert.equal((await submit(browser, page, { logout: 'yes' })).location, BACK);
});
