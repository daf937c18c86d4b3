// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The members of an account that operators see: a change of one of them raises the version. */
const SHOWN = [
  'sealed_profile',
  'sealed_subject',
  'password_hash IS NULL',
  'password_set_at',
  'disabled_at IS NULL',
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
  'password_hash IS NULL',
  'created_at',
];

const columns = (row: 'OLD' | 'NEW', names: readonly string[]) =>
  sql.raw(names.map((name) => `${row}.${name}`).join(', '));
const changed = (names: readonly string[]) =>
  sql`(${columns('OLD', names)}) IS DISTINCT FROM (${columns('NEW', names)})`;

/**
 * Versions of accounts, and an index of them by tokens: each stands for something that accounts have in common, such as a
 * group or the beginning of a name. Triggers write it, so that no writer forgets it. All orders are by time, then id.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE OR REPLACE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.version := OLD.version + 1;
      RETURN NEW;
    END $$`.execute(db);

  await sql`
    ALTER TABLE accounts
      -- raised by each change of what operators see
      ADD COLUMN version integer NOT NULL DEFAULT 1,
      -- keyed hashes of the beginnings of e-mail address, username and names, filled up with random numbers to as many for
      -- each account; null when the profile was written by a node of the version before: the account is then not indexed
      ADD COLUMN search_tokens bigint[]`.execute(db);
  await sql`
    CREATE TRIGGER raise_version BEFORE UPDATE ON accounts
    FOR EACH ROW WHEN (${changed(SHOWN)}) EXECUTE FUNCTION raise_version()`.execute(db);
  await sql`CREATE INDEX accounts_created ON accounts (created_at, id)`.execute(db);
  await sql`CREATE INDEX accounts_updated ON accounts (updated_at, id)`.execute(db);
  await sql`CREATE INDEX accounts_not_indexed ON accounts (created_at, id) WHERE search_tokens IS NULL`.execute(db);

  // A writer that knows of the tokens never writes the same again, because some of them are random.
  await sql`
    CREATE FUNCTION drop_search_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.search_tokens := NULL;
      RETURN NEW;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER drop_search_tokens BEFORE UPDATE ON accounts
    FOR EACH ROW WHEN (OLD.sealed_profile IS DISTINCT FROM NEW.sealed_profile
                       AND OLD.search_tokens IS NOT DISTINCT FROM NEW.search_tokens)
    EXECUTE FUNCTION drop_search_tokens()`.execute(db);

  await sql`
    CREATE TABLE account_index (
      token      bigint NOT NULL,
      created_at timestamptz NOT NULL,
      account_id uuid NOT NULL,
      -- the accounts with a token are one range, in the order of lists
      PRIMARY KEY (token, created_at, account_id)
    )`.execute(db);

  // The first 64 bits of SHA-256. These values are readable in accounts, so the hash needs no key.
  await sql`
    CREATE FUNCTION account_token(kind text, value text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
      SELECT ('x' || encode(substr(sha256(convert_to(kind || ' ' || value, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
    $$`.execute(db);
  await sql`
    CREATE FUNCTION account_tokens(a accounts) RETURNS TABLE (token bigint, created_at timestamptz, account_id uuid)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT DISTINCT one.token, a.created_at, a.id FROM (
        SELECT unnest(a.search_tokens)
        UNION ALL SELECT account_token('group', name) FROM unnest(a.groups) AS g (name)
        UNION ALL SELECT account_token('role', name) FROM unnest(a.roles) AS r (name)
        UNION ALL SELECT account_token('second_factor', name) FROM unnest(a.second_factors) AS f (name)
        UNION ALL SELECT account_token('disabled', (a.disabled_at IS NOT NULL)::text)
        UNION ALL SELECT account_token('has_password', (a.password_hash IS NOT NULL)::text)
      ) AS one (token) WHERE a.search_tokens IS NOT NULL
    $$`.execute(db);

  await sql`
    CREATE FUNCTION index_new_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      -- in the order of the index: neighbours share its pages
      INSERT INTO account_index (token, created_at, account_id)
      SELECT t.token, t.created_at, t.account_id FROM new_accounts AS n, account_tokens(n) AS t ORDER BY 1, 2, 3;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER index_new_accounts AFTER INSERT ON accounts
    REFERENCING NEW TABLE AS new_accounts FOR EACH STATEMENT EXECUTE FUNCTION index_new_accounts()`.execute(db);

  await sql`
    CREATE FUNCTION index_changed_account() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM account_index i USING (SELECT * FROM account_tokens(OLD) EXCEPT SELECT * FROM account_tokens(NEW)) AS t
       WHERE i.token = t.token AND i.created_at = t.created_at AND i.account_id = t.account_id;
      INSERT INTO account_index (token, created_at, account_id)
      SELECT * FROM account_tokens(NEW) EXCEPT SELECT * FROM account_tokens(OLD);
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER index_changed_account AFTER UPDATE ON accounts
    FOR EACH ROW WHEN (${changed(INDEXED)}) EXECUTE FUNCTION index_changed_account()`.execute(db);

  await sql`
    CREATE FUNCTION unindex_deleted_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM account_index i USING old_accounts AS o, account_tokens(o) AS t
       WHERE i.token = t.token AND i.created_at = t.created_at AND i.account_id = t.account_id;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER unindex_deleted_accounts AFTER DELETE ON accounts
    REFERENCING OLD TABLE AS old_accounts FOR EACH STATEMENT EXECUTE FUNCTION unindex_deleted_accounts()`.execute(db);
}
