import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Groups as GroupsTable } from '../platform/database.ts';
import { type BoundStatement, type Db, sqlState, UNIQUE_VIOLATION } from '../platform/db.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { statement } from '../platform/statement.ts';
import { checkNames } from './profile.ts';

/** Groups and roles: rows of their own, which accounts name. */

export interface Named {
  readonly name: string;
  readonly description: string;
  /** In the admin API; of roles alone. */
  readonly permissions: readonly string[];
  readonly managedBy: 'file' | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NamedInput = Partial<Pick<Named, 'description' | 'permissions' | 'managedBy'>>;

type Kind = 'groups' | 'roles';

export interface Store {
  find(name: string): Promise<Named | undefined>;
  /** Those of these names that do not exist. */
  missing(names: readonly string[]): Promise<string[]>;
  /** Those of these names that exist. */
  findAll(names: readonly string[]): Promise<Named[]>;
  /** By name, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request: ListRequest): Promise<Page<Named>>;
  creating(name: string, input: NamedInput): NamedPlan;
  updating(before: Named, change: NamedInput): NamedPlan;
  /** Accounts that name it keep the name: remove it from them in the same transaction. */
  removing(before: Named): NamedPlan;
}

export interface NamedPlan {
  readonly statements: readonly BoundStatement[];
  /** As it will be. */
  readonly after: Named;
  /** @returns the error of a refused transaction, for the caller */
  refuse(error: unknown): unknown;
}

export type Groups = Store;
export type Roles = Store;

type NamedRow = Selectable<GroupsTable>;
type Columns = Omit<NamedRow, 'version'>;

function statementsOf(kind: Kind) {
  const table = sql.table(kind);
  return {
    find: statement(
      `${kind}.find`,
      ($: { name: string }) => sql<NamedRow>`SELECT * FROM ${table} WHERE name = ${$.name}`,
    ),
    findAll: statement(
      `${kind}.find_all`,
      ($: { names: readonly string[] }) => sql<NamedRow>`SELECT * FROM ${table} WHERE name = ANY(${$.names}::text[])`,
    ),
    insert: statement(
      `${kind}.insert`,
      ($: Columns) => sql`
        INSERT INTO ${table} (name, description, permissions, managed_by, created_at, updated_at)
        VALUES (${$.name}, ${$.description}, ${$.permissions}, ${$.managed_by}, ${$.created_at}, ${$.updated_at})`,
    ),
    update: statement(
      `${kind}.update`,
      ($: Omit<Columns, 'created_at'>) => sql`
        UPDATE ${table} SET description = ${$.description}, permissions = ${$.permissions}, managed_by = ${$.managed_by},
               updated_at = ${$.updated_at}
         WHERE name = ${$.name}`,
    ),
    remove: statement(`${kind}.remove`, ($: { name: string }) => sql`DELETE FROM ${table} WHERE name = ${$.name}`),
    // Locks the row, so that of parallel changes of one version one wins.
    requireVersion: statement(
      `${kind}.require_version`,
      ($: { name: string; version: number }) => sql`
        WITH current AS (SELECT 1 FROM ${table} WHERE name = ${$.name} AND version = ${$.version} FOR UPDATE)
        SELECT require_as_read((SELECT count(*) FROM current))`,
    ),
  };
}

function listingOf(kind: Kind) {
  return createListing({
    name: kind,
    select: '*',
    from: kind,
    id: { sql: 'name', type: 'text' },
    fields: {
      name: { sql: 'name', type: 'text', operators: ['eq', 'ne', 'sw'] },
      managed_by: { sql: 'managed_by', type: 'text', operators: ['eq', 'pr'] },
    },
    sorts: { name: { sql: 'name', type: 'text' } },
    defaultSort: 'name',
    item: fromRow,
  });
}

export const NAMED_STATEMENTS = { groups: statementsOf('groups'), roles: statementsOf('roles') };

const LISTINGS = { groups: listingOf('groups'), roles: listingOf('roles') };

const DESCRIPTION_MAX = 500;

export function createNamed(
  kind: Kind,
  { db, now }: { readonly db: Pick<Db, 'query' | 'transact'>; readonly now: Clock },
): Store {
  const statements = NAMED_STATEMENTS[kind];
  const listing = LISTINGS[kind];
  const findAll = async (names: readonly string[]) =>
    (await db.query(statements.findAll.bind({ names: names.filter(isStorable) }))).map(fromRow);
  const columnsOf = (named: Named): Columns => ({
    name: named.name,
    description: checkDescription(named.description),
    permissions: [...named.permissions],
    managed_by: named.managedBy,
    created_at: named.createdAt,
    updated_at: named.updatedAt,
  });
  return {
    findAll,
    async find(name) {
      if (!isStorable(name)) return undefined;
      const [row] = await db.query(statements.find.bind({ name }));
      return row && fromRow(row);
    },
    async missing(names) {
      const existing = new Set((await findAll(names)).map(({ name }) => name));
      return names.filter((name) => !existing.has(name));
    },
    list: (request) => listing.read(db, request),
    creating(given, { description = '', permissions = [], managedBy = null }) {
      const [name = ''] = checkNames(kind, [given]);
      const at = new Date(now());
      const after = { name, description, permissions, managedBy, version: 1, createdAt: at, updatedAt: at };
      return {
        after,
        statements: [statements.insert.bind(columnsOf(after))],
        refuse: (error) =>
          sqlState(error) === UNIQUE_VIOLATION
            ? new AppError('already_exists', `name: ${name} exists already`, { cause: error, field: 'name' })
            : error,
      };
    },
    updating(before, change) {
      const after = { ...before, ...change, version: before.version + 1, updatedAt: new Date(now()) };
      return {
        after,
        statements: [statements.requireVersion.bind(before), statements.update.bind(columnsOf(after))],
        refuse: (error) => error,
      };
    },
    removing(before) {
      return {
        after: before,
        statements: [statements.requireVersion.bind(before), statements.remove.bind({ name: before.name })],
        refuse: (error) => error,
      };
    },
  };
}

/** Postgres cannot store or compare any other text. */
const isStorable = (name: string) => name.isWellFormed() && !name.includes('\0');

function checkDescription(text: string): string {
  if ([...text].length > DESCRIPTION_MAX || /[\p{Cc}\p{Cs}]/u.test(text)) {
    throw invalidInput('description', `must have at most ${DESCRIPTION_MAX} characters and no control characters`);
  }
  return text;
}

function fromRow({ managed_by, created_at, updated_at, ...row }: NamedRow): Named {
  return { ...row, managedBy: managed_by === 'file' ? 'file' : null, createdAt: created_at, updatedAt: updated_at };
}
