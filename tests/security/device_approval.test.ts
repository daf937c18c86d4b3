import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { ENDED_STATEMENTS } from '../../server/records/ended.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { shown, signedIn, submit, submitPassword } from '../flows/support.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { textOf } from '../helpers/html.ts';
import { introspect } from '../helpers/relying_party.ts';

/** Only the person who signs in and confirms the code approves a device (better-auth CVE-2026-45337). */
const scope = { after };
const clock = { ms: Date.now() };
const app = await deployment(scope, { now: () => clock.ms });
const { issuer } = app;
const tv = await app.seed.party({
  name: 'Example TV',
  firstParty: true,
  metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT, 'refresh_token'] },
});
const foreign = await app.seed.party({ metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] } });
const web = await app.seed.party({ firstParty: true });
const [ada, eve] = [await app.seed.person(), await app.seed.person()];
const adas = await signedIn(app, web, ada);
const eves = await signedIn(app, web, eve);

const isPending = async (deviceCode: string) => {
  clock.ms += 60_000;
  assert.equal((await poll(issuer, tv, deviceCode)).body.error, 'authorization_pending');
};

test('a form without the token of this session neither approves nor denies', async () => {
  const { body } = await askForCode(issuer, tv);
  const page = await typeCode(adas, body.user_code);
  const { action, fields } = formOf(page);
  const foreignToken = formOf(await typeCode(eves, body.user_code)).fields.xsrf ?? '';
  for (const xsrf of [undefined, '', foreignToken, fields.xsrf?.slice(1), randomBytes(24).toString('hex')]) {
    for (const button of ['confirm', 'abort']) {
      const form = { ...(xsrf === undefined ? {} : { xsrf }), user_code: body.user_code, [button]: 'yes' };
      const answer = await adas.clone().post(action, form);
      assert.equal(answer.status, 400, `${xsrf} ${button}`);
      assert.equal(shown(answer), 'error');
    }
  }
  await isPending(body.device_code);
  assert.equal(
    textOf(await decide(adas, page, 'abort'), 'h1'),
    en['device-done.denied.title'],
    'and leaves the person’s own form valid',
  );
});

test('a form of another session approves nothing, even when a person is signed in', async () => {
  const { body } = await askForCode(issuer, tv);
  const { action, fields } = formOf(await typeCode(adas, body.user_code));
  for (const other of [eves.clone(), browserSession(issuer)]) {
    const answer = await other.post(action, { ...fields, confirm: 'yes' });
    assert.equal(answer.status, 400);
  }
  await isPending(body.device_code);
});

test('no URL approves: neither with the code nor with the names of the buttons', async () => {
  const { body } = await askForCode(issuer, tv);
  const { fields } = formOf(await typeCode(adas, body.user_code));
  const query = new URLSearchParams({ ...fields, confirm: 'yes' });
  assert.equal((await adas.get(`/device?${query}`)).status, 200);
  await isPending(body.device_code);
});

test('without a session, confirming leads to the sign-in, and the person who signs in approves', async () => {
  const { body } = await askForCode(issuer, tv);
  const browser = browserSession(issuer);
  const login = await decide(browser, await typeCode(browser, body.user_code), 'confirm');
  assert.equal(shown(login), 'sign-in');
  await isPending(body.device_code);
  const wrong = await submit(browser, login, { identifier: ada.email, password: 'wrong', action: 'signin' });
  assert.equal(shown(wrong), 'sign-in');
  await isPending(body.device_code);
  await submitPassword(browser, wrong, ada);
  const { body: tokens } = await poll(issuer, tv, body.device_code);
  assert.equal((await introspect(issuer, tv, tokens.access_token ?? '')).sub, ada.id);
});

test('another browser cannot finish a sign-in that one browser has begun', async () => {
  const { body } = await askForCode(issuer, tv);
  const browser = browserSession(issuer);
  const login = await decide(browser, await typeCode(browser, body.user_code), 'confirm');
  const uid = new URL(login.url).pathname.split('/').at(-1) ?? '';
  for (const path of [`/device/${uid}`, `/login/${uid}`]) {
    const answer = await eves.get(path);
    assert.equal(answer.status, 400, path);
    assert.equal(shown(answer), 'error');
  }
  const { fields } = formOf(login);
  const posted = await eves.post(`/login/${uid}`, { ...fields, identifier: eve.email, password: eve.password });
  assert.equal(posted.status, 400);
  await isPending(body.device_code);
});

test('a code is confirmed once: afterwards no browser can open it, on any node', async () => {
  const { body } = await askForCode(issuer, tv);
  const mine = browserSession(issuer);
  const forms = await Promise.all([mine, adas, eves].map((browser) => typeCode(browser, body.user_code)));
  const press = (browser: BrowserSession, page: Page) => {
    const { action, fields } = formOf(page);
    return browser.post(action, { ...fields, confirm: 'yes' });
  };
  await press(mine, forms[0] as Page);
  for (const [browser, page] of [
    [adas, forms[1]],
    [eves, forms[2]],
  ] as const) {
    const answer = await press(browser, page as Page);
    assert.equal(answer.status, 400);
    assert.equal(textOf(answer, '#error-message'), en['device-code.error.code_refused']);
  }
  await isPending(body.device_code);
});

test('of two people who confirm at the same moment one connects the device', async () => {
  for (let round = 0; round < 4; round += 1) {
    const { body } = await askForCode(issuer, tv);
    const people = [adas, eves] as const;
    const forms = await Promise.all(people.map((browser) => typeCode(browser, body.user_code)));
    const answers = await Promise.all(people.map((browser, i) => decide(browser, forms[i] as Page, 'confirm')));
    const winners = answers.flatMap((answer, i) =>
      textOf(answer, 'h1') === en['device-done.approved.title'] ? [[ada, eve][i]?.id] : [],
    );
    assert.equal(winners.length, 1, answers.map(({ status }) => status).join());
    const { body: tokens } = await poll(issuer, tv, body.device_code);
    assert.equal((await introspect(issuer, tv, tokens.access_token ?? '')).sub, winners[0]);
  }
});

test('a decision is final: neither denial nor approval can be changed', async () => {
  const { body } = await askForCode(issuer, tv);
  const forms = await Promise.all([adas, eves].map((browser) => typeCode(browser, body.user_code)));
  await decide(adas, forms[0] as Page, 'abort');
  assert.equal((await decide(eves, forms[1] as Page, 'confirm')).status, 400);
  assert.equal((await poll(issuer, tv, body.device_code)).body.error, 'access_denied');
});

test('an approval has no effect when the account is disabled or the access withdrawn before the device fetches its token', async () => {
  const victim = await app.seed.person();
  const browser = await signedIn(app, web, victim);
  const { body } = await askForCode(issuer, tv);
  await decide(browser, await typeCode(browser, body.user_code), 'confirm');
  const grants = { name: '', text: 'SELECT id FROM grants WHERE account_id = $1 AND client_id = $2' };
  const [grant] = await app.db.run<{ id: string }>(grants, [victim.id, tv.id]);
  await app.db.query(ENDED_STATEMENTS.endGrant.bind({ id: grant?.id ?? '' }));
  assert.equal((await poll(issuer, tv, body.device_code)).body.error, 'invalid_grant');

  const left = { name: '', text: `SELECT 1 FROM records WHERE model = 'DeviceCode' AND account_id = $1` };
  assert.deepEqual(await app.db.run(left, [victim.id]), [], 'the code ends with the approval’s session or consent');
  assert.equal((await poll(issuer, tv, body.device_code)).body.error, 'invalid_grant');

  const later = await askForCode(issuer, tv);
  await decide(browser, await typeCode(browser, later.body.user_code), 'confirm');
  await app.seed.accounts.disable(victim.id);
  assert.equal((await poll(issuer, tv, later.body.device_code)).body.error, 'invalid_grant');
});

test('limits wrong codes by minute, session and address (RFC 8628 §5.1)', async () => {
  clock.ms += 60_000;
  const { body } = await askForCode(issuer, tv);
  const browser = browserSession(issuer);
  const { action, fields } = formOf(await browser.get('/device'));
  const attempt = (who: BrowserSession, code: string) => who.post(action, { ...fields, user_code: code });
  const tried = await Promise.all(Array.from({ length: 30 }, () => attempt(browser, 'BBBB-CCCC')));
  const looked = tried.filter(({ status }) => status === 400).length;
  assert.ok(looked > 0 && looked < 20, `${looked} were looked up, parallel ones included`);
  assert.equal(tried.filter(({ status }) => status === 429).length, 30 - looked);
  const right = await attempt(browser, body.user_code);
  assert.equal(right.status, 429);
  assert.ok(right.headers.get('retry-after'));
  // A new session gets only a few more tries.
  const fresh = async () => {
    const another = browserSession(issuer);
    const form = formOf(await another.get('/device'));
    return (await another.post(form.action, { ...form.fields, user_code: 'BBBB-CCCC' })).status;
  };
  const statuses = await Promise.all(Array.from({ length: 60 }, fresh));
  assert.ok(statuses.includes(429));
  assert.equal((await typeCode(adas, body.user_code)).status, 429);
  clock.ms += 60_000;
  assert.equal((await typeCode(adas, body.user_code)).status, 200);
});

test('user code and device code are neither in the database nor in the log, neither in clear nor as a hash that can be guessed', async () => {
  const { body } = await askForCode(issuer, foreign, { scope: 'openid' });
  const plain = body.user_code.replace('-', '');
  const rows = await app.db.run<{ row: string }>(
    {
      name: '',
      text: `SELECT u::text || r::text AS row FROM user_codes u, records r WHERE r.model = 'DeviceCode'`,
    },
    [],
  );
  const hashes = await app.db.run<{ lookup: string }>(
    { name: '', text: `SELECT encode(sha256($1::text::bytea), 'hex') AS lookup` },
    [plain],
  );
  const text = rows.map(({ row }) => row).join() + app.logLines.join();
  assert.ok(rows.length > 0);
  for (const secret of [plain, body.user_code, body.device_code, hashes[0]?.lookup ?? ''])
    assert.ok(secret !== '' && !text.includes(secret));
});
