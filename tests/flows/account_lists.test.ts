import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { createEvents } from '../../server/accounts/events.ts';
import { createSessionDetails } from '../../server/accounts/session_details.ts';
import { PAGE_SIZE } from '../../server/selfservice/lists.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { openAccount, press } from '../helpers/account.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { type BrowserSession, browserSession, type Page } from '../helpers/browser_session.ts';
import { askPerson, cibaMetadata, openRequests } from '../helpers/ciba.ts';
import { deployment } from '../helpers/deployment.ts';
import { createFactorSeeder, passkeyOptionsOn } from '../helpers/factors.ts';
import { attributeOf, documentOf, fieldValues, has, textsOf } from '../helpers/html.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';
import { submit } from './support.ts';

/** A page of a list reads and shows only its own rows, however long the list is. */

const clock = { ms: Date.now() };
const app = await deployment({ after }, { now: () => clock.ms, env: { CARDEA_RATE_LIMIT: '80' } });
const { accounts } = app.seed;
const person = await app.seed.person();
const account = await accounts.findById(person.id);
assert.ok(account);
const details = createSessionDetails({ db: app.db, accounts, now: () => clock.ms });
const events = createEvents({ db: app.db, accounts, now: () => clock.ms });
const { browser } = await openAccount(app, person);
const records = createRecordSeeder(app, () => clock.ms);
const factors = await createFactorSeeder(app, () => clock.ms);

const SESSIONS = 60;
const hour = (n: number) => new Date(clock.ms + n * 3_600_000);

async function signInElsewhere(n: number): Promise<void> {
  const uid = await records.session(person.id, {
    // Some rows end at the same moment: ordering by that time alone would show one twice, or not at all.
    expiresAt: hour(1 + Math.floor(n / 7)),
    payload: { loginTs: Math.floor(clock.ms / 1_000) - n, amr: ['pwd'] },
  });
  await app.db.transact([details.touch(uid, account ?? assert.fail(), { userAgent: 'curl/8', address: '192.0.2.1' })]);
}

async function allowApp(n: number): Promise<void> {
  const client = await app.seed.party({ name: `Application ${n}!` });
  await records.grant(person.id, client.id, { expiresAt: hour(1 + Math.floor(n / 7)), payload: { iat: 1 } });
}

/** Follows "next page" to the end. */
async function walk(of: BrowserSession, path: string): Promise<Page[]> {
  const pages: Page[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: Page = await of.get(next);
    assert.equal(page.status, 200, page.location);
    pages.push(page);
    assert.equal(has(page, '#first-page'), pages.length > 1);
    next = attributeOf(page, '#next-page', 'href');
    assert.ok(pages.length < 20, 'it ends');
  }
  return pages;
}

const matchesIn = (page: Page, pattern: RegExp) => [...page.body.matchAll(pattern)].map(([, found]) => found ?? '');

const eventsOn = (page: Page) => documentOf(page).querySelectorAll('li.event').map(String);

/** Each row appears once, and no page has more rows than a page may have. */
function assertPaged(pages: readonly Page[], rowsOf: (page: Page) => string[], total: number): void {
  const found = pages.map(rowsOf);
  for (const entries of found) assert.ok(entries.length <= PAGE_SIZE, `${entries.length} on a page`);
  assert.equal(pages.length, Math.ceil(total / PAGE_SIZE));
  assert.equal(new Set(found.flat()).size, total);
  assert.equal(found.flat().length, total);
}

for (let n = 0; n < SESSIONS; n += 1) await signInElsewhere(n);

describe('a list at /account is shown in pages, without script', () => {
  test('sessions: this browser first, and each other one once', async () => {
    const pages = await walk(browser, '/account/sessions');
    assertPaged(pages, (page) => fieldValues(page, 'session'), SESSIONS);
    const tags = pages.slice(0, 2).map((page) => textsOf(page, '.tag'));
    assert.deepEqual(tags, [[en['account.sessions.current']], []]);
    const ended = await press(browser, pages[1] ?? assert.fail(), 'end-3');
    assert.match(ended.location ?? '', /done=session_ended/);
    assertPaged(await walk(browser, '/account/sessions'), (page) => fieldValues(page, 'session'), SESSIONS - 1);
  });

  test('apps', async () => {
    for (let n = 0; n < 45; n += 1) await allowApp(n);
    assertPaged(await walk(browser, '/account/apps'), (page) => matchesIn(page, /(Application \d+!)/g), 45);
  });

  test('security events, the newest first', async () => {
    const [before] = (await app.db.run<{ n: number }>(
      { name: '', text: 'SELECT count(*)::int AS n FROM security_events WHERE account_id = $1' },
      [person.id],
    )) as [{ n: number }];
    for (let n = 0; n < 45; n += 1) {
      clock.ms += 1;
      await app.db.transact([
        events.append(account, n % 2 ? 'app_revoked' : 'request_denied', { subject: `Subject ${n}!` }),
      ]);
    }
    const pages = await walk(browser, '/account/events');
    assertPaged(pages, eventsOn, 45 + before.n);
    const subjects = pages.flatMap((page) => matchesIn(page, /(Subject \d+!)/g));
    assert.deepEqual(
      subjects,
      Array.from({ length: 45 }, (_, n) => `Subject ${44 - n}!`),
    );
  });

  test('waiting backchannel requests', async () => {
    for (let n = 0; n < 5; n += 1) {
      const caller = await app.seed.party({ metadata: cibaMetadata() });
      for (let m = 0; m < 5; m += 1) {
        clock.ms += 1;
        const asked = await askPerson(app.issuer, caller, { scope: 'openid', login_hint: person.email });
        assert.equal(asked.status, 200, JSON.stringify(asked.body));
      }
    }
    const { browser: fresh } = await openRequests(app, person);
    assertPaged(await walk(fresh, '/account/requests'), (page) => fieldValues(page, 'request'), 25);
  });

  test('passkeys, at most fifty', async () => {
    const owner = await app.seed.person();
    const passkeys = Array.from({ length: 25 }, () => softPasskey());
    for (const passkey of passkeys) await factors.passkey(owner.id, passkey);
    const fresh = browserSession(app.issuer);
    const signIn = await fresh.follow(await fresh.get('/account/passkeys'));
    const assertion = passkeys[0]?.get(passkeyOptionsOn(signIn), app.issuer) ?? '';
    await submit(fresh, signIn, { action: 'passkey', assertion });
    assertPaged(await walk(fresh, '/account/passkeys'), (page) => fieldValues(page, 'passkey'), 25);
  });

  test('an invalid position leads to the first page', async () => {
    for (const place of ['x', '1.', '-1.x', `1.${'x'.repeat(600)}`, '1.%00', '999999999999999.x', '1.not-a-uuid']) {
      for (const path of ['/account/sessions', '/account/apps', '/account/events']) {
        assert.equal((await browser.get(`${path}?after=${place}`)).status, 200, `${path} ${place}`);
      }
    }
  });
});

test('a page makes one date formatter and reads only the rows of one page', async (t) => {
  await browser.get('/account/sessions');
  const Original = Intl.DateTimeFormat;
  let made = 0;
  Intl.DateTimeFormat = new Proxy(Original, {
    construct(target, args) {
      made += 1;
      return Reflect.construct(target, args) as object;
    },
  });
  t.after(() => {
    Intl.DateTimeFormat = Original;
  });
  // The next page has a row that cannot be decrypted, so reading it would fail.
  const masterKey = remember('master_key', randomBytes(32).toString('base64'));
  const unreadable = createRecordSeeder({ db: app.db, masterKey }, () => clock.ms);
  await unreadable.session(person.id, { expiresAt: hour(0.01) });
  app.statements.length = 0;
  const page = await browser.get('/account/sessions');
  assert.equal(page.status, 200);
  assert.ok(textsOf(page, 'time[datetime]').length > PAGE_SIZE);
  assert.equal(made, 0);
  assert.ok(app.statements.length <= 7, app.statements.join('\n'));
});

test('pages are limited by account and minute, and other accounts are not affected (ASVS 2.4.1)', async () => {
  clock.ms += 60_000 - (clock.ms % 60_000);
  const other = await app.seed.person();
  const { browser: theirs } = await openAccount(app, other, '/account/events');
  const statuses = new Set<number>();
  for (let n = 0; n < 85; n += 1) {
    const page = await browser.get('/account/username');
    statuses.add(page.status);
    if (page.status === 429) assert.ok(Number(page.headers.get('retry-after')) <= 60);
  }
  assert.ok(statuses.has(429), [...statuses].join());
  assert.notEqual((await theirs.get('/account/events')).status, 429);
});

test('pages are limited by address and minute for all accounts together, and other addresses are not affected', async (t) => {
  const env = { CARDEA_RATE_LIMIT: '1', CARDEA_TRUSTED_PROXIES: '127.0.0.1' };
  const strict = await deployment(t, { env, now: () => Date.parse('2026-01-01T00:00:30Z') });
  const statuses: number[] = [];
  for (const address of [...Array(11).fill('192.0.2.1'), '192.0.2.2']) {
    const headers = { accept: 'text/html', 'x-forwarded-for': address };
    const answer = await fetch(`${strict.issuer}/account/sessions`, { redirect: 'manual', headers });
    statuses.push(answer.status);
    if (answer.status === 429) assert.ok(Number(answer.headers.get('retry-after')) <= 60);
  }
  assert.deepEqual(statuses, [...Array(10).fill(303), 429, 303]);
});
