import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { ACCOUNT_STATEMENTS } from '../../server/accounts/statements.ts';
import { STORED_HASH_STATEMENTS } from '../../server/accounts/stored_hashes.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import { LEAST_UUID, pagesByKey } from '../../server/platform/key_pages.ts';
import { LEAST_KEYS, resealStatements } from '../../server/platform/reseal.ts';
import { explain } from '../helpers/explain.ts';
import { database } from '../helpers/postgres.ts';
import { exportedStatements } from '../helpers/statements.ts';

const { db } = await database({ after });
const statements = await exportedStatements();

describe('pages by key', () => {
  test('have each row once, in order, and none is longer than asked for', async () => {
    const keys = fc.uniqueArray(fc.integer({ min: 0, max: 100 })).map((all) => all.sort((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(keys, fc.integer({ min: 1, max: 10 }), async (rows, size) => {
        const read = async (from: number, limit: number) => rows.filter((key) => key >= from).slice(0, limit);
        const pages: number[][] = [];
        for await (const one of pagesByKey({ size, from: 0, keyOf: (key: number) => key, read })) pages.push(one);
        assert.deepEqual(pages.flat(), rows);
        assert.ok(pages.every((page) => page.length <= size));
      }),
    );
  });

  const page = { limit: 10 };
  const bound = [
    ...SEALED.map((sealed) => resealStatements(sealed).next.bind({ ...page, from: LEAST_KEYS[sealed.keyType] })),
    STORED_HASH_STATEMENTS.hashesFrom.bind({ ...page, from: LEAST_UUID }),
    ACCOUNT_STATEMENTS.notIndexed.bind({ ...page, from: LEAST_UUID }),
  ];
  for (const one of bound) {
    test(`${one.statement.name} finds its page by an index, in its order`, async () => {
      const plan = await explain(db, one);
      assert.match(plan, /Index Cond: \(\(?\w+\)?(::text)? >= /, plan);
      assert.doesNotMatch(plan, /Sort|Seq Scan/, plan);
    });
  }

  // Plans are made without the values (`plan_cache_mode`), so such a condition filters what was read.
  test('are used where a cursor that may be null would read all rows before it', () => {
    const filtered = statements.filter(
      ({ text }) => /\bLIMIT\b/.test(text) && /\$\d+(::\w+)? IS NULL\s+OR/.test(text) && !/account_id = \$/.test(text),
    );
    assert.deepEqual(
      filtered.map(({ name }) => name),
      [],
    );
  });
});
