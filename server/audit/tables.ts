import { type PersonalTables, shown } from '../platform/personal.ts';

export const PERSONAL = {
  audit: {
    purpose: 'proof',
    kept: { until: 'without an end; the id of an erased person says nothing any more', removedBy: ['operator'] },
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
    },
    technical: [],
  },
} as const satisfies PersonalTables;
