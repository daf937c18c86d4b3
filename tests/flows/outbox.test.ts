import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { attributeOf, has, textOf } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { until } from '../helpers/waiting.ts';
import { askForMail, canSignIn, useLink } from './mailed_links.ts';

/** In development without a mail server, mails are written to files, which a local page lists. */

const scope = { after };
const app = await deployment(scope);
const outbox = join(app.dataDir, 'outbox');
const browser = browserSession(app.issuer);

test('is empty before a mail was sent', async () => {
  const page = await browser.get('/outbox');
  assert.equal(page.status, 200);
  assert.equal(has(page, 'a[href^="/outbox/"]'), false);
});

test('shows each mail as text, with working links', async () => {
  const person = await app.seed.person({ name: 'Ada Lovelace' });
  await askForMail(app, '/account/forgot', person.email);
  const list = await until('the mail is there', async () => {
    const page = await browser.get('/outbox');
    return page.body.includes(person.email) && page;
  });
  const mail = await browser.get(attributeOf(list, 'a[href^="/outbox/"]', 'href') ?? '');
  assert.ok(textOf(mail, '#text')?.includes('Ada Lovelace'));
  const link = attributeOf(mail, 'a[href^="http"][href*="token="]', 'href') ?? '';
  const password = 'Opened-From-The-Outbox-1';
  await useLink(app, link, { new_password: password });
  assert.ok(await canSignIn(app, person.email, password));
  for (const name of readdirSync(outbox)) assert.equal(statSync(join(outbox, name)).mode & 0o777, 0o600);
  assert.equal(statSync(outbox).mode & 0o777, 0o700);
});

test('shows the content of a mail as data: no markup, and no links to other sites', async () => {
  mkdirSync(outbox, { recursive: true });
  const name = '2999-01-01T00-00-00-000Z-test-abcdef.eml';
  const hostile = '<script>alert(1)</script>';
  const lines = [
    `To: ${hostile}`,
    `Subject: ${hostile}`,
    'Content-Type: text/plain',
    '',
    `${hostile} https://evil.example/ javascript:alert(1) ${app.issuer}/ok`,
  ];
  writeFileSync(join(outbox, name), lines.join('\r\n'));
  for (const page of [await browser.get('/outbox'), await browser.get(`/outbox/${name}`)]) {
    assert.equal(page.status, 200);
    assert.doesNotMatch(page.body, /<script>alert/);
    assert.doesNotMatch(page.body, /href="(https:\/\/evil|javascript)/);
  }
  assert.ok(has(await browser.get(`/outbox/${name}`), `a[href="${app.issuer}/ok"]`));
});

test('shows files that are mails only', async () => {
  writeFileSync(join(app.dataDir, 'secret.eml'), 'To: x\r\n\r\nsecret');
  for (const name of ['..%2fsecret.eml', '%2e%2e%2fsecret.eml', 'secret.eml', '.hidden.eml', 'x%00.eml']) {
    const page = await browser.get(`/outbox/${name}`);
    assert.ok(page.status === 404 || page.status === 400, `${name}: ${page.status}`);
    assert.doesNotMatch(page.body, /secret<|\bsecret$/);
  }
});

test('does not exist with a mail server or in production', async () => {
  const post = await mailbox(scope);
  const served = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url } });
  const production = await deployment(scope, { env: { NODE_ENV: 'production' } });
  for (const { issuer } of [served, production]) {
    assert.equal((await browserSession(issuer).get('/outbox')).status, 404);
  }
  assert.equal((await browserSession(production.issuer).get('/account/forgot')).status, 404, 'no mail can be sent');
  assert.ok(production.logLines.some((line) => line.includes('no mail is sent')));
});
