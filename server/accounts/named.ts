import { isDeepStrictEqual } from 'node:util';
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Groups as GroupsTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { failedGuard, sqlState, UNIQUE_VIOLATION } from '../platform/db_errors.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { statement, wasCreatedAt } from '../platform/statement.ts';
import { checkGroupOrRole } from './profile.ts';
import type { AttributeKind } from './search_tokens.ts';

/**
 * Groups and roles: rows of their own, which accounts name. Some exist in every installation: they are part of the program
 * and not stored, so that nothing in the database changes what they are.
 */

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
  /** The number of accounts that name it. */
  countMembers(name: string): Promise<number>;
  /** Some of the accounts that name it. */
  someMembers(name: string, most: number): Promise<string[]>;
  /**
   * Takes it from these accounts, for as long as it is as it was read. Otherwise the transaction fails by `require_as_read`, and by
   * `require_rows` when one of the accounts does not have it any more.
   */
  removingSome(before: Named, ids: readonly string[]): BoundStatement[];
  /**
   * @param options `removeMembers`: first from the accounts that name it, otherwise the transaction fails by `require_rows` when
   *   there are any
   * @property removed the place of the statement that returns a row for each of these accounts
   */
  removing(before: Named, options: { readonly removeMembers: boolean }): NamedPlan & { readonly removed?: number };
  /**
   * A condition for a transaction that gives these names: all of them exist, and stay until it ends. Otherwise it fails by
   * `require_as_read`.
   */
  requireAll(names: readonly string[]): BoundStatement;
  /** A condition for a transaction that gives these names: none has permissions. Otherwise it fails by `require_as_read`. */
  requirePowerless(names: readonly string[]): BoundStatement;
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

/** As `account_tokens` of the schema names them (migration 0025). */
const TOKEN_KINDS: Readonly<Record<Kind, AttributeKind>> = { groups: 'group', roles: 'role' };

function statementsOf(kind: Kind) {
  const table = sql.table(kind);
  const column = sql.ref(kind); // of accounts
  const token = (name: RawBuilder<unknown>) => sql`account_token(${sql.lit(TOKEN_KINDS[kind])}, ${name})`;
  /** The ids of accounts that may have a name: by the index, and those that are not in it yet. */
  const candidates = (name: RawBuilder<unknown>) => sql`
    SELECT account_id FROM account_index WHERE token = ${token(name)}
    UNION ALL SELECT id FROM accounts WHERE search_tokens IS NULL`;
  const hasName = (name: RawBuilder<unknown>) => sql`id IN (${candidates(name)}) AND ${column} @> ARRAY[${name}]`;
  return {
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
    countMembers: statement(
      `${kind}.count_members`,
      ($: { name: string }) => sql<{ members: string }>`
        SELECT (SELECT count(*) FROM account_index WHERE token = ${token(sql`${$.name}::text`)})
             + (SELECT count(*) FROM accounts WHERE search_tokens IS NULL AND ${column} @> ARRAY[${$.name}::text]) AS members`,
    ),
    someMembers: statement(
      `${kind}.some_members`,
      ($: { name: string; most: number }) => sql<{ id: string }>`
        SELECT id FROM (${candidates(sql`${$.name}::text`)}) AS candidates JOIN accounts ON id = account_id
         WHERE ${column} @> ARRAY[${$.name}::text] LIMIT ${$.most}`,
    ),
    removeSome: statement(
      `${kind}.remove_some`,
      ($: { name: string; ids: readonly string[] }) => sql`
        WITH changed AS (
          UPDATE accounts SET ${column} = array_remove(${column}, ${$.name}::text)
           WHERE id = ANY(${$.ids}::uuid[]) AND ${column} @> ARRAY[${$.name}::text] RETURNING 1)
        SELECT require_rows(CASE WHEN count(*) = cardinality(${$.ids}::uuid[]) THEN 1 ELSE 0 END) FROM changed`,
    ),
    // After the row is locked: who gives the name waits for that lock (`requireAll`), or was waited for.
    requireUnused: statement(
      `${kind}.require_unused`,
      ($: { name: string }) => sql`
        SELECT require_rows(CASE WHEN EXISTS (SELECT 1 FROM accounts WHERE ${hasName(sql`${$.name}::text`)}) THEN 0 ELSE 1 END)`,
    ),
    removeMembers: statement(
      `${kind}.remove_members`,
      ($: { name: string }) => sql<{ id: string }>`
        UPDATE accounts SET ${column} = array_remove(${column}, ${$.name}::text)
         WHERE ${hasName(sql`${$.name}::text`)} RETURNING id`,
    ),
    requireAll: statement(
      `${kind}.require_all`,
      ($: { names: readonly string[] }) => sql`
        WITH existing AS (SELECT 1 FROM ${table} WHERE name = ANY(${$.names}::text[]) ORDER BY name FOR KEY SHARE)
        SELECT require_as_read(CASE WHEN (SELECT count(*) FROM existing) = cardinality(${$.names}::text[]) THEN 1 ELSE 0 END)`,
    ),
    requirePowerless: statement(
      `${kind}.require_powerless`,
      ($: { names: readonly string[] }) => sql`
        SELECT require_as_read(CASE WHEN EXISTS (
          SELECT 1 FROM ${table} WHERE name = ANY(${$.names}::text[]) AND permissions <> '{}') THEN 0 ELSE 1 END)`,
    ),
    add: statement(
      `${kind}.add`,
      ($: { names: readonly string[]; now: Date }) => sql`
        INSERT INTO ${table} (name, created_at, updated_at)
        SELECT name, ${$.now}, ${$.now} FROM unnest(${$.names}::text[]) AS n (name) ORDER BY name ON CONFLICT DO NOTHING`,
    ),
    // Locks the row, so that of parallel changes of one version one wins.
    requireVersion: statement(
      `${kind}.require_version`,
      ($: { name: string; version: number; createdAt: Date }) => sql`
        WITH current AS (
          SELECT 1 FROM ${table} WHERE name = ${$.name} AND version = ${$.version} AND ${wasCreatedAt($.createdAt)} FOR UPDATE)
        SELECT require_as_read((SELECT count(*) FROM current))`,
    ),
  };
}

function listingOf(kind: Kind, fixed: readonly Named[]) {
  const rows = fixed.map(({ name, description, permissions }) => {
    const list = `ARRAY[${permissions.map(literal).join(', ')}]::text[]`;
    return `(${literal(name)}, ${literal(description)}, ${list}, NULL, 1, 'epoch'::timestamptz, 'epoch'::timestamptz)`;
  });
  const names = fixed.map(({ name }) => literal(name)).join(', ');
  const from =
    rows.length === 0
      ? kind
      : `(SELECT ${COLUMNS} FROM ${kind} WHERE name NOT IN (${names}) UNION ALL VALUES ${rows.join(', ')}) AS named (${COLUMNS})`;
  return createListing({
    name: kind,
    select: COLUMNS,
    from,
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

const COLUMNS = 'name, description, permissions, managed_by, version, created_at, updated_at';

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

const DESCRIPTION_MAX = 500;

/** @param parts `fixed`: those that exist in every installation */
export function createNamed(
  kind: Kind,
  parts: {
    readonly db: Pick<Db, 'query' | 'transact'>;
    readonly now: Clock;
    readonly fixed?: readonly Pick<Named, 'name' | 'description' | 'permissions'>[];
  },
): Store {
  const { db, now } = parts;
  const always = new Date(0);
  const fixed = (parts.fixed ?? []).map(
    (one): Named => ({ ...one, managedBy: null, version: 1, createdAt: always, updatedAt: always }),
  );
  const isFixed = (name: string) => fixed.some((one) => one.name === name);
  const statements = NAMED_STATEMENTS[kind];
  const listing = listingOf(kind, fixed);
  const findAll = async (names: readonly string[]) => {
    const stored = names.filter((name) => isStorable(name) && !isFixed(name));
    const rows = stored.length === 0 ? [] : await db.query(statements.findAll.bind({ names: stored }));
    return [...fixed.filter(({ name }) => names.includes(name)), ...rows.map(fromRow)];
  };
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
      const [found] = await findAll([name]);
      return found;
    },
    async missing(names) {
      const existing = new Set((await findAll(names)).map(({ name }) => name));
      return names.filter((name) => !existing.has(name));
    },
    list: (request) => listing.read(db, request),
    creating(given, { description = '', permissions = [], managedBy = null }) {
      const name = checkGroupOrRole(kind, given);
      if (isFixed(name)) throw taken(name);
      const at = new Date(now());
      const after = { name, description, permissions, managedBy, version: 1, createdAt: at, updatedAt: at };
      return {
        after,
        statements: [statements.insert.bind(columnsOf(after))],
        refuse: (error) => (sqlState(error) === UNIQUE_VIOLATION ? taken(name, error) : error),
      };
    },
    updating(before, change) {
      const asRead = statements.requireVersion.bind(before);
      const refuse = (error: unknown) => error;
      const changed = { ...before, ...change };
      if (isDeepStrictEqual(changed, before)) return { after: before, statements: [asRead], refuse };
      const after = { ...changed, version: before.version + 1, updatedAt: new Date(now()) };
      return { after, statements: [asRead, statements.update.bind(columnsOf(after))], refuse };
    },
    async countMembers(name) {
      const [row] = await db.query(statements.countMembers.bind({ name }));
      return Number(row?.members);
    },
    async someMembers(name, most) {
      return (await db.query(statements.someMembers.bind({ name, most }))).map(({ id }) => id);
    },
    removingSome: (before, ids) => [
      statements.requireVersion.bind(before),
      statements.removeSome.bind({ name: before.name, ids }),
    ],
    removing(before, { removeMembers }) {
      const { name } = before;
      const members = removeMembers ? statements.removeMembers : statements.requireUnused;
      return {
        after: before,
        statements: [statements.requireVersion.bind(before), members.bind({ name }), statements.remove.bind({ name })],
        ...(removeMembers ? { removed: 1 } : {}),
        refuse: (error) => (failedGuard(error) === 'require_rows' ? inUse(name, error) : error),
      };
    },
    requirePowerless: (names) => statements.requirePowerless.bind({ names }),
    requireAll: (names) => statements.requireAll.bind({ names: names.filter((name) => !isFixed(name)) }),
  };
}

/** Adds the groups and roles of accounts that do not exist, without a description or permissions. */
export function addingNames(
  accounts: readonly { readonly groups: readonly string[]; readonly roles: readonly string[] }[],
  now: Date,
): BoundStatement[] {
  return (['groups', 'roles'] as const).flatMap((kind) => {
    const names = [...new Set(accounts.flatMap((account) => account[kind]))];
    return names.length === 0 ? [] : [NAMED_STATEMENTS[kind].add.bind({ names, now })];
  });
}

function taken(name: string, cause?: unknown): AppError {
  return new AppError('already_exists', `name: ${name} exists already`, { cause, field: 'name' });
}

function inUse(name: string, cause: unknown): AppError {
  return new AppError('in_use', `people have ${JSON.stringify(name)} still`, { cause });
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
