import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FAILURES } from '../../server/accounts/attempts.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { openAccount } from '../helpers/account.ts';
import { type BrowserSession, browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { fieldValue, has, textOf } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { askForMail, canSignIn, enqueue, followLink, useLink } from './mailed_links.ts';

/** Sign-up, invitations, and the other uses of mailed links. */

const scope = { after };
const post = await mailbox(scope);
let clock = Date.now();
const now = () => clock;
const app = await deployment(scope, {
  env: { CARDEA_SMTP_URL: post.url, CARDEA_SIGN_UP: 'true' },
  now,
});
const PASSWORD = remember('password', 'A-Door-Of-My-Own-12');
const signedIn = async (person: Person): Promise<BrowserSession> => (await openAccount(app, person)).browser;
const find = (email: string) => app.seed.accounts.findByIdentifier(email);

test('a person signs up with an address that they can read, and gets an account', async () => {
  const email = 'Grace.Hopper@example.com';
  const answer = await askForMail(app, '/account/sign-up', email);
  assert.equal(answer.status, 200);
  assert.equal(textOf(answer, 'h1'), en['mail-sent.title']);
  const mail = await post.next(email);
  assert.equal(mail.subject, en['mail.sign_up.subject']);
  assert.equal(await find(email), undefined, 'no account is created before the address is confirmed');
  const done = await useLink(app, mail.link, { name: 'Grace Hopper', new_password: PASSWORD });
  assert.equal(done.status, 200);
  assert.equal(textOf(done, 'h1'), en['link.sign_up.done-title']);
  const account = await find(email);
  assert.deepEqual([account?.email, account?.emailVerified, account?.name], [email, true, 'Grace Hopper']);
  assert.equal(await canSignIn(app, email, PASSWORD), true);
  assert.equal((await useLink(app, mail.link)).status, 410, 'once');
});

test('only a mail tells a person who already has an account', async () => {
  const person = await app.seed.person();
  const [known, unknown] = [
    await askForMail(app, '/account/sign-up', person.email.toUpperCase()),
    await askForMail(app, '/account/sign-up', 'not.yet@example.com'),
  ];
  assert.deepEqual([known.status, known.body], [unknown.status, unknown.body]);
  const mail = await post.next(person.email);
  assert.equal(mail.subject, en['mail.already_registered.subject']);
  assert.equal(mail.link, '');
});

test('an invalid address is refused, and the typed value is kept', async () => {
  const answer = await askForMail(app, '/account/sign-up', '"><script>alert(1)</script>');
  assert.equal(answer.status, 400);
  assert.ok(has(answer, '[aria-invalid="true"]'));
  assert.doesNotMatch(answer.body, /<script>alert/);
});

test('a name of several lines and a weak password are refused, and the link stays valid', async () => {
  await askForMail(app, '/account/sign-up', 'lines@example.com');
  const { link } = await post.next('lines@example.com');
  const { browser, page } = await followLink(app, link);
  const { action, fields } = formOf(page);
  const named = await browser.post(action, { ...fields, name: 'A\r\nBcc: x@example.com', new_password: PASSWORD });
  assert.equal(named.status, 400);
  assert.ok(has(named, '#name[aria-invalid="true"][aria-describedby="name-error"]'));
  assert.equal(textOf(named, '#name-error'), en['set-password.name.error']);
  const weak = await browser.post(action, { ...fields, name: 'Ada', new_password: 'short' });
  assert.equal(weak.status, 400);
  assert.equal(fieldValue(weak, 'name'), 'Ada');
  assert.equal(await find('lines@example.com'), undefined);
  assert.equal((await browser.post(action, { ...fields, name: 'Ada', new_password: PASSWORD })).status, 303);
});

test('of two links for one address the second finds it taken', async () => {
  const email = 'twice@example.com';
  for (let i = 0; i < 2; i += 1) await askForMail(app, '/account/sign-up', email);
  const [first, second] = [await post.next(email), await post.next(email)];
  await useLink(app, first.link, { name: 'One', new_password: PASSWORD });
  const late = await useLink(app, second.link, { name: 'Two', new_password: PASSWORD });
  assert.equal(late.status, 410);
  assert.equal(textOf(late, 'p.lead'), en['link-gone.taken']);
  assert.equal((await find(email))?.name, 'One');
});

test('additional fields of a form are ignored (mass assignment, Zitadel CVE-2026-27946)', async () => {
  await askForMail(app, '/account/sign-up', 'rider@example.com');
  const { link } = await post.next('rider@example.com');
  const done = await useLink(app, link, {
    name: 'Rider',
    new_password: PASSWORD,
    email: 'victim@example.com',
    groups: 'admins',
    id: '00000000-0000-7000-8000-000000000000',
    emailVerified: 'true',
  });
  assert.equal(done.status, 200);
  const account = await find('rider@example.com');
  assert.deepEqual([account?.groups, await find('victim@example.com')], [[], undefined]);
});

test('an invited person chooses a password, which confirms the address', async () => {
  const { id } = await app.seed.accounts.create({ email: 'invited@example.com', name: 'Joan Clarke' });
  await enqueue(app, { kind: 'invitation', accountId: id }, now);
  const mail = await post.next('invited@example.com');
  assert.equal(mail.subject, en['mail.invitation.subject']);
  clock += 6 * 86_400_000;
  for (let i = 0; i < FAILURES; i += 1) await canSignIn(app, 'invited@example.com', 'a guess');
  assert.equal((await post.next('invited@example.com')).subject, en['mail.locked.subject']);
  const done = await useLink(app, mail.link, { new_password: PASSWORD });
  assert.equal(textOf(done, 'h1'), en['link.invitation.done-title']);
  assert.equal((await app.seed.accounts.findById(id))?.emailVerified, true);
  assert.equal(await canSignIn(app, 'invited@example.com', PASSWORD), true, 'guesses before it lock no account');
  assert.equal((await post.next('invited@example.com')).subject, en['mail.password_changed.subject']);
});

test('a person confirms the address', async () => {
  const person = await app.seed.person({ email: 'confirm@example.com', emailVerified: false });
  const { id, email } = person;
  await enqueue(app, { kind: 'verify_email', accountId: id }, now);
  const { link } = await post.next(email);
  const browser = await signedIn(person);
  await followLink(app, link, browser);
  assert.equal((await app.seed.accounts.findById(id))?.emailVerified, false, 'opening the page does not confirm it');
  assert.equal(textOf(await useLink(app, link, {}, browser), 'h1'), en['link.verify_email.done-title']);
  assert.equal((await app.seed.accounts.findById(id))?.emailVerified, true);
});

test('a person changes the address: the link goes to the new one, and both are notified', async () => {
  const person = await app.seed.person({ email: 'old.address@example.com' });
  await enqueue(app, { kind: 'change_email', accountId: person.id, email: 'New.Address@example.com' }, now);
  const [toNew, toOld] = [await post.next('New.Address@example.com'), await post.next(person.email)];
  assert.equal(toOld.link, '');
  assert.equal(toOld.subject, en['mail.change_email_requested.subject']);
  await askForMail(app, '/account/forgot', person.email);
  const reset = await post.next(person.email);
  const done = await useLink(app, toNew.link, {}, await signedIn(person));
  assert.equal(textOf(done, 'h1'), en['link.change_email.done-title']);
  const changed = await app.seed.accounts.findById(person.id);
  assert.deepEqual([changed?.email, changed?.emailVerified], ['New.Address@example.com', true]);
  assert.equal(await canSignIn(app, 'new.address@example.com', person.password), true);
  assert.equal(await canSignIn(app, person.email, person.password), false);
  for (const address of ['New.Address@example.com', person.email]) {
    assert.equal((await post.next(address)).subject, en['mail.email_changed.subject']);
  }
  assert.equal((await followLink(app, reset.link)).page.status, 410, 'links to the old address end');
});

test('a new request for another address replaces the earlier one, which may have been mistyped', async () => {
  const person = await app.seed.person();
  const links: string[] = [];
  for (const email of ['mistpyed@example.com', 'mistyped@example.com']) {
    await enqueue(app, { kind: 'change_email', accountId: person.id, email }, now);
    links.push((await post.next(email)).link);
  }
  const browser = await signedIn(person);
  assert.equal((await useLink(app, links[0] ?? '', {}, browser)).status, 410);
  assert.equal((await useLink(app, links[1] ?? '', {}, browser)).status, 200);
  assert.equal((await app.seed.accounts.findById(person.id))?.email, 'mistyped@example.com');
});

test('an address that another person took meanwhile stays theirs', async () => {
  const person = await app.seed.person();
  await enqueue(app, { kind: 'change_email', accountId: person.id, email: 'wanted@example.com' }, now);
  const { link } = await post.next('wanted@example.com');
  const owner = await app.seed.person({ email: 'wanted@example.com' });
  const late = await useLink(app, link, {}, await signedIn(person));
  assert.equal(late.status, 410);
  assert.equal((await find('wanted@example.com'))?.id, owner.id);
  assert.equal((await app.seed.accounts.findById(person.id))?.email, person.email);
});

test('a locked person unlocks the account with the link in the mail', async () => {
  const person = await app.seed.person();
  for (let i = 0; i < 3; i += 1) assert.equal(await canSignIn(app, person.email, 'wrong'), false);
  assert.equal(await canSignIn(app, person.email, person.password), false);
  const { link } = await post.next(person.email);
  assert.ok(link.startsWith(`${app.issuer}/account/link/unlock?token=`));
  await followLink(app, link);
  assert.equal(
    await canSignIn(app, person.email, person.password),
    false,
    'opening the link, as mail scanners do, unlocks nothing',
  );
  assert.equal(textOf(await useLink(app, link), 'h1'), en['link.unlock.done-title']);
  assert.equal(await canSignIn(app, person.email, person.password), true);
  assert.equal((await post.next(person.email)).subject, en['mail.unlocked.subject']);
});

test('the links of a disabled person have no effect', async () => {
  const person = await app.seed.person();
  await askForMail(app, '/account/forgot', person.email);
  const { link } = await post.next(person.email);
  const { browser, page } = await followLink(app, link);
  await app.seed.accounts.disable(person.id);
  const { action, fields } = formOf(page);
  assert.equal((await browser.post(action, { ...fields, new_password: PASSWORD })).status, 410);
  assert.equal((await followLink(app, link)).page.status, 410);
});

test('mails use the language of the account, or of the request', async () => {
  const answer = await browserSession(app.issuer).get('/account/sign-up', { 'accept-language': 'xx, en;q=0.5' });
  assert.ok(has(answer, 'html[lang="en"][dir="ltr"]'));
});

test('the sign-in page links to it', async () => {
  const party = await app.seed.party();
  const browser = browserSession(app.issuer);
  const url = authorizeUrl({ issuer: app.issuer, party }, 'v'.repeat(43));
  assert.ok(has(await browser.follow(await browser.get(url)), 'a[href="/account/sign-up"]'));
});
