import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { has, textOf } from '../helpers/html.ts';
import { mailbox, type ReceivedMail } from '../helpers/mailbox.ts';
import { message } from '../helpers/messages.ts';
import { authorize, authorizeUrl, introspect, redeem, refresh } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/** A forgotten password: the form, the mail, the new password, and the sessions that end. */

const scope = { after };
const post = await mailbox(scope);
let clock = Date.now();
const app = await deployment(scope, {
  env: { CARDEA_SMTP_URL: post.url, CARDEA_MAIL_FROM: 'Cardea <door@id.example.com>' },
  now: () => clock,
});
const { issuer } = app;
const NEW = remember('password', 'Another-Horse-Battery-10');

async function ask(identifier: string, browser = browserSession(issuer)): Promise<Page> {
  const { action, fields } = formOf(await browser.get('/account/forgot'));
  return browser.post(action, { ...fields, identifier });
}

async function mailTo(person: Person): Promise<ReceivedMail> {
  assert.equal((await ask(person.email)).status, 200);
  return post.next(person.email);
}

/** Follows a link as a browser does; the form is on the page that it ends at. */
async function follow(link: string, browser = browserSession(issuer)) {
  const page = await browser.follow(await browser.get(link));
  return { browser, page };
}

async function setPassword(link: string, password: string): Promise<Page> {
  const { browser, page } = await follow(link);
  const { action, fields } = formOf(page);
  return browser.follow(await browser.post(action, { ...fields, new_password: password }));
}

async function signsIn(person: Person, password: string): Promise<boolean> {
  const party = await app.seed.party({ firstParty: true });
  const browser = browserSession(issuer);
  const start = await browser.follow(await browser.get(authorizeUrl({ issuer, party }, 'v'.repeat(43))));
  const { action, fields } = formOf(start);
  const answer = await browser.post(action, { ...fields, identifier: person.email, password, action: 'signin' });
  return answer.status === 303;
}

test('a person who forgot the password gets a link, sets a new password, and signs in with it', async () => {
  const person = await app.seed.person({ name: 'Ada Lovelace' });
  const mail = await mailTo(person);
  assert.equal(mail.from, 'door@id.example.com');
  assert.equal(mail.headers.get('from'), 'Cardea <door@id.example.com>');
  assert.equal(mail.text.split('\n')[0], message('mail.greeting.name', { name: 'Ada Lovelace' }));
  assert.ok(mail.link.startsWith(`${issuer}/account/link/reset_password?token=`));
  assert.equal(new URL(mail.link).searchParams.get('token')?.length, 43);
  assert.ok(mail.html.includes(mail.link), 'the HTML part has the same link');
  const done = await setPassword(mail.link, NEW);
  assert.equal(done.status, 200);
  assert.equal(textOf(done, 'h1'), en['link.reset_password.done-title']);
  assert.deepEqual([await signsIn(person, NEW), await signsIn(person, person.password)], [true, false]);
  const notice = await post.next(person.email);
  assert.equal(notice.subject, en['mail.password_changed.subject']);
  assert.equal(notice.link, '', 'a notice contains no link');
});

test('the username works as well, and the mail goes to the address', async () => {
  const person = await app.seed.person({ username: 'grace' });
  assert.equal((await ask('GRACE ')).status, 200);
  assert.equal((await post.next(person.email)).subject, en['mail.reset.subject']);
});

test('all sessions and tokens of the person end with the old password, and those of others stay', async () => {
  const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access' } });
  const [person, other] = [await app.seed.person(), await app.seed.person()];
  const params = { scope: 'openid offline_access', prompt: 'consent' };
  const [own, others] = await Promise.all(
    [person, other].map(async (one) => {
      const granted = await authorize({ issuer, party, person: one, params });
      return { granted, tokens: (await redeem(issuer, party, granted)).body };
    }),
  );
  assert.ok(own?.tokens.refresh_token && others?.tokens.refresh_token);
  await setPassword((await mailTo(person)).link, NEW);
  assert.equal((await introspect(issuer, party, own.tokens.access_token ?? '')).active, false);
  assert.equal((await refresh(issuer, party, own.tokens.refresh_token)).body.error, 'invalid_grant');
  const again = await own.granted.browser.follow(
    await own.granted.browser.get(authorizeUrl({ issuer, party }, 'v'.repeat(43))),
  );
  assert.ok(has(again, '[name="password"]'), 'the session is gone');
  assert.equal((await introspect(issuer, party, others.tokens.access_token ?? '')).active, true);
  assert.equal((await refresh(issuer, party, others.tokens.refresh_token)).status, 200);
});

test('the token is removed from the address bar, and opening the page does not use it up', async () => {
  const person = await app.seed.person();
  const { link, token } = await mailTo(person);
  for (let i = 0; i < 3; i += 1) {
    const scanner = browserSession(issuer);
    const redirect = await scanner.get(link);
    assert.equal(redirect.status, 303);
    assert.equal(redirect.location, `${issuer}/account/link/reset_password`);
    assert.match(redirect.headers.get('cache-control') ?? '', /no-store/);
    assert.equal(redirect.headers.get('referrer-policy'), 'no-referrer');
    const page = await scanner.follow(redirect);
    assert.equal(page.status, 200);
    assert.ok(page.body.includes(person.email));
    assert.ok(!page.body.includes(token), 'not in the page either');
  }
  assert.equal((await fetch(link, { method: 'HEAD', redirect: 'manual' })).status, 303);
  assert.equal((await setPassword(link, NEW)).status, 200);
  assert.ok(!app.logLines.some((line) => line.includes(token)), 'nor in a log');
});

test('a link works once; afterwards its page says so', async () => {
  const { link } = await mailTo(await app.seed.person());
  await setPassword(link, NEW);
  const { page } = await follow(link);
  assert.equal(page.status, 410);
  assert.equal(textOf(page, 'h1'), en['link-gone.title']);
  assert.ok(!has(page, 'form'));
});

test('a link is valid for half an hour', async () => {
  const { link } = await mailTo(await app.seed.person());
  const { browser, page } = await follow(link);
  clock += 30 * 60_000 + 1;
  const { action, fields } = formOf(page);
  const late = await browser.post(action, { ...fields, new_password: NEW });
  assert.equal(late.status, 410);
  assert.equal((await follow(link)).page.status, 410);
});

test('all links of a person become invalid when one of them has set the password', async () => {
  const person = await app.seed.person();
  const [first, second] = [await mailTo(person), await mailTo(person)];
  assert.notEqual(first.token, second.token);
  assert.equal((await follow(first.link)).page.status, 200, 'the later mail does not invalidate the earlier link');
  await setPassword(second.link, NEW);
  assert.equal((await follow(first.link)).page.status, 410);
});

test('a refused password leaves the link valid, and the rule is named', async () => {
  const { link } = await mailTo(await app.seed.person());
  const { browser, page } = await follow(link);
  const { action, fields } = formOf(page);
  const refused = await browser.post(action, { ...fields, new_password: 'short' });
  assert.equal(refused.status, 400);
  assert.match(refused.body, /data-rule="too_short" data-state="failed"/);
  const accepted = await browser.post(action, { ...formOf(refused).fields, new_password: NEW });
  assert.equal(accepted.status, 303);
});

test('such mails are limited by person and address, in every spelling, without telling it', async () => {
  clock += 3_600_000;
  const person = await app.seed.person({ email: 'often@example.com', username: 'often' });
  const spellings = ['often@example.com', 'OFTEN@example.com', 'often', ' ｏｆｔｅｎ@example.com'];
  const bodies = new Set<string>();
  for (let i = 0; i < 9; i += 1) bodies.add((await ask(spellings[i % spellings.length] ?? '')).body);
  assert.equal(bodies.size, 1);
  for (let i = 0; i < 3; i += 1) await post.next(person.email);
  // Mails are sent in order: once this one has arrived, any other mail would have arrived too.
  const marker = await app.seed.person();
  await mailTo(marker);
  assert.equal(post.mails.filter(({ to }) => to.includes(person.email)).length, 3);
  clock += 3_600_000;
  await mailTo(person);
});

test('no mail is sent to a disabled or unknown person', async () => {
  const disabled = await app.seed.person();
  await app.seed.accounts.disable(disabled.id);
  await ask(disabled.email);
  await ask('nobody@example.com');
  await mailTo(await app.seed.person());
  assert.deepEqual(
    post.mails.filter(({ to }) => to.includes(disabled.email) || to.includes('nobody@example.com')),
    [],
  );
});

test('a reset confirms the address, and can set a first password', async () => {
  const account = await app.seed.accounts.create({ email: 'fresh@example.com' });
  assert.equal((await ask('fresh@example.com')).status, 200);
  const { link } = await post.next('fresh@example.com');
  await setPassword(link, NEW);
  const changed = await app.seed.accounts.findById(account.id);
  assert.equal(changed?.emailVerified, true);
  assert.ok(changed?.passwordHash);
});

test('a new password ends a lock', async () => {
  const person = await app.seed.person();
  for (let i = 0; i < 3; i += 1) await signsIn(person, 'wrong');
  assert.equal(await signsIn(person, person.password), false, 'locked');
  assert.equal((await post.next(person.email)).subject, en['mail.locked.subject']);
  await setPassword((await mailTo(person)).link, NEW);
  assert.equal(await signsIn(person, NEW), true);
});

test('a form is refused from another site, without its token, as JSON, and when it is too large', async () => {
  const browser = browserSession(issuer);
  const { action, fields } = formOf(await browser.get('/account/forgot'));
  const identifier = 'somebody@example.com';
  const cross = await browser.post(action, { ...fields, identifier }, { 'sec-fetch-site': 'cross-site' });
  assert.equal(cross.status, 403);
  assert.equal((await browser.post(action, { identifier })).status, 403);
  const stranger = browserSession(issuer);
  assert.equal((await stranger.post(action, { ...fields, identifier })).status, 403, 'another browser’s token');
  const json = await fetch(issuer + action, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...fields, identifier }),
  });
  assert.equal(json.status, 415);
  assert.equal((await browser.post(action, { ...fields, identifier: 'x'.repeat(100_000) })).status, 413);
  const empty = await browser.post(action, { ...fields, identifier: ' ' });
  assert.equal(empty.status, 400);
  assert.ok(has(empty, '[aria-invalid="true"]'));
  assert.equal((await browser.get('/account/link/nonsense')).status, 404);
  const without = await browser.get('/account/link/reset_password?token=&token=x');
  assert.equal((await browser.follow(without)).status, 410);
});

test('an address that requests too often gets 429', async () => {
  const limited = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url, CARDEA_RATE_LIMIT: '3' } });
  const browser = browserSession(limited.issuer);
  const { action, fields } = formOf(await browser.get('/account/forgot'));
  const statuses: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    statuses.push((await browser.post(action, { ...fields, identifier: `nobody${i}@example.com` })).status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
});

test('the sign-in page links to it', async () => {
  const party = await app.seed.party();
  const browser = browserSession(issuer);
  const page = await browser.follow(await browser.get(authorizeUrl({ issuer, party }, 'v'.repeat(43))));
  assert.ok(has(page, 'a[href="/account/forgot"]'));
  assert.doesNotMatch(page.body, /\/account\/sign-up/);
  assert.equal((await browser.get('/account/sign-up')).status, 404, 'off by default');
});

test('no log line contains the recipient or content of a mail', () => {
  const text = app.logLines.join('');
  assert.match(text, /a mail was sent/);
  for (const { to, token, subject } of post.mails) {
    for (const told of [...to, token, subject]) assert.ok(told === '' || !text.includes(told), told);
  }
  assert.doesNotMatch(text, /[\w.+-]+@[\w-]+\.[a-z]{2,}/i, 'an address');
});
