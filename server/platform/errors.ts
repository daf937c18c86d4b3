/**
 * The one error that internals throw on purpose. The edge decides how it looks: RFC 9457 problem+json under `/api`,
 * RFC 6749 §5.2 at OAuth endpoints, a page in a browser, one line on the CLI.
 */
export class AppError extends Error {
  /** Machine-readable and stable, in snake_case; tests and clients look for this, never for the message. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** The input that was wrong, when one was. */
  readonly field: string | undefined;
  /** What is down or saturated, of a 503. */
  readonly dependency: string | undefined;

  constructor(
    code: string,
    status: number,
    message: string,
    options: { cause?: unknown; field?: string; dependency?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = status;
    this.field = options.field;
    this.dependency = options.dependency;
  }
}

/** Seconds that a client is asked to wait when something that we depend on is down (RFC 9110 §10.2.3). */
export const RETRY_AFTER_SECONDS = 5;

/** A dependency is down or saturated: 503 with Retry-After, never a verdict on what the client sent. */
export function unavailable(what: string, cause?: unknown): AppError {
  return new AppError('temporarily_unavailable', 503, `${what} is unavailable; try again shortly`, {
    cause,
    dependency: what,
  });
}

export function invalidInput(field: string, message: string): AppError {
  return new AppError('invalid_input', 400, `${field}: ${message}`, { field });
}

export function notFound(what: string, name: string): AppError {
  return new AppError('not_found', 404, `no ${what} ${JSON.stringify(name)}`);
}

export function isUnavailable(error: unknown): error is AppError {
  return error instanceof AppError && error.status === 503;
}

/** SQLSTATE class 22: a value that its column cannot hold, such as a NUL in a text or a year 292277026597. */
const UNSTORABLE = /^22[0-9A-Z]{3}$/;
/** What jose says of a key or a token that it was given. */
const UNUSABLE = /^ERR_J(OSE|WT|WS|WE|WK|WKS)_/;

/**
 * Values that pass every check and fail where they are used: an error of the sender, not of the server.
 * @returns undefined for any other error
 */
export function faultOfSender(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error.code === MALFORMED ? error : undefined;
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code !== 'string') return undefined;
  if (UNSTORABLE.test(code)) return malformed('the request has a value that cannot be stored', error);
  if (UNUSABLE.test(code)) return malformed('the request has a key or a token that cannot be used', error);
  return undefined;
}

const MALFORMED = 'malformed_value';

function malformed(message: string, cause: unknown): AppError {
  return new AppError(MALFORMED, 400, message, { cause });
}
