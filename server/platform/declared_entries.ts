import { type Selectable, sql } from 'kysely';
import type { DeclaredEntries } from './database.ts';
import type { BoundStatement, Db } from './db.ts';
import { columns, statement } from './statement.ts';

/** The entries of the configuration file as it was applied last: by them, a change elsewhere shows as drift. */

type Entry = Selectable<DeclaredEntries>;
const ENTRIES = columns<keyof Entry>({ kind: 'text', key: 'text', entry_hash: 'bytea' });

export const DECLARED_STATEMENTS = {
  lock: statement(
    'declared.lock',
    () => sql`SELECT pg_advisory_xact_lock(hashtextextended('cardea configuration', 0))`,
  ),
  list: statement('declared.list', () => sql<Entry>`SELECT kind, key, entry_hash FROM declared_entries`),
  remove: statement(
    'declared.remove',
    ($: { entries: readonly Entry[] }) => sql`
      DELETE FROM declared_entries d
       WHERE NOT EXISTS (SELECT 1 FROM ${ENTRIES.unnest($.entries)} AS e (${ENTRIES.names})
                          WHERE e.kind = d.kind AND e.key = d.key AND e.entry_hash = d.entry_hash)`,
  ),
  insert: statement(
    'declared.insert',
    ($: { entries: readonly Entry[] }) => sql`
      INSERT INTO declared_entries (${ENTRIES.names}) SELECT * FROM ${ENTRIES.unnest($.entries)} ON CONFLICT DO NOTHING`,
  ),
};

export interface Declared {
  /** Waits for another application of the file, until the end of the transaction. */
  lock(): BoundStatement;
  /** The hashes, by kind and key with a space between them. */
  list(): Promise<ReadonlyMap<string, Buffer>>;
  replace(entries: readonly Entry[]): BoundStatement[];
}

export function createDeclared(db: Pick<Db, 'query'>): Declared {
  return {
    lock: () => DECLARED_STATEMENTS.lock.bind(),
    list: async () =>
      new Map(
        (await db.query(DECLARED_STATEMENTS.list.bind())).map(({ kind, key, entry_hash }) => [
          `${kind} ${key}`,
          entry_hash,
        ]),
      ),
    replace: (entries) => [DECLARED_STATEMENTS.remove.bind({ entries }), DECLARED_STATEMENTS.insert.bind({ entries })],
  };
}
