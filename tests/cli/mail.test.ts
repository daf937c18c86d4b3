import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { createSeeder } from '../helpers/deployment.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { freePort } from '../helpers/waiting.ts';
import { setUpCli } from './run_cli.ts';

test('mail test sends a mail through the configured server, and prints the server’s response', async (t) => {
  const { cardea } = await setUpCli(t);
  const post = await mailbox(t);
  const env = { CARDEA_SMTP_URL: post.url, CARDEA_MAIL_FROM: 'door@id.example.com' };
  const sent = await cardea(['mail', 'test', '--to', 'ada@example.com', '--json'], { env });
  assert.deepEqual([sent.code, sent.stderr], [0, '']);
  assert.deepEqual([sent.json.to, sent.json.from], ['ada@example.com', 'door@id.example.com']);
  assert.match(sent.json.answer, /^250 /);
  assert.equal((await post.next('ada@example.com')).subject, en['mail.test.subject']);
});

test('mail test reports what is wrong', async (t) => {
  const { cardea } = await setUpCli(t);
  const post = await mailbox(t);
  const to = ['mail', 'test', '--to', 'ada@example.com'];
  post.behave({ kind: 'refuse', code: 550, at: 'rcpt' });
  const refused = await cardea(to, { env: { CARDEA_SMTP_URL: post.url } });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^cardea: [^\n]*550[^\n]*\n$/);
  const away = await cardea(to, { env: { CARDEA_SMTP_URL: `smtp://127.0.0.1:${await freePort()}` } });
  assert.equal(away.code, 1);
  assert.match(away.stderr, /^cardea: [^\n]*ECONNREFUSED[^\n]*\n$/);
  const plain = await cardea(to, { env: { CARDEA_SMTP_URL: `${post.url}?tls=required` } });
  assert.equal(plain.code, 1, 'a server without STARTTLS gets no mail where TLS is required');
  assert.equal((await cardea(['mail', 'test', '--to', 'nobody'])).code, 1);
});

test('in development a mail is written to a file that only its owner can read', async (t) => {
  const { cardea, folder } = await setUpCli(t);
  const sent = await cardea(['mail', 'test', '--to', 'ada@example.com']);
  assert.equal(sent.code, 0, sent.stderr);
  const [name = ''] = readdirSync(join(folder, 'outbox'));
  assert.match(name, /^\d{4}-[0-9TZ-]+-test-[0-9a-f]{6}\.eml$/);
  assert.equal(statSync(join(folder, 'outbox', name)).mode & 0o777, 0o600);
  assert.match(readFileSync(join(folder, 'outbox', name), 'utf8'), /^To: ada@example\.com\r$/m);
});

test('users invite adds a person without a password and queues the invitation; run again, it queues another one', async (t) => {
  const { cardea, db, masterKey } = await setUpCli(t);
  const query = (text: string) => db.run({ name: '', text }, []);
  const invite = ['users', 'invite', '--email', 'grace@example.com', '--name', 'Grace Hopper', '--json'];
  const first = await cardea(invite);
  assert.deepEqual([first.code, first.stderr], [0, '']);
  const shown = (await cardea(['users', 'show', first.json.id, '--full', '--json'])).json;
  assert.deepEqual([shown.email_verified, shown.has_password, shown.name], [false, false, 'Grace Hopper']);
  assert.equal((await query('SELECT 1 FROM mails')).length, 1);
  const again = await cardea(invite);
  assert.equal(again.json.id, first.json.id);
  assert.equal((await query('SELECT 1 FROM mails')).length, 2);
  const { accounts } = await createSeeder(db, masterKey);
  await db.transact(accounts.passwordStatements(await accounts.resolve(first.json.id), 'phc'));
  const late = await cardea(invite);
  assert.equal(late.code, 1);
  assert.match(late.stderr, /^cardea: email: [^\n]+\n$/);
});
