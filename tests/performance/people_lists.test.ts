import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { SOURCE_STATEMENTS } from '../../server/accounts/list_sources.ts';
import { type AccountListRequest, createAccountListing } from '../../server/accounts/listing.ts';
import { createSearchTokens } from '../../server/accounts/search_tokens.ts';
import { deleteAccounts } from '../helpers/account_changes.ts';
import { database } from '../helpers/postgres.ts';
import { insertUnsealed, person } from './people.ts';
import { explain, indexRows, LISTS, nodesOf, openUnsealed, recorded } from './people_plans.ts';

/** `make bench` does the same with a million. */
const PEOPLE = 6_000;
const START = Date.UTC(2025, 0, 1);
/** Accounts that a statement looks at, at most; one that looks for the rarest token counts up to 5,000 of each. */
const [LOOKED_AT_MAX, COUNTED_MAX] = [2_000, 5_000];

const { db } = await database({ after });
const tokens = createSearchTokens(randomBytes(32));
const { statements, recording } = recorded(db);
const listing = createAccountListing({
  db: recording,
  tokens,
  open: openUnsealed(START),
  holdersOf: async () => new Map(),
});
await insertUnsealed(db, tokens, { from: 0, to: PEOPLE, start: START });
await db.run({ text: 'ANALYZE accounts, account_index' }, []);

describe('a page of people', () => {
  for (const [name, request] of Object.entries(LISTS)) {
    test(`is read by index, in its order: ${name}`, async () => {
      statements.length = 0;
      const first = await listing.read(request);
      const next = first.next;
      if (next !== undefined) await listing.read({ ...request, cursor: next });
      assert.ok(statements.length <= (next === undefined ? 3 : 6), `${statements.length} statements`);
      for (const statement of [...statements]) {
        const plan = await explain(db, statement);
        const max = statement.statement.name === SOURCE_STATEMENTS.count.name ? 2 * COUNTED_MAX : LOOKED_AT_MAX;
        for (const node of nodesOf(plan)) {
          assert.notEqual(node['Node Type'], 'Seq Scan', statement.statement.text);
          assert.ok(
            indexRows(node) <= max,
            `${node['Node Type']} ${node['Index Name']} reads ${indexRows(node)} rows: ${statement.statement.text}`,
          );
        }
      }
    });
  }

  test('looks at a bounded number of people, and says how to go on', async () => {
    // One character has no token, so all profiles must be opened.
    const request: AccountListRequest = { search: 'z', limit: 200 };
    const first = await listing.read({ search: 'q' });
    assert.deepEqual(first.items, []);
    assert.ok(first.next);
    const found: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await listing.read({ ...request, cursor });
      found.push(...page.items.map(({ name = '' }) => name));
      cursor = page.next;
      if (cursor === undefined) break;
    }
    const begins = Array.from({ length: PEOPLE }, (_, i) => person(i)).filter(({ givenName, familyName }) =>
      [givenName, familyName].some((name) => name?.startsWith('Z')),
    );
    assert.deepEqual(found.sort(), begins.map(({ name = '' }) => name).sort());
  });
});

describe('pages of people', () => {
  test('from first to last have everybody once who exists throughout, while others are added and deleted', async () => {
    const before = await db.run<{ id: string }>({ text: 'SELECT id FROM accounts ORDER BY created_at, id' }, []);
    const gone = before.filter((_, i) => i % 10 === 3).map(({ id }) => id);
    const stays = new Set(before.map(({ id }) => id).filter((id) => !gone.includes(id)));
    const walks = [{}, { sort: 'created_at' }, { filter: 'disabled eq false' }, { search: 'ch' }].map(
      async (request) => {
        const seen = new Map<string, number>();
        let number = 0;
        for (let cursor: string | undefined; ; ) {
          const page = await listing.read({ limit: 200, ...request, cursor });
          for (const { id } of page.items) seen.set(id, (seen.get(id) ?? 0) + 1);
          cursor = page.next;
          number += 1;
          const [id, from] = [gone.pop(), PEOPLE + number * 2];
          if (id) await deleteAccounts(db, id);
          await insertUnsealed(db, tokens, { from, to: from + 1, start: START });
          if (cursor === undefined) return seen;
        }
      },
    );
    const [newest, oldest, enabled, searched] = await Promise.all(walks);
    for (const seen of [newest, oldest]) {
      assert.ok([...stays].every((id) => seen?.get(id) === 1));
    }
    for (const seen of [newest, oldest, enabled, searched]) {
      assert.ok(seen && seen.size > 0 && [...seen.values()].every((times) => times === 1));
    }
  });
});
