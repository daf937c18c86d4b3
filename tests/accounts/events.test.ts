import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { createEvents, EVENT_DAYS, KIND_MAX } from '../../server/accounts/events.ts';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';

const DAY_MS = 86_400_000;
const clock = { ms: Date.now() };
const now = () => clock.ms;
const { db } = await database({ after });
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const { accounts } = await createSeeder(db, masterKey, now);
const events = createEvents({ db, accounts, now });

async function account() {
  return accounts.create({ email: `${randomBytes(6).toString('hex')}@example.com` });
}

test('the newest event comes first, with its details', async () => {
  const ada = await account();
  await db.transact([events.append(ada, 'signed_in', { browser: 'Firefox on Linux', address: '203.0.113.7' })]);
  clock.ms += 1_000;
  await db.transact([events.append(ada, 'password_changed')]);
  const listed = await events.list(ada, 10);
  assert.deepEqual(
    listed.map(({ kind, details }) => ({ kind, details })),
    [
      { kind: 'password_changed', details: {} },
      { kind: 'signed_in', details: { browser: 'Firefox on Linux', address: '203.0.113.7' } },
    ],
  );
  assert.equal(listed[0]?.at.getTime(), clock.ms);
  assert.equal((await events.list(ada, 1))[0]?.kind, 'password_changed');
});

test('a person sees only their own events, whose details are sealed', async () => {
  const [ada, bob] = [await account(), await account()];
  const address = '198.51.100.212';
  await db.transact([events.append(ada, 'new_device', { address })]);
  assert.deepEqual(await events.list(bob, 10), []);
  const [row] = await db.run<{ sealed_own: Buffer }>(
    { name: '', text: 'SELECT sealed_own FROM security_events WHERE account_id = $1' },
    [ada.id],
  );
  assert.ok(row && !row.sealed_own.includes(address));
});

test('an event that was copied to another account cannot be opened', async () => {
  const [ada, bob] = [await account(), await account()];
  await db.transact([events.append(ada, 'locked', { address: '203.0.113.7' })]);
  await db.run({ name: '', text: 'UPDATE security_events SET account_id = $2 WHERE account_id = $1' }, [
    ada.id,
    bob.id,
  ]);
  await assert.rejects(events.list(bob, 10), { code: 'sealed_value_unreadable' });
});

test('an event disappears after 90 days: from the list at once, from the database with the next cleanup', async () => {
  const ada = await account();
  await db.transact([events.append(ada, 'unlocked')]);
  const then = clock.ms;
  clock.ms += EVENT_DAYS * DAY_MS - 1;
  assert.equal((await events.list(ada, 10)).length, 1);
  clock.ms += 2;
  assert.deepEqual(await events.list(ada, 10), []);
  await cleanUp({ db, now });
  const rows = await db.run({ name: '', text: 'SELECT 1 FROM security_events WHERE account_id = $1' }, [ada.id]);
  assert.equal(rows.length, 0);
  clock.ms = then;
});

test('an event of an unknown kind is not listed', async () => {
  const ada = await account();
  await db.transact([events.append(ada, 'signed_in')]);
  await db.run({ name: '', text: "UPDATE security_events SET kind = 'teleported' WHERE account_id = $1" }, [ada.id]);
  await db.transact([events.append(ada, 'locked')]);
  assert.deepEqual(
    (await events.list(ada, 10)).map(({ kind }) => kind),
    ['locked'],
  );
});

test('events of one kind are limited per hour, so that they do not displace others', async () => {
  const ada = await account();
  await db.transact([events.append(ada, 'password_changed')]);
  for (let i = 0; i < KIND_MAX + 5; i += 1) await db.transact([events.append(ada, 'passkey_refused')]);
  const kinds = (await events.list(ada, 100)).map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'passkey_refused').length, KIND_MAX);
  assert.ok(kinds.includes('password_changed'));
});
