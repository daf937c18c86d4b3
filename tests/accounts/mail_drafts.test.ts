import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Account } from '../../server/accounts/account.ts';
import type { MailThrottle } from '../../server/accounts/mail_throttle.ts';
import type { NoticeKind } from '../../server/accounts/mails.ts';
import { MUST_CHANGE } from '../../server/accounts/policy.ts';
import { createDrafts } from '../../server/jobs/mail_drafts.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { changePassword } from '../helpers/account_changes.ts';
import { has } from '../helpers/html.ts';
import { message } from '../helpers/messages.ts';
import { ISSUER, mailQueues, STRANGERS, views } from './mail_queue.ts';

/** Whether a queued mail is sent when its turn has come, to whom, and what it says. */
const setUp = await mailQueues({ after });
const unlimited: MailThrottle = { mayAsk: async () => true, admits: async () => true };

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
    mails.enqueue({ kind: 'change_email', accountId: ada.id, email: 'ada@new.example.com', details }, ada),
    mails.enqueue({ kind: 'email_changed', accountId: ada.id, previous: 'ada@old.example.com', details }, ada),
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

for (const [whose, setAt] of [
  ['by the person', undefined],
  ['by an operator', MUST_CHANGE],
] as const) {
  test(`a change of password ${whose} cancels a change of address whose mail has not been sent yet`, async (t) => {
    const { enqueue, clock, db, accounts, worker, post } = await setUp(t);
    const { id, email } = await accounts.create({
      email: `robbed.${whose.replaceAll(' ', '.')}@example.com`,
      passwordHash: 'x',
    });
    await enqueue({ kind: 'change_email', accountId: id, email: 'thief@example.com' });
    clock.ms += 1;
    await db.transact(await changePassword(accounts, id, setAt));
    await worker().run();
    assert.deepEqual(
      post.mails.map(({ to }) => to[0]),
      [email],
    );
  });
}
