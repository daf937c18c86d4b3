-- Two roles for a database of Cardea: cardea_owner has the tables and migrates them, cardea_server has the rights alone that a running
-- server needs. Of the audit it can add and read rows, and nothing else. ops/docs/audit.md says how to use it.
--
-- Send it after `cardea migrate up`, in the database of Cardea, as a superuser (or as cardea_owner, once both roles are there and the
-- tables are its own). It can be sent again at any time, also while servers run, and repairs what was granted otherwise.

BEGIN;

DO $$
DECLARE
  one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['cardea_owner', 'cardea_server'] LOOP
    IF to_regrole(one) IS NULL THEN EXECUTE format('CREATE ROLE %I LOGIN', one); END IF;
  END LOOP;
  IF to_regclass('audit_anchors') IS NULL THEN
    RAISE EXCEPTION 'there are no tables of Cardea here: run "cardea migrate up" first';
  END IF;
  -- True for a superuser as well.
  IF pg_has_role('cardea_server', 'cardea_owner', 'MEMBER') THEN
    RAISE EXCEPTION 'cardea_server must be no superuser and no member of cardea_owner: it would have all rights of the owner';
  END IF;
END $$;

-- What another role has made becomes the owner's: tables with their indexes and sequences, and functions.
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT format('TABLE %I.%I', current_schema(), relname) AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relowner <> 'cardea_owner'::regrole
    UNION ALL
    SELECT format('ROUTINE %s', oid::regprocedure) FROM pg_proc
     WHERE pronamespace = current_schema()::regnamespace AND proowner <> 'cardea_owner'::regrole
  LOOP
    EXECUTE format('ALTER %s OWNER TO cardea_owner', one.name);
  END LOOP;
END $$;

-- Nobody but the owner makes anything here. Temporary tables could be taken for those of Cardea.
DO $$
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, cardea_server', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO cardea_owner, cardea_server', current_database());
  EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC, cardea_server', current_schema());
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO cardea_owner', current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO cardea_server', current_schema());

  -- The tables of today, and those that later migrations make.
  EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC, cardea_server', current_schema());
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO cardea_server', current_schema());
  EXECUTE format(
    'ALTER DEFAULT PRIVILEGES FOR ROLE cardea_owner IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cardea_server',
    current_schema());

  -- A backup reads the next number of each.
  EXECUTE format('GRANT SELECT ON ALL SEQUENCES IN SCHEMA %I TO cardea_server', current_schema());
  EXECUTE format(
    'ALTER DEFAULT PRIVILEGES FOR ROLE cardea_owner IN SCHEMA %I GRANT SELECT ON SEQUENCES TO cardea_server',
    current_schema());
END $$;

-- Only added to: the audit with its log, and the ids of destroyed keys of people.
REVOKE ALL ON audit, audit_leaves, audit_nodes, audit_heads, audit_anchors, audit_keys, destroyed_data_keys FROM cardea_server;
GRANT SELECT, INSERT ON audit, audit_leaves, audit_nodes, audit_heads, audit_anchors, audit_keys, destroyed_data_keys TO cardea_server;

-- Only read: by them the server knows whether the schema is its own.
REVOKE ALL ON kysely_migration, kysely_migration_lock FROM cardea_server;
GRANT SELECT ON kysely_migration, kysely_migration_lock TO cardea_server;

-- The parts of the audit are reached through the whole table alone. Parts that come later have no rights either (migration 0044).
DO $$
DECLARE
  part regclass;
BEGIN
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent IN ('audit'::regclass, 'audit_leaves'::regclass) LOOP
    EXECUTE format('REVOKE ALL ON %s FROM cardea_server', part);
  END LOOP;
END $$;

-- With the rights of the owner: a new month or part of the log, and the end of a month that a signed anchor covers.
REVOKE ALL ON FUNCTION add_audit_month(text, timestamptz, timestamptz), add_audit_leaves(bigint), drop_audit_part(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION add_audit_month(text, timestamptz, timestamptz), add_audit_leaves(bigint), drop_audit_part(text)
   TO cardea_server;

COMMIT;
