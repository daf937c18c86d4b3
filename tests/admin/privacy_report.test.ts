import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { personalTables, personalValues } from '../../server/operations/personal_data.ts';
import { securityMeasures } from '../../server/operations/security_measures.ts';
import { PURPOSES } from '../../server/platform/personal.ts';
import { adminApi } from '../helpers/admin.ts';
import { insertManyClients } from '../helpers/many_clients.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';

const DAY_MS = 86_400_000;
const operated = await operatedDatabase({ after });
const { seed, db } = operated;
const env = {
  CARDEA_EVENTS_KEPT: '7d',
  CARDEA_DEVICES_KEPT: '30d',
  CARDEA_MAILS_KEPT: '2h',
  CARDEA_SMTP_URL: 'smtps://user:of-the-mails@smtp.example.com',
  CARDEA_REDIS_URL: 'rediss://user:of-the-counters@redis.example.com:6380',
};
const api = await adminApi({ after }, { ...operated, env });
const denied = await adminApi({ after }, operated, { permissions: new Set(['users:read', 'config:read']) });
const sync = await seed.party({
  metadata: {
    grant_types: ['client_credentials'],
    redirect_uris: [],
    scope: 'cardea:users:read cardea:users:read:pii cardea:audit:read cardea:clients:read',
  },
});
const party = await seed.party({ metadata: { scope: 'openid email api:read' } });
for (const [path, body] of [
  ['/resources', { identifier: 'https://orders.example/', name: 'Orders', scopes: ['orders:read'] }],
  ['/audit/destinations', { kind: 'webhook', name: 'SIEM', settings: { url: 'https://siem.example/in?key=1' } }],
  [
    '/audit/destinations',
    { kind: 'syslog', name: 'Logs', settings: { host: 'logs.example', port: 6_514 }, details: true },
  ],
  [
    '/audit/destinations',
    { kind: 'cloudevents', name: 'Shop', settings: { url: 'https://shop.example/' }, client_id: party.id },
  ],
  ['/audit/destinations', { kind: 'webhook', name: 'Off', settings: { url: 'https://off.example/' } }],
] as const) {
  const { status, body: made } = await api.request('POST', path, { body });
  assert.equal(status, 201, JSON.stringify(made));
  if (body.name === 'Off') await api.request('POST', `/audit/destinations/${made.id}/disable`);
}
const stores = await api.services.accountStores();
const ada = await stores.accounts.resolve((await seed.person()).id);
const visitor = { userAgent: 'Firefox/140.0 Linux', address: '192.0.2.7' };
const at = Date.now();
await db.transact([
  stores.events.append(ada, 'signed_in'),
  stores.devices.remember(ada, { cookie: undefined, visitor }).bound,
  stores.mails.enqueue({ kind: 'unlocked', accountId: ada.id }, ada),
]);

async function report() {
  const { status, body } = await api.request('GET', '/privacy/report');
  assert.equal(status, 200);
  return body;
}
// biome-ignore lint/suspicious/noExplicitAny: a test looks into it
const ruleOf = (body: any, table: string) => body.retention.find((one: { table: string }) => one.table === table);

test('the report has a rule of retention for each table with personal data, and an activity for each purpose (GDPR, Article 30)', async () => {
  const body = await report();
  assert.deepEqual(
    body.retention.map((one: { table: string }) => one.table),
    personalTables().map(([table]) => table),
  );
  assert.deepEqual(
    body.activities.map((one: { purpose: string }) => one.purpose),
    Object.keys(PURPOSES),
  );
  for (const { data, tables, legal_basis: basis } of body.activities) {
    assert.ok(data.length > 0 && tables.length > 0 && basis !== '');
  }
  assert.ok(body.security_measures.length > 0);
  assert.equal(body.issuer, operated.issuer);
});

test('the rules are those in force, with what is stored now', async () => {
  const events = ruleOf(await report(), 'security_events');
  assert.deepEqual(events.settings, [{ name: 'CARDEA_EVENTS_KEPT', value: '7d' }]);
  assert.deepEqual([events.rows, events.exact, events.overdue_seconds], [1, true, 0]);
  assert.ok(Math.abs(Date.parse(events.oldest) - at) < 60_000);
});

test('events, devices and mails are stored for as long as the operator has set', async () => {
  for (const [table, ms] of [
    ['security_events', 7 * DAY_MS],
    ['devices', 30 * DAY_MS],
    ['mails', DAY_MS / 12],
  ] as const) {
    const [row] = await db.run<{ expires_at: Date }>({ name: '', text: `SELECT expires_at FROM ${table}` }, []);
    assert.ok(row && Math.abs(row.expires_at.getTime() - at - ms) < 60_000, table);
  }
});

test('each member says what the tables and the settings say', async () => {
  const body = await report();
  const { config } = api.services;
  assert.ok(Math.abs(Date.parse(body.made_at) - Date.now()) < 60_000);
  assert.deepEqual(body.controller, { name: config.name, contact: config.mailFrom.address });
  assert.deepEqual(body.security_measures, securityMeasures(config));
  assert.deepEqual(body.values, JSON.parse(JSON.stringify(personalValues())));
  const tables = personalTables();
  for (const { purpose, about, legal_basis: basis, people, data, tables: named } of body.activities) {
    assert.deepEqual({ about, basis }, PURPOSES[purpose as keyof typeof PURPOSES]);
    assert.deepEqual(
      named,
      tables.filter(([, table]) => table.purpose === purpose).map(([table]) => table),
    );
    const kinds = personalValues().filter(({ table }) => named.includes(table));
    assert.deepEqual(data, [...new Set(kinds.map(({ kind }) => kind))].toSorted());
    assert.equal(people.includes('contacts of apps'), named.includes('clients'));
  }
  for (const [table, { purpose, kept }] of tables) {
    const rule = ruleOf(body, table);
    assert.deepEqual([rule.purpose, rule.until, rule.removed_by], [purpose, kept.until, kept.removedBy], table);
    assert.deepEqual(
      rule.settings.map(({ name }: { name: string }) => name),
      kept.settings ?? [],
    );
  }
});

test('rows that the clean-up has left are seen', async () => {
  const late = `UPDATE links SET expires_at = now() - interval '1 hour'`;
  await db.transact([stores.links.create('verify_email', { account: ada, payload: { email: ada.email } }).bound]);
  // The server that would delete it does not run.
  await db.run({ name: '', text: late }, []);
  assert.ok(Math.abs(ruleOf(await report(), 'links').overdue_seconds - 3_600) < 60);
});

test('the recipients are the clients that people sign in to or that read people by the API, with the scopes that are about people', async () => {
  const { recipients, more_recipients: more } = await report();
  const scopesOf = ({ id }: { id: string }) =>
    recipients.find((one: { client_id: string }) => one.client_id === id)?.scopes;
  assert.deepEqual(scopesOf(party), ['openid', 'email']);
  assert.deepEqual(scopesOf(sync), ['cardea:users:read', 'cardea:users:read:pii', 'cardea:audit:read']);
  assert.equal(more, false);
});

test('the other recipients are the services that get personal data, by their hosts alone', async () => {
  const { other_recipients: others } = await report();
  assert.deepEqual(
    others.map((one: Record<string, string>) => [one.kind, one.name, one.protocol, one.host]),
    [
      ['mail_server', 'CARDEA_SMTP_URL', 'smtp', 'smtp.example.com'],
      ['database', 'CARDEA_DATABASE_URL', 'postgres', new URL(operated.databaseUrl).hostname || null],
      ['redis', 'CARDEA_REDIS_URL', 'redis', 'redis.example.com'],
      ['audit_destination', 'SIEM', 'webhook', 'siem.example'],
      ['audit_destination', 'Logs', 'syslog', 'logs.example'],
      ['audit_destination', 'Shop', 'cloudevents', 'shop.example'],
      ['resource_server', 'Orders', 'oauth', 'orders.example'],
    ],
  );
  const dataOf = (wanted: string) => others.find(({ name }: { name: string }) => name === wanted).data;
  assert.match(dataOf('Logs'), /the address and the device/);
  assert.ok(dataOf('Shop').includes(party.id));
  for (const secret of ['of-the-mails', 'of-the-counters', 'key=1'])
    assert.ok(!JSON.stringify(others).includes(secret));
});

test('there are more recipients than are shown', async () => {
  await insertManyClients(db, 201, at);
  const { recipients, more_recipients: more } = await report();
  assert.deepEqual([recipients.length > 100, more], [true, true]);
});

test('the report needs its own permission', async () => {
  assert.equal((await denied.request('GET', '/privacy/report')).status, 403);
});
