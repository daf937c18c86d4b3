import type { BoundStatement, Row } from './db.ts';
import type { Sealer } from './sealing.ts';

/** What is asked for: the newest rows of one person, at most so many of each table. */
export interface HeldOf {
  readonly accountId: string;
  readonly limit: number;
}

export interface HeldKeys {
  readonly accountId: string;
  /** The person's own. */
  readonly own: Sealer;
  readonly master: Sealer;
}

/** Rows of a table that are data of one person, for the export of what is stored about them. */
export interface Held {
  /** Its place in the export, such as `factors.passkeys`. */
  readonly name: string;
  bind(of: HeldOf): BoundStatement<Row>;
  items(rows: readonly Row[], keys: HeldKeys): readonly unknown[];
}

/** @param item undefined for a row that turns out to be of somebody else */
export function held<R>(
  name: string,
  statement: { bind(of: HeldOf): BoundStatement<R> },
  item: (row: R, keys: HeldKeys) => Readonly<Record<string, unknown>> | undefined,
): Held {
  return {
    name,
    bind: (of) => statement.bind(of) as BoundStatement<Row>,
    items: (rows, keys) => rows.map((row) => item(row as R, keys)).filter((one) => one !== undefined),
  };
}
