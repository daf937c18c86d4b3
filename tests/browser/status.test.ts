import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createNamed } from '../../server/accounts/named.ts';
import ar from '../../server/views/messages/ar.json' with { type: 'json' };
import de from '../../server/views/messages/de.json' with { type: 'json' };
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { artifacts } from '../helpers/artifacts.ts';
import { assertAccessible } from '../helpers/axe.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { textsOf } from '../helpers/html.ts';
import { message } from '../helpers/messages.ts';
import { openPage } from '../helpers/page.ts';
import { TAKES_PICTURES } from '../helpers/pictures.ts';
import { authorize } from '../helpers/relying_party.ts';

const scope = { after };
let passed = 0;
const app = await deployment(scope, { now: () => Date.now() + passed });
const { issuer } = app;
const party = await app.seed.party({ firstParty: true });
const auditor = await app.seed.person({ roles: ['cardea-auditor'] });
const careful = await app.seed.person({ roles: ['cardea-auditor'] });
const roles = createNamed('roles', { db: app.db, now: Date.now });
const made = [...roles.creating('on-call', { permissions: ['status:read'] }).statements];
await app.db.transact([...made, ...roles.creating('planner', { permissions: ['config:read'] }).statements]);
const onCall = await app.seed.person({ roles: ['on-call'] });
const stranger = await app.seed.person({ roles: ['planner'] });
const factors = await createFactorSeeder(app);
const browser = await launchChromium(scope);

async function signedIn(person: Person) {
  return (await authorize({ issuer, party, person })).browser;
}

test('an operator who has signed in reads how the server is', async () => {
  const { page, context, complaints } = await openPage(browser, { colorScheme: 'light' });
  await page.goto(`${issuer}/status`);
  await page.locator('#identifier').fill(auditor.email);
  await page.locator('#password').fill(auditor.password);
  await page.locator('#submit').click();
  await page.waitForURL(`${issuer}/status`);
  const text = (await page.locator('main').textContent()) ?? '';
  const rows = [
    'status.database',
    'status.mails',
    'status.audit.size',
    'status.backup.good',
    'status.chart.sign-ins',
  ] as const;
  for (const words of [
    ...rows.map((key) => en[key]),
    message('status.key.active', { ring: 'RS256' }),
    'sealing of the audit',
  ])
    assert.ok(text.includes(words), words);
  assert.ok(!text.includes(en['status.look']), 'all is well');
  assert.equal(await page.locator('#charts svg').count(), 6);
  await assertAccessible(page, 'the status');
  assert.deepEqual(complaints, []);
  if (TAKES_PICTURES) await page.screenshot({ path: join(artifacts('screenshots'), 'status.png'), fullPage: true });
  await context.close();
});

test('a person who may see nothing else reads it, in the language of the browser', async () => {
  const session = await signedIn(onCall);
  for (const [language, catalogue] of [
    ['de', de],
    ['ar', ar],
  ] as const) {
    const page = await session.get('/status', { 'accept-language': language });
    const text = textsOf(page, 'main').join();
    for (const key of ['status.title', 'status.database', 'status.queues', 'status.chart.memory'] as const)
      assert.ok(text.includes(catalogue[key]), key);
  }
});

test('a person without the permission is told that there is no such page', async () => {
  assert.equal((await (await signedIn(stranger)).get('/status')).status, 404);
});

test('the page asks for a sign-in, and after an hour for a new one', async () => {
  const nobody = await browserSession(issuer).get('/status');
  assert.match(nobody.location ?? '', /\/authorize\?/);
  const session = await signedIn(auditor);
  assert.equal((await session.get('/status')).status, 200);
  passed += 3_601_000;
  const late = await session.get('/status');
  passed = 0;
  assert.match(late.location ?? '', /prompt=login/);
});

test('a sign-in without a factor that the account has is not enough', async () => {
  const session = await signedIn(careful);
  assert.equal((await session.get('/status')).status, 200);
  await factors.totp(careful.id);
  // The session may have ended with the change; in no case is the page shown.
  assert.match((await session.get('/status')).location ?? '', /\/authorize\?/);
});
