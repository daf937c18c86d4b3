import type { ExpiringTable, SealedColumn } from '../platform/tables.ts';

export const EXPIRES: readonly ExpiringTable[] = [
  { table: 'records', key: 'id_hash' },
  { table: 'replays', key: 'id_hash' },
  { table: 'user_codes', key: 'lookup' },
  { table: 'waiting_requests', key: 'id' },
  { table: 'polls', key: 'id_hash' },
  { table: 'repeated_answers', key: 'id_hash' },
  { table: 'ended_tokens', key: 'what' },
  { table: 'status_list_places', key: 'jti' },
  { table: 'sessions', key: 'uid' },
  { table: 'grants', key: 'id' },
  { table: 'deliveries', key: 'id' },
];

export const SEALED: readonly SealedColumn[] = [
  { table: 'grants', column: 'sealed', key: 'id', keyType: 'text' },
  { table: 'sessions', column: 'sealed', key: 'uid', keyType: 'text' },
  { table: 'records', column: 'sealed', key: 'id_hash', keyType: 'bytea' },
  { table: 'user_codes', column: 'sealed', key: 'lookup', keyType: 'bytea' },
  { table: 'waiting_requests', column: 'sealed', key: 'id', keyType: 'uuid' },
  { table: 'deliveries', column: 'sealed', key: 'id', keyType: 'uuid' },
];
