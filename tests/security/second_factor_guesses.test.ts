import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { askForMail, canSignIn, useLink } from '../flows/mailed_links.ts';
import { begin, shown, submit, submitPassword } from '../flows/support.ts';
import { openAccount, press } from '../helpers/account.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { textOf } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { remember } from '../helpers/secrets.ts';

/**
 * Guesses at the second factor have their own count: no other channel gives more of them (similar to Zitadel
 * CVE-2025-64102). Otherwise an attacker with the password and the mailbox would have three guesses for each mail.
 */

const scope = { after };
const clock = { ms: Date.now() };
const now = () => clock.ms;
const MINUTE = 60_000;
const post = await mailbox(scope);
const app = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url }, now });
const party = await app.seed.party({ firstParty: true });
const factors = await createFactorSeeder(app, now);

interface Secured extends Person {
  readonly secret: string;
  readonly codes: readonly string[];
}

async function createSecured(): Promise<Secured> {
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  return { ...person, secret, codes: await factors.recoveryCodes(person.id) };
}

/** An attacker's browser after the right password. */
async function atSecondFactor(person: Person) {
  const begun = await begin(app, party);
  const page = await submitPassword(begun.browser, begun.page, person);
  assert.equal(shown(page), 'second-factor');
  return { ...begun, page };
}

const wrongCode = { action: 'code', code: '000000' };
const wrongRecoveryCode = { action: 'recovery', recovery_code: 'aaaa-aaaa-aaaa' };

/** Makes three wrong guesses at both kinds of codes. */
async function lockCodes(person: Person): Promise<void> {
  const { browser, page } = await atSecondFactor(person);
  for (const guess of [wrongCode, wrongRecoveryCode]) for (let i = 0; i < 3; i += 1) await submit(browser, page, guess);
}

async function assertCodesLocked(person: Secured, password = person.password): Promise<void> {
  const { browser, page } = await atSecondFactor({ ...person, password });
  for (const right of [
    { action: 'code', code: totpCode(person.secret, clock.ms) },
    { action: 'recovery', recovery_code: person.codes[0] ?? '' },
  ]) {
    assert.equal(shown(await submit(browser, page, right)), 'second-factor', right.action);
  }
}

async function lockPassword(person: Person): Promise<void> {
  for (let i = 0; i < 3; i += 1) assert.equal(await canSignIn(app, person.email, 'wrong'), false);
}

test('the mail about a lock of codes explains it, and no mail ends such a lock', async () => {
  const person = await createSecured();
  await lockCodes(person);
  for (let i = 0; i < 2; i += 1) {
    const mail = await post.next(person.email);
    assert.equal(mail.subject, en['mail.codes_locked.subject']);
    assert.ok(mail.text.includes(en['mail.codes_locked.otherwise']));
    assert.equal(mail.link, '');
  }
});

test('the link that ends a lock of the password gives no further guess at a code', async () => {
  const person = await createSecured();
  await lockCodes(person);
  for (let i = 0; i < 2; i += 1) await post.next(person.email);
  await lockPassword(person);
  const unlocked = await useLink(app, (await post.next(person.email)).link);
  assert.equal(textOf(unlocked, 'h1'), en['link.unlock.done-title']);
  await assertCodesLocked(person);
});

test('that link does not shorten the next lock', async () => {
  const person = await app.seed.person();
  await lockPassword(person);
  await useLink(app, (await post.next(person.email)).link);
  assert.equal((await post.next(person.email)).subject, en['mail.unlocked.subject']);
  await lockPassword(person);
  await post.next(person.email);
  clock.ms += 16 * MINUTE;
  assert.equal(await canSignIn(app, person.email, person.password), false, 'the second lock lasts twice as long');
  clock.ms += 15 * MINUTE;
  assert.equal(await canSignIn(app, person.email, person.password), true);
});

test('a new password, by mail or at /account, gives no further guess at a code', async () => {
  const person = await createSecured();
  const own = await openAccount(app, person, '/account/password');
  const page = await submit(own.browser, own.page, { action: 'code', code: totpCode(person.secret, clock.ms) });
  clock.ms += MINUTE / 2;
  await lockCodes(person);
  const first = remember('password', 'Another-Horse-Battery-20');
  assert.equal((await press(own.browser, page, 'change', { new_password: first })).status, 303);
  await assertCodesLocked(person, first);
  await askForMail(app, '/account/forgot', person.email);
  const mail = async (): Promise<string> => {
    const { link } = await post.next(person.email);
    return link === '' ? mail() : link;
  };
  const second = remember('password', 'Another-Horse-Battery-21');
  const done = await useLink(app, await mail(), { new_password: second });
  assert.equal(textOf(done, 'h1'), en['link.reset_password.done-title']);
  await assertCodesLocked(person, second);
});

test('a right answer of one kind, and new recovery codes, give no further guess of another kind', async () => {
  const person = await createSecured();
  const own = await openAccount(app, person, '/account/second-factor');
  const page = await submit(own.browser, own.page, { action: 'code', code: totpCode(person.secret, clock.ms) });
  clock.ms += MINUTE / 2;
  const { browser, page: asked } = await atSecondFactor(person);
  for (let i = 0; i < 3; i += 1) await submit(browser, asked, wrongCode);
  const used = await submit(browser, asked, { action: 'recovery', recovery_code: person.codes[1] ?? '' });
  assert.equal(shown(used), 'callback');
  await lockCodes(person);
  const renewed = await press(own.browser, page, 'renew-codes');
  const codes = [...renewed.body.matchAll(/[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}/g)].map(([code]) =>
    remember('recovery_code', code),
  );
  assert.equal(codes.length, 10);
  await assertCodesLocked({ ...person, codes });
});
