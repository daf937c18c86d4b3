// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Tables whose rows are never changed. */
const APPEND_ONLY = ['audit', 'audit_leaves', 'audit_nodes', 'audit_heads', 'audit_anchors'];

/**
 * The audit becomes append-only, is divided by months, and gets a log of hashes (Merkle tree, RFC 6962) by which every later
 * change of a row shows. The rows so far become the first part.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE audit RENAME TO audit_first`.execute(db);
  await sql`ALTER INDEX audit_pkey RENAME TO audit_first_pkey`.execute(db);
  for (const name of ['target', 'actor', 'action', 'time']) {
    await sql`ALTER INDEX ${sql.ref(`audit_${name}`)} RENAME TO ${sql.ref(`audit_first_${name}`)}`.execute(db);
  }
  await sql`
    ALTER TABLE audit_first
      -- the session in which it happened
      ADD COLUMN session_id text,
      -- of sealed_details: the account whose own key seals them, or the month whose key does where there is no account
      ADD COLUMN details_account uuid,
      ADD COLUMN details_month text,
      -- address and device
      ADD COLUMN sealed_details bytea,
      -- HMAC over the other columns; null in rows from before there was one
      ADD COLUMN mac bytea`.execute(db);
  await sql`
    CREATE TABLE audit (LIKE audit_first INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY RANGE (id)`.execute(db);
  await sql`CREATE INDEX audit_target ON audit (target_id, id)`.execute(db);
  await sql`CREATE INDEX audit_actor ON audit (actor_id, id)`.execute(db);
  await sql`CREATE INDEX audit_action ON audit (action, id)`.execute(db);
  await sql`CREATE INDEX audit_time ON audit (at, id)`.execute(db);

  await sql`
    CREATE TABLE audit_unsealed (
      event_id uuid PRIMARY KEY,
      -- its MAC is missing or wrong: it was not written by Cardea, and is never sealed
      refused  boolean NOT NULL DEFAULT false
    )`.execute(db);
  await sql`
    CREATE TABLE audit_leaves (
      -- from 0, without gaps
      index    bigint PRIMARY KEY,
      event_id uuid NOT NULL,
      -- SHA-256 of a zero byte and the event as canonical JSON
      hash     bytea NOT NULL,
      -- HMAC over the MAC of the leaf before and the hash
      mac      bytea NOT NULL
    ) PARTITION BY RANGE (index)`.execute(db);
  await sql`CREATE INDEX audit_leaves_event ON audit_leaves (event_id)`.execute(db);
  await sql`
    CREATE TABLE audit_nodes (
      -- 8, 16 …: the node is the root of 2^level leaves
      level smallint NOT NULL,
      index bigint NOT NULL,
      hash  bytea NOT NULL,
      PRIMARY KEY (level, index)
    )`.execute(db);
  await sql`
    CREATE TABLE audit_heads (
      tree_size  bigint PRIMARY KEY,
      -- canonical JSON, as it is signed
      head       text NOT NULL,
      signature  bytea NOT NULL,
      created_at timestamptz NOT NULL
    )`.execute(db);
  await sql`
    CREATE TABLE audit_anchors (
      id         uuid PRIMARY KEY,
      -- events before this one were removed by the retention
      before_id  uuid NOT NULL,
      -- canonical JSON, as it is signed
      anchor     text NOT NULL,
      signature  bytea NOT NULL,
      created_at timestamptz NOT NULL
    )`.execute(db);

  await sql`
    CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'CD006';
    END $$`.execute(db);
  await sql`
    CREATE FUNCTION queue_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO audit_unsealed (event_id) VALUES (NEW.id);
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE FUNCTION audit_month_id(month timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
      SELECT (lpad(to_hex((extract(epoch FROM month) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
    $$`.execute(db);
  // With the rights of the owner: the role of a server need not own the tables.
  await sql`
    CREATE FUNCTION add_audit_month(name text, starts timestamptz, ends timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('cardea audit parts', 0));
      IF name !~ '^audit_\\d{4}_\\d\\d$' OR to_regclass(name) IS NOT NULL THEN RETURN; END IF;
      EXECUTE format('CREATE TABLE %I (LIKE audit INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
      EXECUTE format('ALTER TABLE audit ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                     audit_month_id(starts), audit_month_id(ends));
      EXECUTE format('CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change_of_audit()', name);
    EXCEPTION
      -- The first part has this month, or the part for all others has rows of it, of a clock that was ahead: they stay there.
      WHEN invalid_object_definition OR check_violation THEN NULL;
    END $$`.execute(db);
  await sql`
    CREATE FUNCTION add_audit_leaves(part bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DECLARE
      size constant bigint := 1048576;
      name constant text := 'audit_leaves_' || part;
    BEGIN
      IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_leaves FOR VALUES FROM (%L) TO (%L)', name, part * size, (part + 1) * size);
      EXECUTE format('CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change_of_audit()', name);
    END $$`.execute(db);
  await sql`
    CREATE FUNCTION drop_audit_part(name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DECLARE
      ends uuid;
    BEGIN
      SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''(.*)''\\)')::uuid INTO ends FROM pg_class c
       WHERE c.oid = to_regclass(name) AND EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = c.oid AND inhparent = 'audit'::regclass);
      -- An anchor says that the retention removes these rows, so that they are not missed.
      IF ends IS NULL OR NOT EXISTS (SELECT 1 FROM audit_anchors WHERE before_id >= ends) THEN
        RAISE EXCEPTION '% has rows that no anchor covers', name USING ERRCODE = 'CD006';
      END IF;
      EXECUTE format('DROP TABLE %I', name);
    END $$`.execute(db);

  await sql`
    DO $$
    BEGIN
      EXECUTE format('ALTER TABLE audit ATTACH PARTITION audit_first FOR VALUES FROM (MINVALUE) TO (%L)',
                     audit_month_id(date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 month'));
    END $$`.execute(db);
  await sql`CREATE TABLE audit_others PARTITION OF audit DEFAULT`.execute(db);
  await sql`SELECT add_audit_leaves(0)`.execute(db);
  await sql`INSERT INTO audit_unsealed (event_id) SELECT id FROM audit`.execute(db);

  await sql`
    CREATE TRIGGER queue_audit_event AFTER INSERT ON audit
    FOR EACH ROW EXECUTE FUNCTION queue_audit_event()`.execute(db);
  for (const table of APPEND_ONLY) {
    await sql`
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ${sql.table(table)}
      FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()`.execute(db);
  }
  for (const table of [...APPEND_ONLY, 'audit_first', 'audit_others']) {
    await sql`
      CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ${sql.table(table)}
      EXECUTE FUNCTION refuse_change_of_audit()`.execute(db);
  }
}
