/** Before every UUID, or equal to it. */
export const LEAST_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Reads all rows of a table a page at a time, in the order of their key. A page begins with the first row that the page before
 * left out, so that its statement is `key >= $from ORDER BY key LIMIT $limit`, which an index answers: a cursor that may be null
 * (`$after IS NULL OR key > $after`) reads all rows before it again, since plans are made without the values.
 * @param parts `from`: the least key that there can be; `read`: the rows from this key on
 */
export async function* pagesByKey<Row, Key>(parts: {
  readonly size: number;
  readonly from: Key;
  readonly keyOf: (row: Row) => Key;
  read(from: Key, limit: number): Promise<Row[]>;
}): AsyncGenerator<Row[], void> {
  const { size, keyOf, read } = parts;
  for (let from = parts.from; ; ) {
    const rows = await read(from, size + 1);
    yield rows.slice(0, size);
    const next = rows[size];
    if (next === undefined) return;
    from = keyOf(next);
  }
}
