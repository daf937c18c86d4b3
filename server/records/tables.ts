import { type PersonalTables, type Retention, shown, type TechnicalTables, withheld } from '../platform/personal.ts';
import type { ExpiringTable, OwnSealedColumn, SealedColumn } from '../platform/tables.ts';

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
  { table: 'former_grants', key: 'id' },
];

export const SEALED: readonly SealedColumn[] = [
  {
    table: 'grants',
    column: 'sealed',
    key: 'id',
    keyType: 'text',
    holds: 'what a person has allowed an app: scopes, claims and resources',
    because: 'ids and permissions; it ends with the account',
  },
  {
    table: 'sessions',
    column: 'sealed',
    key: 'uid',
    keyType: 'text',
    holds: 'when and how somebody signed in, and the state of the session',
    because: 'ids and times; the browser and the network are in session_details; it ends with the account',
  },
  {
    table: 'records',
    column: 'sealed',
    key: 'id_hash',
    keyType: 'bytea',
    holds:
      'codes, tokens and requests under way, as an app has sent them: it may name somebody in login_hint or id_token_hint',
    because: 'made before the person is known; they expire, and those of an account end with it',
  },
  {
    table: 'user_codes',
    column: 'sealed',
    key: 'lookup',
    keyType: 'bytea',
    holds: 'the device code that a user code stands for',
    because: 'a secret of an app; nobody has signed in yet',
  },
  {
    table: 'waiting_requests',
    column: 'sealed',
    key: 'id',
    keyType: 'uuid',
    holds: 'the id of a request of an app that waits for a person',
    because: 'a random secret of an app',
  },
  {
    table: 'deliveries',
    column: 'sealed',
    key: 'id',
    keyType: 'uuid',
    holds: 'a message to an app that is about no person',
    because: 'not about a person',
  },
];

export const SEALED_OWN: readonly OwnSealedColumn[] = [
  {
    table: 'deliveries',
    column: 'sealed_own',
    key: 'id',
    keyType: 'uuid',
    accountId: 'account_id',
    holds: 'a message to an app about a person, which may be tokens',
  },
];

const OF_TOKENS: Retention = {
  until: 'until the code, token or request expires, is used or revoked',
  settings: ['CARDEA_CODE_TTL', 'CARDEA_ACCESS_TOKEN_TTL', 'CARDEA_REFRESH_TOKEN_IDLE_TTL', 'CARDEA_INTERACTION_TTL'],
  removedBy: ['expiry', 'end', 'person', 'operator', 'erasure'],
};
const OF_SESSIONS: Retention = {
  until: 'until the sign-out, or when the session has not been used for long or has reached its end',
  settings: ['CARDEA_SESSION_TTL', 'CARDEA_SESSION_MAX'],
  removedBy: ['expiry', 'end', 'person', 'operator', 'erasure'],
};
const OF_STATELESS_TOKENS: Retention = {
  until: 'until the token expires',
  settings: ['CARDEA_ACCESS_TOKEN_TTL'],
  removedBy: ['expiry'],
};

export const PERSONAL = {
  sessions: {
    purpose: 'sign_in',
    kept: OF_SESSIONS,
    personal: {
      uid: shown('activity', 'sessions[].uid'),
      id_hash: withheld('credential', 'secret'),
      account_id: withheld('identity', 'reference'),
      sealed: {
        members: {
          loginTs: shown('activity', 'sessions[].authenticated_at'),
          amr: shown('credential', 'sessions[].amr'),
          acr: shown('credential', 'sessions[].acr'),
          jti: withheld('credential', 'secret'),
        },
      },
      origin: withheld('address', 'anonymous'),
      created_at: shown('activity', 'sessions[].created_at'),
      expires_at: shown('activity', 'sessions[].expires_at'),
    },
    technical: [],
  },
  session_authorizations: {
    purpose: 'apps',
    kept: OF_SESSIONS,
    personal: {
      session_uid: withheld('activity', 'reference'),
      client_id: shown('activity', 'sessions[].apps[].client_id'),
      sid: shown('activity', 'sessions[].apps[].sid'),
      grant_id: shown('activity', 'sessions[].apps[].grant_id'),
    },
    technical: ['persists_logout'],
  },
  grants: {
    purpose: 'apps',
    kept: {
      until: 'until it is revoked, or the longest lifetime of its tokens is over',
      settings: ['CARDEA_REFRESH_TOKEN_TTL'],
      removedBy: ['expiry', 'end', 'person', 'operator', 'erasure'],
    },
    personal: {
      id: shown('permission', 'grants[].id'),
      account_id: withheld('identity', 'reference'),
      client_id: shown('permission', 'grants[].client_id'),
      sealed: {
        members: {
          scopes: shown('permission', 'grants[].scopes'),
          claims: shown('permission', 'grants[].claims'),
          resources: shown('permission', 'grants[].resources'),
          rar: shown('permission', 'grants[].authorization_details'),
        },
      },
      created_at: shown('activity', 'grants[].created_at'),
      expires_at: shown('permission', 'grants[].expires_at'),
    },
    technical: ['epoch'],
  },
  records: {
    purpose: 'apps',
    kept: OF_TOKENS,
    personal: {
      id_hash: withheld('credential', 'secret'),
      model: shown('activity', 'tokens[].kind'),
      grant_id: shown('activity', 'tokens[].grant_id'),
      account_id: withheld('identity', 'reference'),
      client_id: shown('activity', 'tokens[].client_id'),
      session_uid: shown('activity', 'tokens[].session_uid'),
      sealed: withheld('activity', 'state'),
      consumed_at: shown('activity', 'tokens[].used_at'),
      expires_at: shown('activity', 'tokens[].expires_at'),
      origin: withheld('address', 'anonymous'),
    },
    technical: [],
  },
  waiting_requests: {
    purpose: 'sign_in',
    kept: { until: 'until the request of the app is answered, or expires', removedBy: ['expiry', 'end', 'erasure'] },
    personal: {
      id: shown('activity', 'waiting_requests[].id'),
      id_hash: withheld('credential', 'secret'),
      account_id: withheld('identity', 'reference'),
      client_id: shown('activity', 'waiting_requests[].client_id'),
      sealed: withheld('activity', 'state'),
      asked_at: shown('activity', 'waiting_requests[].asked_at'),
      expires_at: shown('activity', 'waiting_requests[].expires_at'),
    },
    technical: [],
  },
  deliveries: {
    purpose: 'apps',
    kept: {
      until: 'until the app has received it, at most a day after the first attempt',
      removedBy: ['expiry', 'end', 'operator'],
    },
    personal: {
      id: shown('activity', 'messages_to_apps[].id'),
      kind: shown('activity', 'messages_to_apps[].kind'),
      client_id: shown('activity', 'messages_to_apps[].client_id'),
      account_id: withheld('identity', 'reference'),
      sid: shown('activity', 'messages_to_apps[].sid'),
      sealed: withheld('activity', 'state'),
      sealed_own: withheld('activity', 'state'),
      next_attempt_at: shown('activity', 'messages_to_apps[].next_attempt_at'),
      expires_at: shown('activity', 'messages_to_apps[].expires_at'),
    },
    technical: ['attempts', 'leased_until'],
  },
  former_grants: {
    purpose: 'apps',
    kept: {
      until: 'three days, in which an app that gets events is told what ended its grants',
      removedBy: ['expiry'],
    },
    personal: {
      id: withheld('permission', 'reference'),
      client_id: withheld('permission', 'reference'),
      account_id: withheld('identity', 'reference'),
    },
    technical: ['expires_at'],
  },
  user_codes: {
    purpose: 'sign_in',
    kept: { until: 'until the code of a device is used, or expires', removedBy: ['expiry', 'end'] },
    personal: { sealed: withheld('activity', 'state') },
    technical: ['lookup', 'id_hash', 'expires_at'],
  },
  repeated_answers: {
    purpose: 'operation',
    kept: { until: '10 seconds after the request, for one that is sent again', removedBy: ['expiry'] },
    personal: { sealed_by_token: withheld('activity', 'state') },
    technical: ['id_hash', 'successor_hash', 'expires_at'],
  },
  ended_tokens: {
    purpose: 'apps',
    kept: OF_STATELESS_TOKENS,
    personal: { what: withheld('activity', 'state') },
    technical: ['issued_until', 'expires_at'],
  },
  status_list_places: {
    purpose: 'apps',
    kept: OF_STATELESS_TOKENS,
    personal: {
      jti: withheld('activity', 'state'),
      grant_id: withheld('activity', 'reference'),
      client_id: withheld('activity', 'reference'),
      issued_at: withheld('activity', 'state'),
    },
    technical: ['list_id', 'idx', 'grant_epoch', 'ends_with_session', 'expires_at'],
  },
} as const satisfies PersonalTables;

/** Hashes of identifiers that were used once, and the times of polls. */
export const TECHNICAL = {
  replays: ['id_hash', 'expires_at'],
  polls: ['id_hash', 'polled_at', 'interval_seconds', 'too_soon', 'expires_at'],
} as const satisfies TechnicalTables;
