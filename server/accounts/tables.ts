import type { ExpiringTable, SealedColumn } from '../platform/tables.ts';
import { FORMER_KEY } from './rows.ts';

export const EXPIRES: readonly ExpiringTable[] = [
  { table: 'attempts', key: 'bucket' },
  { table: 'departed_subjects', key: 'account_id' },
  { table: 'devices', key: 'id_hash' },
  { table: 'links', key: 'token_hash' },
  { table: 'mails', key: 'id' },
  { table: 'security_events', key: 'id' },
];

/** Personal data is not listed: an account's own key seals it, and the master key seals that key. */
export const SEALED: readonly SealedColumn[] = [
  { table: 'data_keys', column: 'sealed_key', key: 'account_id', keyType: 'uuid', former: FORMER_KEY },
  { table: 'departed_subjects', column: 'sealed', key: 'account_id', keyType: 'uuid' },
  { table: 'links', column: 'sealed', key: 'token_hash', keyType: 'bytea' },
  { table: 'mails', column: 'sealed', key: 'id', keyType: 'uuid' },
];
