import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { blindIndex, createSealer } from '../../server/platform/sealing.ts';
import { ACCOUNT_INDEX_SECRET, loadServerSecret } from '../../server/platform/server_secrets.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { askForMail, followLink, useLink } from '../flows/mailed_links.ts';
import { begin, shown, submitPassword } from '../flows/support.ts';
import { openAccount, press } from '../helpers/account.ts';
import { browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment, PASSWORD } from '../helpers/deployment.ts';
import { textOf } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { remember } from '../helpers/secrets.ts';

/** Two spellings of one address are one mailbox, and so one account (better-auth CVE-2026-134314). */
const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url } });
const party = await app.seed.party({ firstParty: true });
const { accounts } = app.seed;
const TAKEN = { code: 'identifier_taken', status: 409, field: 'email' };

async function signIn(identifier: string) {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  return shown(
    await browser.follow(await browser.post(action, { ...fields, identifier, password: PASSWORD, action: 'signin' })),
  );
}

const SPELLINGS = [
  'user@bücher.example',
  'USER@BÜCHER.example',
  'user@bu\u0308cher.example',
  'user@xn--bcher-kva.example',
  'user@XN--BCHER-KVA.example',
  'user＠bücher．example',
  'user@bücher。example',
];

test('one address has one account: it signs in by every spelling, and no other account can have it', async () => {
  const person = await app.seed.person({ email: 'user@bücher.example' });
  assert.equal(
    (await accounts.findById(person.id))?.email,
    'user@xn--bcher-kva.example',
    'in the form that mail is sent to',
  );
  for (const email of SPELLINGS) {
    assert.equal((await accounts.findByIdentifier(email))?.id, person.id, email);
    await assert.rejects(accounts.create({ email }), TAKEN, email);
  }
  assert.equal(await signIn('user@xn--bcher-kva.example'), 'callback');
  const other = await accounts.create({ email: 'other@example.com' });
  await assert.rejects(accounts.update(other, { email: 'user@xn--bcher-kva.example' }), TAKEN);
});

test('an account that an older version stored by A-labels signs in by both spellings and keeps its address', async () => {
  const person = await app.seed.person({ email: 'old@bücher.example' });
  const move = { name: '', text: 'UPDATE account_identifiers SET lookup = $2 WHERE account_id = $1' };
  await app.db.run(move, [person.id, await lookupAsBefore('old@xn--bcher-kva.example')]);
  for (const spelling of ['old@xn--bcher-kva.example', 'old@bücher.example']) {
    assert.equal((await accounts.findByIdentifier(spelling))?.id, person.id, spelling);
    assert.equal(await signIn(spelling), 'callback');
    await assert.rejects(accounts.create({ email: spelling }), TAKEN);
    const other = await accounts.create({ email: `${Math.random()}@example.com` });
    await assert.rejects(accounts.update(other, { email: spelling }), TAKEN);
  }
  const account = await accounts.resolve(person.id);
  await accounts.update(account, { name: 'Ada' });
  assert.equal((await accounts.findByIdentifier('old@bücher.example'))?.name, 'Ada');
});

test('pages and mails show U-labels (UTS 46)', async () => {
  const person = await app.seed.person({ email: 'ada@bücher.example' });
  const shownAs = 'ada@bücher.example';
  /** Password managers read the account from the hidden field, which is not visible text. */
  const shownIn = (page: Page) => page.body.replaceAll(/<input type="hidden"[^>]*>/g, '');
  const assertRead = (page: Page, what: string, address = shownAs) => {
    assert.equal(page.status, 200, what);
    assert.ok(page.body.includes(address), `${what}: ${address}`);
    assert.doesNotMatch(shownIn(page), /xn--/, what);
  };
  const asking = await app.seed.party();
  const consent = await begin(app, asking);
  assertRead(await submitPassword(consent.browser, consent.page, person), 'consent');
  const own = await openAccount(app, person);
  for (const prompt of ['login', 'select_account']) {
    assertRead((await begin(app, party, { prompt }, own.browser.clone())).page, prompt);
  }
  for (const path of ['/account', '/account/email'])
    assertRead((await openAccount(app, person, path, own.browser)).page, path);

  const page = (await openAccount(app, person, '/account/email', own.browser)).page;
  assert.equal((await press(own.browser, page, 'change', { email: 'new@straße.example' })).status, 303);
  const change = await post.next('new@straße.example');
  assert.match(change.text, /n•••@s•••\.example/, 'the mail contains no text of the requester');
  assertRead(
    (await followLink(app, change.link, own.browser)).page,
    'the link in the session that asked',
    'new@straße.example',
  );
  assertRead((await followLink(app, change.link)).page, 'the link elsewhere', 'a•••@b•••.example');
  const other = await openAccount(app, await app.seed.person({ email: 'bob@bücher.example' }));
  assertRead((await followLink(app, change.link, other.browser)).page, 'another person’s link', 'bob@bücher.example');
  const warning = await post.next(shownAs);
  assert.match(warning.text, /n•••@s•••\.example/);
  assert.equal(textOf(await useLink(app, change.link, {}, own.browser), 'h1'), en['link.change_email.done-title']);
  for (const address of [shownAs, 'new@straße.example']) {
    const told = await post.next(address);
    assert.ok(
      [told.text, told.html].every((text) => text.includes(address) && !text.includes('xn--')),
      address,
    );
  }

  await askForMail(app, '/account/forgot', 'new@straße.example');
  const { link } = await post.next('new@straße.example');
  const chosen = remember('password', 'A-Door-Of-My-Own-23');
  assertRead((await followLink(app, link)).page, 'a new password', 'new@straße.example');
  assert.equal((await useLink(app, link, { new_password: chosen })).status, 200);
});

test('a second tab recognises the person by every spelling of their address', async () => {
  const person = await app.seed.person({ email: 'tab@bücher.example' });
  const [first, late] = [await begin(app, party), await begin(app, party)];
  assert.equal(shown(await submitPassword(first.browser, first.page, person)), 'callback');
  const cookie = `${first.browser.signedCookies('cardea_session')}; ${late.browser.signedCookies('cardea_interaction')}`;
  const { action, fields } = formOf(late.page);
  const typed = { ...fields, identifier: 'TAB@xn--bcher-kva.example', password: 'mistyped', action: 'signin' };
  assert.equal(shown(await browserSession(app.issuer).post(action, typed, { cookie })), 'callback');
});

/** The lookup key of an earlier version, which did not normalize the address. */
async function lookupAsBefore(text: string): Promise<Buffer> {
  const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
  return blindIndex(await loadServerSecret(app.db, sealer, ACCOUNT_INDEX_SECRET, Date.now), text);
}
