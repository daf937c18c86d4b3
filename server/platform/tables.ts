import type { TechnicalTables } from './personal.ts';

/** A table whose rows are deleted once their `expires_at` has passed. */
export interface ExpiringTable {
  readonly table: string;
  /** Primary key, by which a batch is chosen. */
  readonly key: string;
}

/** A column sealed under the master key. Each value is bound to its table, its column and its row's key as text. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** Primary key. */
  readonly key: string;
  readonly keyType: 'text' | 'uuid' | 'bytea';
  /** Where the values were before: those that are still bound to it are sealed again for this column. */
  readonly former?: { readonly table: string; readonly column: string };
}

export const EXPIRES: readonly ExpiringTable[] = [{ table: 'write_checks', key: 'node' }];

export const SEALED: readonly SealedColumn[] = [
  { table: 'server_secrets', column: 'sealed', key: 'name', keyType: 'text' },
];

export const TECHNICAL = {
  declared_entries: ['kind', 'key', 'entry_hash'],
  declared_settings: ['name', 'value'],
  installation: ['id', 'issuer', 'since'],
  server_secrets: ['name', 'sealed', 'created_at'],
  write_checks: ['node', 'filler', 'expires_at'],
} as const satisfies TechnicalTables;
