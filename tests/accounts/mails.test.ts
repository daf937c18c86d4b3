import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import type { Account } from '../../server/accounts/account.ts';
import { createLinks } from '../../server/accounts/links.ts';
import { createMailThrottle, type MailThrottle } from '../../server/accounts/mail_throttle.ts';
import { createMails, MAILS_CHANNEL, type MailIntent, type NoticeKind } from '../../server/accounts/mails.ts';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { createMailWorker, type MailWorkerParts, pauseAfter } from '../../server/jobs/mail.ts';
import { createDrafts } from '../../server/jobs/mail_drafts.ts';
import { createDb } from '../../server/platform/db.ts';
import { createMemoryCounter } from '../../server/platform/limits.ts';
import { createLog } from '../../server/platform/log.ts';
import { createSmtpMailer, type Mailer } from '../../server/platform/mail.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { smtpUrl } from '../../server/platform/smtp_url.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { createViews } from '../../server/views/views.ts';
import { changePassword } from '../helpers/account_changes.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { has } from '../helpers/html.ts';
import { type Mailbox, mailbox } from '../helpers/mailbox.ts';
import { message } from '../helpers/messages.ts';
import { database } from '../helpers/postgres.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { dumpDatabase, formsOf, remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

const ISSUER = new URL('https://id.example.com');
const views = createViews();
const MINUTE = 60_000;
/** No browser has signed in before. */
const STRANGERS = { isKnown: async () => ({ known: false, first: false }) };
const NO_LIMITS = { perNetwork: 1_000, inAll: 1_000 };
const unlimited: MailThrottle = { mayAsk: async () => true, admits: async () => true };

/** For tests that send all mails that they queue. */
const shared = await database({ after });
const sharedKey = remember('master_key', randomBytes(32).toString('base64'));

/**
 * A queue, a mail server, and a function that creates workers.
 * @param own a database of its own, for a test that leaves mails in the queue
 */
async function setUp(t: Scope, own?: 'own') {
  const clock = { ms: Date.UTC(2026, 0, 1, 12) };
  const now = () => clock.ms;
  const { db, url } = own ? await database(t) : shared;
  const masterKey = own ? remember('master_key', randomBytes(32).toString('base64')) : sharedKey;
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const { accounts } = await createSeeder(db, masterKey, now);
  const mails = createMails({ db, sealer, now });
  const links = createLinks({ db, sealer, now });
  const post = await mailbox(t);
  const lines: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  const counter = createMemoryCounter(now);
  const throttle = createMailThrottle({ counter, indexKey: randomBytes(32), limits: NO_LIMITS, now });
  const draft = createDrafts({ accounts, devices: STRANGERS, links, views, throttle, issuer: ISSUER });

  function worker(more: Partial<MailWorkerParts> = {}) {
    const mailer = mailerTo(t, post, now);
    return createMailWorker({ mails, draft, mailer, db, now, log, ...more });
  }

  return {
    clock,
    now,
    db,
    url,
    sealer,
    accounts,
    mails,
    links,
    post,
    lines,
    log,
    worker,
    enqueue: (intent: MailIntent) => db.transact([mails.enqueue(intent)]),
    queued: () => db.run<{ tries: number; due_at: Date }>({ name: '', text: 'SELECT tries, due_at FROM mails' }, []),
    person: (input: { name?: string; locale?: string; zoneinfo?: string } = {}) =>
      accounts.create({ email: `${randomBytes(4).toString('hex')}@example.com`, emailVerified: true, ...input }),
  };
}

function mailerTo(t: Scope, post: Mailbox, now: () => number): Mailer {
  const mailer = createSmtpMailer(smtpUrl(post.url), {
    from: { name: 'Cardea', address: 'door@id.example.com' },
    domain: 'id.example.com',
    now,
    timeouts: { connectMs: 2_000, silenceMs: 2_000 },
  });
  defer(t, () => mailer.close());
  return mailer;
}

test('a mail is queued in the transaction that asks for it, or not at all', async (t) => {
  const { db, mails, queued, person } = await setUp(t, 'own');
  const { id: accountId } = await person();
  const failing = { statement: { name: '', text: 'SELECT 1 / 0' }, values: [] };
  await assert.rejects(db.transact([mails.enqueue({ kind: 'unlocked', accountId }), failing]));
  assert.deepEqual(await queued(), []);
  const listener = await db.connect();
  defer(t, () => listener.end());
  let told = 0;
  listener.on('notification', () => {
    told += 1;
  });
  await listener.query(`LISTEN ${MAILS_CHANNEL}`);
  await db.transact([mails.enqueue({ kind: 'unlocked', accountId })]);
  assert.equal((await queued()).length, 1);
  await until('the notification', () => told === 1);
});

test('a queued mail is sealed', async (t) => {
  const { enqueue, url } = await setUp(t, 'own');
  const email = 'only.in.the.queue@example.com';
  await enqueue({ kind: 'reset', email, locale: 'en' });
  const dump = await dumpDatabase(url);
  for (const form of formsOf(email)) assert.equal(dump.includes(form), false);
});

test('a queued mail is sent once, and removed', async (t) => {
  const { enqueue, person, worker, post, queued } = await setUp(t);
  const ada = await person({ name: 'Ada Lovelace' });
  await enqueue({ kind: 'new_device', accountId: ada.id, details: { browser: 'Firefox', address: '203.0.113.7' } });
  await worker().run();
  await worker().run();
  assert.equal(post.mails.length, 1);
  const mail = await post.next(ada.email);
  assert.equal(mail.headers.get('to'), `Ada Lovelace <${ada.email}>`);
  assert.equal(mail.headers.get('auto-submitted'), 'auto-generated');
  assert.match(mail.headers.get('message-id') ?? '', /@id\.example\.com>$/);
  for (const form of [mail.text, mail.html]) {
    for (const fact of ['Firefox', '203.0.113.7', 'Thursday, January 1, 2026 at 12:00:00', ada.email]) {
      assert.ok(form.includes(fact), `${fact} in ${form}`);
    }
  }
  assert.deepEqual(await queued(), []);
});

test('a crash between sending and removing sends the mail at most once more, when the lease has ended', async (t) => {
  const { clock, enqueue, person, worker, post, mails, queued } = await setUp(t);
  const { id: accountId, email } = await person();
  await enqueue({ kind: 'unlocked', accountId });
  const dying = { ...mails, remove: () => Promise.reject(new Error('dead')), postpone: async () => {} };
  await worker({ mails: dying }).run();
  await worker().run();
  assert.equal(post.mails.length, 1, 'no other node claims it before the lease ends');
  clock.ms += 5 * MINUTE;
  await worker().run();
  const [first, second] = [await post.next(email), await post.next(email)];
  assert.equal(
    first.headers.get('message-id'),
    second.headers.get('message-id'),
    'both mails have the same Message-ID',
  );
  assert.deepEqual(await queued(), []);
});

test('a crash before sending loses nothing', async (t) => {
  const { clock, enqueue, person, worker, post, mails } = await setUp(t);
  const { id: accountId, email } = await person();
  await enqueue({ kind: 'unlocked', accountId });
  await mails.claimDue({ limit: 1, leaseMs: MINUTE }); // by a node that dies now
  await worker().run();
  assert.equal(post.mails.length, 0);
  clock.ms += MINUTE;
  await worker().run();
  await post.next(email);
});

test('ten workers at once send each of fifty mails once', async (t) => {
  const { enqueue, person, worker, post, queued } = await setUp(t);
  const people: Account[] = [];
  for (let i = 0; i < 50; i += 1) people.push(await person());
  await Promise.all(people.map(({ id }) => enqueue({ kind: 'unlocked', accountId: id })));
  const workers = Array.from({ length: 10 }, () => worker());
  await Promise.all(workers.map((one) => one.run()));
  assert.deepEqual(post.mails.map(({ to }) => to[0]).sort(), people.map(({ email }) => email).sort());
  assert.deepEqual(await queued(), []);
});

test('no more mails are claimed than asked for, with any plan of the database', async (t) => {
  const { enqueue, person, url, sealer, now } = await setUp(t, 'own');
  const { id: accountId } = await person();
  for (let i = 0; i < 9; i += 1) await enqueue({ kind: 'unlocked', accountId });
  const nested = new URL(url);
  nested.searchParams.set(
    'options',
    '-c enable_hashjoin=off -c enable_mergejoin=off -c enable_hashagg=off -c enable_sort=off -c enable_material=off',
  );
  const db = createDb({ url: nested.href });
  defer(t, () => db.close());
  assert.equal((await createMails({ db, sealer, now }).claimDue({ limit: 2, leaseMs: MINUTE })).length, 2);
});

for (const [what, behaviour] of [
  ['refuses the recipient for now', { kind: 'refuse', code: 451, at: 'rcpt' }],
  ['refuses the content for now', { kind: 'refuse', code: 452, at: 'data' }],
] as const) {
  test(`a server that ${what} is tried again after longer and longer pauses`, async (t) => {
    const { clock, enqueue, person, worker, post, queued } = await setUp(t);
    const { id: accountId, email } = await person();
    await enqueue({ kind: 'unlocked', accountId });
    post.behave(behaviour);
    const pauses: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      await worker().run();
      const [mail] = await queued();
      assert.equal(mail?.tries, i + 1);
      pauses.push((mail?.due_at.getTime() ?? 0) - clock.ms);
      await worker().run();
      assert.equal(post.tries.length, i + 1, 'not before it is due');
      clock.ms = mail?.due_at.getTime() ?? 0;
    }
    assert.deepEqual(pauses, [15_000, 30_000, 60_000, 120_000]);
    post.behave({ kind: 'accept' });
    await worker().run();
    await post.next(email);
    assert.deepEqual(await queued(), []);
  });
}

for (const at of ['rcpt', 'data'] as const) {
  test(`a server that refuses for good (${at}) is not tried again, and the log has no address`, async (t) => {
    const { enqueue, person, worker, post, queued, lines } = await setUp(t);
    const { id: accountId, email } = await person({ name: 'Ada Unmistakable' });
    await enqueue({ kind: 'unlocked', accountId });
    post.behave({ kind: 'refuse', code: 550, at });
    await worker().run();
    assert.deepEqual(await queued(), []);
    const text = lines.join('');
    assert.match(text, /a mail was refused for good/);
    assert.ok(!text.includes(email) && !text.includes('Unmistakable'), text);
  });
}

test('a mail is given up and removed when it expires', async (t) => {
  const { clock, enqueue, person, worker, post, queued, now, db, lines } = await setUp(t);
  const { id: accountId } = await person();
  await enqueue({ kind: 'unlocked', accountId });
  post.behave({ kind: 'refuse', code: 450, at: 'rcpt' });
  const one = worker();
  for (let i = 0; i < 100 && (await queued()).length > 0; i += 1) {
    await one.run();
    clock.ms += 3_600_000;
  }
  assert.ok(post.tries.length > 60 && post.tries.length < 80, `${post.tries.length} attempts in three days`);
  assert.match(lines.join(''), /a mail was given up/);
  await enqueue({ kind: 'reset', email: 'x@example.com', locale: 'en' });
  clock.ms += 2 * 3_600_000 + 1;
  assert.equal(await cleanUp({ db, now }), 1, 'a link that expired');
});

test('a server that hangs or is down blocks the queue only for a short time', async (t) => {
  const { enqueue, person, worker, post, queued, clock } = await setUp(t);
  const { id: accountId, email } = await person();
  await enqueue({ kind: 'unlocked', accountId });
  post.behave({ kind: 'hang' });
  const began = performance.now();
  await worker().run();
  assert.ok(performance.now() - began < 10_000);
  assert.equal((await queued())[0]?.tries, 1);
  post.release();
  await post.close();
  clock.ms += 15_000;
  await worker().run();
  assert.equal((await queued())[0]?.tries, 2);
  const back = await mailbox(t, { port: Number(new URL(post.url).port) });
  clock.ms += 30_000;
  await worker().run();
  await back.next(email);
});

test('a worker that is called while it works looks for more', async (t) => {
  const { enqueue, person, worker, post } = await setUp(t, 'own');
  const [ada, bob] = [await person(), await person()];
  await enqueue({ kind: 'unlocked', accountId: ada.id });
  post.behave({ kind: 'hang' });
  const one = worker();
  const running = one.run();
  await until('the first mail hangs', () => post.hanging() === 1);
  await enqueue({ kind: 'unlocked', accountId: bob.id });
  void one.run();
  post.release();
  await running;
  await post.next(bob.email);
  await one.stop();
  await enqueue({ kind: 'unlocked', accountId: ada.id });
  await one.run();
  assert.equal(post.mails.length, 2, 'after a stop it claims nothing');
});

test('pauses grow to an hour', () => {
  assert.deepEqual([1, 2, 3, 9, 50].map(pauseAfter), [15_000, 30_000, 60_000, 3_600_000, 3_600_000]);
});

test('every kind of mail says in text and HTML what happened and what to do, in one language, without external content', async (t) => {
  const { enqueue, person, worker, post, mails, db } = await setUp(t);
  const kinds: readonly NoticeKind[] = [
    'locked',
    'unlocked',
    'new_device',
    'password_changed',
    'factor_added',
    'factor_removed',
    'recovery_codes_renewed',
    'username_changed',
    'request_waiting',
  ];
  const ada = await person({ name: 'Ada', locale: 'xx-XX', zoneinfo: 'No/Where' });
  const details = { browser: 'Firefox', address: '203.0.113.7', factor: 'totp', app: 'Call Centre' };
  for (const kind of kinds) await enqueue({ kind, accountId: ada.id, details });
  await enqueue({ kind: 'locked', accountId: ada.id, details: { ...details, factor: 'password' } });
  await enqueue({ kind: 'reset', email: ada.email, locale: 'en' });
  await enqueue({ kind: 'sign_up', email: ada.email, locale: 'en' });
  await enqueue({ kind: 'sign_up', email: 'new@example.com', locale: 'en' });
  await db.transact([
    mails.enqueue({ kind: 'change_email', accountId: ada.id, email: 'ada@new.example.com', details }),
    mails.enqueue({ kind: 'email_changed', accountId: ada.id, previous: 'ada@old.example.com', details }),
  ]);
  await worker().run();
  assert.equal(post.mails.length, kinds.length + 1 + 3 + 4);
  const subjects = new Set(post.mails.map(({ subject }) => subject));
  assert.equal(subjects.size, post.mails.length - 1, 'all texts differ; the change is reported to both addresses');
  for (const { subject, text, html, source, link } of post.mails) {
    assert.match(source, /Content-Type: multipart\/alternative/);
    assert.ok(has({ body: html }, 'html[lang="en"][dir="ltr"]'));
    assert.doesNotMatch(html, /<img|<script|<link|url\(|@import/i, subject);
    const urls = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, url]) => url);
    const page = subject === en['mail.request_waiting.subject'] ? [`${ISSUER.origin}/account/requests`] : [];
    assert.deepEqual(urls, link === '' ? page : [link], subject);
    assert.doesNotMatch(text, /\{\w+\}|undefined|<|&amp;/, subject);
    assert.ok(link === '' || link.startsWith(`${ISSUER.origin}/account/link/`), link);
    for (const line of source.split('\r\n')) assert.ok(line.length <= 998, 'RFC 5322 §2.1.1');
  }
  const [toNew, toOld] = [await post.next('ada@new.example.com'), await post.next('ada@old.example.com')];
  assert.match(toNew.link, /change_email\?token=/);
  assert.equal(toOld.link, '');
  const locked = post.mails.find(({ link }) => link.includes('/unlock?'));
  assert.ok(locked?.text.includes(`${en['mail.fact.factor']}: ${en['mail.factor.password']}`));
  const codes = post.mails.find(({ subject }) => subject === en['mail.codes_locked.subject']);
  assert.ok(codes?.text.includes(`${en['mail.fact.factor']}: ${en['mail.factor.totp']}`));
  assert.equal(codes?.link, '');
});

test('five mails an hour tell of requests of apps, each for ten minutes, and do not count against other mails', async (t) => {
  const { clock, enqueue, person, worker, post } = await setUp(t, 'own');
  const ada = await person();
  const one = worker();
  for (let n = 0; n < 7; n += 1)
    await enqueue({ kind: 'request_waiting', accountId: ada.id, details: { app: 'Till' } });
  await one.run();
  assert.equal(post.mails.length, 5);
  const lead = message('mail.request_waiting.lead', { app: 'Till', email: ada.email, host: ISSUER.host });
  assert.ok(post.mails[0]?.text.includes(lead), post.mails[0]?.text);
  await enqueue({ kind: 'reset', email: ada.email, locale: 'en' });
  await one.run();
  assert.equal(post.mails.length, 6, 'a forgotten password has its own limit');
  clock.ms += 3_600_000;
  await enqueue({ kind: 'request_waiting', accountId: ada.id, details: { app: 'Till' } });
  clock.ms += 600_001;
  await one.run();
  assert.equal(post.mails.length, 6, 'an expired notice is useless');
});

test('nothing in a name or a user agent becomes a header, markup or a link', async (t) => {
  const { enqueue, accounts, worker, post, links } = await setUp(t);
  const evil = 'Eve\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>';
  await assert.rejects(accounts.create({ email: 'eve@example.com', name: evil }), { code: 'invalid_input' });
  // Written by an import or an older version.
  const eve = await accounts.create({ email: 'eve@example.com', name: 'Eve', emailVerified: true });
  const found = async () => ({ ...eve, name: evil });
  const draft = createDrafts({
    accounts: { findById: found, findByIdentifier: found },
    links,
    views,
    devices: STRANGERS,
    throttle: unlimited,
    issuer: ISSUER,
  });
  const browser = 'Mozilla\r\nX-Evil: 1 <a href="https://evil.example">https://evil.example/win</a>';
  await enqueue({ kind: 'new_device', accountId: eve.id, details: { browser, address: evil } });
  await worker({ draft }).run();
  const mail = await post.next('eve@example.com');
  assert.deepEqual(post.tries, ['eve@example.com'], 'no other recipient');
  assert.equal(mail.headers.get('to'), '"Eve Bcc: victim@example.com <script>alert(1)</script>" <eve@example.com>');
  assert.deepEqual([mail.headers.get('bcc'), mail.headers.get('x-evil')], [undefined, undefined]);
  assert.doesNotMatch(mail.html, /<script|<a /);
  assert.doesNotMatch(mail.text, /https?:\/\//);
  assert.doesNotMatch(mail.html, /https?:\/\//);
});

test('mail to an address in another script, or with a plus, arrives', async (t) => {
  const { enqueue, accounts, worker, post } = await setUp(t);
  for (const email of ['Grace+Door@Example.COM', 'info@bücher.example']) {
    const account = await accounts.create({ email, emailVerified: true, name: 'Grace “Amazing” Hopper, Ph.D.' });
    await enqueue({ kind: 'unlocked', accountId: account.id });
  }
  await worker().run();
  assert.deepEqual(post.mails.map(({ to }) => to[0]).sort(), ['Grace+Door@example.com', 'info@bücher.example']);
  for (const { headers } of post.mails) assert.match(headers.get('to') ?? '', /Grace “Amazing” Hopper, Ph\.D\./);
});

test('a mail is in the first supported language of the account and the request', async () => {
  const asked: (string | undefined)[] = [];
  const account = { id: 'x', email: 'ada@example.com', emailVerified: true, locale: 'xx', epoch: 0 } as Account;
  const draft = createDrafts({
    accounts: { findById: async () => account, findByIdentifier: async () => account },
    links: {
      create: () => ({ token: 'token', bound: { statement: { name: '', text: '' }, values: [] } }),
      endAllOf: () => ({ statement: { name: '', text: '' }, values: [] }),
    },
    views: {
      ...views,
      negotiate(uiLocales) {
        asked.push(uiLocales);
        return 'en';
      },
    },
    devices: STRANGERS,
    throttle: unlimited,
    issuer: ISSUER,
  });
  const expiresAt = new Date();
  await draft({
    id: 'm',
    intent: { kind: 'reset', email: account.email, locale: 'de' },
    at: 0,
    attempts: 1,
    expiresAt,
  });
  await draft({ id: 'm', intent: { kind: 'unlocked', accountId: 'x' }, at: 0, attempts: 1, expiresAt });
  assert.deepEqual(asked, ['xx de', 'xx']);
});

test('a mail that has become needless is not sent', async (t) => {
  const { enqueue, person, worker, post, queued, accounts } = await setUp(t);
  const verified = await person();
  await enqueue({ kind: 'verify_email', accountId: verified.id });
  const withPassword = await accounts.create({ email: 'has@example.com', passwordHash: 'x' });
  await enqueue({ kind: 'invitation', accountId: withPassword.id });
  await enqueue({ kind: 'change_email', accountId: verified.id, email: withPassword.email });
  await enqueue({ kind: 'unlocked', accountId: crypto.randomUUID() });
  await worker().run();
  assert.deepEqual(
    post.mails.map(({ subject }) => subject),
    [en['mail.change_email_requested.subject']],
    'the address of another account gets no link; the owner is told of the request',
  );
  assert.deepEqual(await queued(), []);
});

test('a change of password cancels a change of address whose mail has not been sent yet', async (t) => {
  const { enqueue, clock, db, accounts, worker, post } = await setUp(t);
  const { id, email } = await accounts.create({ email: 'robbed@example.com', passwordHash: 'x' });
  await enqueue({ kind: 'change_email', accountId: id, email: 'thief@example.com' });
  clock.ms += 1;
  await db.transact(await changePassword(accounts, id));
  await worker().run();
  assert.deepEqual(
    post.mails.map(({ to }) => to[0]),
    [email],
  );
});

test('a mail that no master key opens stays queued, and is logged', async (t) => {
  const { enqueue, db, log, now, lines, queued, worker } = await setUp(t, 'own');
  await enqueue({ kind: 'unlocked', accountId: crypto.randomUUID() });
  await worker({ mails: createMails({ db, sealer: createSealer([randomBytes(32)]), now }), log }).run();
  assert.match(lines.join(''), /cannot be opened/);
  assert.equal((await queued()).length, 1);
});
