import type { Db } from '../../../server/platform/db.ts';

/**
 * What is written although nothing was changed: by a request, or by a job or a node at any time. Everything else must be the same
 * after a request that was refused, read or was a dry run.
 */
const WRITTEN_ANYWAY: Readonly<Record<string, 'all of it' | readonly string[]>> = {
  // a change that was refused or denied has its entry as well
  audit: 'all of it',
  // each entry waits for its place in the log
  audit_unsealed: 'all of it',
  audit_leaves: 'all of it',
  audit_nodes: 'all of it',
  audit_heads: 'all of it',
  // the delivery says how far it has got, and when it tries again
  audit_destinations: [
    'position',
    'head_position',
    'attempts',
    'last_failure',
    'next_attempt_at',
    'lease_id',
    'leased_until',
  ],
  // a worker sends one again that is wanted, and says why it failed
  audit_dead_letters: ['attempts', 'reason', 'wanted'],
  // workers count their attempts, and say when the next one is
  deliveries: ['attempts', 'leased_until', 'next_attempt_at'],
  // a worker removes a mail that it cannot send, and makes the link that one has; `enqueued` says which mails there were
  mails: 'all of it',
  links: 'all of it',
  // nodes say that they are there, and which keys they know; keys begin and cease to sign when it is time
  key_nodes: 'all of it',
  key_set: 'all of it',
  signing_keys: ['state', 'activated_at', 'retiring_at', 'retired_at', 'sealed', 'sealed_public', 'public_jwk'],
  // a job forgets the secret before the last one when its time has passed
  clients: ['previous_secret_hash', 'previous_secret_until', 'version', 'updated_at'],
  // a secret is made when it is needed for the first time
  server_secrets: 'all of it',
  // the health check proves that the database can be written
  write_checks: 'all of it',
};

/** A job removes what has expired. Nothing that would expire within this time is looked at; no requests between two digests take longer. */
const EXPIRING_MS = 60_000;

/** A digest of each table. */
export interface Digests {
  readonly byTable: ReadonlyMap<string, string>;
  /** What expires before this time is left out. */
  readonly notBefore: Date;
}

/** Notes in a table of this test which mails were ever there. */
const NOTE_MAILS = `
  CREATE TABLE enqueued (mail uuid);
  CREATE FUNCTION note_mail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO enqueued VALUES (NEW.id); RETURN NULL; END';
  CREATE TRIGGER note_mail AFTER INSERT ON mails FOR EACH ROW EXECUTE FUNCTION note_mail()`;

/** How many rows there are, and which transactions wrote them: a table grows too large to read it whole each time. */
const WRITTEN = "concat(count(*), ' ', sum(xmin::text::bigint))";

/** @returns a function that reads the digests of all tables, in one statement. @param like digests to compare these with */
export async function createDigest(db: Pick<Db, 'run'>): Promise<(like?: Digests) => Promise<Digests>> {
  for (const text of NOTE_MAILS.split(/;(?=\n)/)) await db.run({ name: '', text }, []);
  const tables = await db.run<{ name: string; expires: boolean }>(
    {
      name: '',
      text: `SELECT t.tablename AS name, c.column_name IS NOT NULL AS expires
               FROM pg_tables t LEFT JOIN information_schema.columns c
                 ON c.table_schema = t.schemaname AND c.table_name = t.tablename AND c.column_name = 'expires_at'
               JOIN pg_class p ON p.oid = format('%I.%I', t.schemaname, t.tablename)::regclass
              -- the whole table has the rows of its parts
              WHERE t.schemaname = 'public' AND NOT p.relispartition ORDER BY 1`,
    },
    [],
  );
  const parts = tables.flatMap(({ name, expires }) => {
    const except = WRITTEN_ANYWAY[name] ?? [];
    if (typeof except === 'string') return [];
    const row = `(to_jsonb(t) - '{${except.join(',')}}'::text[])::text`;
    const content = `md5(string_agg(md5(${row}), '' ORDER BY md5(${row})))`;
    const rows = expires ? `"${name}" t WHERE expires_at IS NULL OR expires_at > $1::timestamptz` : `"${name}" t`;
    return [`SELECT '${name}' AS name, ${except.length > 0 ? content : WRITTEN} AS digest FROM ${rows}`];
  });
  const text = parts.join(' UNION ALL ');
  return async ({ notBefore } = { byTable: new Map(), notBefore: new Date(Date.now() + EXPIRING_MS) }) => {
    const rows = await db.run<{ name: string; digest: string | null }>({ name: '', text }, [notBefore]);
    return { byTable: new Map(rows.map(({ name, digest }) => [name, digest ?? ''])), notBefore };
  };
}

/** The tables that differ. */
export function changedTables({ byTable: before }: Digests, { byTable: after }: Digests): string[] {
  return [...after].filter(([name, digest]) => before.get(name) !== digest).map(([name]) => name);
}
