/** Columns sealed under the master key; `SealedColumn` in server/platform/tables.ts, which keys/ may not import. */
export const SEALED = [
  {
    table: 'signing_keys',
    column: 'sealed',
    key: 'kid',
    keyType: 'text',
    holds: 'private signing keys, and the keys of cookies',
    because: 'of the server',
  },
  {
    table: 'signing_keys',
    column: 'sealed_public',
    key: 'kid',
    keyType: 'text',
    holds: 'public keys of retired signing keys, by which old ID tokens are recognised as hints',
    because: 'of the server',
  },
] as const;

/** Tables without personal data, with all their columns; `TechnicalTables` in server/platform/personal.ts. */
export const TECHNICAL = {
  signing_keys: [
    'kid',
    'ring',
    'alg',
    'state',
    'public_jwk',
    'sealed',
    'created_at',
    'activated_at',
    'retiring_at',
    'retired_at',
    'signs_for',
    'expedited',
    'revoked',
    'published_in',
    'sealed_public',
  ],
  key_set: ['singleton', 'version', 'last_seen_at'],
  key_nodes: ['node_id', 'acknowledged', 'acknowledged_at', 'seen_at', 'rings', 'master_keys', 'secrets'],
} as const;
