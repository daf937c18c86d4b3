import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { setUpCli } from './run_cli.ts';

const scope = { after };
const { cardea, folder } = await setUpCli(scope);
const env = { CARDEA_SMTP_URL: 'smtps://user:of-the-mails@smtp.example.com' };

test('privacy report is read with the words of its JSON, and names the recipients without passwords', async () => {
  const { json } = await cardea(['privacy', 'report', '--json'], { env });
  const { code, stdout, stderr } = await cardea(['privacy', 'report'], { env });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^made_at +\d{4}-/m);
  assert.match(stdout, /^issuer +http/m);
  const titles = ['Processing activities', 'Retention', 'Recipients', 'Other recipients', 'Security measures'];
  for (const title of titles) assert.match(stdout, new RegExp(`^${title}$`, 'm'));
  assert.match(stdout, /^mail_server +CARDEA_SMTP_URL +smtp +smtp\.example\.com /m);
  for (const { kind, data } of json.other_recipients) assert.ok(stdout.includes(kind) && stdout.includes(data));
  for (const { table } of json.retention) assert.match(stdout, new RegExp(`^${table} `, 'm'));
  assert.ok(!(stdout + JSON.stringify(json)).includes('of-the-mails'));
});

test('the commands of ops/docs/privacy.md work as they stand, in their order', async () => {
  const document = readFileSync(join(ROOT, 'ops/docs/privacy.md'), 'utf8');
  const commands = [...document.matchAll(/^ {4}cardea (.*)$/gm)].map(([, rest = '']) => rest);
  assert.ok(commands.length > 12);
  await cardea(['users', 'create', '--email', 'ada@example.com', '--no-password']);
  for (const command of commands) {
    const args = [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) =>
      (double ?? single ?? plain ?? '').replace(/^ada\.zip$/, join(folder, 'ada.zip')),
    );
    const { code, stderr } = await cardea(args);
    assert.equal(code, 0, `${command}: ${stderr}`);
  }
});

test('a deletion is told of by mail, and an erasure is not', async () => {
  const { json: person } = await cardea(['users', 'create', '--email', 'grace@example.com', '--no-password', '--json']);
  const kinds = async () => (await cardea(['mail', 'list', '--json'])).json.map(({ kind }: { kind: string }) => kind);
  await cardea(['users', 'delete', person.id]);
  assert.ok((await kinds()).includes('deletion_planned'));
  await cardea(['users', 'erase', person.id]);
  const { json: waiting } = await cardea(['mail', 'list', '--json']);
  assert.ok(!waiting.some(({ user_id: id }: { user_id: string | null }) => id === person.id || id === null));
});
