import { type PersonalTables, type TechnicalTables, withheld } from '../platform/personal.ts';
import type { ExpiringTable } from '../platform/tables.ts';

/** `clients` is not listed: an expired client stays while it has a live grant (`removeIdle` in registrations.ts). */
export const EXPIRES: readonly ExpiringTable[] = [{ table: 'registration_tokens', key: 'id' }];

export const PERSONAL = {
  clients: {
    purpose: 'apps',
    kept: {
      until: 'until the app is deleted; one that registered itself, when it has not been used for long',
      settings: ['CARDEA_REGISTRATION_IDLE'],
      removedBy: ['operator', 'expiry'],
    },
    // `contacts` of RFC 7591 §2 are mail addresses.
    personal: {
      metadata: withheld('contact', 'others'),
      origin: withheld('address', 'anonymous'),
      origin_prefix: withheld('address', 'anonymous'),
    },
    technical: [
      'id',
      'name',
      'secret_hash',
      'first_party',
      'demo',
      'created_at',
      'updated_at',
      'builtin',
      'second_factor_required',
      'kind',
      'open_scope',
      'management_token_hash',
      'policy',
      'host',
      'used_at',
      'fresh_until',
      'expires_at',
      'claim_mapping',
      'token_exchange',
      'introspects_all',
      'opened_scopes',
      'version',
      'managed_by',
      'previous_secret_hash',
      'previous_secret_until',
    ],
  },
} as const satisfies PersonalTables;

export const TECHNICAL = {
  registration_tokens: ['id', 'token_hash', 'policy', 'uses_left', 'created_at', 'expires_at'],
  resource_servers: [
    'identifier',
    'name',
    'scopes',
    'created_at',
    'open',
    'token_typ',
    'version',
    'managed_by',
    'updated_at',
  ],
  resource_server_clients: ['resource_server', 'client_id'],
} as const satisfies TechnicalTables;
