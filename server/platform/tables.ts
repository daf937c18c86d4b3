import type { TechnicalTables } from './personal.ts';

/** A table whose rows are deleted once their `expires_at` has passed. */
export interface ExpiringTable {
  readonly table: string;
  /** Primary key, by which a batch is chosen. */
  readonly key: string;
}

/** A column with sealed values. Each is bound to its table, its column and its row's key as text. */
interface Sealed {
  readonly table: string;
  readonly column: string;
  /** Primary key. */
  readonly key: string;
  readonly keyType: 'text' | 'uuid' | 'bytea';
  /** The content of a value, for the documentation. */
  readonly holds: string;
}

/** A column that a person's own key seals. */
export interface OwnSealedColumn extends Sealed {
  /** SQL for the id of the account, in the scope of the table. */
  readonly accountId: string;
}

/** A column sealed under the master key. */
export interface SealedColumn extends Sealed {
  /** The reason why no person's own key seals it. */
  readonly because: string;
  /** Where the values were before: those that are still bound to it are sealed again for this column. */
  readonly former?: { readonly table: string; readonly column: string };
}

export const EXPIRES: readonly ExpiringTable[] = [{ table: 'write_checks', key: 'node' }];

export const SEALED: readonly SealedColumn[] = [
  {
    table: 'server_secrets',
    column: 'sealed',
    key: 'name',
    keyType: 'text',
    holds: 'keys of the HMACs by which people are found, and other secrets that all nodes share',
    because: 'of the server',
  },
];

export const TECHNICAL = {
  declared_entries: ['kind', 'key', 'entry_hash'],
  declared_settings: ['name', 'value'],
  installation: ['id', 'issuer', 'since'],
  server_secrets: ['name', 'sealed', 'created_at'],
  write_checks: ['node', 'filler', 'expires_at'],
} as const satisfies TechnicalTables;
