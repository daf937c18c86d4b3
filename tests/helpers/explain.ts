import type { BoundStatement, Db } from '../../server/platform/db.ts';

/** The plan of a statement, as EXPLAIN prints it. */
export async function explain(db: Pick<Db, 'run'>, { statement, values }: BoundStatement): Promise<string> {
  const rows = await db.run({ text: `EXPLAIN ${statement.text}` }, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}
