import type { TechnicalTables } from '../platform/personal.ts';

export const TECHNICAL = {
  backups: ['id', 'name', 'began_at', 'ended_at', 'bytes', 'failure'],
  unlisted_destroyed_keys: ['key_id'],
} as const satisfies TechnicalTables;
