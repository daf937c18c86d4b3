import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import { EVENT_KINDS } from '../../server/accounts/events.ts';
import { createTexts } from '../../server/accounts/texts.ts';
import { openAudit } from '../../server/audit/entries.ts';
import { createDataExports, type PersonalData } from '../../server/operations/data_export.ts';
import { personalValues } from '../../server/operations/personal_data.ts';
import { userDataExport } from '../../server/operations/user_data_export.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createWaitingRequests } from '../../server/records/waiting_requests.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { createTranslator } from '../../server/views/messages.ts';
import { personalDocument } from '../../server/views/personal_data.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { has, textsOf } from '../helpers/html.ts';
import { lockOut } from '../helpers/lockouts.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';

/** The export of a person who has everything, compared with the catalogue of personal data and with the rows themselves. */

const operated = await operatedDatabase({ after });
const { db, seed, masterKey } = operated;
const { runner, services } = await operationsOf({ after }, operated);
const stores = await services.accountStores();
const { accounts } = stores;
const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
const audit = await openAudit({ db, sealer, now: Date.now, issuer: 'https://id.example.com' });
const records = createRecordSeeder(operated);
const factors = await createFactorSeeder(operated);
const party = await seed.party({ name: 'Harbour & Sons' });
const EVIL = '<script>alert(1)</script>"&';

const PROFILE = {
  email: 'ada.export@example.com',
  emailVerified: true,
  username: 'ada-export',
  name: `Ada ${EVIL}`,
  givenName: 'Ada-Given',
  familyName: 'Ada-Family',
  middleName: 'Ada-Middle',
  nickname: 'Ada-Nick',
  profile: 'https://example.com/ada-profile',
  picture: 'https://example.com/ada.png',
  website: 'https://ada.example.com',
  gender: 'ada-gender',
  birthdate: '1815-12-10',
  zoneinfo: 'Europe/London',
  locale: 'de',
  phoneNumber: '+44 20 7946 0000',
  phoneNumberVerified: true,
  address: { formatted: 'Ada-Street 1', country: 'GB' },
};
/** The members of sealed values, by their places in the export. Those of the profile are `PROFILE`. */
const SEALED_VALUES: Readonly<Record<string, unknown>> = {
  'account.sub': 'auth0|ada-export',
  'factors.passkeys[].name': 'Test',
  'devices[].browser': 'Firefox',
  'devices[].system': 'Linux',
  'devices[].network': '192.0.2.7',
  'sessions[].browser': 'Firefox',
  'sessions[].system': 'Linux',
  'sessions[].network': '192.0.2.7',
  'sessions[].authenticated_at': '2026-11-01T08:00:00.000Z',
  'sessions[].amr': ['pwd'],
  'sessions[].acr': 'urn:test:acr',
  'security_events[].details': { browser: 'Firefox', address: '192.0.2.7' },
  'links[].email': PROFILE.email,
  'mails[].kind': 'unlocked',
  'mails[].email': 'ada.typed@example.com',
  'mails[].details': { browser: 'Firefox' },
  'grants[].scopes': ['openid', 'email'],
  'grants[].claims': ['birthdate'],
  'grants[].resources': { 'https://api.example.com': ['notes:read'] },
  'grants[].authorization_details': [{ type: 'payment', limit: 7 }],
  'audit[].address': '192.0.2.7',
  'audit[].device': 'Firefox/140.0 Linux',
};
/** Made from the time at which it was sealed. */
const SEALED_TIMES = ['mails[].at'];

const [account] = await accounts.plans
  .creatingAll([
    { ...PROFILE, sub: 'auth0|ada-export', groups: ['staff'], roles: ['cardea-auditor'], passwordHash: 'x' },
  ])
  .then(async (planned) => {
    await db.transact(planned.statements);
    return planned.accounts;
  });
assert.ok(account);
const { id } = account;
const other = await seed.person();
const visitor = { userAgent: 'Firefox/140.0 Linux', address: '192.0.2.7' };
await factors.totp(id);
await factors.passkey(id, softPasskey());
const [code = ''] = await factors.recoveryCodes(id);
await factors.useRecoveryCode(id, code);
await lockOut(operated, PROFILE.email);
// A text does not apply to the access of an app when its acceptance was withdrawn before, or came later.
const textsIn = (minutes: number) => createTexts({ db, now: () => Date.now() + minutes * 60_000 });
await db.transact([
  ...textsIn(-5).accepting(id, [{ kind: 'terms', version: 'v6' }]),
  textsIn(-4).withdrawing(id, 'terms'),
  ...services.texts.accepting(id, [{ kind: 'privacy', version: 'p1' }]),
]);
const grantId = await records.grant(id, party.id, {
  payload: {
    openid: { scope: 'openid email', claims: ['birthdate'] },
    resources: { 'https://api.example.com': 'notes:read' },
    rar: [{ type: 'payment', limit: 7 }],
  },
});
const uid = await records.session(id, {
  payload: {
    loginTs: Date.parse('2026-11-01T08:00:00Z') / 1_000,
    amr: ['pwd'],
    acr: 'urn:test:acr',
    authorizations: { [party.id]: { sid: 'sid-of-ada', grantId } },
  },
});
const token = {
  accountId: id,
  clientId: party.id,
  grantId,
  sessionUid: uid,
  jti: remember('refresh_token', 'a'.repeat(43)),
};
await records.records('RefreshToken', [token]);
const waiting = createWaitingRequests({ db, sealer, now: Date.now });
const authReqId = 'a-request';
await records.records('BackchannelAuthenticationRequest', [{ accountId: id, clientId: party.id, jti: authReqId }]);
const current = await accounts.resolve(id);
await db.transact([
  waiting.register({ authReqId, accountId: id, clientId: party.id, lifetime: 600 }),
  stores.sessionDetails.touch(uid, current, visitor),
  stores.devices.remember(current, { cookie: undefined, visitor, trustSeconds: 3_600 }).bound,
  stores.events.append(current, 'signed_in', { browser: 'Firefox', address: '192.0.2.7' }),
  stores.links.create('verify_email', { account: current, payload: { email: PROFILE.email } }).bound,
  stores.mails.enqueue({ kind: 'unlocked', accountId: id, details: { browser: 'Firefox' } }, current),
  stores.mails.enqueue({ kind: 'change_email', accountId: id, email: 'ada.typed@example.com' }, current),
  stores.mails.enqueue({ kind: 'reset', email: other.email, locale: 'en' }, undefined),
  audit.append({
    actor: { kind: 'person', id, clientId: party.id },
    action: 'sessions.begin',
    target: { kind: 'user', id },
    outcome: 'refused',
    reason: 'rate_limited',
    changes: { amr: { after: ['pwd'] } },
    requestId: randomUUID(),
    sessionId: uid,
    details: { address: visitor.address, device: visitor.userAgent },
    detailsOf: accounts.ownerOf(current),
  }),
  audit.append({
    actor: { kind: 'person', id: other.id },
    action: 'users.disable',
    target: { kind: 'user', id },
    outcome: 'done',
    requestId: randomUUID(),
  }),
  ...textsIn(4).accepting(id, [
    { kind: 'terms', version: 'v7' },
    { kind: 'privacy', version: 'p2' },
  ]),
  textsIn(5).withdrawing(id, 'terms'),
  accounts.plans.disabling(id),
  accounts.plans.restricting(id, 'objection'),
  accounts.plans.schedulingDeletion(id, { dueAt: new Date(Date.now() + 86_400_000), by: 'operator' }),
]);
// What only later requests and jobs write: the use of a passkey and of a token, a warning of inactivity, and a logout that waits for its second attempt.
for (const [text, values] of [
  ['UPDATE passkeys SET last_used_at = now() WHERE account_id = $1', [id]],
  ["UPDATE accounts SET active_at = now(), inactive_stage = 'warned', inactive_stage_at = now() WHERE id = $1", [id]],
  ['UPDATE records SET consumed_at = now() WHERE account_id = $1', [id]],
  [
    `INSERT INTO deliveries (id, kind, client_id, account_id, sid, attempts, next_attempt_at, expires_at)
     VALUES ($2, 'logout', $3, $1, 'sid-of-ada', 1, now(), now() + interval '1 day')`,
    [id, randomUUID(), party.id],
  ],
] as const) {
  await db.run({ name: '', text }, values);
}

const call = (rest: object = {}) => ({ actor: actor(), requestId: randomUUID(), ...rest });
const rows = await rowsOf(id);
const exported = await runner.run(userDataExport.export, { params: { id }, query: undefined, body: undefined }, call());
const files = unzipSync(Buffer.from(exported.zip, 'base64'));
const text = strFromU8(files['personal-data.json'] ?? new Uint8Array());
const data = JSON.parse(text) as Readonly<Record<string, unknown>>;
const html = strFromU8(files['personal-data.html'] ?? new Uint8Array());

/** The rows of the person in each table, as the database has them. */
async function rowsOf(person: string): Promise<Map<string, readonly Record<string, unknown>[]>> {
  const whose: Readonly<Record<string, string>> = {
    accounts: 'id = $1',
    session_details: 'session_uid IN (SELECT uid FROM sessions WHERE account_id = $1)',
    session_authorizations: 'session_uid IN (SELECT uid FROM sessions WHERE account_id = $1)',
    audit: 'actor_id = $1::text OR target_id = $1::text',
  };
  const tables = [...new Set(personalValues().flatMap(({ table, exported: place }) => (place ? [table] : [])))];
  return new Map(
    await Promise.all(
      tables.map(async (table) => {
        const query = `SELECT * FROM ${table} WHERE ${whose[table] ?? 'account_id = $1'}`;
        return [table, await db.run<Record<string, unknown>>({ name: '', text: query }, [person])] as const;
      }),
    ),
  );
}

/** The values at a place such as `devices[].network`. */
function valuesAt(place: string): unknown[] {
  return place.split('.').reduce<unknown[]>(
    (found, step) =>
      found.flatMap((one) => {
        const value = (one as Readonly<Record<string, unknown>> | null | undefined)?.[step.replace('[]', '')];
        return step.endsWith('[]') ? ((value as unknown[] | undefined) ?? []) : [value];
      }),
    [data],
  );
}

const asJson = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(Buffer.isBuffer(value) ? value.toString('base64url') : value));
const includes = (values: readonly unknown[], wanted: unknown) =>
  values.some((one) => JSON.stringify(one) === JSON.stringify(asJson(wanted)));

/** What names others is left out of the audit of a person. */
const OF_OTHERS = [other.id];

for (const { table, column, member, exported: place } of personalValues()) {
  if (place === undefined) continue;
  test(`${table}.${column}${member === undefined ? '' : `: ${member}`} of the person is at ${place}`, () => {
    const found = valuesAt(place);
    const stored = (rows.get(table) ?? []).map((row) => row[column]).filter((one) => one !== null);
    assert.ok(stored.length > 0, 'the person has none: this test proves nothing until it has one');
    if (member !== undefined && table === 'accounts') {
      return assert.ok(includes(found, PROFILE[member as keyof typeof PROFILE]), JSON.stringify(found));
    }
    if (!column.startsWith('sealed')) {
      const missing = stored.filter((one) => !OF_OTHERS.includes(String(one)) && !includes(found, one));
      return assert.deepEqual(missing, []);
    }
    if (SEALED_TIMES.includes(place)) {
      return assert.ok(found.every((one) => Math.abs(Date.parse(String(one)) - Date.now()) < 600_000));
    }
    assert.ok(place in SEALED_VALUES, 'this test plants no value of it');
    assert.ok(includes(found, SEALED_VALUES[place]), JSON.stringify(found));
  });
}

test('what an app got is shown with the texts that the person had accepted then', () => {
  const [texts] = valuesAt('grants[].texts') as { kind: string; version: string }[][];
  assert.deepEqual(texts, [{ kind: 'privacy', version: 'p1' }]);
});

test('nothing of the export is at a place that the catalogue does not name', () => {
  // What an app got is told with the texts that the person had accepted then: the same as in `consents`.
  const named = new Set([...personalValues().flatMap(({ exported: place }) => place ?? []), 'grants[].texts']);
  const head = ['format', 'issuer', 'made_at', 'incomplete', 'apps'];
  const unnamed: string[] = [];
  const walk = (value: unknown, place: string): void => {
    if (named.has(place) || (place !== '' && value === null)) return;
    if (Array.isArray(value)) {
      for (const one of value) walk(one, `${place}[]`);
      return;
    }
    if (typeof value !== 'object' || value === null) {
      unnamed.push(place);
      return;
    }
    for (const [name, one] of Object.entries(value)) walk(one, place === '' ? name : `${place}.${name}`);
  };
  walk(Object.fromEntries(Object.entries(data).filter(([name]) => !head.includes(name))), '');
  assert.deepEqual([...new Set(unnamed)], []);
});

test('secrets and data of others are not in it', () => {
  const [row] = rows.get('accounts') ?? [];
  assert.ok(row);
  for (const secret of [code, token.jti, other.id, other.email])
    assert.ok(!text.includes(secret) && !html.includes(secret));
});

test('the page is in the language of the person, needs no other file, and shows each value as text', () => {
  assert.match(html, /^<!doctype html>\n<html lang="de" dir="ltr">/);
  assert.ok(!has({ body: html }, 'script, link, img'));
  assert.ok(textsOf({ body: html }, 'dd').some((one) => one.includes(EVIL)));
  assert.ok(!html.includes('<script'));
});

test('the page has a section for each part of the data, and a label in words for each member', () => {
  const { sections } = personalDocument({ ...data, made_at: data.made_at }, createTranslator('en'));
  for (const { id: section, title } of sections) assert.notEqual(title, section);
  for (const { exported: place } of personalValues()) {
    const name = place?.split('.').at(-1)?.replace('[]', '');
    if (name !== undefined) assert.ok(`export.field.${name}` in en, name);
  }
  for (const kind of EVENT_KINDS) assert.ok(`account.event.${kind}` in en);
});

test('the export is in the audit and among the events of the person', async () => {
  const [entry] = (await services.audit.list({ filter: 'action eq "users.export_data"' })).items;
  assert.equal(entry?.target_id, id);
  const [event] = await stores.events.list(await accounts.resolve(id), 1);
  assert.equal(event?.kind, 'data_exported');
});

test('a dry run exports nothing, since it has no entry in the audit', async () => {
  const tried = await runner.run(
    userDataExport.export,
    { params: { id }, query: undefined, body: undefined },
    call({ dryRun: true }),
  );
  assert.deepEqual(unzipSync(Buffer.from(tried.zip, 'base64')), {});
});

test('of one person, one export is made at a time', async () => {
  const [first, second] = await Promise.allSettled([services.dataExports.make(id), services.dataExports.make(id)]);
  assert.equal(first?.status, 'fulfilled');
  assert.equal(second?.status === 'rejected' && second.reason.code, 'export_under_way');
  await services.dataExports.make(id);
});

test('a list with more items than an export has at most is named as incomplete', async () => {
  const busy = await seed.person();
  let made: PersonalData | undefined;
  const exports = createDataExports({
    db,
    sealer,
    now: Date.now,
    issuer: 'https://id.example.com',
    accounts: async () => accounts,
    async page(of) {
      made = of;
      return '';
    },
    heldMax: 2,
  });
  for (const [authReqId, listed, incomplete] of [
    ['one', 1, []],
    ['two', 2, []],
    ['three', 2, ['waiting_requests']],
  ] as const) {
    await db.transact([waiting.register({ authReqId, accountId: busy.id, clientId: party.id, lifetime: 600 })]);
    await exports.make(busy.id);
    assert.deepEqual(made?.incomplete, incomplete);
    assert.equal((made?.waiting_requests as unknown[] | undefined)?.length, listed);
  }
});

test('an export of a person who is erased meanwhile leaves nothing', async () => {
  const leaving = await seed.person();
  const { dataExports } = services;
  const make = dataExports.make.bind(dataExports);
  const erasing = {
    async make(person: string) {
      const made = await make(person);
      await db.transact([accounts.plans.deleting(person)]);
      return made;
    },
  };
  const input = { params: { id: leaving.id }, query: undefined, body: undefined };
  const planned = await userDataExport.export.plan({ ...services, dataExports: erasing }, input, call());
  const refused = await db.transact([...planned.statements]).then(
    () => undefined,
    (error) => planned.refuse?.(error),
  );
  assert.equal((refused as { code?: string } | undefined)?.code, 'not_found');
});

test('the export needs its own permission and that to see data in full, and a person who exists', async () => {
  const input = { params: { id }, query: undefined, body: undefined };
  const few = actor({ permissions: new Set(['users:read', 'users:write', 'privacy:read']) });
  const masked = actor({ permissions: new Set(['privacy:write']) });
  for (const one of [few, masked]) {
    await assert.rejects(runner.run(userDataExport.export, input, call({ actor: one })), {
      code: 'insufficient_scope',
    });
  }
  const nobody = { ...input, params: { id: randomUUID() } };
  await assert.rejects(runner.run(userDataExport.export, nobody, call()), { code: 'not_found' });
});
