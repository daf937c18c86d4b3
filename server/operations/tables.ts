import type { ExpiringTable, SealedColumn } from '../platform/tables.ts';

export const EXPIRES: readonly ExpiringTable[] = [{ table: 'operation_results', key: 'key_hash' }];

export const SEALED: readonly SealedColumn[] = [
  { table: 'operation_results', column: 'sealed', key: 'key_hash', keyType: 'bytea' },
];
