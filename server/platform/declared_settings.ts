import { type Selectable, sql } from 'kysely';
import type { DeclaredSettings as Table } from './database.ts';
import type { BoundStatement, Db } from './db.ts';
import { statement, tables } from './statement.ts';

/** Settings from the configuration file. The environment of a server overrides them; they apply from its next start. */
export interface DeclaredSettings {
  list(): Promise<ReadonlyMap<string, string>>;
  declare(name: string, value: string): BoundStatement;
  withdraw(name: string): BoundStatement;
}

export const DECLARED_SETTING_STATEMENTS = {
  list: statement('declared_settings.list', () => sql<Selectable<Table>>`SELECT name, value FROM declared_settings`),
  declare: statement(
    'declared_settings.declare',
    ($: Selectable<Table>) => sql`
      INSERT INTO declared_settings (name, value) VALUES (${$.name}, ${$.value})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  ),
  withdraw: statement('declared_settings.withdraw', ($: { name: string }) =>
    tables.deleteFrom('declared_settings').where('name', '=', $.name),
  ),
};

export function createDeclaredSettings(db: Pick<Db, 'query'>): DeclaredSettings {
  return {
    list: async () =>
      new Map((await db.query(DECLARED_SETTING_STATEMENTS.list.bind())).map(({ name, value }) => [name, value])),
    declare: (name, value) => DECLARED_SETTING_STATEMENTS.declare.bind({ name, value }),
    withdraw: (name) => DECLARED_SETTING_STATEMENTS.withdraw.bind({ name }),
  };
}
