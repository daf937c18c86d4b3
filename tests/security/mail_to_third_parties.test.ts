import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, beforeEach, describe, test } from 'node:test';
import { LINK_LIFETIMES } from '../../server/accounts/links.ts';
import { createMailThrottle } from '../../server/accounts/mail_throttle.ts';
import { createMemoryCounter } from '../../server/platform/limits.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { canSignIn, enqueue, useLink } from '../flows/mailed_links.ts';
import { begin, submit, submitPassword } from '../flows/support.ts';
import { openAccount, press } from '../helpers/account.ts';
import { type BrowserSession, browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { textOf } from '../helpers/html.ts';
import { limitsOf, mailLimitsOf } from '../helpers/limits.ts';
import { mailbox, type ReceivedMail } from '../helpers/mailbox.ts';
import { message } from '../helpers/messages.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

/**
 * Mails to people who did not ask for them: few, and without text that the sender of the request could choose. The
 * limits for strangers do not stop the person's own requests.
 */

const scope = { after };
const HOUR = 3_600_000;
let clock = Math.ceil(Date.now() / HOUR) * HOUR;
const now = () => clock;
const post = await mailbox(scope);
const app = await deployment(scope, {
  env: { CARDEA_SMTP_URL: post.url, CARDEA_SIGN_UP: 'true', CARDEA_TRUSTED_PROXIES: '127.0.0.1/32,::1' },
  now,
});
const party = await app.seed.party({ firstParty: true });

type Path = '/account/forgot' | '/account/sign-up';

const stranger = browserSession(app.issuer);

/**
 * Requests a mail from an address, with a new form.
 * @returns the status of the response
 */
async function ask(path: Path, whom: string, address: string, browser = stranger): Promise<number> {
  const { action, fields } = formOf(await browser.get(path));
  const typed = { [path === '/account/forgot' ? 'identifier' : 'email']: whom };
  return (await browser.post(action, { ...fields, ...typed }, { 'x-forwarded-for': address })).status;
}

async function askTimes(times: number, path: Path, whom: string, address: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i += 1) statuses.push(await ask(path, whom, address));
  return statuses;
}

/** The mails to an address, once all queued mails have been sent or dropped. */
async function mailsTo(whom: string): Promise<ReceivedMail[]> {
  await until('the queue is empty', async () => {
    const rows = await app.db.run({ name: '', text: 'SELECT 1 FROM mails' }, []);
    return rows.length === 0;
  });
  return post.mails.filter(({ to }) => to.includes(whom));
}

/** A browser in which the person has signed in before. */
async function ownBrowser(person: Person): Promise<BrowserSession> {
  const { browser, page } = await begin(app, party);
  await submitPassword(browser, page, person);
  return browser;
}

let networks = 0;
/** An address in a network that has made no requests yet. */
function elsewhere(): string {
  networks += 1;
  return `198.51.${Math.floor(networks / 250)}.${networks % 250}`;
}

// Moves past the limits that earlier tests have used up; queued mails are sent first, since they would expire.
beforeEach(async () => {
  await mailsTo('');
  clock += 24 * HOUR;
});

describe('a change of address', () => {
  test('requested forty times sends a stranger three mails, which contain no text of the requester', async () => {
    const mallory = await app.seed.person({
      email: 'mallory@evil.example',
      name: 'You won! https://evil.example/prize',
    });
    const victim = 'victim+claim-it-at-evil.example/prize@example.com';
    const { browser } = await openAccount(app, mallory, '/account/email');
    const change = async () => press(browser, await browser.get('/account/email'), 'change', { email: victim });
    const statuses: number[] = [];
    for (let i = 0; i < 40; i += 1) statuses.push((await change()).status);
    assert.deepEqual(statuses, [...Array(5).fill(303), ...Array(35).fill(400)]);
    assert.equal(textOf(await change(), '#problem-message'), en['account.problem.too_many_mails']);
    const mails = await mailsTo(victim);
    assert.equal(mails.length, 3);
    for (const { subject, text, html, headers } of mails) {
      for (const form of [subject, text, html, headers.get('to')?.replace(victim, '') ?? '']) {
        assert.doesNotMatch(form, /won!|evil|prize|mallory|claim/);
      }
      assert.match(text, /v•••@e•••\.com/);
      assert.match(text, /m•••@e•••\.example/, 'whose account it is');
    }
  });

  test('requested by many accounts sends one stranger six mails an hour, and no account learns it', async () => {
    const victim = 'wanted.by.many@example.com';
    for (let i = 0; i < 4; i += 1) {
      const { browser } = await openAccount(app, await app.seed.person(), '/account/email');
      for (let n = 0; n < 2; n += 1) {
        const page = await browser.get('/account/email');
        assert.equal((await press(browser, page, 'change', { email: victim })).status, 303);
      }
    }
    assert.equal((await mailsTo(victim)).length, 6);
  });

  test('is reported to the old address without text that the requester chose', async () => {
    const ada = await app.seed.person({ name: 'Ada' });
    const { browser, page } = await openAccount(app, ada, '/account/email');
    await press(browser, page, 'change', { email: 'words-of-the-thief@example.com' });
    const [link = ''] = (await mailsTo('words-of-the-thief@example.com')).map((mail) => mail.link);
    assert.equal(textOf(await useLink(app, link, {}, browser), 'h1'), en['link.change_email.done-title']);
    const [asked, changed] = await mailsTo(ada.email);
    for (const mail of [asked, changed]) {
      assert.match(mail?.text ?? '', /w•••@e•••\.com/);
      assert.doesNotMatch(mail?.source ?? '', /words-of/);
      assert.ok(mail?.text.includes(ada.email));
    }
  });
});

test('requested by an account with an unconfirmed address sends mails without its name, five an hour at most', async () => {
  const input = { email: 'mistyped.by.us@example.com', emailVerified: false, name: 'Read this https://evil.example' };
  const { browser } = await openAccount(app, await app.seed.person(input), '/account/email');
  const statuses: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    statuses.push((await press(browser, await browser.get('/account/email'), 'verify')).status);
  }
  assert.deepEqual(statuses, [303, 303, 303, 303, 303, 400, 400]);
  const mails = await mailsTo(input.email);
  assert.equal(mails.length, 3);
  for (const { source } of mails) assert.doesNotMatch(source, /evil|Read this/);
});

for (const path of ['/account/sign-up', '/account/forgot'] as const) {
  test(`${path}: an IPv6 /64 network counts as one address`, async () => {
    const statuses: number[] = [];
    for (let i = 1; i <= 21; i += 1) {
      statuses.push(await ask(path, `six${i}@example.com`, `2001:db8:0:1::${i.toString(16)}`));
    }
    assert.deepEqual(statuses, [...Array(20).fill(200), 429]);
    assert.equal(await ask(path, 'seven@example.com', '2001:db8:0:2::1'), 200);
  });
}

describe('signing up', () => {
  test('for a hundred strangers from one address sends twenty mails; other addresses and other kinds of mail are not affected', async () => {
    const address = elsewhere();
    const statuses: number[] = [];
    for (let i = 0; i < 100; i += 1) {
      statuses.push(await ask('/account/sign-up', `stranger${i}@example.com`, address));
    }
    assert.deepEqual(statuses, [...Array(20).fill(200), ...Array(80).fill(429)]);
    await mailsTo('');
    assert.equal(post.mails.filter(({ to }) => to[0]?.startsWith('stranger')).length, 20);
    const ada = await app.seed.person();
    assert.equal(await ask('/account/forgot', ada.email, address), 200);
    assert.equal((await mailsTo(ada.email)).length, 1);
    assert.equal(await ask('/account/sign-up', 'somebody.else@example.com', elsewhere()), 200);
    assert.equal((await mailsTo('somebody.else@example.com')).length, 1);
  });

  test('six times for one new address counts six times, and does not affect mails about a forgotten password', async () => {
    const email = 'fresh@example.com';
    assert.deepEqual(await askTimes(6, '/account/sign-up', email, elsewhere()), Array(6).fill(200));
    assert.equal((await mailsTo(email)).length, 3, 'the share of one address');
    await askTimes(6, '/account/sign-up', email, elsewhere());
    await askTimes(6, '/account/sign-up', email, elsewhere());
    const mails = await mailsTo(email);
    assert.equal(mails.length, 6, 'of all addresses in total');
    for (const { text } of mails) assert.match(text, /f•••@e•••\.com/);
    const password = remember('password', 'A-Door-Of-My-Own-31');
    const done = await useLink(app, mails[0]?.link ?? '', { name: 'F', new_password: password });
    assert.equal(textOf(done, 'h1'), en['link.sign_up.done-title']);
    assert.equal(await ask('/account/forgot', email, elsewhere()), 200);
    const last = (await mailsTo(email)).at(-1);
    assert.equal(last?.subject, en['mail.reset.subject']);
  });
});

describe('a forgotten password', () => {
  test('requested many times by a stranger leaves mails for the owner at another address', async () => {
    const ada = await app.seed.person();
    assert.deepEqual(await askTimes(10, '/account/forgot', ada.email, elsewhere()), Array(10).fill(200));
    assert.equal((await mailsTo(ada.email)).length, 3);
    await ask('/account/forgot', ada.email, elsewhere());
    assert.equal((await mailsTo(ada.email)).length, 4);
  });

  test('requested by strangers everywhere leaves mails for the owner’s own browser, also at a stranger’s address', async () => {
    const ada = await app.seed.person();
    const own = await ownBrowser(ada);
    const shared = elsewhere();
    for (const address of [shared, elsewhere(), elsewhere()]) await askTimes(4, '/account/forgot', ada.email, address);
    assert.equal((await mailsTo(ada.email)).length, 6);
    await ask('/account/forgot', ada.email, elsewhere());
    assert.equal((await mailsTo(ada.email)).length, 6, 'an unknown browser');
    for (let i = 0; i < 7; i += 1) assert.equal(await ask('/account/forgot', ada.email, shared, own), 200);
    assert.equal((await mailsTo(ada.email)).length, 11, 'five for the person’s browser');
  });

  test('a person whose mail is refused has already got one with a valid link', async () => {
    const ada = await app.seed.person();
    const lifetime = LINK_LIFETIMES.reset_password * 1_000;
    // Attackers ask as soon as they may, until no further mail is sent.
    for (const address of [elsewhere(), elsewhere(), elsewhere()])
      await askTimes(3, '/account/forgot', ada.email, address);
    const sent = await mailsTo(ada.email);
    assert.equal(sent.length, 6);
    clock += lifetime - 1;
    assert.equal(await ask('/account/forgot', ada.email, elsewhere()), 200);
    assert.equal((await mailsTo(ada.email)).length, 6);
    const reader = browserSession(app.issuer);
    assert.equal((await reader.follow(await reader.get(sent[0]?.link ?? ''))).status, 200);
    clock += 1;
    await ask('/account/forgot', ada.email, elsewhere());
    assert.equal((await mailsTo(ada.email)).length, 7);
  });

  test('can be requested in the owner’s browser when others have used up its address; every other browser gets 429', async () => {
    const [ada, bob] = [await app.seed.person(), await app.seed.person()];
    const own = await ownBrowser(ada);
    const address = elsewhere();
    for (let i = 0; i < 20; i += 1) assert.equal(await ask('/account/forgot', `nobody${i}@example.com`, address), 200);
    assert.equal(await ask('/account/forgot', ada.email, address, own), 200);
    assert.equal((await mailsTo(ada.email)).length, 1);
    for (const whom of [bob.email, 'nobody@example.com']) {
      assert.equal(await ask('/account/forgot', whom, address, own), 429, 'the person has not used this browser');
    }
    assert.equal(await ask('/account/forgot', ada.email, address), 429);
    assert.equal((await mailsTo(bob.email)).length, 0);
  });
});

test('wrong passwords from one network report locks to twenty people, and those from another one are still reported', async () => {
  const network = '2001:db8:9:9';
  const people: Person[] = [];
  for (let i = 0; i < 22; i += 1) people.push(await app.seed.person());
  for (const { id: accountId } of people.slice(1)) {
    await enqueue(app, { kind: 'locked', accountId, source: `${network}::/64`, details: { factor: 'password' } }, now);
  }
  await mailsTo('');
  const lockMails = post.mails.filter(({ to }) => people.some(({ email }) => to.includes(email)));
  assert.equal(lockMails.length, 20);
  const [last] = people;
  assert.ok(last);
  for (const [from, mails] of [
    [`${network}::7`, 0],
    [elsewhere(), 1],
  ] as const) {
    const { browser, page } = await begin(app, party);
    const { action, fields } = formOf(page);
    const guess = { ...fields, identifier: last.email, password: 'wrong', action: 'signin' };
    for (let i = 0; i < 3; i += 1) await browser.post(action, guess, { 'x-forwarded-for': from });
    assert.equal((await mailsTo(last.email)).length, mails, from);
    clock += HOUR;
  }
});

test('requests of one app do not affect those of another, and a mail does not name an app that registered itself', async () => {
  const ada = await app.seed.person();
  const wait = (source: string, details = {}) =>
    enqueue(app, { kind: 'request_waiting', accountId: ada.id, source, details }, now);
  for (let i = 0; i < 7; i += 1) await wait('noisy', { app: 'Noisy Till' });
  await wait('quiet');
  const mails = await mailsTo(ada.email);
  const mailsFrom = (name: string) => {
    const lead = message('mail.request_waiting.lead', { app: name, email: ada.email, host: new URL(app.issuer).host });
    return mails.filter(({ text }) => text.includes(lead)).length;
  };
  assert.deepEqual([mailsFrom('Noisy Till'), mailsFrom(en['mail.request_waiting.some-app'])], [5, 1]);
});

test('an owner who is locked out can sign in by the mail that reports the lock', async () => {
  const ada = await app.seed.person();
  for (let i = 0; i < 3; i += 1) await canSignIn(app, ada.email, 'wrong');
  const [mail] = await mailsTo(ada.email);
  await useLink(app, mail?.link ?? '');
  const { browser, page } = await begin(app, party);
  assert.notEqual(
    (await submit(browser, page, { identifier: ada.email, password: ada.password, action: 'signin' })).status,
    400,
  );
});

describe('the throttle', () => {
  function throttle() {
    const keys: string[] = [];
    const memory = createMemoryCounter(() => clock);
    const counter = {
      ...memory,
      increment(key: string, windowMs: number) {
        keys.push(key);
        return memory.increment(key, windowMs);
      },
    };
    const env = { CARDEA_MAIL_LIMIT_ADDRESS: '3', CARDEA_MAIL_LIMIT: '5' };
    const limits = mailLimitsOf(limitsOf(env, () => clock, { counter }));
    return { ...createMailThrottle({ counter, indexKey: randomBytes(32), limits, now: () => clock }), keys };
  }

  test('counts all spellings of an address together, by kind, and stores nothing readable', async () => {
    const { admits, keys } = throttle();
    const source = '203.0.113.7';
    const spellings = ['ada@example.com', 'ADA@example.com', ' ａｄａ@Example.com ', 'ada@EXAMPLE.com'];
    const admitted: boolean[] = [];
    for (const to of spellings) admitted.push(await admits('reset', { to, source }));
    assert.deepEqual(admitted, [true, true, true, false]);
    assert.equal(await admits('sign_up', { to: 'ada@example.com', source }), true);
    assert.equal(await admits('reset', { to: 'bob@example.com', source }), true);
    assert.ok(keys.every((key) => !/ada|example|203/.test(key)));
  });

  test('limits requests by network and in all, by kind and hour; a mail refused by one limit does not count for the other', async () => {
    const { mayAsk } = throttle();
    const asked: boolean[] = [];
    for (let i = 0; i < 6; i += 1) asked.push(await mayAsk('reset', { network: 'a' }));
    // More than half of the whole is used, so each network may have a small share of what is left.
    for (let i = 0; i < 2; i += 1) asked.push(await mayAsk('reset', { network: 'b' }));
    assert.deepEqual(asked, [true, true, true, false, false, false, true, false]);
    assert.equal(await mayAsk('reset', { network: 'c' }), true);
    assert.equal(await mayAsk('reset', { network: 'd' }), false, 'in all');
    assert.equal(await mayAsk('sign_up', { network: 'a' }), true);
    clock += HOUR;
    assert.equal(await mayAsk('reset', { network: 'a' }), true);
  });

  test('sends notices about an account until its person has got twenty of that kind', async () => {
    const { admits } = throttle();
    const admitted: boolean[] = [];
    for (let i = 0; i < 21; i += 1) admitted.push(await admits('username_changed', { to: 'x', source: 'x' }));
    assert.deepEqual(admitted, [...Array(20).fill(true), false]);
    assert.equal(await admits('password_changed', { to: 'x', source: 'x' }), true);
  });
});
