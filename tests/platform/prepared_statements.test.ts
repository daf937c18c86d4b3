import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { database } from '../helpers/postgres.ts';
import { declaredStatements, exportedStatements } from '../helpers/statements.ts';

const statements = await exportedStatements();

describe('named statements', () => {
  test('are all exported, so that this file sees them', () => {
    const exported = new Set(statements.map(({ name }) => name));
    const hidden = declaredStatements().flatMap(({ file, names }) =>
      names.filter((name) => !exported.has(name)).map((name) => `${file}: ${name}`),
    );
    assert.deepEqual(hidden, []);
    assert.ok(exported.size > 100, 'the search finds statements');
  });

  // A connection that has prepared a text under a name refuses another text under the same name.
  test('have unique names', () => {
    const files = Map.groupBy(statements, ({ name }) => name);
    const shared = [...files]
      .filter(([, all]) => all.length > 1)
      .map(([name, all]) => [name, all.map((one) => one.file)]);
    assert.deepEqual(shared, []);
  });

  test('fit the migrated schema', async (t) => {
    const { db } = await database(t);
    const client = await db.connect();
    const refused: string[] = [];
    for (const { file, name, text } of statements) {
      await client
        .query(`PREPARE ${client.escapeIdentifier(name)} AS ${text}`)
        .catch((error: Error) => refused.push(`${file}: ${name}: ${error.message}`));
    }
    await client.end();
    assert.deepEqual(refused, []);
  });
});
