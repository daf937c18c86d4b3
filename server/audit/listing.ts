import type { Db } from '../platform/db.ts';
import { createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { AUDIT_STATEMENTS, type Audit, type AuditDetails, type AuditRow } from './entries.ts';
import { assertHead } from './head_sizes.ts';
import { type SignedHead, shownHead } from './heads.ts';
import { changedEntries } from './intact.ts';
import type { AuditKeyRing } from './key_ring.ts';
import { LOG_STATEMENTS } from './log_store.ts';
import { type ConsistencyProof, type EventProof, proveConsistency, proveEvent } from './proofs.ts';
import type { Successor } from './rotation.ts';
import { type VerifyOptions, verifyAudit } from './verify.ts';

/** Reads entries of the audit. */
export interface AuditLog {
  /** The newest first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request: ListRequest): Promise<Page<AuditRow>>;
  /** @param id a UUID */
  find(id: string): Promise<AuditRow | undefined>;
  /** Signed heads of trees of this size and larger ones, the smallest first. */
  heads(from: number, limit: number): Promise<readonly SignedHead[]>;
  newestHead(): Promise<SignedHead | undefined>;
  /** As they are now. */
  keys(): Promise<AuditKeyRing>;
  /** Makes a key that replaces the newest one. */
  successor(): Promise<Successor>;
  /** @throws AppError 404, 409 `audit_not_sealed` */
  prove(id: string): Promise<EventProof>;
  /** @throws AppError 404 */
  proveConsistency(sizes: { readonly from: number; readonly to?: number | undefined }): Promise<ConsistencyProof>;
  /** See `verifyAudit`. */
  verify(options: VerifyOptions): Promise<ReturnType<typeof verifyAudit>>;
  /** The ids of those that are not as Cardea has written them. See `changedEntries`. */
  changed(rows: readonly AuditRow[]): Promise<ReadonlySet<string>>;
  /** Opens the details that the key of a month seals; undefined when the key is gone. */
  openByMonth(row: AuditRow): Promise<AuditDetails | undefined>;
}

const EXACT = ['eq', 'ne'] as const;

const LISTING = createListing({
  name: 'audit',
  select: '*',
  from: 'audit',
  id: { sql: 'id', type: 'uuid' },
  fields: {
    at: { sql: 'at', type: 'time', operators: ['gt', 'ge', 'lt', 'le'] },
    action: { sql: 'action', type: 'text', operators: ['eq', 'ne', 'sw'] },
    actor_kind: { sql: 'actor_kind', type: 'text', operators: EXACT },
    actor_id: { sql: 'actor_id', type: 'text', operators: EXACT },
    client_id: { sql: 'client_id', type: 'text', operators: [...EXACT, 'pr'] },
    target_kind: { sql: 'target_kind', type: 'text', operators: EXACT },
    target_id: { sql: 'target_id', type: 'text', operators: EXACT },
    outcome: { sql: 'outcome', type: 'text', operators: EXACT },
    request_id: { sql: 'request_id', type: 'text', operators: ['eq'] },
    session_id: { sql: 'session_id', type: 'text', operators: ['eq', 'pr'] },
  },
  sorts: { at: { sql: 'at', type: 'time' } },
  // UUIDv7 are in the order of time, and each index of entries ends with the id.
  defaultSort: '-id',
  item: (row: AuditRow) => row,
});

/** @param parts `open`: the keys, which need the right master key, are loaded when they are needed */
export function createAuditLog({
  db,
  open,
}: {
  readonly db: Pick<Db, 'query' | 'transact'>;
  open(): Promise<Audit>;
}): AuditLog {
  /** Another process may have replaced the newest one. */
  async function keys(): Promise<AuditKeyRing> {
    const ring = (await open()).keys;
    await ring.refresh(db);
    return ring;
  }

  return {
    heads: async (from, limit) => (await db.query(LOG_STATEMENTS.heads.bind({ from, limit }))).map(shownHead),
    async newestHead() {
      const [row] = await db.query(LOG_STATEMENTS.newestHead.bind());
      return row && shownHead(row);
    },
    keys,
    successor: async () => (await open()).successor(),
    prove: async (id) => proveEvent(db, await keys(), id),
    async proveConsistency(sizes) {
      await assertHead(db, 'from', sizes.from);
      if (sizes.to !== undefined) await assertHead(db, 'to', sizes.to);
      return proveConsistency(db, await keys(), sizes);
    },
    verify: async (options) => verifyAudit(db, await keys(), options),
    changed: (rows) => changedEntries(db, keys, rows),
    openByMonth: async (row) => (await open()).openByMonth(row),
    list: (request) => LISTING.read(db, request),
    async find(id) {
      const [row] = await db.query(AUDIT_STATEMENTS.find.bind({ id }));
      return row;
    },
  };
}
