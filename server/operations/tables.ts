import { type PersonalTables, withheld } from '../platform/personal.ts';
import type { ExpiringTable, OwnSealedColumn, SealedColumn } from '../platform/tables.ts';

export const EXPIRES: readonly ExpiringTable[] = [{ table: 'operation_results', key: 'key_hash' }];

export const SEALED: readonly SealedColumn[] = [
  {
    table: 'operation_results',
    column: 'sealed',
    key: 'key_hash',
    keyType: 'bytea',
    holds: 'the result of a call of an operator that may be repeated, when it is about no person',
    because: 'not about a person, or about one who was just deleted: then it is their id alone',
  },
];

export const SEALED_OWN: readonly OwnSealedColumn[] = [
  {
    table: 'operation_results',
    column: 'sealed_own',
    key: 'key_hash',
    keyType: 'bytea',
    accountId: 'account_id',
    holds: 'the result of a call of an operator about a person, for a day',
  },
];

export const PERSONAL = {
  operation_results: {
    purpose: 'operation',
    kept: { until: 'a day, for an operator who sends the same request again', removedBy: ['expiry', 'erasure'] },
    personal: {
      account_id: withheld('identity', 'reference'),
      sealed: withheld('identity', 'state'),
      sealed_own: withheld('identity', 'state'),
    },
    technical: ['key_hash', 'input_hash', 'expires_at'],
  },
} as const satisfies PersonalTables;
