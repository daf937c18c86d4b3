/** Written by `make documents` from the migrated schema; a test compares the two. */

import type { ColumnType } from 'kysely';

export type ArrayType<T> = ArrayTypeImpl<T> extends (infer U)[] ? U[] : ArrayTypeImpl<T>;

export type ArrayTypeImpl<T> = T extends ColumnType<infer S, infer I, infer U> ? ColumnType<S[], I[], U[]> : T[];

export type Generated<T> =
  T extends ColumnType<infer S, infer I, infer U> ? ColumnType<S, I | undefined, U> : ColumnType<T, T | undefined, T>;

export type Int8 = ColumnType<string, bigint | number | string, bigint | number | string>;

export type Json = JsonValue;

export type JsonArray = JsonValue[];

export type JsonObject = {
  [x: string]: JsonValue | undefined;
};

export type JsonPrimitive = boolean | number | string | null;

export type JsonValue = JsonArray | JsonObject | JsonPrimitive;

export type Timestamp = ColumnType<Date, Date | string, Date | string>;

export interface AcceptedTexts {
  accepted_at: Timestamp;
  account_id: string;
  kind: string;
  version: string;
  withdrawn_at: Timestamp | null;
}

export interface AccountIdentifiers {
  account_id: string;
  kind: string;
  lookup: Buffer;
}

export interface AccountIndex {
  account_id: string;
  created_at: Timestamp;
  token: Int8;
}

export interface Accounts {
  active_at: Generated<Timestamp>;
  created_at: Timestamp;
  deletion_by: string | null;
  deletion_due_at: Timestamp | null;
  disabled_at: Timestamp | null;
  epoch: Generated<number>;
  groups: Generated<string[]>;
  id: string;
  inactive_stage: string | null;
  inactive_stage_at: Timestamp | null;
  password_hash: string | null;
  password_set_at: Timestamp | null;
  restricted_at: Timestamp | null;
  restriction_reason: string | null;
  roles: Generated<string[]>;
  sealed_profile: Buffer;
  sealed_subject: Buffer | null;
  search_tokens: ArrayType<Int8> | null;
  second_factors: Generated<string[]>;
  subject_lookup: Buffer | null;
  updated_at: Timestamp;
  version: Generated<number>;
}

export interface Attempts {
  account_id: string | null;
  bucket: Buffer;
  expires_at: Timestamp;
  factor: string;
  failures: number;
  in_flight: number;
  in_flight_until: Timestamp;
  locked_until: Timestamp | null;
  locks: number;
  verdict: string;
}

export interface Audit {
  action: string;
  actor_id: string;
  actor_kind: string;
  at: Timestamp;
  changes: Generated<Json>;
  client_id: string | null;
  details_account: string | null;
  details_month: string | null;
  id: string;
  mac: Buffer | null;
  outcome: string;
  reason: string | null;
  request_id: string;
  sealed_details: Buffer | null;
  session_id: string | null;
  target_id: string;
  target_kind: string;
}

export interface AuditAnchors {
  anchor: string;
  before_id: string;
  created_at: Timestamp;
  id: string;
  signature: Buffer;
}

export interface AuditDeadLetters {
  attempts: number;
  created_at: Timestamp;
  destination_id: string;
  first_index: Int8;
  id: string;
  is_head: boolean;
  last_index: Int8;
  reason: string;
  wanted: Generated<boolean>;
}

export interface AuditDestinations {
  actions: string[];
  attempts: Generated<number>;
  client_id: string | null;
  created_at: Timestamp;
  details: Generated<boolean>;
  disabled_reason: string | null;
  enabled: boolean;
  everybody: boolean;
  head_position: Int8;
  heads: boolean;
  id: string;
  kind: string;
  last_failure: string | null;
  lease_id: string | null;
  leased_until: Timestamp | null;
  name: string;
  next_attempt_at: Timestamp;
  outcomes: string[];
  position: Int8;
  sealed_secret: Buffer | null;
  settings: Json;
  updated_at: Timestamp;
  version: Generated<number>;
}

export interface AuditHeads {
  created_at: Timestamp;
  head: string;
  signature: Buffer;
  tree_size: Int8;
}

export interface AuditKeys {
  created_at: Timestamp;
  generation: number;
  key_id: string;
  own_signature: Buffer;
  signature: Buffer;
  succession: string;
}

export interface AuditLeaves {
  event_id: string;
  hash: Buffer;
  index: Int8;
  mac: Buffer;
}

export interface AuditNodes {
  hash: Buffer;
  index: Int8;
  level: number;
}

export interface AuditUnsealed {
  event_id: string;
  refused: Generated<boolean>;
}

export interface Backups {
  began_at: Timestamp;
  bytes: Int8 | null;
  ended_at: Timestamp;
  failure: string | null;
  id: string;
  name: string | null;
}

export interface Clients {
  builtin: Generated<boolean>;
  claim_mapping: Generated<Json>;
  created_at: Timestamp;
  demo: Generated<boolean>;
  expires_at: Timestamp | null;
  first_party: Generated<boolean>;
  fresh_until: Timestamp | null;
  host: string | null;
  id: string;
  introspects_all: Generated<boolean>;
  kind: Generated<string>;
  managed_by: string | null;
  management_token_hash: Buffer | null;
  metadata: Json;
  name: string;
  open_scope: Generated<boolean>;
  opened_scopes: Generated<string[]>;
  origin: Buffer | null;
  origin_prefix: Buffer | null;
  policy: Json | null;
  previous_secret_hash: Buffer | null;
  previous_secret_until: Timestamp | null;
  second_factor_required: Generated<boolean>;
  secret_hash: Buffer | null;
  token_exchange: Json | null;
  updated_at: Timestamp;
  used_at: Timestamp | null;
  version: Generated<number>;
}

export interface DataKeys {
  account_id: string;
  created_at: Timestamp;
  key_id: string;
  sealed_key: Buffer;
}

export interface DeclaredEntries {
  entry_hash: Buffer;
  key: string;
  kind: string;
}

export interface DeclaredSettings {
  name: string;
  value: string;
}

export interface Deliveries {
  account_id: string | null;
  attempts: Generated<number>;
  client_id: string;
  expires_at: Timestamp | null;
  id: string;
  kind: string;
  leased_until: Timestamp | null;
  next_attempt_at: Generated<Timestamp>;
  sealed: Buffer | null;
  sealed_own: Buffer | null;
  sid: string | null;
}

export interface DepartedSubjects {
  account_id: string;
  expires_at: Timestamp;
  sealed: Buffer;
}

export interface DestroyedDataKeys {
  destroyed_at: Timestamp;
  key_id: string;
}

export interface Devices {
  account_id: string;
  created_at: Timestamp;
  expires_at: Timestamp;
  id: Generated<string>;
  id_hash: Buffer;
  last_used_at: Timestamp | null;
  previous_hash: Buffer | null;
  previous_until: Timestamp | null;
  sealed_own: Buffer | null;
  trusted_until: Timestamp | null;
}

export interface EndedTokens {
  expires_at: Timestamp;
  issued_until: Timestamp;
  what: string;
}

export interface ErasedAccounts {
  account_id: string;
  erased_at: Timestamp;
  expires_at: Timestamp;
}

export interface ErasureLists {
  id: Generated<boolean>;
  installation: Generated<string>;
  number: Generated<Int8>;
  sha256: string | null;
}

export interface FormerGrants {
  account_id: string;
  client_id: string;
  expires_at: Timestamp;
  id: string;
}

export interface Grants {
  account_id: string;
  client_id: string;
  created_at: Generated<Timestamp>;
  epoch: Generated<number>;
  expires_at: Timestamp;
  id: string;
  sealed: Buffer;
}

export interface Groups {
  created_at: Timestamp;
  description: Generated<string>;
  managed_by: string | null;
  name: string;
  permissions: Generated<string[]>;
  updated_at: Timestamp;
  version: Generated<number>;
}

export interface Installation {
  id: Generated<boolean>;
  issuer: string;
  since: Timestamp;
}

export interface KeyNodes {
  acknowledged: Int8;
  acknowledged_at: Timestamp;
  master_keys: Generated<string[]>;
  node_id: string;
  rings: string[];
  secrets: Generated<string[]>;
  seen_at: Timestamp;
}

export interface KeySet {
  last_seen_at: Timestamp;
  singleton: Generated<boolean>;
  version: Int8;
}

export interface Links {
  account_id: string | null;
  created_at: Timestamp;
  expires_at: Timestamp;
  purpose: string;
  sealed: Buffer | null;
  sealed_own: Buffer | null;
  token_hash: Buffer;
}

export interface Mails {
  account_id: string | null;
  due_at: Timestamp;
  expires_at: Timestamp;
  id: string;
  leased_until: Timestamp | null;
  sealed: Buffer | null;
  sealed_own: Buffer | null;
  tries: Generated<number>;
}

export interface OperationResults {
  account_id: string | null;
  expires_at: Timestamp;
  input_hash: Buffer;
  key_hash: Buffer;
  sealed: Buffer | null;
  sealed_own: Buffer | null;
}

export interface Passkeys {
  account_id: string;
  backed_up: boolean;
  counter: Int8;
  created_at: Timestamp;
  id: Buffer;
  last_used_at: Timestamp | null;
  public_key: Buffer;
  sealed_own: Buffer;
  transports: Generated<string[]>;
}

export interface PasswordHistory {
  account_id: string;
  id: Generated<Int8>;
  password_hash: string;
}

export interface Polls {
  expires_at: Timestamp;
  id_hash: Buffer;
  interval_seconds: number;
  polled_at: Timestamp;
  too_soon: boolean;
}

export interface Records {
  account_id: string | null;
  client_id: string | null;
  consumed_at: Timestamp | null;
  expires_at: Timestamp;
  grant_id: string | null;
  id_hash: Buffer;
  model: string;
  origin: Buffer | null;
  sealed: Buffer;
  session_uid: string | null;
}

export interface RecoveryCodes {
  account_id: string;
  lookup: Buffer;
  used_at: Timestamp | null;
}

export interface RegistrationTokens {
  created_at: Timestamp;
  expires_at: Timestamp;
  id: string;
  policy: Json;
  token_hash: Buffer;
  uses_left: number;
}

export interface RepeatedAnswers {
  expires_at: Timestamp;
  id_hash: Buffer;
  sealed_by_token: Buffer;
  successor_hash: Buffer | null;
}

export interface Replays {
  expires_at: Timestamp;
  id_hash: Buffer;
}

export interface ResourceServerClients {
  client_id: string;
  resource_server: string;
}

export interface ResourceServers {
  created_at: Timestamp;
  identifier: string;
  managed_by: string | null;
  name: string;
  open: Generated<boolean>;
  scopes: string[];
  token_typ: Generated<string>;
  updated_at: Generated<Timestamp>;
  version: Generated<number>;
}

export interface Roles {
  created_at: Timestamp;
  description: Generated<string>;
  managed_by: string | null;
  name: string;
  permissions: Generated<string[]>;
  updated_at: Timestamp;
  version: Generated<number>;
}

export interface SecurityEvents {
  account_id: string;
  created_at: Timestamp;
  expires_at: Timestamp;
  id: string;
  kind: string;
  sealed_own: Buffer;
}

export interface ServerSecrets {
  created_at: Timestamp;
  name: string;
  sealed: Buffer;
}

export interface SessionAuthorizations {
  client_id: string;
  grant_id: string | null;
  persists_logout: Generated<boolean>;
  session_uid: string;
  sid: string | null;
}

export interface SessionDetails {
  last_seen_at: Timestamp;
  sealed_own: Buffer;
  session_uid: string;
  signed_in_at: Timestamp;
}

export interface Sessions {
  account_id: string | null;
  created_at: Generated<Timestamp>;
  expires_at: Timestamp;
  id_hash: Buffer;
  origin: Buffer | null;
  sealed: Buffer;
  uid: string;
}

export interface SigningKeys {
  activated_at: Timestamp | null;
  alg: string;
  created_at: Timestamp;
  expedited: Generated<boolean>;
  kid: string;
  public_jwk: Json | null;
  published_in: Int8;
  retired_at: Timestamp | null;
  retiring_at: Timestamp | null;
  revoked: Generated<boolean>;
  ring: string;
  sealed: Buffer | null;
  sealed_public: Buffer | null;
  signs_for: number;
  state: string;
}

export interface StatusListPlaces {
  client_id: string;
  ends_with_session: boolean;
  expires_at: Timestamp;
  grant_epoch: number | null;
  grant_id: string | null;
  idx: number;
  issued_at: Timestamp;
  jti: string;
  list_id: string;
}

export interface Texts {
  ask_again: boolean;
  created_at: Timestamp;
  effective_from: Timestamp;
  kind: string;
  language: string;
  title: string;
  url: string;
  version: string;
  withdrawn_at: Timestamp | null;
}

export interface Totp {
  account_id: string;
  created_at: Timestamp;
  last_step: Int8;
  sealed_own: Buffer;
}

export interface UnlistedDestroyedKeys {
  key_id: string;
}

export interface UserCodes {
  expires_at: Timestamp;
  id_hash: Buffer | null;
  lookup: Buffer;
  sealed: Buffer;
}

export interface WaitingRequests {
  account_id: string;
  asked_at: Timestamp;
  client_id: string;
  expires_at: Timestamp;
  id: string;
  id_hash: Buffer;
  sealed: Buffer;
}

export interface WriteChecks {
  expires_at: Timestamp;
  filler: Buffer;
  node: string;
}

export interface DB {
  accepted_texts: AcceptedTexts;
  account_identifiers: AccountIdentifiers;
  account_index: AccountIndex;
  accounts: Accounts;
  attempts: Attempts;
  audit: Audit;
  audit_anchors: AuditAnchors;
  audit_dead_letters: AuditDeadLetters;
  audit_destinations: AuditDestinations;
  audit_heads: AuditHeads;
  audit_keys: AuditKeys;
  audit_leaves: AuditLeaves;
  audit_nodes: AuditNodes;
  audit_unsealed: AuditUnsealed;
  backups: Backups;
  clients: Clients;
  data_keys: DataKeys;
  declared_entries: DeclaredEntries;
  declared_settings: DeclaredSettings;
  deliveries: Deliveries;
  departed_subjects: DepartedSubjects;
  destroyed_data_keys: DestroyedDataKeys;
  devices: Devices;
  ended_tokens: EndedTokens;
  erased_accounts: ErasedAccounts;
  erasure_lists: ErasureLists;
  former_grants: FormerGrants;
  grants: Grants;
  groups: Groups;
  installation: Installation;
  key_nodes: KeyNodes;
  key_set: KeySet;
  links: Links;
  mails: Mails;
  operation_results: OperationResults;
  passkeys: Passkeys;
  password_history: PasswordHistory;
  polls: Polls;
  records: Records;
  recovery_codes: RecoveryCodes;
  registration_tokens: RegistrationTokens;
  repeated_answers: RepeatedAnswers;
  replays: Replays;
  resource_server_clients: ResourceServerClients;
  resource_servers: ResourceServers;
  roles: Roles;
  security_events: SecurityEvents;
  server_secrets: ServerSecrets;
  session_authorizations: SessionAuthorizations;
  session_details: SessionDetails;
  sessions: Sessions;
  signing_keys: SigningKeys;
  status_list_places: StatusListPlaces;
  texts: Texts;
  totp: Totp;
  unlisted_destroyed_keys: UnlistedDestroyedKeys;
  user_codes: UserCodes;
  waiting_requests: WaitingRequests;
  write_checks: WriteChecks;
}
