import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/**
 * JSON lines. What must not be in a log is kept out by construction: requests are logged by route and status, never
 * by URL, header or body, errors by type, code and stack, and the names below are censored wherever they turn up.
 */
export function createLog(options: { level: string; destination?: DestinationStream }): Logger {
  const names = [
    'password',
    'secret',
    'token',
    'code',
    'cookie',
    'authorization',
    'email',
    'access_token',
    'refresh_token',
    'id_token',
    'client_secret',
    'client_assertion',
    'code_verifier',
    'login_hint',
    'id_token_hint',
    'nonce',
  ];
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: names.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      serializers: { err: describeError, error: describeError },
    },
    options.destination ?? pino.destination({ dest: 1, sync: false }),
  );
}

interface DescribedError {
  type: string;
  /** SQLSTATE, errno name or our own code; not called `code`, which would be censored. */
  reason?: string;
  stack?: string;
  cause?: DescribedError;
}

/**
 * An error without its message: messages of Postgres and of parsers quote the values that they choked on. The stack's
 * frames, the type and the code say where and what.
 */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    ...(typeof code === 'string' ? { reason: code } : {}),
    ...(frames?.length ? { stack: frames.join('\n') } : {}),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}
