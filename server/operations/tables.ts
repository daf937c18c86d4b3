import { type PersonalTables, withheld } from '../platform/personal.ts';
import type { ExpiringTable, SealedColumn } from '../platform/tables.ts';

export const EXPIRES: readonly ExpiringTable[] = [{ table: 'operation_results', key: 'key_hash' }];

export const SEALED: readonly SealedColumn[] = [
  { table: 'operation_results', column: 'sealed', key: 'key_hash', keyType: 'bytea' },
];

export const PERSONAL = {
  operation_results: {
    purpose: 'operation',
    kept: { until: 'a day, for an operator who sends the same request again', removedBy: ['expiry'] },
    personal: { sealed: withheld('identity', 'state') },
    technical: ['key_hash', 'input_hash', 'expires_at'],
  },
} as const satisfies PersonalTables;
