import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { AuditKeys } from '../platform/database.ts';
import type { BoundStatement } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
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
  /** Fails by `require_as_read` when the log has grown, the retention has removed entries, or another key was added since. */
  add: statement(
    'audit_rotation.add',
    ($: Selectable<AuditKeys> & { size: number; anchors: number }) => sql`
      WITH log AS (SELECT coalesce(max(index) + 1, 0) AS size FROM audit_leaves), added AS (
        INSERT INTO audit_keys (generation, key_id, succession, signature, own_signature, created_at)
        SELECT ${$.generation}::integer, ${$.key_id}::text, ${$.succession}::text, ${$.signature}::bytea, ${$.own_signature}::bytea,
               ${$.created_at}::timestamptz
          FROM log WHERE size = ${$.size}::bigint AND (SELECT count(*) FROM audit_anchors) = ${$.anchors}::bigint
           AND (SELECT coalesce(max(generation), 1) FROM audit_keys) = ${$.generation}::integer - 1
        ON CONFLICT DO NOTHING RETURNING 1)
      SELECT require_as_read((SELECT count(*) FROM added))`,
  ),
};

export interface Successor {
  /** Of one transaction, which waits for a node that is sealing. It fails by `require_as_read` when the log has grown since. */
  readonly statements: readonly BoundStatement[];
  readonly succession: Succession;
}

/**
 * Makes a key that replaces the newest one. Nodes have it within seconds, when they look for events to seal.
 * @throws AppError 409 `conflict` when a key was changed or removed
 */
export async function makeSuccessor(
  { db, keys, sealer }: { readonly db: LogReader; readonly keys: AuditKeyRing; readonly sealer: Sealer },
  { issuer, at }: { readonly issuer: string; readonly at: Date },
): Promise<Successor> {
  await keys.refresh(db);
  if (keys.changed > 0) {
    throw new AppError(
      'conflict',
      'a key of the audit was changed or removed: see `cardea audit verify`, and restore audit_keys and server_secrets from a backup',
    );
  }
  const secret = randomBytes(32);
  const pair = { previous: keys.newest, next: auditKey(secret) };
  // Read together with the key that it follows: others may be made meanwhile.
  const generation = keys.periods.length + 1;
  const keyId = pair.next.publicKey.kid;
  const [leaf] = await db.query(LOG_STATEMENTS.last.bind());
  const size = leaf ? Number(leaf.index) + 1 : 0;
  const range = { start: 0, end: size };
  const { anchors, changed } = await readAnchors(db, keys);
  const { text, signature, ownSignature } = signSuccession(pair, {
    issuer,
    generation,
    tree_size: size,
    root_hash: rangeHash(range, await readHashes(db, [range])).toString('base64url'),
    removed_before: leastLeft(anchors),
    time: at.toISOString(),
  });
  const row = { generation, key_id: keyId, succession: text, signature, own_signature: ownSignature, created_at: at };
  return {
    statements: [
      LOG_STATEMENTS.waitForLock.bind(),
      ROTATION_STATEMENTS.add.bind({ ...row, size, anchors: anchors.length + changed }),
      addServerSecret(sealer, { name: secretName(keyId), secret, at }),
    ],
    succession: JSON.parse(text) as Succession,
  };
}
