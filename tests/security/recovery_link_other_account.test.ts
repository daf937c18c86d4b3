import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { askForMail, canSignIn, enqueue, followLink, useLink } from '../flows/mailed_links.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { authorize } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/** A link sets the password of its own account only (authentik CVE-2023-26481). */

const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url } });
const NEW = remember('password', 'Mallory-Was-Here-1-Or-Not');

async function resetLink(email: string): Promise<string> {
  await askForMail(app, '/account/forgot', email);
  return (await post.next(email)).link;
}

test('the link sets only its own account’s password, even if the form, the address or the browser names another', async () => {
  const [mallory, victim] = [await app.seed.person(), await app.seed.person()];
  const party = await app.seed.party({ firstParty: true });
  // The victim has a session in this browser, and every field that could name an account names the victim.
  const { browser } = await authorize({ issuer: app.issuer, party, person: victim });
  const link = `${await resetLink(mallory.email)}&user=${victim.id}&email=${encodeURIComponent(victim.email)}`;
  const fields = { account: victim.id, accountId: victim.id, account_id: victim.id, id: victim.id, sub: victim.id };
  const names = { email: victim.email, identifier: victim.email, username: victim.email, login_hint: victim.email };
  const done = await useLink(app, link, { ...fields, ...names, new_password: NEW }, browser);
  assert.equal(done.status, 200);
  assert.equal(await canSignIn(app, victim.email, victim.password), true, 'the victim’s password is unchanged');
  assert.equal(await canSignIn(app, mallory.email, NEW), true);
});

test('with two links in two tabs, each form acts on its own link', async () => {
  const [ada, bob] = [await app.seed.person(), await app.seed.person()];
  const browser = browserSession(app.issuer);
  const first = await followLink(app, await resetLink(ada.email), browser);
  const second = await followLink(app, await resetLink(bob.email), browser);
  assert.ok(first.page.body.includes(ada.email) && second.page.body.includes(bob.email));
  // The cookie belongs to the second link, and the form to the first.
  const { action, fields } = formOf(first.page);
  const mixed = await browser.post(action, { ...fields, new_password: NEW });
  assert.equal(mixed.status, 403);
  assert.equal(await canSignIn(app, bob.email, bob.password), true);
  assert.equal(await canSignIn(app, ada.email, ada.password), true);
});

test('a link of one kind is refused at the page of another', async () => {
  const person = await app.seed.person();
  const { id, email } = await app.seed.accounts.create({ email: 'unverified@example.com' });
  await enqueue(app, { kind: 'verify_email', accountId: id });
  const verify = (await post.next(email)).link;
  const reset = await resetLink(person.email);
  for (const [link, from, to] of [
    [verify, 'verify_email', 'reset_password'],
    [verify, 'verify_email', 'invitation'],
    [verify, 'verify_email', 'sign_up'],
    [reset, 'reset_password', 'change_email'],
    [reset, 'reset_password', 'unlock'],
  ] as const) {
    const { page } = await followLink(app, link.replace(from, to));
    assert.equal(page.status, 410, `${from} at ${to}`);
  }
  assert.equal((await followLink(app, reset)).page.status, 200, 'and is not used up by it');
});

test('a link that was made for an earlier address of the account is invalid', async () => {
  const person = await app.seed.person();
  const link = await resetLink(person.email);
  const account = await app.seed.accounts.findById(person.id);
  assert.ok(account);
  // A change by the operator, which does not involve links.
  await app.seed.accounts.update(account, { email: 'moved@example.com' });
  assert.equal((await followLink(app, link)).page.status, 410);
});
