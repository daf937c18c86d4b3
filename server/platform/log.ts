import { format } from 'node:util';
import { type DestinationStream, type Logger, pino } from 'pino';
import { masked, maskToken, maskWithin, type PersonalKind } from './masking.ts';

export type { Logger };

/** Fields whose values a log never has, by their names in code, in requests and in claims. */
const SECRET = [
  'password',
  'secret',
  'token',
  'code',
  'cookie',
  'authorization',
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

/** Fields about a person, which are masked. An id is none: it leads an operator to the person, and tells others nothing. */
const PERSONAL: Readonly<Record<PersonalKind, readonly string[]>> = {
  email: ['email', 'recipient'],
  phone: ['phone', 'phone_number', 'phoneNumber'],
  name: ['name', 'given_name', 'givenName', 'family_name', 'familyName', 'middle_name', 'middleName', 'nickname'],
  username: ['username', 'preferred_username', 'identifier', 'user'],
  network: ['ip', 'network', 'remoteAddress', 'remote_address'],
  subject: ['sub', 'subject'],
  text: [
    ...['address', 'formatted', 'street_address', 'locality', 'region', 'postal_code'],
    ...['browser', 'system', 'userAgent', 'user_agent', 'user-agent'],
    ...['profile', 'picture', 'website', 'gender', 'birthdate'],
  ],
};

const CENSORED: ReadonlyMap<string, (value: unknown) => unknown> = new Map([
  ...SECRET.map((name) => [name, maskToken] as const),
  ...(Object.entries(PERSONAL) as [PersonalKind, readonly string[]][]).flatMap(([kind, names]) =>
    names.map((name) => [name, (value: unknown) => masked(kind, value)] as const),
  ),
]);

/**
 * JSON lines. Secrets and personal data cannot get into the log: requests are logged by route and status, never by URL, header or
 * body, errors by type, code and stack, and the fields above are censored or masked wherever they occur.
 */
export function createLog(options: { level: string; destination?: DestinationStream }): Logger {
  const log = pino(
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
          // Without a text, pino uses the error's message.
          const [first, text] = args as unknown as [unknown, unknown];
          const error = first instanceof Error ? first : (first as { err?: unknown } | undefined)?.err;
          if (text === undefined && error instanceof Error) method.apply(this, [first as object, error.name]);
          else method.apply(this, args);
        },
      },
    },
    options.destination ??
      // Buffered instead of line by line: a write for each line took longer than sending the JWKS. The buffer is
      // written when the process ends, also by an uncaught error.
      pino.destination({ dest: 1, sync: false, minLength: 12_288, periodicFlush: FLUSH_EVERY_MS }),
  );
  // pino gives the fields of a child to no formatter.
  const { child } = log;
  log.child = function (this: Logger, fields: object, ...rest: []) {
    return child.call(this, censored(fields), ...rest);
  } as Logger['child'];
  return log;
}

/**
 * Warnings of Node and console output of libraries become log lines: a program that parses the log must not find plain
 * text. For the server process only, since it changes `console`.
 */
export function logWarnings(log: Logger): void {
  process.removeAllListeners('warning'); // Node's default handler prints plain text
  process.on('warning', ({ name, message }) =>
    log.warn({ warning: name, text: maskWithin(message) }, 'a warning of Node'),
  );
  for (const [method, level] of CONSOLE) {
    console[method] = (...args: unknown[]) =>
      log[level]({ text: maskWithin(format(...args)) }, 'a library wrote to the console');
  }
}

const CONSOLE = [
  ['error', 'error'],
  ['warn', 'warn'],
  ['log', 'info'],
  ['info', 'info'],
  ['debug', 'debug'],
] as const;

/** `pino.stdTimeFunctions.isoTime`, but the date and time up to the second are formatted once a second. */
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
 * The same fields with the names above censored, at any depth; the object itself when there is nothing to censor.
 * (pino's own `redact` took a quarter of the time of a JWKS response, even with nothing to censor.)
 */
function censored<T extends object>(fields: T, depth = 0): T {
  let copy: Record<string, unknown> | undefined;
  const all = fields as Record<string, unknown>;
  for (const name in all) {
    const value = all[name];
    const censor = CENSORED.get(name);
    const shown = censor ? censor(value) : shownOf(name, value, depth);
    if (shown === value) continue;
    copy ??= (Array.isArray(all) ? [...all] : { ...all }) as Record<string, unknown>;
    copy[name] = shown;
  }
  return (copy ?? all) as T;
}

function shownOf(name: string, value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // The serializers below handle these names.
  if (value instanceof Error) return depth === 0 && (name === 'error' || name === 'err') ? value : describeError(value);
  if ('toJSON' in value) return value;
  return depth < CENSOR_DEPTH ? censored(value, depth + 1) : '[too deep]';
}

interface DescribedError {
  type: string;
  /** SQLSTATE, errno name or code of an AppError; not named `code`, which would be censored. */
  reason?: string;
  stack?: string;
  cause?: DescribedError;
}

/**
 * An error without its message: messages of Postgres and of parsers quote values. The stack frames, the type and the
 * code are enough.
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
