import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { openAccount, press } from '../helpers/account.ts';
import { secretOn, totpCode } from '../helpers/authenticator.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment, type Party, type Person } from '../helpers/deployment.ts';
import { askForCode, poll, typeCode } from '../helpers/device.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { attributeOf, documentOf, textOf } from '../helpers/html.ts';
import { authorizeUrl, redeem, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { askForMail } from './mailed_links.ts';
import { begin, callbackOf, shown, submit, submitPassword } from './support.ts';

/**
 * A double click: the browser sends a form twice, ignores the first response and follows the second. In the same
 * browser and within a minute the second leads to the same place with a working code; nothing happens twice.
 */

const scope = { after };
const clock = { skew: 0 };
const now = () => Date.now() + clock.skew;
const app = await deployment(scope, { now, env: { CARDEA_PASSWORD_MAX_AGE: '90d' } });
const node = await deployment(scope, {
  now,
  databaseUrl: app.databaseUrl,
  masterKey: app.masterKey,
  env: { CARDEA_ISSUER: app.issuer, CARDEA_PASSWORD_MAX_AGE: '90d' },
});
const { issuer } = app;
const factors = await createFactorSeeder(app, now);
const party = await app.seed.party();
const own = await app.seed.party({ firstParty: true });

const count = async (text: string, values: readonly unknown[]): Promise<number> =>
  (await app.db.run<{ n: number }>({ name: '', text: `SELECT count(*)::int AS n FROM ${text}` }, values))[0]?.n ?? -1;
const sessionsOf = ({ id }: Person) => count('sessions WHERE account_id = $1', [id]);
const eventsOf = ({ id }: Person) => count('security_events WHERE account_id = $1', [id]);
const credentials = ({ email, password }: Person) => ({ identifier: email, password, action: 'signin' });

/** Sends the same form several times in parallel and then once more, like a browser that has had no response yet. */
async function repeatedly(browser: BrowserSession, page: Page, fields: Record<string, string>): Promise<Page[]> {
  const form = formOf(page);
  const send = () => browser.clone().post(form.action, { ...form.fields, ...fields });
  const answers = await Promise.all([send(), send(), send(), send()]);
  const last = await browser.post(form.action, { ...form.fields, ...fields });
  return [...answers, last];
}

function sameLocation(answers: readonly Page[]): string {
  const [first, ...others] = new Set(answers.map(({ status, location, body }) => location ?? `${status} ${body}`));
  assert.deepEqual(others, [], 'all lead to the same place');
  return first ?? '';
}

async function redeemAt(client: Party, location: string, verifier: string): Promise<string> {
  const code = remember('code', new URL(location).searchParams.get('code') ?? '');
  const { status, body } = await redeem(issuer, client, { code, verifier });
  assert.equal(status, 200, JSON.stringify(body));
  return body.access_token ?? '';
}

/** True if the browser has a session. */
async function isSignedIn(browser: BrowserSession): Promise<boolean> {
  const url = authorizeUrl({ issuer, party: own, params: { prompt: 'none' } }, 'v'.repeat(43));
  return new URL((await browser.clone().get(url)).location ?? '').searchParams.has('code');
}

test('signing in twice at once, and once more: one session, one code that works, and a signed-in browser', async () => {
  const person = await app.seed.person();
  const { browser, page, verifier } = await begin(app, own);
  const location = sameLocation(await repeatedly(browser, page, credentials(person)));
  assert.ok(location.startsWith(own.redirectUri), location);
  assert.equal(await sessionsOf(person), 1);
  assert.equal(await eventsOf(person), 1, 'the person gets one notice');
  assert.ok(await isSignedIn(browser), 'the cookies are set');
  assert.equal((await userinfo(issuer, await redeemAt(own, location, verifier))).status, 200);
});

test('two nodes accept one of them, and both lead to the same place', async () => {
  const person = await app.seed.person();
  const { browser, page, verifier } = await begin(app, own);
  const { action, fields } = formOf(page);
  const body = new URLSearchParams({ ...fields, ...credentials(person) });
  const cookie = browser.signedCookies('cardea_interaction');
  const send = async (reach: string) => {
    const url = new URL(new URL(action, issuer).pathname, reach);
    const headers = { cookie, accept: 'text/html' };
    const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
    return answer.headers.get('location') ?? `${answer.status}`;
  };
  const reaches = [issuer, `http://localhost:${(node.app.http.server.address() as { port: number }).port}`];
  const locations = await Promise.all([...reaches, ...reaches].map(send));
  assert.equal(new Set(locations).size, 1, locations.join('\n'));
  assert.equal(await sessionsOf(person), 1);
  await redeemAt(own, locations[0] ?? '', verifier);
});

test('a password form is not accepted as an answer on another page', async () => {
  const person = await app.seed.person();
  const { browser, page, verifier } = await begin(app, party);
  const answers = await repeatedly(browser, page, credentials(person));
  sameLocation(answers);
  const consent = await browser.follow(answers.at(-1) as Page);
  assert.equal(shown(consent), 'consent', 'access was not refused');

  const location = sameLocation(await repeatedly(browser, consent, { action: 'allow' }));
  await redeemAt(party, location, verifier);
});

test('refusing twice is one refusal', async () => {
  const { browser, page } = await begin(app, party);
  const consent = await submitPassword(browser, page, await app.seed.person());
  const location = sameLocation(await repeatedly(browser, consent, { action: 'deny' }));
  assert.equal(new URL(location).searchParams.get('error'), 'access_denied');
});

test('a one-time code is used once, and the second form does not count as a wrong guess', async () => {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const { browser, page, verifier } = await begin(app, own);
  const second = await submitPassword(browser, page, person);
  assert.equal(shown(second), 'second-factor');
  const code = totpCode(secret, now());
  const location = sameLocation(await repeatedly(browser, second, { action: 'code', code }));
  await redeemAt(own, location, verifier);
});

test('a factor that is set up twice shows its recovery codes twice, and then the sign-in ends', async () => {
  const person = await app.seed.person();
  const strict = await app.seed.party({ firstParty: true, secondFactorRequired: true });
  const { browser, page, verifier } = await begin(app, strict);
  const enrol = await submitPassword(browser, page, person);
  const secret = remember('totp_secret', secretOn(enrol));
  const answers = await repeatedly(browser, enrol, { action: 'enrol', code: totpCode(secret, now()) });
  assert.deepEqual(
    answers.map((one) => shown(one)),
    answers.map(() => 'recovery-codes'),
  );
  sameLocation(answers);
  const next = attributeOf(answers[0] ?? assert.fail(), '#next', 'href') ?? '';
  const ends = await Promise.all([browser.clone().get(next), browser.clone().get(next)]);
  await redeemAt(strict, sameLocation([...ends, await browser.get(next)]), verifier);
});

test('a new password is not refused because it was just set', async () => {
  const person = await app.seed.person({ passwordSetAt: new Date(now() - 91 * 86_400_000) });
  const { browser, page, verifier } = await begin(app, own);
  const asked = await submitPassword(browser, page, person);
  assert.equal(shown(asked), 'new-password');
  const password = remember('password', 'Kestrel-Fjord-77');
  const location = sameLocation(await repeatedly(browser, asked, { new_password: password, action: 'change' }));
  await redeemAt(own, location, verifier);
});

test('after the app has used the code, the second form gets another one, and the first tokens stay valid (RFC 6749 §4.1.2)', async () => {
  const { browser, page, verifier } = await begin(app, own, { prompt: 'login' });
  const form = formOf(page);
  const send = async () => browser.post(form.action, { ...form.fields, ...credentials(await person) });
  const person = app.seed.person();
  const first = await redeemAt(own, (await send()).location ?? '', verifier);
  const again = await browser.follow(await send());
  const second = await redeemAt(own, again.location ?? '', verifier);
  assert.notEqual(callbackOf(again).code, undefined);
  for (const token of [first, second]) assert.equal((await userinfo(issuer, token)).status, 200);
});

test('it works in the same browser and for a minute, and undoes nothing', async () => {
  const person = await app.seed.person();
  const { browser, page } = await begin(app, own);
  const { action, fields } = formOf(page);
  const before = browser.clone();
  const form = { ...fields, ...credentials(person) };
  const done = await browser.post(action, form);
  for (const stranger of [browserSession(issuer), (await begin(app, own)).browser]) {
    const answer = await stranger.post(action, form);
    assert.deepEqual([answer.status, answer.location], [400, undefined], 'it needs the cookie of the visit');
  }
  const forged = await before
    .clone()
    .post(action, { ...form, csrf: formOf((await begin(app, own)).page).fields.csrf ?? '' });
  assert.deepEqual([forged.status, forged.location], [400, undefined], 'and the token of the page');

  const elsewhere = await begin(app, own, { prompt: 'login' }, browser);
  assert.equal(shown(await submitPassword(browser, elsewhere.page, person)), 'callback');
  const cookie = browser.cookie('cardea_session');
  assert.equal((await browser.post(action, form)).location, done.location);
  assert.equal(browser.cookie('cardea_session'), cookie, 'it survives the new id of a session');

  clock.skew += 61_000;
  const late = await before.post(action, form);
  assert.deepEqual([late.status, late.location], [400, undefined]);
});

test('a change at /account is made once', async () => {
  const person = await app.seed.person();
  const { browser, page } = await openAccount(app, person, '/account/password');
  const password = remember('password', 'Kestrel-Fjord-78');
  const location = sameLocation(await repeatedly(browser, page, { action: 'change', new_password: password }));
  assert.match(location, /\?done=/);
  assert.equal(await count("security_events WHERE account_id = $1 AND kind = 'password_changed'", [person.id]), 1);
});

test('the same values again, from a newly loaded page, do not count as a double click', async () => {
  const person = await app.seed.person();
  const { browser } = await openAccount(app, person, '/account');
  for (const name of ['Ada', 'Grace', 'Ada']) {
    const profile = await browser.get('/account/profile');
    assert.match((await press(browser, profile, 'save', { name })).location ?? '', /done=/);
    assert.equal((await app.seed.accounts.findById(person.id))?.name, name);
  }
});

test('recovery codes are created once', async () => {
  const person = await app.seed.person();
  await factors.totp(person.id);
  const secret = await factors.totp(person.id);
  const begun = await begin(app, own);
  const second = await submitPassword(begun.browser, begun.page, person);
  await submit(begun.browser, second, { action: 'code', code: totpCode(secret, now()) });
  const page = await begun.browser.get('/account/second-factor');
  const form = documentOf(page).querySelector('#renew-codes')?.closest('form') ?? assert.fail();
  const answers = await repeatedly(begun.browser, { ...page, body: form.toString() }, { action: 'renew' });
  const codes = new Set(answers.map((answer) => textOf(answer, '#recovery-codes')));
  assert.equal(codes.size, 1, 'the recovery codes on the page are valid');
  assert.notEqual([...codes][0], undefined);
});

test('one mail is sent for a form that is sent twice', async () => {
  const person = await app.seed.person();
  const browser = browserSession(issuer);
  const page = await browser.get('/account/forgot');
  app.statements.length = 0;
  const answers = await repeatedly(browser, page, { identifier: person.email });
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(app.statements.filter((text) => /INSERT INTO mails/i.test(text)).length, 1);
  assert.equal((await askForMail(app, '/account/forgot', person.email)).status, 200);
});

test('a device is connected once, and both pages say so (RFC 8628 §3.3)', async () => {
  const tv = await app.seed.party({
    public: true,
    firstParty: true,
    metadata: { redirect_uris: [], response_types: [], grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] },
  });
  const person = await app.seed.person();
  const { browser, page } = await begin(app, own);
  await submitPassword(browser, page, person);
  for (const [button, outcome] of [
    ['confirm', 200],
    ['abort', 400],
  ] as const) {
    const asked = await askForCode(issuer, tv, { scope: 'openid' });
    const confirm = await typeCode(browser, asked.body.user_code);
    const answers = await repeatedly(browser, confirm, { [button]: 'yes' });
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]), 'no page of an error');
    assert.equal(new Set(answers.map(({ body }) => body)).size, 1);
    assert.equal((await poll(issuer, tv, asked.body.device_code)).status, outcome);
  }
});

test('a response is stored encrypted, and removed when it expires', async () => {
  const person = await app.seed.person();
  const { browser, page } = await begin(app, own);
  const done = await submit(browser, page, credentials(person));
  const { code = '' } = callbackOf(done);
  assert.ok((await count('repeated_answers', [])) > 0);
  assert.equal(
    await count('repeated_answers WHERE position($1::bytea IN sealed_by_token) > 0', [Buffer.from(code)]),
    0,
  );
  clock.skew += 120_000;
  await cleanUp({ db: app.db, now });
  assert.equal(await count('repeated_answers', []), 0);
});
