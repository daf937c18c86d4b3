import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { createLinks, isUsedUp, LINK_LIFETIMES, LINK_PURPOSES, type LinkPurpose } from '../../server/accounts/links.ts';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { database } from '../helpers/postgres.ts';
import { dumpDatabase, formsOf, remember } from '../helpers/secrets.ts';

const clock = { ms: Date.now() };
const now = () => clock.ms;
const { db, url } = await database({ after });
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const { accounts } = await createSeeder(db, masterKey, now);
const links = createLinks({ db, sealer: createSealer([Buffer.from(masterKey, 'base64')]), people: accounts, now });
const query = (text: string, values: readonly unknown[] = []) => db.run({ name: '', text }, values);

async function account() {
  return accounts.create({ email: `${randomBytes(6).toString('hex')}@example.com` });
}

async function made(purpose: LinkPurpose, accountId?: string, email = 'ada.of.the.links@example.com'): Promise<string> {
  const account = accountId === undefined ? undefined : await accounts.resolve(accountId);
  const about = { ...(account ? { account } : {}), payload: { email, epoch: 0 } };
  const { token, bound } = links.create(purpose, about);
  await db.transact([bound]);
  return remember('other', token);
}

test('a link is found by its token, with its purpose, and is not used up by that', async () => {
  const { id } = await account();
  const token = await made('reset_password', id);
  assert.equal(Buffer.from(token, 'base64url').length, 32);
  for (let i = 0; i < 2; i += 1) {
    const link = await links.peek('reset_password', token);
    assert.deepEqual(
      [link?.purpose, link?.accountId, link?.payload],
      ['reset_password', id, { email: 'ada.of.the.links@example.com', epoch: 0 }],
    );
  }
});

test('a link works for its own purpose only', async () => {
  const { id } = await account();
  const token = await made('unlock', id);
  for (const purpose of LINK_PURPOSES.filter((one) => one !== 'unlock')) {
    assert.equal(await links.peek(purpose, token), undefined, purpose);
    await assert.rejects(db.transact([links.consume(purpose, token)]), isUsedUp, purpose);
  }
  assert.ok(await links.peek('unlock', token));
});

test('the links of a person end by purpose, or all of them', async () => {
  const { id } = await account();
  const [reset, unlock] = [await made('reset_password', id), await made('unlock', id)];
  const other = await made('unlock', (await account()).id);
  const left = async () =>
    Promise.all([links.peek('reset_password', reset), links.peek('unlock', unlock), links.peek('unlock', other)]);
  await db.query(links.endAllOf(id, 'unlock'));
  assert.deepEqual(
    (await left()).map((link) => link !== undefined),
    [true, false, true],
  );
  await db.query(links.endAllOf(id));
  assert.deepEqual(
    (await left()).map((link) => link !== undefined),
    [false, false, true],
  );
});

test('a link is used in the transaction of its action, or not at all', async () => {
  const { id } = await account();
  const token = await made('verify_email', id);
  const failing = { statement: { name: '', text: 'SELECT 1 / 0' }, values: [] };
  await assert.rejects(db.transact([links.consume('verify_email', token), failing]), { code: 'malformed_value' });
  assert.ok(await links.peek('verify_email', token), 'a failed action does not use up the link');
  await db.transact([links.consume('verify_email', token)]);
  assert.equal(await links.peek('verify_email', token), undefined);
  await assert.rejects(db.transact([links.consume('verify_email', token)]), isUsedUp);
});

test('of fifty parallel uses one succeeds, and the others change nothing', async () => {
  const ada = await account();
  const token = await made('unlock', ada.id);
  const groups = (i: number) => ({
    statement: { name: '', text: 'UPDATE accounts SET groups = groups || $2::text WHERE id = $1' },
    values: [ada.id, String(i)],
  });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, (_, i) => db.transact([links.consume('unlock', token), groups(i)])),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const one of outcomes) if (one.status === 'rejected') assert.ok(isUsedUp(one.reason));
  assert.equal((await accounts.findById(ada.id))?.groups.length, 1);
});

test('each link lives as long as its purpose allows, and is then removed', async () => {
  const { id } = await account();
  for (const purpose of LINK_PURPOSES) {
    const token = await made(purpose, purpose === 'sign_up' ? undefined : id);
    clock.ms += LINK_LIFETIMES[purpose] * 1000 - 1;
    assert.ok(await links.peek(purpose, token), purpose);
    clock.ms += 1;
    assert.equal(await links.peek(purpose, token), undefined, purpose);
    await assert.rejects(db.transact([links.consume(purpose, token)]), isUsedUp, purpose);
  }
  clock.ms += 1;
  await cleanUp({ db, now });
  assert.deepEqual(await query('SELECT 1 FROM links'), []);
});

test('all links of an account end together, and those of others stay', async () => {
  const [ada, bob] = [await account(), await account()];
  const own = [await made('reset_password', ada.id), await made('unlock', ada.id)];
  const others = await made('reset_password', bob.id);
  await db.transact([links.endAllOf(ada.id)]);
  assert.equal(await links.peek('reset_password', own[0] ?? ''), undefined);
  assert.equal(await links.peek('unlock', own[1] ?? ''), undefined);
  assert.ok(await links.peek('reset_password', others));
});

test('text that cannot be a token causes no statement', async () => {
  for (const text of ['', 'x', 'a'.repeat(44), `${'a'.repeat(42)}'`, '\0'.repeat(43), 'ä'.repeat(43)]) {
    assert.equal(await links.peek('unlock', text), undefined);
  }
});

test('a row that was changed to another account or purpose cannot be opened', async () => {
  const [ada, bob] = [await account(), await account()];
  const token = await made('unlock', ada.id);
  await query('UPDATE links SET account_id = $1', [bob.id]);
  await assert.rejects(links.peek('unlock', token), { code: 'sealed_value_unreadable' });
  await query("UPDATE links SET account_id = $1, purpose = 'reset_password'", [ada.id]);
  assert.equal(await links.peek('reset_password', token), undefined);
});

test('a dump contains neither the token nor the address', async () => {
  const token = await made('sign_up', undefined, 'only.in.this.link@example.com');
  const dump = await dumpDatabase(url);
  for (const secret of [token, 'only.in.this.link@example.com']) {
    for (const form of formsOf(secret)) assert.equal(dump.includes(form), false);
  }
});
