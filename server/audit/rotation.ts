import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { AuditKeys } from '../platform/database.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { Sealer } from '../platform/sealing.ts';
import { addServerSecret } from '../platform/server_secrets.ts';
import { statement } from '../platform/statement.ts';
import { leastLeft, readAnchors } from './anchors.ts';
import { type AuditKeyRing, secretName } from './key_ring.ts';
import { auditKey } from './keys.ts';
import { LOG_STATEMENTS, type LogReader, readHashes } from './log_store.ts';
import { rangeHash } from './merkle.ts';
import { type Succession, signSuccession } from './successions.ts';

export const ROTATION_STATEMENTS = {
  /** Waits for a node that gives events their places, and keeps others from it until the end of the transaction. */
  lockLog: statement(
    'audit_rotation.lock_log',
    () => sql`SELECT pg_advisory_xact_lock(hashtextextended('cardea audit log', 0))`,
  ),
  /** Fails by `require_as_read` when the log has grown or another key was added since. */
  add: statement(
    'audit_rotation.add',
    ($: Selectable<AuditKeys> & { size: number }) => sql`
      WITH log AS (SELECT coalesce(max(index) + 1, 0) AS size FROM audit_leaves), added AS (
        INSERT INTO audit_keys (generation, key_id, succession, signature, own_signature, created_at)
        SELECT ${$.generation}::integer, ${$.key_id}::text, ${$.succession}::text, ${$.signature}::bytea, ${$.own_signature}::bytea,
               ${$.created_at}::timestamptz
          FROM log WHERE size = ${$.size}::bigint
        ON CONFLICT DO NOTHING RETURNING 1)
      SELECT require_as_read((SELECT count(*) FROM added))`,
  ),
};

export interface Successor {
  /** Of one transaction, which waits for a node that is sealing. It fails by `require_as_read` when the log has grown since. */
  readonly statements: readonly BoundStatement[];
  readonly succession: Succession;
}

/** Makes a key that replaces the newest one. Nodes have it within seconds, when they look for events to seal. */
export async function makeSuccessor(
  { db, keys, sealer }: { readonly db: LogReader; readonly keys: AuditKeyRing; readonly sealer: Sealer },
  { issuer, at }: { readonly issuer: string; readonly at: Date },
): Promise<Successor> {
  await keys.refresh(db);
  const secret = randomBytes(32);
  const pair = { previous: keys.newest, next: auditKey(secret) };
  const keyId = pair.next.publicKey.kid;
  const [leaf] = await db.query(LOG_STATEMENTS.last.bind());
  const size = leaf ? Number(leaf.index) + 1 : 0;
  const range = { start: 0, end: size };
  const generation = keys.periods.length + 1;
  const { text, signature, ownSignature } = signSuccession(pair, {
    issuer,
    generation,
    tree_size: size,
    root_hash: rangeHash(range, await readHashes(db, [range])).toString('base64url'),
    removed_before: leastLeft((await readAnchors(db, keys)).anchors),
    time: at.toISOString(),
  });
  const row = { generation, key_id: keyId, succession: text, signature, own_signature: ownSignature, created_at: at };
  return {
    statements: [
      ROTATION_STATEMENTS.lockLog.bind(),
      ROTATION_STATEMENTS.add.bind({ ...row, size }),
      addServerSecret(sealer, { name: secretName(keyId), secret, at }),
    ],
    succession: JSON.parse(text) as Succession,
  };
}
