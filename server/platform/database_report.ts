import { sql } from 'kysely';
import type { Db } from './db.ts';
import { statement } from './statement.ts';

/* What `cardea doctor` reads of a database: of the server and of the catalogue of Postgres alone. */

export interface ServerSettings {
  readonly version: number;
  readonly encoding: string;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly full_page_writes: string;
  readonly read_only: string;
  readonly isolation: string;
  readonly time_zone: string;
  readonly max_connections: number;
  /** Those that only superusers may use. */
  readonly reserved: number;
  /** The connection is encrypted. */
  readonly ssl: boolean;
  readonly now: Date;
}

export interface RoleReport {
  readonly name: string;
  readonly superuser: boolean;
  readonly createdb: boolean;
  readonly createrole: boolean;
  readonly bypassrls: boolean;
  readonly replication: boolean;
  /** Tables of the schema that it may not read. */
  readonly unreadable: readonly string[];
}

export const DATABASE_REPORT_STATEMENTS = {
  settings: statement(
    'database_report.settings',
    () => sql<ServerSettings>`
      SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
             current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
             current_setting('full_page_writes') AS full_page_writes,
             current_setting('default_transaction_read_only') AS read_only,
             current_setting('default_transaction_isolation') AS isolation, current_setting('TimeZone') AS time_zone,
             current_setting('max_connections')::int AS max_connections,
             current_setting('superuser_reserved_connections')::int AS reserved,
             coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS ssl, clock_timestamp() AS now`,
  ),
  role: statement(
    'database_report.role',
    () => sql<RoleReport>`
      SELECT rolname AS name, rolsuper AS superuser, rolcreatedb AS createdb, rolcreaterole AS createrole,
             rolbypassrls AS bypassrls, rolreplication AS replication,
             coalesce((SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c
                        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
                          AND NOT c.relispartition AND NOT has_table_privilege(c.oid, 'SELECT')), '{}') AS unreadable
        FROM pg_roles WHERE rolname = current_user`,
  ),
};

export async function readServerSettings(db: Pick<Db, 'query'>): Promise<ServerSettings> {
  const [row] = await db.query(DATABASE_REPORT_STATEMENTS.settings.bind());
  if (!row) throw new Error('Postgres did not tell its settings');
  return row;
}

export async function readRole(db: Pick<Db, 'query'>): Promise<RoleReport> {
  const [row] = await db.query(DATABASE_REPORT_STATEMENTS.role.bind());
  if (!row) throw new Error('Postgres did not tell the role');
  return row;
}
