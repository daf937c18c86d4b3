// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * For a server with a role of its own (ops/postgres/roles.sql): later parts of the audit give no rights to anybody, since all access
 * goes through the whole table; and the functions that run with the rights of the owner never see temporary tables of their caller.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE FUNCTION keep_to_owner(part regclass) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      grantee oid;
    BEGIN
      -- Those that default privileges have given.
      FOR grantee IN
        SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = part AND a.grantee <> c.relowner
      LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', part, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END);
      END LOOP;
    END $$`.execute(db);
  await makeFunctions(db, 'PERFORM keep_to_owner(name::regclass);');
  await sql`
    DO $$
    DECLARE
      one text;
    BEGIN
      FOREACH one IN ARRAY ARRAY['add_audit_month(text, timestamptz, timestamptz)', 'add_audit_leaves(bigint)', 'drop_audit_part(text)'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', one, current_schema());
      END LOOP;
    END $$`.execute(db);
}

/** As in migration 0033, with something that is done to the new part. */
async function makeFunctions(db: Kysely<any>, protect: string): Promise<void> {
  await sql`
    CREATE OR REPLACE FUNCTION add_audit_month(name text, starts timestamptz, ends timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('cardea audit parts', 0));
      IF name !~ '^audit_\\d{4}_\\d\\d$' OR to_regclass(name) IS NOT NULL THEN RETURN; END IF;
      EXECUTE format('CREATE TABLE %I (LIKE audit INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
      ${sql.raw(protect)}
      EXECUTE format('ALTER TABLE audit ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                     audit_month_id(starts), audit_month_id(ends));
      EXECUTE format('CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change_of_audit()', name);
    EXCEPTION
      -- The first part has this month, or the part for all others has rows of it, of a clock that was ahead: they stay there.
      WHEN invalid_object_definition OR check_violation THEN NULL;
    END $$`.execute(db);
  await sql`
    CREATE OR REPLACE FUNCTION add_audit_leaves(part bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DECLARE
      size constant bigint := 1048576;
      name constant text := 'audit_leaves_' || part;
    BEGIN
      IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_leaves FOR VALUES FROM (%L) TO (%L)', name, part * size, (part + 1) * size);
      ${sql.raw(protect)}
      EXECUTE format('CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change_of_audit()', name);
    END $$`.execute(db);
}
