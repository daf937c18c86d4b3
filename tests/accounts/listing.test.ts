import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Account } from '../../server/accounts/account.ts';
import { accountFields } from '../../server/accounts/list_fields.ts';
import type { AccountListRequest } from '../../server/accounts/listing.ts';
import { createSearchTokens } from '../../server/accounts/search_tokens.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import { matches, readFilter } from '../../server/platform/filter.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { accountChanges } from '../helpers/account_changes.ts';
import { LONG } from '../helpers/long.ts';
import { database } from '../helpers/postgres.ts';

const START = Date.UTC(2026, 0, 1);
const { db } = await database({ after });
const clock = { ms: START };
const searchKey = randomBytes(32);
const accounts = createAccounts({
  db,
  sealer: createSealer([randomBytes(32)]),
  indexKey: randomBytes(32),
  searchKey,
  now: () => clock.ms,
});

const GIVEN = ['Ada', 'Adam', 'Björn', 'Christiane', 'Christian', 'O’Neil', '王', 'Ärzte'];
const FAMILY = ['Lovelace', 'Christ', 'Ada', 'Schwarzenegger', 'Schwarz', '小明'];

const everybody: Account[] = [];
for (let i = 0; i < 120; i++) {
  clock.ms = START + Math.floor(i / 3) * 1_000;
  const [givenName = '', familyName = ''] = [GIVEN[i % GIVEN.length], FAMILY[i % FAMILY.length]];
  const [account] = await accountChanges(db, accounts).createAll([
    {
      email: `${i % 4 === 0 ? 'ada' : 'person'}${i}@example.${i % 2 ? 'com' : 'org'}`,
      ...(i % 5 === 0 ? { username: `christ${i}` } : {}),
      ...(i % 7 === 0 ? {} : { givenName, familyName, name: `${givenName} ${familyName}` }),
      groups: [...(i % 3 === 0 ? ['staff'] : []), ...(i % 40 === 0 ? ['Büro'] : [])],
      roles: i % 10 === 0 ? ['admin'] : [],
      disabled: i % 6 === 0,
      passwordHash: i % 8 === 0 ? null : 'phc',
      ...(i % 20 === 0 ? { totpSecret: randomBytes(20) } : {}),
    },
  ]);
  assert.ok(account);
  everybody.push(account);
}
for (const account of everybody.filter((_, i) => i % 9 === 0)) {
  clock.ms += 1_000;
  await accounts.update(account, { nickname: 'changed' });
}
const all = (await Promise.all(everybody.map(({ id }) => accounts.findById(id)))).filter((one) => one !== undefined);

async function walk(request: AccountListRequest): Promise<Account[]> {
  const found: Account[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await accounts.listing.read({ ...request, cursor });
    found.push(...page.items);
    cursor = page.next;
    if (cursor === undefined) return found;
  }
}

const idsOf = (found: readonly Account[]) => found.map(({ id }) => id);
const fields = accountFields(createSearchTokens(searchKey));

const text = fc.constantFrom(
  ...[
    'a',
    'ad',
    'ADA',
    'ada0',
    'ada lo',
    'person1',
    'chris',
    'christian',
    'christiane ',
    'christian christ',
    '王',
    '王 小明',
  ],
  ...['schwarzen', 'schwarzenegger', 'ä', 'Ärzte', 'o’neil schw', '%', '', 'nobody', 'ada0@example.org', 'christ5'],
);
const quoted = text.map((one) => JSON.stringify(one));
const time = fc.integer({ min: -1, max: 170 }).map((s) => `"${new Date(START + s * 1_000).toISOString()}"`);
const comparison = fc.oneof(
  fc.tuple(fc.constantFrom('email', 'username'), fc.constantFrom('eq', 'sw'), quoted),
  fc.tuple(fc.constantFrom('name', 'given_name', 'family_name'), fc.constant('sw'), quoted),
  fc.tuple(
    fc.constantFrom('groups', 'roles'),
    fc.constant('eq'),
    fc.constantFrom('"staff"', '"Büro"', '"admin"', '"x"'),
  ),
  fc.tuple(fc.constant('second_factors'), fc.constant('eq'), fc.constantFrom('"totp"', '"passkey"')),
  fc.tuple(fc.constantFrom('disabled', 'has_password'), fc.constant('eq'), fc.constantFrom('true', 'false')),
  fc.tuple(fc.constantFrom('created_at', 'updated_at'), fc.constantFrom('eq', 'gt', 'ge', 'lt', 'le'), time),
  fc.tuple(fc.constant('id'), fc.constant('eq'), fc.constantFrom(...all.map(({ id }) => `"${id}"`))),
);
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    comparison.map((parts) => parts.join(' ')),
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a}) and (${b})`),
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a}) or (${b})`),
    tie('filter').map((a) => `not (${a})`),
  ),
}));

const ORDERS = {
  created_at: (a: Account, b: Account) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1),
  updated_at: (a: Account, b: Account) => a.updatedAt.getTime() - b.updatedAt.getTime() || (a.id < b.id ? -1 : 1),
} as const;
const orders = fc.tuple(fc.constantFrom('created_at', 'updated_at'), fc.boolean());

function inOrder(found: readonly Account[], order: keyof typeof ORDERS, descending: boolean): Account[] {
  const sorted = found.toSorted(ORDERS[order]);
  return descending ? sorted.toReversed() : sorted;
}

describe('a list of accounts', () => {
  test('has all that match the filter, in order, by pages of any size', async () => {
    await fc.assert(
      fc.asyncProperty(filter, orders, fc.integer({ min: 20, max: 60 }), async (given, [order, descending], limit) => {
        const condition = readFilter(given, fields);
        const expected = all.filter((account) => matches(condition, (name) => fields[name]?.read(account)));
        const found = await walk({ filter: given, sort: `${descending ? '-' : ''}${order}`, limit });
        assert.deepEqual(idsOf(found), idsOf(inOrder(expected, order, descending)));
      }),
      { numRuns: LONG ? 2_000 : 60 },
    );
  });

  test('has all whose e-mail address, username or name begins as searched', async () => {
    const begins = (account: Account, search: string) =>
      [account.email, account.username, account.name, account.givenName, account.familyName].some((one) =>
        one?.normalize('NFKC').toLowerCase().startsWith(search.normalize('NFKC').toLowerCase().trim()),
      );
    await fc.assert(
      fc.asyncProperty(text, orders, fc.boolean(), async (search, [order, descending], staff) => {
        const expected = all.filter((one) => begins(one, search) && (!staff || one.groups.includes('staff')));
        const found = await walk({
          search,
          sort: `${descending ? '-' : ''}${order}`,
          limit: 7,
          ...(staff ? { filter: 'groups eq "staff"' } : {}),
        });
        assert.deepEqual(idsOf(found), idsOf(inOrder(expected, order, descending)));
      }),
      { numRuns: 20 },
    );
  });

  test('begins with the newest, and has no cursor on its last page', async () => {
    const { items, next } = await accounts.listing.read({ limit: 200 });
    assert.deepEqual(idsOf(items), idsOf(inOrder(all, 'created_at', true)));
    assert.equal(next, undefined);
  });

  test('counts all that match when it is asked to, where that needs no profile', async () => {
    assert.equal((await accounts.listing.read({ limit: 1, total: true })).total, 120);
    assert.equal((await accounts.listing.read({ limit: 1, total: true, filter: 'groups eq "staff"' })).total, 40);
    const none = await accounts.listing.read({ total: true, filter: 'groups eq "x"' });
    assert.deepEqual(none, { items: [], total: 0 });
    for (const request of [{ search: 'ada' }, { filter: 'not (email sw "ada")' }]) {
      await assert.rejects(accounts.listing.read({ ...request, total: true }), {
        code: 'invalid_input',
        field: 'total',
      });
    }
  });

  test('refuses a cursor of another search', async () => {
    const { next } = await accounts.listing.read({ limit: 1, search: 'ada' });
    assert.ok(next);
    await assert.rejects(accounts.listing.read({ search: 'adam', cursor: next }), { field: 'cursor' });
    await assert.rejects(accounts.listing.read({ cursor: next }), { field: 'cursor' });
    await assert.rejects(accounts.listing.read({ search: 'a'.repeat(255) }), { field: 'search' });
  });
});
