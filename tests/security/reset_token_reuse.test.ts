import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { askForMail, canSignIn, followLink } from '../flows/mailed_links.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { remember } from '../helpers/secrets.ts';

/** A reset link is used at most once, in parallel and on any number of nodes (Keycloak CVE-2026-37982). */

const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url } });
const other = await neighbour(scope, app, { env: { CARDEA_SMTP_URL: post.url } });
const PARALLEL = 16;

async function linkFor(email: string): Promise<string> {
  await askForMail(app, '/account/forgot', email);
  return (await post.next(email)).link;
}

test('of many parallel uses of a link on two nodes one sets the password; the others find the link used', async () => {
  const person = await app.seed.person();
  const link = await linkFor(person.email);
  const forms = await Promise.all(
    Array.from({ length: PARALLEL }, async (_, i) => {
      const browser = browserSession(app.issuer, i % 2 === 0 ? app.issuer : other.issuer);
      const { page } = await followLink(app, link, browser);
      assert.equal(page.status, 200);
      return { browser, form: formOf(page), password: remember('password', `Parallel-Password-${i}`) };
    }),
  );
  const answers = await Promise.all(
    forms.map(async ({ browser, form, password }) => {
      const { status } = await browser.post(form.action, { ...form.fields, new_password: password });
      return { status, password };
    }),
  );
  const winners = answers.filter(({ status }) => status === 303);
  assert.equal(winners.length, 1, JSON.stringify(answers.map(({ status }) => status)));
  // 503: the queue for hashing was full, so the link was neither judged nor used up.
  assert.ok(
    answers.every(({ status }) => [303, 410, 503].includes(status)),
    JSON.stringify(answers.map(({ status }) => status)),
  );
  assert.ok(answers.filter(({ status }) => status === 410).length > 1, 'several requests have reached the link');
  assert.equal(await canSignIn(app, person.email, winners[0]?.password ?? ''), true);
  const [row] = await app.db.run<{ epoch: number }>({ name: '', text: 'SELECT epoch FROM accounts WHERE id = $1' }, [
    person.id,
  ]);
  assert.equal(row?.epoch, 1, 'it was changed once');
});

test('a form that is sent again, from the history or with the back button, sets nothing', async () => {
  const person = await app.seed.person();
  const { browser, page } = await followLink(app, await linkFor(person.email));
  const { action, fields } = formOf(page);
  const replay = browser.clone();
  const [first, second] = ['The-First-Password-1', 'The-Second-Password-2'].map((one) => remember('password', one));
  assert.equal((await browser.post(action, { ...fields, new_password: first ?? '' })).status, 303);
  for (const again of [browser, replay]) {
    assert.equal((await again.post(action, { ...fields, new_password: second ?? '' })).status, 410);
  }
  assert.equal(await canSignIn(app, person.email, first ?? ''), true);
});

test('a link can be used again only while the password was refused, not after one was set', async () => {
  const person = await app.seed.person();
  const link = await linkFor(person.email);
  const { browser, page } = await followLink(app, link);
  const { action, fields } = formOf(page);
  assert.equal((await browser.post(action, { ...fields, new_password: 'short' })).status, 400);
  const password = remember('password', 'Long-Enough-For-All-1');
  assert.equal((await browser.post(action, { ...fields, new_password: password })).status, 303);
  assert.equal((await followLink(app, link)).page.status, 410);
});
