import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import type { Account } from '../../server/accounts/account.ts';
import { createMails, MAILS_CHANNEL } from '../../server/accounts/mails.ts';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { pauseAfter } from '../../server/jobs/mail.ts';
import { createDb } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { NO_PEOPLE } from '../helpers/no_people.ts';
import { defer } from '../helpers/scope.ts';
import { dumpDatabase, formsOf } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { MINUTE, mailQueues } from './mail_queue.ts';

/** The queue of mails, and its worker: each mail is sent once, and none is lost. */
const setUp = await mailQueues({ after });

test('a mail is queued in the transaction that asks for it, or not at all', async (t) => {
  const { db, mails, queued, person } = await setUp(t, 'own');
  const { id: accountId } = await person();
  const failing = { statement: { name: '', text: 'SELECT 1 / 0' }, values: [] };
  await assert.rejects(db.transact([mails.enqueue({ kind: 'unlocked', accountId }, undefined), failing]));
  assert.deepEqual(await queued(), []);
  const listener = await db.connect();
  defer(t, () => listener.end());
  let told = 0;
  listener.on('notification', () => {
    told += 1;
  });
  await listener.query(`LISTEN ${MAILS_CHANNEL}`);
  await db.transact([mails.enqueue({ kind: 'unlocked', accountId }, undefined)]);
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
  assert.equal(
    (await createMails({ db, sealer, people: NO_PEOPLE, now }).claimDue({ limit: 2, leaseMs: MINUTE })).length,
    2,
  );
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

test('a mail that no master key opens stays queued, and is logged', async (t) => {
  const { enqueue, db, log, now, lines, queued, worker } = await setUp(t, 'own');
  await enqueue({ kind: 'unlocked', accountId: crypto.randomUUID() });
  await worker({
    mails: createMails({ db, sealer: createSealer([randomBytes(32)]), people: NO_PEOPLE, now }),
    log,
  }).run();
  assert.match(lines.join(''), /cannot be opened/);
  assert.equal((await queued()).length, 1);
});
