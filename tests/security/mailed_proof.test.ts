import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { LINK_PURPOSES } from '../../server/accounts/links.ts';
import { maskEmail } from '../../server/platform/masking.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { askForMail, canSignIn, enqueue, followLink, useLink } from '../flows/mailed_links.ts';
import { begin, shown, submit, submitPassword } from '../flows/support.ts';
import { openAccount, press } from '../helpers/account.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { attributeOf, has, textOf, textsOf } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { authorize } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/**
 * A mailed link proves access to a mailbox and nothing more. The person who opens a link did not necessarily ask for
 * it: someone may have entered another person's address for their own account, and the owner of the address would
 * confirm it for them (Keycloak CVE-2026-9087).
 */

const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url, CARDEA_SIGN_UP: 'true' } });
const party = await app.seed.party({ firstParty: true });
const NEW = remember('password', 'A-Door-Of-My-Own-22');
const find = (id: string) => app.seed.accounts.findById(id);

/** A person requests a change of address on their account page. */
async function asksFor(person: Person, email: string): Promise<{ browser: BrowserSession; link: string }> {
  const { browser, page } = await openAccount(app, person, '/account/email');
  assert.equal((await press(browser, page, 'change', { email })).status, 303);
  return { browser, link: (await post.next(email)).link };
}

/** Submits the page's form for the link, or a forged one with the available values. */
function send(browser: BrowserSession, page: Page, path: string): Promise<Page> {
  const fields = page.body.includes('<form') ? formOf(page).fields : { csrf: 'x' };
  return browser.post(path, fields);
}

describe('a change of address', () => {
  const PATH = '/account/link/change_email';

  test('is not confirmed by opening the link: the page names the account and asks for a sign-in', async () => {
    const mallory = await app.seed.person({ email: 'mallory@evil.example', name: 'You have won' });
    const { link } = await asksFor(mallory, 'victim@example.com');
    const { browser, page } = await followLink(app, link);
    assert.equal(page.status, 200);
    assert.match(page.body, /m•••@e•••\.example/);
    assert.doesNotMatch(page.body, /mallory@evil|You have won|<form/);
    assert.equal((await send(browser, page, PATH)).status, 403);
    const account = await find(mallory.id);
    assert.deepEqual([account?.email, account?.emailVerified], [mallory.email, true]);
  });

  test('is not confirmed in the session of another account', async () => {
    const [mallory, victim] = [await app.seed.person(), await app.seed.person()];
    const { link } = await asksFor(mallory, 'victim.2@example.com');
    const own = await openAccount(app, victim);
    const { page } = await followLink(app, link, own.browser);
    assert.ok(has(page, '#signed-in-as'));
    assert.ok(page.body.includes(victim.email) && !page.body.includes(mallory.email));
    // A form from a page in one account's session does not work in another account's session.
    const theirs = await openAccount(app, mallory);
    const good = await followLink(app, link, theirs.browser);
    const refused = await own.browser.post(PATH, formOf(good.page).fields);
    assert.equal(refused.status, 403);
    assert.equal((await find(mallory.id))?.email, mallory.email);
    assert.equal((await find(victim.id))?.email, victim.email);
  });

  test('is confirmed in the session that requested it, and the page names the account', async () => {
    const ada = await app.seed.person();
    const { browser, link } = await asksFor(ada, 'ada.new@example.com');
    const { page } = await followLink(app, link, browser);
    assert.ok(page.body.includes(ada.email) && page.body.includes('ada.new@example.com'));
    assert.equal(textOf(await useLink(app, link, {}, browser), 'h1'), en['link.change_email.done-title']);
    assert.equal((await find(ada.id))?.email, 'ada.new@example.com');
  });

  test('is confirmed on another device after a sign-in to that account, which returns to the page', async () => {
    const ada = await app.seed.person();
    const { link } = await asksFor(ada, 'ada.elsewhere@example.com');
    const { browser, page } = await followLink(app, link);
    const door = attributeOf(page, '#sign-in', 'href') ?? '';
    const asked = await browser.follow(await browser.get(door));
    const back = await submitPassword(browser, asked, ada);
    assert.equal(new URL(back.url).pathname, PATH);
    assert.equal(textOf(await submit(browser, back, {}), 'h1'), en['link.change_email.done-title']);
    assert.equal((await find(ada.id))?.email, 'ada.elsewhere@example.com');
  });

  test('requested in another account’s session is shown to that account’s person, after a fresh sign-in', async () => {
    const [ada, bob] = [await app.seed.person(), await app.seed.person()];
    const { link } = await asksFor(ada, 'ada.third@example.com');
    const { browser } = await openAccount(app, bob);
    const { page } = await followLink(app, link, browser);
    const door = attributeOf(page, '#sign-in', 'href') ?? '';
    const asked = await browser.follow(await browser.get(door));
    assert.ok(has(asked, '#password'), 'although the browser has a session');
    // The provider first signs the other account out, with a self-submitting form.
    const hop = await submitPassword(browser, asked, ada);
    assert.match((await submit(browser, hop, {})).body, /ada\.third@example\.com/);
  });
});

test('an address is confirmed only in a browser that is signed in to its account', async () => {
  const ada = await app.seed.person({ email: 'unproved@example.com', emailVerified: false });
  const own = await openAccount(app, ada, '/account/email');
  assert.equal((await press(own.browser, own.page, 'verify')).status, 303);
  const { link } = await post.next(ada.email);
  const stranger = await followLink(app, link);
  assert.match(stranger.page.body, /u•••@e•••\.com/);
  await send(stranger.browser, stranger.page, '/account/link/verify_email');
  assert.equal((await find(ada.id))?.emailVerified, false);
  assert.equal(textOf(await useLink(app, link, {}, own.browser), 'h1'), en['link.verify_email.done-title']);
  assert.equal((await find(ada.id))?.emailVerified, true);
});

test('a reset link works in any browser, names the account, gives no session and replaces no second factor', async () => {
  const ada = await app.seed.person();
  const factors = await createFactorSeeder(app);
  await factors.totp(ada.id);
  const asking = browserSession(app.issuer);
  await askForMail(app, '/account/forgot', ada.email, asking);
  const { link } = await post.next(ada.email);
  const { browser, page } = await followLink(app, link);
  assert.ok(page.body.includes(ada.email));
  await useLink(app, link, { new_password: NEW }, browser);
  for (const one of [browser, asking]) {
    const begun = await begin(app, party, {}, one);
    assert.ok(has(begun.page, '#password'), 'there is no session');
    assert.equal(shown(await submitPassword(one, begun.page, { ...ada, password: NEW })), 'second-factor');
  }
});

test('a sign-up requested by another person gives them nothing: who opens the link chooses the password', async () => {
  const email = 'hijacked@example.com';
  const attacker = browserSession(app.issuer);
  await askForMail(app, '/account/sign-up', email, attacker);
  const { link } = await post.next(email);
  assert.equal(
    (await attacker.get('/account/link/sign_up')).status,
    400,
    'the requesting browser has no cookie for it',
  );
  const done = await useLink(app, link, { name: 'Grace', new_password: NEW });
  assert.equal(textOf(done, 'h1'), en['link.sign_up.done-title']);
  const { page } = await begin(app, party, {}, attacker);
  assert.ok(has(page, '#password'), 'the requesting browser gets no session');
  assert.equal(await canSignIn(app, email, NEW), true);
});

test('the unlock link ends a lock of the password in any browser, without a session', async () => {
  const ada = await app.seed.person();
  for (let i = 0; i < 3; i += 1) await canSignIn(app, ada.email, 'wrong');
  const { link } = await post.next(ada.email);
  const { browser, page } = await followLink(app, link);
  assert.ok(page.body.includes(ada.email));
  await useLink(app, link, {}, browser);
  assert.ok(has((await begin(app, party, {}, browser)).page, '#password'));
});

test('an invitation works in any session and changes no other account', async () => {
  const { id, email } = await app.seed.accounts.create({ email: 'invited.here@example.com' });
  await enqueue(app, { kind: 'invitation', accountId: id });
  const { link } = await post.next(email);
  const bob = await app.seed.person();
  const { browser } = await authorize({ issuer: app.issuer, party, person: bob });
  const done = await useLink(app, link, { new_password: NEW }, browser);
  assert.equal(textOf(done, 'h1'), en['link.invitation.done-title']);
  assert.equal(await canSignIn(app, bob.email, bob.password), true);
  assert.equal(await canSignIn(app, email, NEW), true);
});

for (const purpose of LINK_PURPOSES) {
  test(`without cookies the page of ${purpose} says that cookies are needed, and the link stays valid`, async () => {
    const browser = browserSession(app.issuer);
    const opened = await browser.get(`/account/link/${purpose}?token=${'t'.repeat(43)}`);
    const blocked = await browserSession(app.issuer).get(opened.location ?? '');
    assert.deepEqual([blocked.status, textOf(blocked, 'h1')], [400, en['link-cookies.title']]);
    assert.ok(textsOf(blocked, 'p').includes(en['link-cookies.next']));
    const sent = await browserSession(app.issuer).post(`/account/link/${purpose}`, { csrf: 'x' });
    assert.deepEqual([sent.status, textOf(sent, 'h1')], [400, en['link-cookies.title']]);
    const used = await browser.follow(opened);
    assert.deepEqual([used.status, textOf(used, 'h1')], [410, en['link-gone.title']]);
    assert.equal((await browser.get(`/account/link/${purpose}`)).status, 410, 'also when it is opened again');
  });
}

for (const path of ['/account/forgot', '/account/sign-up'] as const) {
  test(`without cookies ${path} says that cookies are needed`, async () => {
    const { action, fields } = formOf(await browserSession(app.issuer).get(path));
    const refused = await browserSession(app.issuer).post(action, {
      ...fields,
      identifier: 'a',
      email: 'a@example.com',
    });
    assert.equal(refused.status, 403);
    assert.equal(textOf(refused, '#error-message'), en['ask-mail.cookies']);
    assert.equal(has(refused, '[aria-invalid]'), false);
  });
}

test('a masked address contains nothing that its owner chose', () => {
  const cases = [
    ['ada@example.com', 'a•••@e•••.com'],
    ['Ada@EXAMPLE.co.uk', 'A•••@E•••.uk'],
    ['read-this.at.evil.example/win@localhost', 'r•••@l•••'],
    ['!click@visit-evil.a-very-long-top-level', '•••@v•••'],
    ['ü@bücher.example', 'ü•••@b•••.example'],
    ['ada@xn--bcher-kva.example', 'a•••@b•••.example'],
  ];
  for (const [email = '', masked] of cases) assert.equal(maskEmail(email), masked);
});
