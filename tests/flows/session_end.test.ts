import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { isSignIn, openAccount } from '../helpers/account.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { textsOf } from '../helpers/html.ts';
import { authorize, redeem, refresh, userinfo } from '../helpers/relying_party.ts';
import { begin, callbackOf, shown, tokensFor } from './support.ts';

/**
 * A session ends a fixed time after its sign-in, however much it is used (ASVS 7.3.2, NIST SP 800-63B-4 §2.2.3), and
 * its tokens end with it.
 */
const HOUR = 3_600_000;
const start = Date.now();
const clock = { ms: start };
const now = () => clock.ms;
const app = await deployment({ after }, { now, env: { CARDEA_SESSION_MAX: '2h', CARDEA_SESSION_TTL: '100m' } });
const party = await app.seed.party();
const ours = await app.seed.party({ firstParty: true });
const device = await app.seed.party({
  firstParty: true,
  metadata: { redirect_uris: [], response_types: [], grant_types: [DEVICE_GRANT, 'refresh_token'] },
});

beforeEach(() => {
  clock.ms = start;
});

describe('a session in constant use', () => {
  test('ends after CARDEA_SESSION_MAX at /authorize, with prompt=none, and at /account', async () => {
    const person = await app.seed.person();
    const { browser, page } = await openAccount(app, person, '/account/sessions');
    assert.ok(textsOf(page, 'dt').includes(en['account.sessions.ends']));
    for (const minutes of [30, 60, 90, 119]) {
      clock.ms = start + minutes * 60_000;
      assert.ok(
        callbackOf((await begin(app, ours, { prompt: 'none' }, browser)).page).code,
        `after ${minutes} minutes`,
      );
      assert.equal((await browser.get('/account')).status, 200);
    }
    const [row] = await app.db.run<{ expires_at: Date }>(
      { name: '', text: 'SELECT expires_at FROM sessions WHERE account_id = $1' },
      [person.id],
    );
    assert.ok((row?.expires_at.getTime() ?? Number.POSITIVE_INFINITY) <= start + 2 * HOUR + 1_000);
    clock.ms = start + 2 * HOUR + 1_000;
    const silent = await begin(app, ours, { prompt: 'none' }, browser.clone());
    assert.equal(callbackOf(silent.page).error, 'login_required');
    assert.ok(isSignIn(await browser.clone().follow(await browser.clone().get('/account'))));
    assert.equal(shown((await begin(app, ours, {}, browser)).page), 'sign-in');
  });

  test('starts again with another sign-in', async () => {
    const person = await app.seed.person();
    const { browser } = await authorize({ issuer: app.issuer, party: ours, person });
    clock.ms = start + HOUR;
    await authorize({ issuer: app.issuer, party: ours, person, browser, params: { prompt: 'login' } });
    clock.ms = start + 2 * HOUR + 60_000;
    assert.ok(callbackOf((await begin(app, ours, { prompt: 'none' }, browser)).page).code);
  });
});

test('a session that is not used ends after CARDEA_SESSION_TTL (ASVS 7.3.1)', async (t) => {
  const at = (minutes: number) => {
    clock.ms = start + minutes * 60_000;
    t.mock.timers.setTime(clock.ms); // the provider reads this clock for expiry
  };
  t.mock.timers.enable({ apis: ['Date'], now: start });
  const used = await openAccount(app, await app.seed.person());
  const unused = await openAccount(app, await app.seed.person());
  const answer = async ({ browser }: typeof used) =>
    callbackOf((await begin(app, ours, { prompt: 'none' }, browser)).page);
  at(60);
  assert.ok((await answer(used)).code);
  at(102);
  assert.equal((await answer(unused)).error, 'login_required');
  assert.ok((await answer(used)).code);
});

describe('what was issued in a session', () => {
  test('ends with it: access and refresh tokens, except those with offline access', async () => {
    const person = await app.seed.person();
    const online = await tokensFor(app, party, person);
    const offline = await tokensFor(app, party, person, {
      params: { scope: 'openid offline_access', prompt: 'consent' },
    });
    clock.ms = start + 2 * HOUR - 60_000;
    const renewed = await refresh(app.issuer, party, online.tokens.refresh_token ?? '');
    assert.equal(renewed.status, 200);
    clock.ms = start + 2 * HOUR + 1_000;
    assert.equal((await userinfo(app.issuer, renewed.body.access_token ?? '')).status, 401);
    const late = await refresh(app.issuer, party, renewed.body.refresh_token ?? '');
    assert.equal(late.body.error, 'invalid_grant');
    assert.equal((await refresh(app.issuer, party, offline.tokens.refresh_token ?? '')).status, 200);
  });

  test('ends with it: tokens of a device that was confirmed in it (RFC 8628)', async () => {
    const person = await app.seed.person();
    const { browser } = await authorize({ issuer: app.issuer, party: ours, person });
    const { body } = await askForCode(app.issuer, device, { scope: 'openid' });
    await decide(browser, await typeCode(browser, body.user_code), 'confirm');
    const got = await poll(app.issuer, device, body.device_code);
    assert.equal(got.status, 200, JSON.stringify(got.body));
    assert.equal((await userinfo(app.issuer, got.body.access_token ?? '')).status, 200);
    clock.ms = start + 2 * HOUR + 1_000;
    assert.equal((await userinfo(app.issuer, got.body.access_token ?? '')).status, 401);
    assert.equal((await refresh(app.issuer, device, got.body.refresh_token ?? '')).body.error, 'invalid_grant');
  });

  test('ends before it is fetched: the approval of a device (RFC 8628 §3.5)', async () => {
    const person = await app.seed.person();
    const { browser } = await authorize({ issuer: app.issuer, party: ours, person });
    clock.ms = start + 2 * HOUR - 30_000;
    const { body } = await askForCode(app.issuer, device, { scope: 'openid' });
    await decide(browser, await typeCode(browser, body.user_code), 'confirm');
    clock.ms = start + 2 * HOUR + 1_000;
    assert.equal((await poll(app.issuer, device, body.device_code)).body.error, 'invalid_grant');
  });

  test('ends before it is redeemed: a code', async () => {
    const person = await app.seed.person();
    const { browser } = await authorize({ issuer: app.issuer, party: ours, person });
    clock.ms = start + 2 * HOUR - 10_000;
    const { page, verifier } = await begin(app, ours, {}, browser);
    clock.ms = start + 2 * HOUR + 1_000;
    const answer = await redeem(app.issuer, ours, { code: callbackOf(page).code ?? '', verifier });
    assert.equal(answer.body.error, 'invalid_grant');
  });
});
