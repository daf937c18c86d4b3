import { sql } from 'kysely';
import { type Held, type HeldOf, held } from '../platform/held.ts';
import { openJson } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import { type AuditDetails, type AuditRow, detailsPlace } from './entries.ts';

export const HELD_STATEMENTS = {
  // Two index scans, of which each gives the newest first.
  entries: statement(
    'held.audit',
    ($: HeldOf) => sql<AuditRow>`
      SELECT * FROM (
        (SELECT * FROM audit WHERE actor_id = ${$.accountId}::text AND actor_kind = 'person' ORDER BY id DESC LIMIT ${$.limit})
        UNION
        (SELECT * FROM audit WHERE target_id = ${$.accountId}::text AND target_kind = 'user' ORDER BY id DESC LIMIT ${$.limit})
      ) entries ORDER BY id DESC LIMIT ${$.limit}`,
  ),
};

/**
 * The entries of a person: as actor, and as target. The ids of other people in them are data of others: only their kind is told
 * (GDPR, Article 15(4)).
 */
export const HELD_BY_AUDIT: readonly Held[] = [
  held('audit', HELD_STATEMENTS.entries, (row, { accountId, own }) => {
    const acted = row.actor_kind === 'person' && row.actor_id === accountId;
    const concerned = row.target_kind !== 'user' || row.target_id === accountId;
    const details: AuditDetails =
      row.sealed_details !== null && row.details_account === accountId
        ? (openJson(own, detailsPlace(row.id), row.sealed_details) as AuditDetails)
        : {};
    return {
      id: row.id,
      at: row.at,
      actor_kind: row.actor_kind,
      actor_id: acted ? row.actor_id : null,
      client_id: row.client_id,
      action: row.action,
      target_kind: row.target_kind,
      target_id: concerned ? row.target_id : null,
      outcome: row.outcome,
      reason: row.reason,
      changes: concerned ? row.changes : {},
      request_id: row.request_id,
      session_id: acted ? row.session_id : null,
      address: details.address ?? null,
      device: details.device ?? null,
    };
  }),
];
