import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { browserOf, createSessionDetails, place, visitorDetails } from '../../server/accounts/session_details.ts';
import { endSessions } from '../../server/records/overview.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { database } from '../helpers/postgres.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

const clock = { ms: Date.now() };
const now = () => clock.ms;
const { db } = await database({ after });
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const { accounts } = await createSeeder(db, masterKey, now);
const details = createSessionDetails({ db, accounts, now });

const { session } = createRecordSeeder({ db, masterKey }, now);
const account = () => accounts.create({ email: `${randomBytes(6).toString('hex')}@example.com` });

describe('the store', () => {
  test('stores the browser and the network, and when the session was first and last seen', async () => {
    const ada = await account();
    const uid = await session(ada.id);
    const first = clock.ms;
    await db.transact([details.touch(uid, ada, { userAgent: FIREFOX, address: '203.0.113.7' })]);
    clock.ms += 300_000;
    await db.transact([details.touch(uid, ada, { userAgent: SAFARI, address: '2001:db8:1:2:3:4:5:6' })]);
    assert.deepEqual(await details.list(ada, [uid]), [
      {
        sessionUid: uid,
        browser: 'Safari',
        system: 'iPhone',
        network: '2001:db8:1:2::/64',
        signedInAt: new Date(first),
        lastSeenAt: new Date(clock.ms),
      },
    ]);
  });

  test('writes at most every five minutes', async () => {
    const ada = await account();
    const uid = await session(ada.id);
    const first = clock.ms;
    await db.transact([details.touch(uid, ada, { userAgent: FIREFOX, address: '203.0.113.7' })]);
    clock.ms += 299_999;
    await db.transact([details.touch(uid, ada, { userAgent: SAFARI, address: '203.0.113.8' })]);
    const [seen] = await details.list(ada, [uid]);
    assert.equal(seen?.browser, 'Firefox');
    assert.equal(seen?.lastSeenAt.getTime(), first);
  });

  test('stores nothing for a session that has ended or belongs to another account, without an error', async () => {
    const [ada, bob] = [await account(), await account()];
    const uid = await session(bob.id);
    await db.transact([details.touch('gone', ada, { userAgent: FIREFOX, address: '203.0.113.7' })]);
    await db.transact([details.touch(uid, ada, { userAgent: FIREFOX, address: '203.0.113.7' })]);
    assert.deepEqual(await details.list(ada, [uid]), []);
    assert.deepEqual(await details.list(bob, [uid]), []);
  });

  test('is sealed, and removed with the session', async () => {
    const ada = await account();
    const uid = await session(ada.id);
    await db.transact([details.touch(uid, ada, { userAgent: FIREFOX, address: '198.51.100.77' })]);
    const text = 'SELECT sealed_own FROM session_details WHERE session_uid = $1';
    const [row] = await db.run<{ sealed_own: Buffer }>({ name: '', text }, [uid]);
    assert.ok(row && !row.sealed_own.includes('198.51.100') && !row.sealed_own.includes('Firefox'));
    await db.transact(endSessions(ada.id));
    assert.deepEqual(await db.run({ name: '', text }, [uid]), []);
  });
});

describe('a browser in a few words', () => {
  const cases: readonly (readonly [string | undefined, ReturnType<typeof browserOf>])[] = [
    [FIREFOX, { browser: 'Firefox', system: 'Linux' }],
    [SAFARI, { browser: 'Safari', system: 'iPhone' }],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0',
      { browser: 'Edge', system: 'Windows' },
    ],
    [
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
      { browser: 'Chrome', system: 'Android' },
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
      { browser: 'Safari', system: 'macOS' },
    ],
    ['curl/8.5.0', { browser: 'curl' }],
    ['<script>alert(1)</script>', {}],
    ['', {}],
    [undefined, {}],
  ];
  for (const [userAgent, expected] of cases) {
    test(`${userAgent?.slice(0, 60) ?? 'none'} → ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(browserOf(userAgent), expected);
    });
  }

  test('a very long user agent costs no more', () => {
    assert.deepEqual(browserOf(`${'x'.repeat(600)} Firefox/1.0`), {});
    assert.deepEqual(visitorDetails({ userAgent: FIREFOX, address: '::1' }), {
      browser: 'Firefox',
      system: 'Linux',
      address: '0:0:0:0::/64',
    });
  });
});

describe('a place by its address', () => {
  test('is this network, a private one or elsewhere', () => {
    assert.equal(place('203.0.113.7', '203.0.113.7'), 'here');
    assert.equal(place('2001:db8:1:2::/64', '2001:db8:1:2:ffff::1'), 'here');
    assert.equal(place('203.0.113.7', '203.0.113.8'), 'elsewhere');
    for (const network of ['10.1.2.3', '192.168.0.4', '172.31.0.1', '127.0.0.1', 'fd00:1:2:3::/64', '0:0:0:0::/64']) {
      assert.equal(place(network, '203.0.113.7'), 'private', network);
    }
    for (const network of ['172.32.0.1', '11.0.0.1', '192.169.0.1', '2001:db8:1:3::/64']) {
      assert.equal(place(network, '203.0.113.7'), 'elsewhere', network);
    }
  });
});
