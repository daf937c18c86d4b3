import type { TechnicalTables } from '../platform/personal.ts';

export const TECHNICAL = {
  backups: ['id', 'name', 'began_at', 'ended_at', 'bytes', 'failure'],
  erasure_lists: ['id', 'installation', 'number', 'sha256'],
  unlisted_destroyed_keys: ['key_id'],
} as const satisfies TechnicalTables;
