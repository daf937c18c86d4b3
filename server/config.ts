import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ARGON2, leastMemory } from './accounts/argon2.ts';
import type { PasswordSettings } from './accounts/password_room.ts';
import { HASHING_MEMORY } from './accounts/passwords.ts';
import { AppError } from './platform/errors.ts';
import { MASTER_KEY_BYTES } from './platform/sealing.ts';
import {
  addresses,
  boolean,
  type Environment,
  integer,
  issuer,
  list,
  oneOf,
  oneOfNumbers,
  rawValue,
  type Setting,
  seconds,
  split,
  text,
  unknownNames,
  url,
} from './platform/settings.ts';
import { isLoopback, type Mailbox, mailbox, type SmtpServer, smtpUrl } from './platform/smtp_url.ts';
import type { Lifetimes } from './records/lifetimes.ts';

export { isLoopback } from './platform/smtp_url.ts';

/**
 * The environment, read once, validated and frozen. Each setting is one line of the table below: its name, how it is
 * read, what it is without being set. Secrets may come from a file instead (`<NAME>_FILE`).
 */
export interface Config {
  readonly production: boolean;
  readonly issuer: URL;
  readonly host: string;
  readonly port: number;
  /** Undefined: the embedded Postgres below `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly databasePool: number;
  readonly databaseTimeoutMs: number;
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  /** 32 bytes each; the first seals, all open. Empty: a development key is made in `dataDir`. */
  readonly masterKeys: readonly Uint8Array[];
  readonly demo: boolean;
  readonly logLevel: string;
  /** Addresses or CIDR ranges whose X-Forwarded-For counts. */
  readonly trustedProxies: readonly string[];
  /** Failed sign-ins, and failed client authentications, a minute and address. */
  readonly rateLimit: number;
  readonly passwords: PasswordSettings;
  readonly keys: KeyConfig;
  readonly lifetimes: Lifetimes;
  /** Undefined: in development mails go into `dataDir`/outbox, in production nobody is mailed. */
  readonly smtp: SmtpServer | undefined;
  readonly mailFrom: Mailbox;
  /** What authenticator apps and passkeys show for this site. */
  readonly name: string;
  readonly secondFactor: SecondFactorConfig;
  /** Whether people may open accounts by themselves. */
  readonly signUp: boolean;
}

export interface SecondFactorConfig {
  /** Everybody needs one. */
  readonly required: boolean;
  /** Members of these need one. */
  readonly groups: readonly string[];
  /** For how long a browser may be trusted instead, in seconds; 0: not at all. */
  readonly trustDeviceSeconds: number;
}

export interface KeyConfig {
  /** JWS algorithms with a ring of their own; the first signs by default. */
  readonly rings: readonly ('RS256' | 'ES256' | 'EdDSA')[];
  readonly rsaBits: number;
  readonly rotationSeconds: number;
  /** `max-age` of the JWKS: how long a verifier may go without seeing a new key. */
  readonly jwksMaxAgeSeconds: number;
  /** How often a node looks for a new ring, should a NOTIFY have been lost. */
  readonly pollSeconds: number;
}

const DEFAULT_PORT = 3000;
/** Every setting there is. A `CARDEA_*` name that is not here is refused. */
export const SETTINGS = {
  CARDEA_ISSUER: {
    read: issuer,
    about: 'the issuer identifier, an origin such as https://id.example.com (default http://localhost:CARDEA_PORT)',
  },
  CARDEA_HOST: { read: text, fallback: '127.0.0.1', about: 'the address to listen on' },
  CARDEA_PORT: { read: integer(0, 65_535), fallback: String(DEFAULT_PORT), about: 'the port to listen on' },
  CARDEA_DATABASE_URL: {
    read: url('postgres:', 'postgresql:'),
    secret: true,
    about: 'postgres://user:password@host/database; without it an embedded Postgres runs in CARDEA_DATA_DIR',
  },
  CARDEA_DATABASE_POOL: { read: integer(1, 500), fallback: '10', about: 'database connections at most' },
  CARDEA_DATABASE_TIMEOUT_MS: {
    read: integer(100, 60_000),
    fallback: '5000',
    about: 'milliseconds to wait for a connection or a statement',
  },
  CARDEA_REDIS_URL: {
    read: url('redis:', 'rediss:', 'redis+sentinel:', 'redis+cluster:', 'rediss+cluster:'),
    secret: true,
    about:
      'redis://host:6379, redis+sentinel://host:26379,host2:26379/master-name or redis+cluster://host:6379,host2:6379; optional',
  },
  CARDEA_DATA_DIR: {
    read: text,
    fallback: '.data',
    about: 'where the embedded Postgres, the development master key and unsent mails live',
  },
  CARDEA_MASTER_KEY: {
    read: masterKeys,
    secret: true,
    about:
      '32 random bytes in base64 or hex ("openssl rand -base64 32"); several, separated by commas, while rotating: the first seals, all open',
  },
  CARDEA_DEMO: {
    read: boolean,
    about: 'seed a demo client and person at start (default: yes in development, refused in production)',
  },
  CARDEA_LOG_LEVEL: {
    read: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    fallback: 'info',
    about: 'the least level that is logged',
  },
  CARDEA_TRUSTED_PROXIES: {
    read: addresses,
    fallback: '',
    about: 'addresses or CIDR ranges, separated by commas, whose X-Forwarded-For counts',
  },
  CARDEA_RATE_LIMIT: {
    read: integer(1, 1_000_000),
    fallback: '600',
    about: 'failed sign-ins, and failed client authentications, a minute from one address',
  },
  CARDEA_PASSWORD_POLICY: {
    read: oneOf('complex', 'nist'),
    fallback: 'complex',
    about:
      'complex: 12 characters of four kinds, nothing personal, not one of the last five; nist: 15 characters of any kind (SP 800-63B-4); neither takes common passwords',
  },
  CARDEA_PASSWORD_MAX_AGE: {
    read: seconds(60),
    about: 'a password older than this is to be changed at the next sign-in, such as 365d (default: never)',
  },
  CARDEA_PASSWORD_BLOCKLIST: {
    read: text,
    about:
      'a file made by "cardea passwords blocklist build", or a folder of SHA-1 prefix files as Have I Been Pwned has them; optional, beside the built-in list',
  },
  CARDEA_PASSWORD_PEPPER: {
    read: masterKeys,
    secret: true,
    about:
      '32 random bytes in base64 or hex that go into every password hash; several, separated by commas, while changing: the first hashes, all verify. Losing it makes all passwords useless; optional',
  },
  CARDEA_PASSWORD_HASHING_MEMORY: {
    read: integer(19, 1_000_000),
    fallback: String(HASHING_MEMORY),
    about: 'MiB that all password hashes under way may take together',
  },
  CARDEA_PASSWORD_QUEUE: {
    read: integer(1, 1_000_000),
    about: 'password hashes that may wait; further ones get 503 (default: 64 a thread)',
  },
  CARDEA_ARGON2_MEMORY: {
    read: integer(7_168, 4_194_304),
    fallback: String(ARGON2.memory),
    about: 'KiB a password hash takes',
  },
  CARDEA_ARGON2_ITERATIONS: {
    read: integer(1, 100),
    fallback: String(ARGON2.iterations),
    about: 'passes over that memory',
  },
  CARDEA_ARGON2_PARALLELISM: {
    read: integer(1, 16),
    fallback: String(ARGON2.parallelism),
    about: 'lanes of a password hash',
  },
  CARDEA_KEY_RINGS: {
    read: list(oneOf('RS256', 'ES256', 'EdDSA')),
    fallback: 'RS256',
    about: 'signing algorithms that have keys, separated by commas; the first is the default',
  },
  CARDEA_KEY_RSA_BITS: { read: oneOfNumbers(2048, 3072, 4096), fallback: '2048', about: 'size of new RSA keys' },
  CARDEA_KEY_ROTATION: { read: seconds(1), fallback: '30d', about: 'how long a key signs before the next takes over' },
  CARDEA_JWKS_MAX_AGE: {
    read: seconds(1),
    fallback: '1h',
    about: 'how long a verifier may keep the JWKS; a new key waits at least this long before it signs',
  },
  CARDEA_KEY_POLL: {
    read: seconds(1),
    fallback: '30s',
    about: 'how often a node looks for new keys, should a notification have been lost',
  },
  CARDEA_ACCESS_TOKEN_TTL: { read: seconds(1), fallback: '1h', about: 'lifetime of access tokens' },
  CARDEA_ID_TOKEN_TTL: { read: seconds(1), fallback: '1h', about: 'lifetime of ID tokens' },
  CARDEA_CODE_TTL: { read: seconds(1), fallback: '60s', about: 'lifetime of authorization codes' },
  CARDEA_REFRESH_TOKEN_IDLE_TTL: {
    read: seconds(1),
    fallback: '14d',
    about: 'a refresh token unused for this long ends',
  },
  CARDEA_REFRESH_TOKEN_TTL: {
    read: seconds(1),
    fallback: '180d',
    about: 'a chain of refresh tokens ends after this, used or not',
  },
  CARDEA_SESSION_TTL: { read: seconds(1), fallback: '14d', about: 'a session unused for this long ends' },
  CARDEA_INTERACTION_TTL: { read: seconds(1), fallback: '1h', about: 'how long a person may take to sign in' },
  CARDEA_NAME: {
    read: text,
    about: 'what authenticator apps and passkeys show for this site (default: the issuer’s host)',
  },
  CARDEA_SECOND_FACTOR: {
    read: oneOf('optional', 'required'),
    fallback: 'optional',
    about: 'whether everybody has to sign in with a second factor; who has none sets one up on the way',
  },
  CARDEA_SECOND_FACTOR_GROUPS: {
    read: split,
    fallback: '',
    about: 'groups, separated by commas, whose members have to sign in with a second factor',
  },
  CARDEA_TRUST_DEVICE: {
    read: seconds(0),
    fallback: '0',
    about: 'how long people may let a browser go without the second factor, such as 30d (default: they may not)',
  },
  CARDEA_SMTP_URL: {
    read: smtpUrl,
    secret: true,
    about:
      'smtp://user:password@host:587 or smtps://…; STARTTLS is required unless the host is loopback or ?tls=none says otherwise',
  },
  CARDEA_MAIL_FROM: {
    read: mailbox,
    about: 'whom mails are from, such as "Cardea <no-reply@example.com>" (default: no-reply at the issuer’s host)',
  },
  CARDEA_SIGN_UP: { read: boolean, fallback: 'false', about: 'people may open accounts by themselves; needs mail' },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

export class ConfigError extends AppError {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super('invalid_configuration', 500, problems.join('\n'));
    this.problems = problems;
  }
}

/** @throws ConfigError with every problem there is, not just the first */
export function loadConfig(env: Environment = process.env): Config {
  const problems = unknownNames('CARDEA_', SETTINGS, env);
  const values = new Map<SettingName, unknown>();
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting][]) {
    try {
      const given = rawValue(name, setting, env) ?? setting.fallback;
      if (given !== undefined) values.set(name, setting.read(given));
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);

  // Each reader above fixes its setting's type; the table cannot carry that through a Map.
  const get = <T>(name: SettingName) => values.get(name) as T;
  const production = env.NODE_ENV === 'production';
  const issuerUrl = get<URL | undefined>('CARDEA_ISSUER') ?? new URL(`http://localhost:${get<number>('CARDEA_PORT')}`);
  const config: Config = {
    production,
    issuer: issuerUrl,
    host: get('CARDEA_HOST'),
    port: get('CARDEA_PORT'),
    databaseUrl: get('CARDEA_DATABASE_URL'),
    databasePool: get('CARDEA_DATABASE_POOL'),
    databaseTimeoutMs: get('CARDEA_DATABASE_TIMEOUT_MS'),
    redisUrl: get('CARDEA_REDIS_URL'),
    dataDir: resolve(get<string>('CARDEA_DATA_DIR')),
    masterKeys: get<Uint8Array[] | undefined>('CARDEA_MASTER_KEY') ?? [],
    demo: get<boolean | undefined>('CARDEA_DEMO') ?? !production,
    logLevel: get('CARDEA_LOG_LEVEL'),
    trustedProxies: get('CARDEA_TRUSTED_PROXIES'),
    rateLimit: get('CARDEA_RATE_LIMIT'),
    passwords: {
      policy: get('CARDEA_PASSWORD_POLICY'),
      maxAgeSeconds: get('CARDEA_PASSWORD_MAX_AGE'),
      blocklist: resolveOptional(get('CARDEA_PASSWORD_BLOCKLIST')),
      argon2: {
        memory: get('CARDEA_ARGON2_MEMORY'),
        iterations: get('CARDEA_ARGON2_ITERATIONS'),
        parallelism: get('CARDEA_ARGON2_PARALLELISM'),
      },
      peppers: get<Uint8Array[] | undefined>('CARDEA_PASSWORD_PEPPER') ?? [],
      memory: get('CARDEA_PASSWORD_HASHING_MEMORY'),
      queueLimit: get('CARDEA_PASSWORD_QUEUE'),
    },
    keys: {
      rings: get('CARDEA_KEY_RINGS'),
      rsaBits: get('CARDEA_KEY_RSA_BITS'),
      rotationSeconds: get('CARDEA_KEY_ROTATION'),
      jwksMaxAgeSeconds: get('CARDEA_JWKS_MAX_AGE'),
      pollSeconds: get('CARDEA_KEY_POLL'),
    },
    lifetimes: {
      accessToken: get('CARDEA_ACCESS_TOKEN_TTL'),
      idToken: get('CARDEA_ID_TOKEN_TTL'),
      authorizationCode: get('CARDEA_CODE_TTL'),
      refreshTokenIdle: get('CARDEA_REFRESH_TOKEN_IDLE_TTL'),
      refreshTokenAbsolute: get('CARDEA_REFRESH_TOKEN_TTL'),
      session: get('CARDEA_SESSION_TTL'),
      interaction: get('CARDEA_INTERACTION_TTL'),
    },
    smtp: get('CARDEA_SMTP_URL'),
    mailFrom: get<Mailbox | undefined>('CARDEA_MAIL_FROM') ?? defaultSender(issuerUrl),
    signUp: get('CARDEA_SIGN_UP'),
    name: get<string | undefined>('CARDEA_NAME') ?? issuerUrl.host,
    secondFactor: {
      required: get('CARDEA_SECOND_FACTOR') === 'required',
      groups: get('CARDEA_SECOND_FACTOR_GROUPS'),
      trustDeviceSeconds: get('CARDEA_TRUST_DEVICE'),
    },
  };
  const unsafe = [...unsafeHashing(config.passwords), ...(production ? unsafeForProduction(config) : [])];
  if (unsafe.length > 0) throw new ConfigError(unsafe);
  return deepFreeze(config);
}

/** What is in force, one line a setting, secrets masked. */
export function describeConfig(
  env: Environment = process.env,
): { name: string; value: string; source: string; about: string }[] {
  const config = loadConfig(env);
  return (Object.entries(SETTINGS) as [SettingName, Setting][]).map(([name, setting]) => {
    const source = env[name] !== undefined ? 'environment' : env[`${name}_FILE`] !== undefined ? 'file' : 'default';
    const given = rawValue(name, setting, env);
    const shown =
      given === undefined ? (DERIVED[name]?.(config) ?? setting.fallback ?? '') : setting.secret ? '********' : given;
    return { name, value: shown, source, about: setting.about };
  });
}

const DERIVED: Partial<Record<SettingName, (config: Config) => string>> = {
  CARDEA_ISSUER: (config) => config.issuer.origin,
  CARDEA_DATABASE_URL: (config) => `(embedded, in ${config.dataDir})`,
  CARDEA_MASTER_KEY: (config) => `(development key, in ${config.dataDir})`,
  CARDEA_DEMO: (config) => String(config.demo),
  CARDEA_REDIS_URL: () => '(none)',
  CARDEA_SMTP_URL: (config) => (config.production ? '(none)' : `(files, in ${join(config.dataDir, 'outbox')})`),
  CARDEA_NAME: (config) => config.name,
  CARDEA_MAIL_FROM: (config) => config.mailFrom.address,
  CARDEA_PASSWORD_MAX_AGE: () => '(never)',
  CARDEA_PASSWORD_BLOCKLIST: () => '(built-in list alone)',
  CARDEA_PASSWORD_PEPPER: () => '(none)',
  CARDEA_PASSWORD_QUEUE: () => '(64 a thread)',
};

function defaultSender({ hostname }: URL): Mailbox {
  return { name: 'Cardea', address: `no-reply@${hostname}` };
}

/**
 * The master keys to use: those configured, or in development one that is made once and kept in the data directory
 * with mode 0600.
 */
export function resolveMasterKeys(config: Config): readonly Uint8Array[] {
  if (config.masterKeys.length > 0) return config.masterKeys;
  const file = join(config.dataDir, 'master.key');
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    // 'wx': of two processes that start at once, one makes the key and the other reads it
    try {
      writeFileSync(file, `${randomBytes(MASTER_KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return masterKeys(readFileSync(file, 'utf8'));
}

/** The longest that anything which is signed stays valid, in seconds. */
export function signedLifetimes({ lifetimes }: Config): { tokens: number; cookies: number } {
  return {
    tokens: Math.max(lifetimes.accessToken, lifetimes.idToken),
    cookies: Math.max(lifetimes.session, lifetimes.interaction),
  };
}

function unsafeHashing({ argon2, memory }: PasswordSettings): string[] {
  const problems: string[] = [];
  const least = leastMemory(argon2.iterations);
  if (argon2.memory < least)
    problems.push(
      `CARDEA_ARGON2_MEMORY must be at least ${least} with CARDEA_ARGON2_ITERATIONS=${argon2.iterations} (OWASP)`,
    );
  if (argon2.memory > memory * 1_024)
    problems.push('CARDEA_PASSWORD_HASHING_MEMORY must have room for one hash of CARDEA_ARGON2_MEMORY');
  return problems;
}

function resolveOptional(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

function unsafeForProduction(config: Config): string[] {
  const problems: string[] = [];
  if (!config.databaseUrl)
    problems.push('CARDEA_DATABASE_URL is required in production; the embedded Postgres is for development');
  if (config.masterKeys.length === 0)
    problems.push(
      'CARDEA_MASTER_KEY (or CARDEA_MASTER_KEY_FILE) is required in production; make one with "openssl rand -base64 32"',
    );
  if (config.issuer.protocol === 'http:' && !isLoopback(config.issuer.hostname))
    problems.push('CARDEA_ISSUER must be https in production unless it is a loopback address');
  if (config.demo)
    problems.push('CARDEA_DEMO must not be set in production; demo data has a password that everybody knows');
  if (config.signUp && !config.smtp)
    problems.push('CARDEA_SIGN_UP needs CARDEA_SMTP_URL: whoever signs up is mailed a link');
  return problems;
}

function masterKeys(value: string): Uint8Array[] {
  const keys = split(value).map((one) => Buffer.from(one, /^[0-9a-f]{64}$/i.test(one) ? 'hex' : 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== MASTER_KEY_BYTES)) {
    throw new Error(`must be ${MASTER_KEY_BYTES} bytes in base64 or hex ("openssl rand -base64 32")`);
  }
  return keys;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof URL || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
