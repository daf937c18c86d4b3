import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { columns, statement, tables } from '../../server/platform/statement.ts';
import { database } from '../helpers/postgres.ts';

describe('a statement', () => {
  test('has a parameter once, however often it is used', () => {
    const twice = statement('twice', ($: { a: number; b: number }) => sql`SELECT ${$.b}, ${$.a}, ${$.b}`);
    assert.equal(twice.text, 'SELECT $1, $2, $1');
    assert.deepEqual(twice.bind({ a: 1, b: 2 }), { statement: twice, values: [2, 1] });
  });

  test('has constants in its text, with quotes doubled', () => {
    const constants = statement('constants', () => sql`SELECT ${3}, ${"it's"}, ${true}, ${null}`);
    assert.equal(constants.text, "SELECT 3, 'it''s', true, null");
    assert.deepEqual(constants.bind().values, []);
  });

  test('is built by Kysely as well, with types of the schema', () => {
    const find = statement('find', ($: { hash: Buffer; now: Date }) =>
      tables.selectFrom('links').select('sealed').where('token_hash', '=', $.hash).where('expires_at', '>', $.now),
    );
    assert.equal(find.text, 'select "sealed" from "links" where "token_hash" = $1 and "expires_at" > $2');
    const [hash, now] = [Buffer.from('hash'), new Date()];
    assert.deepEqual(find.bind({ now, hash }).values, [hash, now]);
  });

  test('is refused when it calculates with a parameter, which has no value yet', () => {
    assert.throws(() => statement('wrong', ($: { n: number }) => sql`SELECT ${$.n + 1}`), TypeError);
  });

  test('writes rows by one parameter a column', async (t) => {
    const { db } = await database(t);
    const ROWS = columns({ id_hash: 'bytea', expires_at: 'timestamptz' });
    const insert = statement(
      'insert',
      ($: { rows: readonly { id_hash: Buffer; expires_at: Date }[] }) => sql<{ n: number }>`
        WITH inserted AS (INSERT INTO replays (${ROWS.names}) SELECT * FROM ${ROWS.unnest($.rows)} RETURNING 1)
        SELECT cardinality(${ROWS.list($.rows, 'id_hash')}) AS n`,
    );
    assert.match(
      insert.text,
      /\("id_hash", "expires_at"\) SELECT \* FROM unnest\(\$1::bytea\[\], \$2::timestamptz\[\]\)/,
    );
    const rows = ['a', 'b'].map((id) => ({ expires_at: new Date(0), id_hash: Buffer.from(id) }));
    assert.deepEqual(await db.query(insert.bind({ rows })), [{ n: 2 }]);
  });
});
