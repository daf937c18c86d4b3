import { format } from 'node:util';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

const CENSORED = new Set([
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
]);

/**
 * JSON lines. What must not be in a log is kept out by construction: requests are logged by route and status, never
 * by URL, header or body, errors by type, code and stack, and the names below are censored wherever they turn up.
 */
export function createLog(options: { level: string; destination?: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: createTimestamp(),
      formatters: {
        level: (level) => ({ level }),
        bindings: (bindings) => censored(bindings),
        log: (fields) => censored(fields),
      },
      serializers: { err: describeError, error: describeError },
      hooks: {
        logMethod(args, method) {
          // Without a text, pino takes the error's message for one.
          const [first, text] = args as unknown as [unknown, unknown];
          const error = first instanceof Error ? first : (first as { err?: unknown } | undefined)?.err;
          if (text === undefined && error instanceof Error) method.apply(this, [first as object, error.name]);
          else method.apply(this, args);
        },
      },
    },
    options.destination ??
      // Together rather than line by line: a write for each took longer than sending the JWKS. What waits is written
      // when the process ends, also by an error that nobody caught.
      pino.destination({ dest: 1, sync: false, minLength: 12_288, periodicFlush: FLUSH_EVERY_MS }),
  );
}

/**
 * Warnings of Node and whatever libraries print become lines of the log: whoever parses it must not meet plain text.
 * For the server's process alone, since it changes `console`.
 */
export function logWarnings(log: Logger): void {
  process.removeAllListeners('warning'); // Node's own prints plain text
  process.on('warning', ({ name, message }) => log.warn({ warning: name, text: message }, 'a warning of Node'));
  for (const [method, level] of CONSOLE) {
    console[method] = (...args: unknown[]) => log[level]({ text: format(...args) }, 'a library wrote to the console');
  }
}

const CONSOLE = [
  ['error', 'error'],
  ['warn', 'warn'],
  ['log', 'info'],
  ['info', 'info'],
  ['debug', 'debug'],
] as const;

/** `pino.stdTimeFunctions.isoTime`, with the part that is the same for a second made once a second. */
function createTimestamp(): () => string {
  let second = Number.NaN;
  let start = '';
  return () => {
    const now = Date.now();
    const ms = now % 1_000;
    if (now - ms !== second) {
      second = now - ms;
      start = `,"time":"${new Date(second).toISOString().slice(0, -'000Z'.length)}`;
    }
    return `${start}${String(ms).padStart(3, '0')}Z"`;
  };
}

const FLUSH_EVERY_MS = 50;
const CENSOR_DEPTH = 8;

/**
 * The same fields with the names above censored, however deep; the object itself when there is nothing to hide. (pino's
 * own `redact` took a quarter of the time that the JWKS takes, for lines with nothing to hide.)
 */
function censored<T extends object>(fields: T, depth = 0): T {
  let copy: Record<string, unknown> | undefined;
  const all = fields as Record<string, unknown>;
  for (const name in all) {
    const value = all[name];
    const shown = CENSORED.has(name) ? '[redacted]' : shownOf(name, value, depth);
    if (shown === value) continue;
    copy ??= (Array.isArray(all) ? [...all] : { ...all }) as Record<string, unknown>;
    copy[name] = shown;
  }
  return (copy ?? all) as T;
}

function shownOf(name: string, value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // Under these names the serializers below see to it.
  if (value instanceof Error) return depth === 0 && (name === 'error' || name === 'err') ? value : describeError(value);
  if ('toJSON' in value) return value;
  return depth < CENSOR_DEPTH ? censored(value, depth + 1) : '[too deep]';
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
