import type { Db } from '../platform/db.ts';
import { createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { AUDIT_STATEMENTS, type AuditRow } from './entries.ts';

/** Reads entries of the audit. */
export interface AuditLog {
  /** The newest first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request: ListRequest): Promise<Page<AuditRow>>;
  /** @param id a UUID */
  find(id: string): Promise<AuditRow | undefined>;
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
  },
  sorts: { at: { sql: 'at', type: 'time' } },
  // UUIDv7 are in the order of time, and each index of entries ends with the id.
  defaultSort: '-id',
  item: (row: AuditRow) => row,
});

export function createAuditLog({ db }: { readonly db: Pick<Db, 'query' | 'transact'> }): AuditLog {
  return {
    list: (request) => LISTING.read(db, request),
    async find(id) {
      const [row] = await db.query(AUDIT_STATEMENTS.find.bind({ id }));
      return row;
    },
  };
}
