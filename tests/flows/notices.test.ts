import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ATTEMPT_STATEMENTS } from '../../server/accounts/attempts.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { openAccount, pathOf, press } from '../helpers/account.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { type BrowserSession, browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { has } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { authorize } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { begin, submit } from './support.ts';

/** Mails and security events about sign-ins. */
const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url } });
const party = await app.seed.party();
const FIREFOX = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' };

const signIn = (person: Person, browser: BrowserSession) =>
  authorize({ issuer: app.issuer, party, person, browser, params: { prompt: 'login' } });
const subjectsTo = ({ email }: Person) =>
  post.mails.filter(({ to }) => to.includes(email)).map(({ subject }) => subject);

async function eventsOf({ id }: Person): Promise<string[]> {
  const text = 'SELECT kind FROM security_events WHERE account_id = $1 ORDER BY id';
  return (await app.db.run<{ kind: string }>({ name: '', text }, [id])).map(({ kind }) => kind);
}

/** Waits until all queued mails have been sent. */
async function settled(): Promise<void> {
  const last = await app.seed.person();
  await guessWrongly(last);
  await post.next(last.email);
}

async function guessWrongly({ email }: Pick<Person, 'email'>): Promise<void> {
  const { browser, page } = await begin(app, party);
  for (let i = 0; i < 5; i += 1) {
    await submit(browser, page, { identifier: email, password: 'wrong', action: 'signin' });
  }
}

test('a sign-in in a new browser is reported, but not in the first one or in a known one', async () => {
  const person = await app.seed.person();
  const [home, office] = [browserSession(app.issuer), browserSession(app.issuer)];
  await signIn(person, home);
  await signIn(person, home);
  await settled();
  assert.deepEqual(subjectsTo(person), []);
  const { page } = await begin(app, party, {}, office);
  await submit(office, page, { identifier: person.email, password: person.password, action: 'signin' });
  assert.deepEqual(await eventsOf(person), ['signed_in', 'signed_in'], 'not before the sign-in is complete');
  await signIn(person, office);
  const mail = await post.next(person.email);
  assert.equal(mail.subject, en['mail.new_device.subject']);
  await signIn(person, office);
  await signIn(person, home);
  await settled();
  assert.equal(subjectsTo(person).length, 1);
  assert.deepEqual(await eventsOf(person), ['signed_in', 'signed_in', 'new_device', 'signed_in', 'signed_in']);
});

test('the notice names the browser and the address', async () => {
  const person = await app.seed.person();
  await signIn(person, browserSession(app.issuer));
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  const form = { ...fields, identifier: person.email, password: person.password, action: 'signin' };
  const consent = await browser.follow(await browser.post(action, form, FIREFOX));
  const { action: to, fields: hidden } = formOf(consent);
  await browser.post(to, { ...hidden, action: 'allow' }, FIREFOX);
  const { text, html } = await post.next(person.email);
  for (const part of [text, html]) {
    assert.match(part, /Firefox/);
    assert.match(part, /127\.0\.0\.1/);
  }
});

test('a lock is reported once, and not at all for an address without an account', async () => {
  const person = await app.seed.person();
  await guessWrongly(person);
  await guessWrongly({ email: 'nobody@example.com' });
  await settled();
  assert.equal(subjectsTo(person).length, 1);
  assert.deepEqual(await eventsOf(person), ['locked']);
  assert.equal(post.mails.filter(({ to }) => to.includes('nobody@example.com')).length, 0);
});

test('after a change of password its browser stays known: other browsers cannot lock it, and a sign-in in another browser is reported', async () => {
  const person = await app.seed.person();
  const home = browserSession(app.issuer);
  await signIn(person, home);
  const { page } = await openAccount(app, person, '/account/password', home);
  const password = remember('password', 'Quiet-Harbour-Lantern-4');
  assert.equal(
    pathOf(await press(home, page, 'change', { new_password: password })),
    '/account/password?done=password',
  );
  const changed = { ...person, password };
  await guessWrongly(person);
  await signIn(changed, home);
  assert.equal((await eventsOf(person)).at(-1), 'signed_in', 'the person gets no mail about a new browser');
  await app.db.query(ATTEMPT_STATEMENTS.unlock.bind({ accountId: person.id }));
  await signIn(changed, browserSession(app.issuer));
  assert.equal((await eventsOf(person)).at(-1), 'new_device');
  await settled();
  assert.ok(subjectsTo(person).includes(en['mail.new_device.subject']), String(subjectsTo(person)));
});

test('a right password without the second factor is reported once an hour, and not when the second factor follows (ASVS 6.3.5)', async () => {
  const person = await app.seed.person();
  const secret = await (await createFactorSeeder(app)).totp(person.id);
  const enter = async () => {
    const { browser, page } = await begin(app, party);
    return {
      browser,
      page: await submit(browser, page, { identifier: person.email, password: person.password, action: 'signin' }),
    };
  };
  const countDelayed = async () =>
    (await app.db.run<{ due_at: Date }>({ name: '', text: 'SELECT due_at FROM mails WHERE due_at > now()' }, []))
      .length;
  const { browser, page } = await enter();
  assert.deepEqual(await eventsOf(person), ['second_factor_missing']);
  assert.equal(await countDelayed(), 1, 'the notice is due in ten minutes');
  await submit(browser, page, { action: 'code', code: totpCode(secret, Date.now()) });
  const consent = await browser.follow(await browser.get(page.url));
  if (has(consent, '#allow')) await submit(browser, consent, { action: 'allow' });
  assert.deepEqual(await eventsOf(person), ['signed_in']);
  assert.equal(await countDelayed(), 0, 'nothing to tell');
  for (let i = 0; i < 4; i += 1) await enter();
  assert.deepEqual(await eventsOf(person), ['signed_in', 'second_factor_missing'], 'once an hour');
  assert.equal(await countDelayed(), 1);
});
