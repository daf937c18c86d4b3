import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as client from 'openid-client';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import de from '../../server/views/messages/de.json' with { type: 'json' };
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { attributeOf, has, textOf } from '../helpers/html.ts';
import { authorize, introspect, refresh } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { errorOn, idTokenOf, refusal, shown, submit, submitPassword } from './support.ts';

/** The device authorization grant, by the sections of RFC 8628, on two nodes of one issuer. */
const scope = { after };
const clock = { ms: Date.now() };
const now = () => clock.ms;
const app = await deployment(scope, { now });
const { issuer } = app;
const other = await neighbour(scope, app, { now });
const metadata = { redirect_uris: [], grant_types: [DEVICE_GRANT, 'refresh_token'] };
const tv = await app.seed.party({ name: 'Example TV', public: true, metadata });
const own = await app.seed.party({ name: 'Own TV', firstParty: true, metadata });
const web = await app.seed.party({ firstParty: true });
const person = await app.seed.person();

/** A person with a session approves. */
const known = (await authorize({ issuer, party: web, person })).browser;
async function approve(userCode: string, browser = known): Promise<void> {
  const page = await decide(browser, await typeCode(browser, userCode), 'confirm');
  assert.equal(textOf(page, 'h1'), en['device-done.approved.title']);
}

test('discovery names the endpoint and the grant (§4)', async () => {
  const discovery = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    unknown
  >;
  assert.equal(discovery.device_authorization_endpoint, `${issuer}/device_authorization`);
  assert.ok((discovery.grant_types_supported as string[]).includes(DEVICE_GRANT));
});

test('returns a code that can be typed, and the page for it (§3.2, §6.1)', async () => {
  const { status, body } = await askForCode(issuer, tv);
  assert.equal(status, 200);
  assert.match(body.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  assert.equal(body.verification_uri, `${issuer}/device`);
  assert.equal(body.verification_uri_complete, `${issuer}/device?user_code=${body.user_code}`);
  assert.equal(body.expires_in, 600);
});

test('refuses a client that is not registered for it or does not authenticate (§3.1)', async () => {
  assert.equal((await askForCode(issuer, web)).body.error, 'unauthorized_client');
  assert.equal((await askForCode(issuer, { ...own, secret: 'wrong' })).status, 401);
  assert.equal((await askForCode(issuer, tv, { scope: 'openid admin' })).body.error, 'invalid_scope');
});

test('a person signs in and allows it, and the device that waits on another node gets its tokens (§3.3 - §3.5)', async () => {
  const config = await client.discovery(new URL(issuer), tv.id, undefined, client.None(), {
    execute: [client.allowInsecureRequests],
  });
  const answer = await client.initiateDeviceAuthorization(config, { scope: 'openid profile offline_access' });
  remember('code', answer.device_code);
  remember('code', answer.user_code);
  const waiting = await poll(issuer, tv, answer.device_code, other.issuer);
  assert.deepEqual(refusal(waiting), { status: 400, error: 'authorization_pending' });

  const browser = browserSession(issuer);
  const confirm = await typeCode(browser, answer.user_code);
  const login = await decide(browser, confirm, 'confirm');
  assert.equal(shown(login), 'sign-in');
  const consent = await submitPassword(browser, login, person);
  assert.equal(shown(consent), 'consent');
  const done = await submit(browser, consent, { action: 'allow' });
  assert.equal(textOf(done, 'h1'), en['device-done.approved.title']);

  const tokens = await client.pollDeviceAuthorizationGrant(config, { ...answer, interval: 0.001 });
  const { access_token: access = '', refresh_token: next = '' } = tokens;
  for (const one of [access, next, tokens.id_token ?? '']) remember('access_token', one);
  assert.equal(tokens.claims()?.sub, person.id);
  assert.equal((await introspect(issuer, tv, access)).sub, person.id);
  assert.equal((await refresh(issuer, tv, next, other.issuer)).status, 200);
});

test('approval on one node is seen on the other at once (§3.4)', async () => {
  const { body } = await askForCode(other.issuer, own);
  await approve(body.user_code);
  const answer = await poll(issuer, own, body.device_code, other.issuer);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
});

test('a code is compared without case, dashes and spaces (§6.1)', async () => {
  const { body } = await askForCode(issuer, own);
  const typed = ` ${body.user_code.toLowerCase().replace('-', ' ')} `;
  const page = await typeCode(known, typed);
  assert.ok(page.body.includes(`>${body.user_code}<`), 'shown as the device shows it');
});

test('a code is accepted from any keyboard layout, and shown for confirmation (§6.1)', async () => {
  const { body } = await askForCode(issuer, own);
  const fullWidth = body.user_code
    .replace('-', 'ー')
    .replaceAll(/[A-Z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0))
    .toLowerCase();
  const page = await typeCode(known, fullWidth);
  assert.ok(page.body.includes(`>${body.user_code}<`), 'shown as the device shows it');
  assert.equal(textOf(await decide(known, page, 'confirm'), 'h1'), en['device-done.approved.title']);
});

test('input that cannot be a code is reported and does not count as a try (§5.1)', async () => {
  const browser = browserSession(issuer);
  let page = await browser.get('/device');
  for (let times = 0; times < 25; times += 1) {
    const { action, fields } = formOf(page);
    page = await browser.post(action, { ...fields, user_code: times % 2 ? 'WDJB-MJH' : '１２３４ ５６７８' });
    assert.equal(page.status, 400);
    assert.equal(textOf(page, '#error-message'), en['device-code.error.code_format']);
  }
  const { body } = await askForCode(issuer, own);
  assert.ok((await typeCode(browser, body.user_code)).body.includes(`>${body.user_code}<`));
});

test('the page shows the app, the place of the device, and the code to compare (§3.3.1, §5.4)', async () => {
  const { body } = await askForCode(issuer, tv, {}, { 'user-agent': '<b>Big TV</b>/9' });
  const page = await typeCode(browserSession(issuer), body.user_code);
  assert.equal(page.status, 200);
  for (const wanted of ['Example TV', body.user_code, '127.0.0.1', '&lt;b&gt;Big TV&lt;/b&gt;/9', 'id="warning"'])
    assert.ok(page.body.includes(wanted), wanted);
});

test('a code in the URL is shown, and not submitted automatically (§3.3.1)', async () => {
  const { body } = await askForCode(issuer, tv);
  const page = await browserSession(issuer).get(String(body.verification_uri_complete));
  assert.equal(page.status, 200);
  assert.ok(page.body.includes(`value="${body.user_code}"`));
  assert.doesNotMatch(page.body, /<script>|submit-now/);
  assert.doesNotMatch(page.headers.get('content-security-policy') ?? '', /sha256/);
});

test('the device gets access_denied once when the person declines (§3.5)', async () => {
  const { body } = await askForCode(issuer, own);
  const page = await decide(known, await typeCode(known, body.user_code), 'abort');
  assert.equal(textOf(page, 'h1'), en['device-done.denied.title']);
  assert.deepEqual(refusal(await poll(issuer, own, body.device_code)), { status: 400, error: 'access_denied' });
  assert.deepEqual(refusal(await poll(issuer, own, body.device_code)), { status: 400, error: 'invalid_grant' });
});

test('also when the person declines on the consent page or cancels the sign-in', async () => {
  for (const stop of ['login', 'consent'] as const) {
    const { body } = await askForCode(issuer, tv);
    const browser = browserSession(issuer);
    let page = await decide(browser, await typeCode(browser, body.user_code), 'confirm');
    if (stop === 'consent') {
      const stranger = await app.seed.person();
      page = await submitPassword(browser, page, stranger);
    }
    page = await submit(browser, page, { action: stop === 'login' ? 'cancel' : 'deny' });
    assert.equal(textOf(page, 'h1'), en['device-done.denied.title']);
    assert.deepEqual(refusal(await poll(issuer, tv, body.device_code)), { status: 400, error: 'access_denied' });
  }
});

test('a device that polls too often gets slow_down, on any nodes (§3.5)', async () => {
  const { body } = await askForCode(issuer, own);
  const pollAfter = async (afterSeconds: number, reach?: string) => {
    clock.ms += afterSeconds * 1_000;
    return (await poll(issuer, own, body.device_code, reach)).body.error;
  };
  assert.equal(await pollAfter(0), 'authorization_pending');
  assert.equal(await pollAfter(2, other.issuer), 'slow_down');
  assert.equal(await pollAfter(5), 'slow_down', 'five seconds more from then on');
  assert.equal(
    await pollAfter(14, other.issuer),
    'authorization_pending',
    '15 seconds, minus the tolerance for clocks',
  );
  await approve(body.user_code);
  assert.equal((await poll(issuer, own, body.device_code)).status, 200, 'a response that is ready is not delayed');
});

test('an expired code: the device gets expired_token, and the page refuses it (§3.5)', async (t) => {
  const { body } = await askForCode(issuer, own);
  clock.ms += 590_000;
  assert.ok(has(await typeCode(known, body.user_code), '#allow'));
  clock.ms += 20_000;
  const page = await typeCode(known, body.user_code);
  assert.equal(page.status, 400);
  assert.ok(has(page, '#error-message'));
  t.mock.timers.enable({ apis: ['Date'], now: clock.ms }); // the provider reads this clock for expiry
  await cleanUp({ db: app.db, now });
  assert.deepEqual(refusal(await poll(issuer, own, body.device_code)), { status: 400, error: 'expired_token' });
  await cleanUp({ db: app.db, now });
  for (const table of ['user_codes', 'polls']) {
    const count = { name: '', text: `SELECT 1 FROM ${table} WHERE expires_at < $1` };
    assert.deepEqual(await app.db.run(count, [new Date(now())]), [], table);
  }
});

test('a browser without a sign-in leaves a session for the lifetime of a form only', async () => {
  await browserSession(issuer).get('/device');
  const strangers = { name: '', text: 'SELECT max(expires_at) AS last FROM sessions WHERE account_id IS NULL' };
  const [row] = await app.db.run<{ last: Date }>(strangers, []);
  assert.ok(row && row.last.getTime() <= now() + 3_600_000, String(row?.last));
});

test('a waiting device costs two statements a poll, one of them a write', async () => {
  const { body } = await askForCode(issuer, own);
  await poll(issuer, own, body.device_code);
  app.statements.length = 0;
  await poll(issuer, own, body.device_code);
  assert.equal(app.statements.length, 2, app.statements.join('\n'));
});

test('a device code is redeemed once, and a replay revokes its tokens (§3.5, RFC 6749 §4.1.2)', async () => {
  const { body } = await askForCode(issuer, own);
  await approve(body.user_code);
  const answers = await Promise.all(
    [issuer, other.issuer, issuer, other.issuer].map((reach) => poll(issuer, own, body.device_code, reach)),
  );
  const losers = answers.filter(({ status }) => status !== 200);
  assert.deepEqual(losers.map(refusal), Array(3).fill({ status: 400, error: 'invalid_grant' }), 'one of four wins');
  const late = await askForCode(issuer, own);
  await approve(late.body.user_code);
  const { body: tokens } = await poll(issuer, own, late.body.device_code);
  assert.equal((await introspect(issuer, own, tokens.access_token ?? '')).active, true);
  assert.equal((await poll(issuer, own, late.body.device_code)).body.error, 'invalid_grant');
  assert.equal((await introspect(issuer, own, tokens.access_token ?? '')).active, false);
});

test('another client cannot redeem a device code (§3.4)', async () => {
  const { body } = await askForCode(issuer, own);
  await approve(body.user_code);
  assert.deepEqual(refusal(await poll(issuer, tv, body.device_code)), { status: 400, error: 'invalid_grant' });
  assert.equal((await poll(issuer, own, body.device_code)).status, 200);
});

test('an approval ends when the browser signs out before it is fetched, like a code', async () => {
  const { body } = await askForCode(issuer, own, { scope: 'openid' });
  const { browser } = await authorize({ issuer, party: web, person });
  await approve(body.user_code, browser);
  const page = await browser.get('/logout');
  const { action, fields } = formOf(page);
  await browser.post(action, { ...fields, logout: 'yes' });
  assert.deepEqual(refusal(await poll(issuer, own, body.device_code)), { status: 400, error: 'invalid_grant' });
});

test('it asks for the same as /authorize: a fresh sign-in after max_age (OpenID Connect Core §3.1.2.1)', async () => {
  // The provider compares with its own clock.
  clock.ms = Date.now() - 120_000;
  const { browser } = await authorize({ issuer, party: web, person });
  clock.ms = Date.now();
  for (const maxAge of ['60', '0']) {
    const { body } = await askForCode(issuer, own, { max_age: maxAge });
    const login = await decide(browser, await typeCode(browser, body.user_code), 'confirm');
    assert.equal(shown(login), 'sign-in', maxAge);
    assert.equal((await poll(issuer, own, body.device_code)).body.error, 'authorization_pending');
    const done = await submitPassword(browser, login, person);
    assert.equal(textOf(done, 'h1'), en['device-done.approved.title']);
    const { body: tokens } = await poll(issuer, own, body.device_code);
    assert.equal(idTokenOf(tokens).sub, person.id);
  }
});

test('acr_values cause a step-up to the second factor, as at /authorize', async () => {
  const { body } = await askForCode(issuer, own, { acr_values: 'urn:cardea:acr:2fa' });
  const login = await decide(known, await typeCode(known, body.user_code), 'confirm');
  assert.equal(shown(login), 'sign-in');
  const enrol = await submitPassword(known, login, person);
  assert.equal(shown(enrol), 'enrol');
  const done = await submit(known, enrol, { action: 'later' });
  assert.equal(textOf(done, 'h1'), en['device-done.approved.title']);
  const { body: tokens } = await poll(issuer, own, body.device_code);
  assert.equal(idTokenOf(tokens).acr, 'urn:cardea:acr:1fa', 'a voluntary claim: the true acr is returned');
});

test('a wrong code can be corrected on the page that is shown again', async () => {
  const { body } = await askForCode(issuer, own);
  const wrong = await typeCode(known, 'BBBB-BBBB');
  assert.equal(wrong.status, 400);
  const { action, fields } = formOf(wrong);
  const empty = await known.post(action, { ...fields, user_code: '' });
  assert.equal(empty.status, 400);
  const again = formOf(empty);
  const page = await known.post(again.action, { ...again.fields, user_code: body.user_code });
  assert.ok(has(page, '#allow'), page.body);
  assert.equal(errorOn(page), undefined);
});

test('every page uses the language that the person asks for', async () => {
  const { body } = await askForCode(issuer, own);
  const browser = browserSession(issuer);
  const first = formOf(await browser.get('/device?ui_locales=de'));
  const page = await browser.post(first.action, { ...first.fields, user_code: body.user_code });
  assert.equal(attributeOf(page, 'html', 'lang'), 'de');
  assert.equal(textOf(await decide(browser, page, 'abort'), 'h1'), de['device-done.denied.title']);
});
