import { type PersonalTables, shown, type TechnicalTables, withheld } from '../platform/personal.ts';
import type { SealedColumn } from '../platform/tables.ts';

export const SEALED: readonly SealedColumn[] = [
  {
    table: 'audit_destinations',
    column: 'sealed_secret',
    key: 'id',
    keyType: 'uuid',
    holds: 'the secrets that sign what a destination of the audit gets',
    because: 'of the server',
  },
];

export const PERSONAL = {
  audit: {
    purpose: 'proof',
    kept: {
      until: 'as long as the retention keeps its month; the id of an erased person says nothing any more',
      settings: ['CARDEA_AUDIT_RETENTION_MONTHS'],
      removedBy: ['policy'],
    },
    personal: {
      id: shown('activity', 'audit[].id'),
      at: shown('activity', 'audit[].at'),
      actor_kind: shown('activity', 'audit[].actor_kind'),
      actor_id: shown('identity', 'audit[].actor_id'),
      client_id: shown('activity', 'audit[].client_id'),
      action: shown('activity', 'audit[].action'),
      target_kind: shown('activity', 'audit[].target_kind'),
      target_id: shown('identity', 'audit[].target_id'),
      outcome: shown('activity', 'audit[].outcome'),
      reason: shown('activity', 'audit[].reason'),
      changes: shown('activity', 'audit[].changes'),
      request_id: shown('activity', 'audit[].request_id'),
      session_id: shown('activity', 'audit[].session_id'),
      sealed_details: {
        members: { address: shown('address', 'audit[].address'), device: shown('device', 'audit[].device') },
      },
      details_account: withheld('identity', 'reference'),
    },
    technical: ['details_month', 'mac'],
  },
} as const satisfies PersonalTables;

/** The log of hashes says nothing without the events. */
export const TECHNICAL = {
  audit_unsealed: ['event_id', 'refused'],
  audit_leaves: ['index', 'event_id', 'hash', 'mac'],
  audit_nodes: ['level', 'index', 'hash'],
  audit_heads: ['tree_size', 'head', 'signature', 'created_at'],
  audit_destinations: [
    'id',
    'name',
    'kind',
    'settings',
    'sealed_secret',
    'actions',
    'outcomes',
    'client_id',
    'everybody',
    'heads',
    'position',
    'head_position',
    'enabled',
    'disabled_reason',
    'attempts',
    'last_failure',
    'next_attempt_at',
    'lease_id',
    'leased_until',
    'version',
    'created_at',
    'updated_at',
    'details',
  ],
  audit_dead_letters: [
    'id',
    'destination_id',
    'first_index',
    'last_index',
    'is_head',
    'reason',
    'attempts',
    'wanted',
    'created_at',
  ],
  audit_keys: ['generation', 'key_id', 'succession', 'signature', 'own_signature', 'created_at'],
  audit_anchors: ['id', 'before_id', 'anchor', 'signature', 'created_at'],
} as const satisfies TechnicalTables;
