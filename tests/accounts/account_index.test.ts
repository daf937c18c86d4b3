import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { createSearchTokens } from '../../server/accounts/search_tokens.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import { failedGuard } from '../../server/platform/db_errors.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { deleteAccounts } from '../helpers/account_changes.ts';
import { database } from '../helpers/postgres.ts';

const { db } = await database({ after });
const clock = { ms: Date.UTC(2026, 0, 1) };
const accounts = createAccounts({
  db,
  sealer: createSealer([randomBytes(32)]),
  indexKey: randomBytes(32),
  searchKey: randomBytes(32),
  now: () => ++clock.ms,
});
const run = <R>(text: string, values: readonly unknown[] = []) => db.run<R>({ text }, values);

async function tokensOf(id?: string): Promise<string[]> {
  const rows = await run<{ token: string }>(
    'SELECT token FROM account_index WHERE $1::uuid IS NULL OR account_id = $1 ORDER BY token',
    [id ?? null],
  );
  return rows.map(({ token }) => token);
}

const ADA = {
  email: 'ada@example.com',
  username: 'countess',
  name: 'Ada Lovelace',
  givenName: 'Ada',
  familyName: 'Lovelace',
};

async function setUp() {
  await deleteAccounts(db);
  return accounts.create(ADA);
}

const search = async (text: string) => (await accounts.listing.read({ search: text })).items.map(({ id }) => id);

describe('the index of accounts', () => {
  test('has as many tokens for each account, in the order of their values, whatever its profile has', async () => {
    const ada = await setUp();
    const others = [
      await accounts.create({ email: 'x@example.com' }),
      await accounts.create({
        email: 'a-long-address@example.com',
        username: 'b-long-username',
        name: 'Cecilia Longname',
        givenName: 'Desdemona-Long',
        familyName: 'Ekaterina-Long',
      }),
    ];
    const counts = await Promise.all([ada, ...others].map(async ({ id }) => (await tokensOf(id)).length));
    assert.equal(new Set(counts).size, 1);
    const rows = await run<{ search_tokens: string[] }>('SELECT search_tokens FROM accounts');
    for (const { search_tokens: tokens } of rows) {
      assert.deepEqual(
        tokens,
        tokens.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)),
      );
      assert.equal(new Set(tokens).size, 21);
    }
  });

  test('shares the tokens of a beginning between e-mail address, username and names, none of which another key makes', async () => {
    const ada = await setUp();
    const [byUsername, byName] = [
      await accounts.create({ email: 'one@example.com', username: 'Adamantine' }),
      await accounts.create({ email: 'two@example.com', familyName: 'ADAIR' }),
    ];
    const shared = async (a: string, b: string) => {
      const tokens = new Set(await tokensOf(a));
      return (await tokensOf(b)).filter((token) => tokens.has(token)).length;
    };
    // `disabled` and `has_password`
    const attributes = 2;
    assert.equal(await shared(ada.id, byUsername.id), 1 + attributes);
    assert.equal(await shared(byUsername.id, byName.id), 1 + attributes);
    const stranger = createSearchTokens(randomBytes(32));
    const theirs = new Set(stranger.of(ADA));
    assert.ok((await tokensOf()).every((token) => !theirs.has(token)));
    const sought = ADA.email.slice(0, 5);
    assert.ok(theirs.has(stranger.ofBeginning(sought) ?? ''), 'a search by a beginning asks for a token');
    assert.notEqual(createSearchTokens(randomBytes(32)).ofBeginning(sought), stranger.ofBeginning(sought));
  });

  test('follows the groups, roles, factors and state of an account, however they are written', async () => {
    const ada = await setUp();
    const found = async (filter: string) => (await accounts.listing.read({ filter })).items.length;
    await run(
      `UPDATE accounts SET groups = '{staff,board}', roles = '{admin}', second_factors = '{totp}', disabled_at = now(), password_hash = 'phc'`,
    );
    for (const filter of [
      'groups eq "staff"',
      'groups eq "board"',
      'roles eq "admin"',
      'second_factors eq "totp"',
      'disabled eq true',
      'has_password eq true',
    ]) {
      assert.equal(await found(filter), 1, filter);
    }
    await run(
      `UPDATE accounts SET groups = '{board}', roles = '{}', second_factors = '{}', disabled_at = NULL, password_hash = NULL`,
    );
    for (const filter of [
      'groups eq "staff"',
      'roles eq "admin"',
      'second_factors eq "totp"',
      'disabled eq true',
      'has_password eq true',
    ]) {
      assert.equal(await found(filter), 0, filter);
    }
    assert.equal(await found('groups eq "board" and disabled eq false and has_password eq false'), 1);
    assert.equal((await tokensOf(ada.id)).length, 24);
  });

  test('follows a change of the profile', async () => {
    const ada = await setUp();
    await accounts.update(ada, {
      email: 'king@example.com',
      name: 'Augusta King',
      givenName: undefined,
      familyName: undefined,
    });
    assert.deepEqual(await search('king@'), [ada.id]);
    assert.deepEqual(await search('augu'), [ada.id]);
    assert.deepEqual(await search('love'), []);
  });

  test('has nothing left of a deleted account', async () => {
    const [ada] = [await setUp(), await accounts.create({ email: 'other@example.com', groups: ['staff'] })];
    await db.transact([accounts.plans.deleting(ada.id)]);
    assert.deepEqual(await tokensOf(ada.id), []);
    assert.equal((await tokensOf()).length, 24);
    await deleteAccounts(db);
    assert.deepEqual(await tokensOf(), []);
  });

  test('has no account that a node of the version before wrote, but lists do, and the job indexes it', async () => {
    const ada = await setUp();
    const grace = await accounts.create({ email: 'grace@example.com', groups: ['staff'] });
    await run('UPDATE accounts SET search_tokens = NULL');
    assert.deepEqual(await tokensOf(), []);
    const lists = async () => [
      await search('ada'),
      (await accounts.listing.read({ filter: 'groups eq "staff"' })).items.map(({ id }) => id),
    ];
    assert.deepEqual(await lists(), [[ada.id], [grace.id]]);
    assert.deepEqual(await search('nobody'), []);
    assert.deepEqual(await accounts.index(), { indexed: 2, unreadable: [] });
    assert.equal((await tokensOf(ada.id)).length, 23);
    assert.deepEqual(await lists(), [[ada.id], [grace.id]]);
    assert.deepEqual(await accounts.index(), { indexed: 0, unreadable: [] });
  });

  test('forgets the tokens of a profile that was changed without them', async () => {
    const ada = await setUp();
    await run('UPDATE accounts SET sealed_profile = sealed_profile WHERE id = $1', [ada.id]);
    assert.equal((await tokensOf(ada.id)).length, 23);
    // In SQL: no node of this version writes a profile without its tokens.
    await run(`UPDATE accounts SET sealed_profile = sealed_profile || '\\x00' WHERE id = $1`, [ada.id]);
    assert.deepEqual(await tokensOf(ada.id), []);
  });

  test('passes over accounts whose profile cannot be opened', async () => {
    const ada = await setUp();
    const grace = await accounts.create({ email: 'grace@example.com' });
    await run(`UPDATE accounts SET search_tokens = NULL`);
    await run(`UPDATE accounts SET sealed_profile = '\\x00' WHERE id = $1`, [ada.id]);
    assert.deepEqual(await accounts.index(), { indexed: 1, unreadable: [ada.id] });
    assert.equal((await tokensOf(grace.id)).length, 23);
  });
});

describe('the version of an account', () => {
  test('is raised by each change of what operators see, and by nothing else', async () => {
    const { id } = await setUp();
    const read = async () => {
      const account = await accounts.findById(id);
      assert.ok(account);
      return account;
    };
    let before = (await read()).version;
    assert.equal(before, 1);
    const changes: (() => Promise<unknown>)[] = [
      async () => accounts.update(await read(), { nickname: 'Countess' }),
      () => db.query(accounts.plans.settingGroups(id, ['staff'])),
      () => db.query(accounts.plans.settingRoles(id, ['admin'])),
      () => db.query(accounts.plans.disabling(id)),
      () => db.query(accounts.plans.enabling(id)),
      async () => db.transact(accounts.passwordStatements(await read(), 'phc')),
      () => run(`UPDATE accounts SET second_factors = '{totp}' WHERE id = $1`, [id]),
    ];
    for (const change of changes) {
      await change();
      const { version } = await read();
      assert.equal(version, before + 1, String(change));
      before = version;
    }
    await db.query(accounts.plans.settingGroups(id, ['staff']));
    await db.query(accounts.plans.enabling(id));
    await accounts.rehash(id, 'phc', 'phc2');
    await run('UPDATE accounts SET epoch = epoch + 1, search_tokens = NULL WHERE id = $1', [id]);
    assert.equal((await read()).version, before);
  });

  test('guards a transaction: of many changes of what was read, one wins', async () => {
    const account = await setUp();
    const { id } = account;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        db.transact([accounts.plans.requireVersion(account), accounts.plans.settingGroups(id, [`group ${i}`])]),
      ),
    );
    const refused = results.filter((one) => one.status === 'rejected');
    assert.equal(refused.length, 19);
    assert.ok(refused.every(({ reason }) => failedGuard(reason) === 'require_as_read'));
    assert.equal((await accounts.findById(id))?.version, 2);
    await db.transact([accounts.plans.deleting(id)]);
    await assert.rejects(
      db.transact([accounts.plans.requireVersion({ ...account, version: 2 }), accounts.plans.enabling(id)]),
    );
  });
});

describe('deleting an account', () => {
  test('takes everything with it that refers to the account, except what is named here', async () => {
    const rows = await run<{ table: string; deletes: boolean }>(`
      SELECT c.relname AS "table",
             EXISTS (SELECT 1 FROM pg_constraint f
                      WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid = 'accounts'::regclass
                        AND f.conkey = ARRAY[a.attnum] AND f.confdeltype = 'c') AS deletes
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'account_id'`);
    assert.ok(rows.length > 10);
    assert.deepEqual(
      rows
        .filter(({ deletes }) => !deletes)
        .map(({ table }) => table)
        .sort(),
      // by a trigger; told to apps that the person is still signed in at, or had a grant with; by `erasing`
      ['account_index', 'deliveries', 'departed_subjects', 'erased_accounts', 'former_grants', 'records'],
    );
  });
});
