// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The members of an account that operators see: a change of one of them raises the version. */
const SHOWN = [
  'sealed_profile',
  'sealed_subject',
  'password_hash IS NULL',
  'password_set_at',
  'disabled_at IS NULL',
  'deletion_due_at',
  'deletion_by',
  'restricted_at IS NULL',
  'restriction_reason',
  'groups',
  'roles',
  'second_factors',
  'updated_at',
];

/** Those that have tokens in `account_index`. */
const INDEXED = [
  'search_tokens',
  'groups',
  'roles',
  'second_factors',
  'disabled_at IS NULL',
  'deletion_due_at IS NULL',
  'restricted_at IS NULL',
  'password_hash IS NULL',
  'created_at',
];

const columns = (row: 'OLD' | 'NEW', names: readonly string[]) =>
  sql.raw(names.map((name) => `${row}.${name}`).join(', '));
const changed = (names: readonly string[]) =>
  sql`(${columns('OLD', names)}) IS DISTINCT FROM (${columns('NEW', names)})`;

/** Planned deletions, restrictions of processing, the last use of accounts, and the ids that an erasure leaves for a short time. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE accounts
      -- when it is erased; until then it cannot be used, and the deletion can be undone
      ADD COLUMN deletion_due_at timestamptz,
      -- person, operator or inactivity
      ADD COLUMN deletion_by text,
      -- GDPR Art. 18: the data stay, and nothing else is done with them
      ADD COLUMN restricted_at timestamptz,
      ADD COLUMN restriction_reason text,
      -- the last sign-in, to within a day; before the first one when it was made, or when this column was
      ADD COLUMN active_at timestamptz NOT NULL DEFAULT now(),
      -- warned or disabled, for want of a sign-in since active_at
      ADD COLUMN inactive_stage text,
      ADD COLUMN inactive_stage_at timestamptz`.execute(db);
  await sql`
    CREATE INDEX accounts_deletion_due ON accounts (deletion_due_at, id) WHERE deletion_due_at IS NOT NULL`.execute(db);
  await sql`CREATE INDEX accounts_active ON accounts (active_at, id)`.execute(db);

  // One place that says which accounts may be used, for all statements.
  await sql`
    CREATE FUNCTION is_usable(a accounts) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT a.disabled_at IS NULL AND a.restricted_at IS NULL AND a.deletion_due_at IS NULL
    $$`.execute(db);

  await sql`DROP TRIGGER raise_version ON accounts`.execute(db);
  await sql`
    CREATE TRIGGER raise_version BEFORE UPDATE ON accounts
    FOR EACH ROW WHEN (${changed(SHOWN)}) EXECUTE FUNCTION raise_version()`.execute(db);

  await sql`
    CREATE OR REPLACE FUNCTION account_tokens(a accounts)
    RETURNS TABLE (token bigint, created_at timestamptz, account_id uuid) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT DISTINCT one.token, a.created_at, a.id FROM (
        SELECT unnest(a.search_tokens)
        UNION ALL SELECT account_token('group', name) FROM unnest(a.groups) AS g (name)
        UNION ALL SELECT account_token('role', name) FROM unnest(a.roles) AS r (name)
        UNION ALL SELECT account_token('second_factor', name) FROM unnest(a.second_factors) AS f (name)
        UNION ALL SELECT account_token('disabled', (a.disabled_at IS NOT NULL)::text)
        UNION ALL SELECT account_token('has_password', (a.password_hash IS NOT NULL)::text)
        -- only where it is so: of most accounts neither is
        UNION ALL SELECT account_token('deletion_planned', 'true') WHERE a.deletion_due_at IS NOT NULL
        UNION ALL SELECT account_token('restricted', 'true') WHERE a.restricted_at IS NOT NULL
      ) AS one (token) WHERE a.search_tokens IS NOT NULL
    $$`.execute(db);
  await sql`DROP TRIGGER index_changed_account ON accounts`.execute(db);
  await sql`
    CREATE TRIGGER index_changed_account AFTER UPDATE ON accounts
    FOR EACH ROW WHEN (${changed(INDEXED)}) EXECUTE FUNCTION index_changed_account()`.execute(db);

  await sql`
    CREATE TABLE erased_accounts (
      -- no foreign key: the account is gone. What a request that began before has written since is removed by it
      account_id uuid PRIMARY KEY,
      erased_at  timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX erased_accounts_expiry ON erased_accounts (expires_at)`.execute(db);
}
