import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { BoundStatement, Db, Send } from './db.ts';
import { AppError } from './errors.ts';
import { statement } from './statement.ts';
import { assertRestored } from './unfinished_restore.ts';

const FOLDER = new URL('../../migrations/', import.meta.url);

/** @param names of the migrations that ran @param send sends statements in their transaction */
export type Finish = (names: readonly string[], send: Send) => Promise<void>;

/** The migrations of one database. */
export interface Migrations {
  list(): Promise<MigrationStatus[]>;
  up(finish: Finish): Promise<string[]>;
}

export interface MigrationStatus {
  name: string;
  /** `unknown`: a migration of a later version of Cardea, which has migrated this database. */
  state: 'pending' | 'done' | 'unknown';
  /** ISO 8601, undefined while it has not run. */
  executedAt: string | undefined;
}

export const MIGRATE_STATEMENTS = {
  version: statement(
    'migrate.version',
    () => sql<{ version: number }>`SELECT current_setting('server_version_num')::int AS version`,
  ),
  // The table is Kysely's; to_regclass tells whether it is there.
  isPrepared: statement(
    'migrate.prepared',
    () => sql<{ prepared: boolean }>`SELECT to_regclass('kysely_migration') IS NOT NULL AS prepared`,
  ),
  executed: statement(
    'migrate.executed',
    () => sql<{ name: string; timestamp: string }>`SELECT name, timestamp FROM kysely_migration ORDER BY name`,
  ),
};

/**
 * Brings the schema up to date. Kysely takes a lock, so of several nodes that start at once one migrates and the rest
 * wait for it.
 * @param finish ends the transaction of all migrations that ran, unless none did
 * @returns the names of the migrations that ran now
 * @throws AppError `database_too_old`, `schema_newer`, `restore_unfinished`, `migration_failed`, or 503 when Postgres cannot be reached
 */
export async function migrateUp(db: Db, finish: Finish = async () => {}): Promise<string[]> {
  await assertRestored(db);
  return migrateTo(db, undefined, finish);
}

/**
 * The same up to one migration, also of a database that is being restored.
 * @param last undefined: all
 */
export async function migrateTo(db: Db, last: string | undefined, finish: Finish = async () => {}): Promise<string[]> {
  const [server] = await db.query(MIGRATE_STATEMENTS.version.bind());
  assertSupportedVersion(server?.version ?? 0);
  const all = await migrationStatus(db);
  assertKnown(all);
  if (all.every(({ name, state }) => state === 'done' || (last !== undefined && name > last))) return [];
  const wanted = migrator(db, finish, last);
  const { error, results = [] } = await wanted.migrateToLatest();
  if (error) {
    if (error instanceof AppError) throw error;
    const failed = results.find((one) => one.status === 'Error')?.migrationName;
    const problem = failed ? `migration ${failed} failed` : 'migrating the schema failed';
    const pending = all.filter(({ state }) => state === 'pending').map(({ name }) => name);
    const advice = isDenied(error)
      ? `; pending: ${pending.join(', ')}: run "cardea migrate up" as the role that has the tables`
      : '';
    throw new AppError('migration_failed', `${problem}, and was rolled back: ${oneLine(error)}${advice}`, {
      cause: error,
    });
  }
  return results.map((one) => one.migrationName);
}

export function createMigrations(db: Db): Migrations {
  return { list: () => migrationStatus(db), up: (finish) => migrateUp(db, finish) };
}

/** @param version as `server_version_num` has it: 140005 is 14.5 */
export function assertSupportedVersion(version: number): void {
  const major = Math.floor(version / 10_000);
  if (major >= LEAST_MAJOR) return;
  throw new AppError('database_too_old', `Postgres ${major} is too old: Cardea needs ${LEAST_MAJOR} or later`);
}

const LEAST_MAJOR = 14;

/** @throws AppError 409 `schema_newer` when a later version of Cardea has migrated the database */
export function assertKnown(status: readonly Pick<MigrationStatus, 'name' | 'state'>[]): void {
  const unknown = status.filter((one) => one.state === 'unknown').map((one) => one.name);
  if (unknown.length === 0) return;
  throw new AppError(
    'schema_newer',
    `the database was migrated by a later version of Cardea (${unknown.join(', ')}): run that version, or restore the backup from before its first start`,
  );
}

/** All migrations that this version knows or that have run, by name. @throws AppError `database_rights` for a role without rights to the tables */
export async function migrationStatus(db: Db): Promise<MigrationStatus[]> {
  const available = await knownMigrations();
  const executed = await executedMigrations(db);
  const names = new Set([...available, ...executed.keys()]);
  return [...names].sort().map((name) => {
    const executedAt = executed.get(name);
    const state = !available.includes(name) ? 'unknown' : executedAt === undefined ? 'pending' : 'done';
    return { name, state, executedAt };
  });
}

async function executedMigrations(db: Db): Promise<Map<string, string>> {
  const [table] = await db.query(MIGRATE_STATEMENTS.isPrepared.bind());
  if (!table?.prepared) return new Map();
  const rows = await db.query(MIGRATE_STATEMENTS.executed.bind()).catch((error) => {
    // Its error is not passed on as the cause: its remedy would be to make the role the owner.
    throw isDenied(error) ? new AppError('database_rights', LACKS_RIGHTS) : error;
  });
  return new Map(rows.map(({ name, timestamp }) => [name, new Date(timestamp).toISOString()]));
}

const LACKS_RIGHTS =
  'the role of CARDEA_DATABASE_URL has no rights to the tables, which are there: send ops/postgres/roles.sql as a superuser after "cardea migrate up" as the owner, as ops/docs/audit.md says ("A role of its own for servers")';

/** The role of this process may not do that, as one that ops/postgres/roles.sql has made for servers. */
const isDenied = (error: unknown): boolean => (error as { code?: unknown }).code === '42501';

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split(/\s*\n\s*/).join('; ');
}

function migrator(db: Db, finish: Finish, last: string | undefined): Migrator {
  return new Migrator({
    db: db.kysely,
    provider: { getMigrations: async () => finished(await getMigrations(last), finish) },
  });
}

/** Kysely runs all that are pending in one transaction, the last one of all at its end. */
function finished(migrations: Readonly<Record<string, Migration>>, finish: Finish): Record<string, Migration> {
  const names = Object.keys(migrations);
  const ran: string[] = [];
  const entries = Object.entries(migrations).map(([name, migration]): [string, Migration] => [
    name,
    {
      ...migration,
      async up(transaction) {
        await migration.up(transaction);
        ran.push(name);
        if (name === names.at(-1)) await finish(ran, sendBy(transaction));
      },
    },
  ]);
  return Object.fromEntries(entries);
}

// biome-ignore lint/suspicious/noExplicitAny: the type of Kysely's migrations
function sendBy(transaction: Kysely<any>): Send {
  const send = async (bound: readonly BoundStatement[]) => {
    const rows: unknown[][] = [];
    for (const { statement: one, values } of bound) {
      rows.push((await transaction.executeQuery(CompiledQuery.raw(one.text, [...values]))).rows);
    }
    return rows;
  };
  return send as Send;
}

async function getMigrations(last: string | undefined): Promise<Record<string, Migration>> {
  const migrations: Record<string, Migration> = {};
  for (const file of await migrationFiles()) {
    if (last !== undefined && nameOf(file) > last) break;
    const url = pathToFileURL(fileURLToPath(new URL(file, FOLDER))).href;
    migrations[nameOf(file)] = (await import(url)) as Migration;
  }
  return migrations;
}

/** The names of all that this version has, the first one first. */
export const knownMigrations = async (): Promise<string[]> => (await migrationFiles()).map(nameOf);

async function migrationFiles(): Promise<string[]> {
  return (await readdir(FOLDER)).filter((file) => /^\d{4}-[a-z0-9-]+\.ts$/.test(file)).sort();
}

const nameOf = (file: string): string => file.replace(/\.ts$/, '');
