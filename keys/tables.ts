/** Columns sealed under the master key; `SealedColumn` in server/platform/tables.ts, which keys/ may not import. */
export const SEALED = [
  { table: 'signing_keys', column: 'sealed', key: 'kid', keyType: 'text' },
  { table: 'signing_keys', column: 'sealed_public', key: 'kid', keyType: 'text' },
] as const;
