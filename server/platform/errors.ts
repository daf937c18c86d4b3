import type { LimitState } from './limit_state.ts';

/**
 * All error codes, each with its HTTP status. Codes are stable: tests and clients compare them, never the message. A new code needs
 * its row in error_texts.ts.
 */
export const ERROR_STATUSES = {
  already_used: 400,
  invalid_proof: 400,
  blocklist_line: 400,
  credentials_changed: 400,
  file_unreadable: 400,
  firebase_config: 400,
  grant_revoked: 400,
  import_rejected: 400,
  import_unreadable: 400,
  invalid_configuration_file: 400,
  input_encoding: 400,
  interaction_expired: 400,
  invalid_dpop_proof: 400,
  invalid_forwarded_address: 400,
  invalid_grant: 400,
  invalid_input: 400,
  invalid_request: 400,
  invalid_software_statement: 400,
  backup_damaged: 400,
  backup_identity: 400,
  malformed_value: 400,
  out_of_range: 400,
  passkey_refused: 400,
  password_blocklisted: 400,
  password_control_characters: 400,
  password_no_digit: 400,
  password_no_lower: 400,
  password_no_symbol: 400,
  password_no_upper: 400,
  password_personal: 400,
  password_reused: 400,
  password_unchanged: 400,
  password_too_long: 400,
  password_too_short: 400,
  passwords_differ: 400,
  request_uri_worn_out: 400,
  slow_down: 400,
  unapproved_software_statement: 400,
  unreadable_file: 400,
  invalid_token: 401,
  missing_token: 401,
  replayed: 401,
  use_dpop_nonce: 401,
  beyond_own_permissions: 403,
  cross_site_form: 403,
  insufficient_scope: 403,
  form_expired: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  request_timeout: 408,
  administrator_exists: 409,
  changed_meanwhile: 409,
  client_exists: 409,
  conflict: 409,
  already_exists: 409,
  builtin_role: 409,
  in_use: 409,
  last_administrator: 409,
  managed_by_file: 409,
  own_account: 409,
  backup_newer: 409,
  backup_not_configured: 409,
  backup_of_other_key: 409,
  backup_under_way: 409,
  backup_unreadable: 409,
  database_in_use: 409,
  database_not_empty: 409,
  database_too_old: 409,
  demo_data: 409,
  development_only: 409,
  erasure_lists_missing: 409,
  export_under_way: 409,
  identifier_taken: 409,
  mail_not_configured: 409,
  master_key_not_everywhere: 409,
  migrations_pending: 409,
  no_plans: 409,
  no_rotation: 409,
  no_secret: 409,
  passkey_exists: 409,
  processing_restricted: 409,
  resource_server_exists: 409,
  restore_under_way: 409,
  restore_unfinished: 409,
  rotation_under_way: 409,
  schema_newer: 409,
  too_many_passkeys: 409,
  wrong_issuer: 409,
  link_gone: 410,
  audit_not_sealed: 409,
  precondition_failed: 412,
  request_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  precondition_required: 428,
  rate_limited: 429,
  headers_too_large: 431,
  audit_key_missing: 500,
  blocklist_unreadable: 500,
  data_dir_not_writable: 500,
  data_dir_unreachable: 500,
  database_rights: 500,
  embedded_postgres_failed: 500,
  invalid_configuration: 500,
  key_provider_refused: 500,
  migration_failed: 500,
  no_embedded_postgres: 500,
  no_postgres_user: 500,
  password_hash_unreadable: 500,
  sealed_value_unreadable: 500,
  server_error: 500,
  untested_library: 500,
  not_implemented: 501,
  mail_refused: 502,
  key_provider_unavailable: 503,
  backup_storage: 502,
  outbound_failed: 502,
  temporarily_unavailable: 503,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_STATUSES;

/**
 * A wrong value: its place in the body (JSON Pointer, RFC 6901) or the name of a parameter, and its fault.
 * @property rule the name of a rule that it breaks, where there are several for one value
 */
export type InputFault =
  | { readonly pointer: string; readonly detail: string; readonly rule?: string }
  | { readonly parameter: string; readonly detail: string };

/**
 * The error that internals throw on purpose. The edge decides its form: RFC 9457 problem+json under `/api`, RFC 6749
 * §5.2 at OAuth endpoints, a page in a browser, one line on the CLI.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** HTTP status. */
  readonly status: number;
  /** The wrong input field, if there is one. */
  readonly field: string | undefined;
  /** All wrong values, where more than one is known or one is no field of the body. */
  readonly errors: readonly InputFault[];
  /** For a 503: the dependency that is down or overloaded. */
  readonly dependency: string | undefined;
  /** The limit that was reached. */
  readonly limit: LimitState | undefined;

  /** @param options `status`: replaces the status of the code */
  constructor(
    code: ErrorCode,
    message: string,
    options: {
      cause?: unknown;
      field?: string;
      errors?: readonly InputFault[];
      dependency?: string;
      status?: number;
      limit?: LimitState;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = options.status ?? ERROR_STATUSES[code];
    this.field = options.field;
    this.errors = options.errors ?? [];
    this.dependency = options.dependency;
    this.limit = options.limit;
  }
}

/** Seconds after which a client may retry when a dependency is down (RFC 9110 §10.2.3). */
export const RETRY_AFTER_SECONDS = 5;

/** A dependency is down or overloaded: 503 with Retry-After, never an error that blames the request. */
export function unavailable(what: string, cause?: unknown): AppError {
  return new AppError('temporarily_unavailable', `${what} is unavailable; try again shortly`, {
    cause,
    dependency: what,
  });
}

export function invalidInput(field: string, message: string): AppError {
  return new AppError('invalid_input', `${field}: ${message}`, { field });
}

/** A wrong value of a parameter or a header, which is at no place in the body. */
export function invalidParameter(name: string, message: string): AppError {
  return new AppError('invalid_input', `${name}: ${message}`, {
    field: name,
    errors: [{ parameter: name, detail: message }],
  });
}

export function notFound(what: string, name: string): AppError {
  return new AppError('not_found', `no ${what} ${JSON.stringify(name)}`);
}

export function isUnavailable(error: unknown): error is AppError {
  return error instanceof AppError && error.status === 503;
}

/** SQLSTATE class 22: a value that its column cannot store, such as a NUL in a text or the year 292277026597. */
const UNSTORABLE = /^22[0-9A-Z]{3}$/;
/** Error codes of jose for an invalid key or token. */
const UNUSABLE = /^ERR_J(OSE|WT|WS|WE|WK|WKS)_/;

/**
 * Values that pass all checks and fail where they are used: an error of the sender, not of the server.
 * @returns undefined for any other error
 */
export function faultOfSender(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error.code === 'malformed_value' ? error : undefined;
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code !== 'string') return undefined;
  if (UNSTORABLE.test(code)) return malformed('the request has a value that cannot be stored', error);
  if (UNUSABLE.test(code)) return malformed('the request has a key or a token that cannot be used', error);
  return undefined;
}

function malformed(message: string, cause: unknown): AppError {
  return new AppError('malformed_value', message, { cause });
}
