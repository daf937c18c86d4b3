import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setUpCli } from './run_cli.ts';

const scope = { after };
const { cardea } = await setUpCli(scope);
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
