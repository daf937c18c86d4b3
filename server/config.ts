import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type DetailsTypes, NO_DETAILS_TYPES } from './clients/authorization_details.ts';
import { type ServerPolicy, signingAlgsOf } from './clients/profiles.ts';
import { conflictsIn } from './config_conflicts.ts';
import type { Config } from './config_types.ts';
import { AppError } from './platform/errors.ts';
import type { TlsListener } from './platform/http.ts';
import { LOOPBACK } from './platform/reachable.ts';
import { MASTER_KEY_BYTES } from './platform/sealing.ts';
import { type Environment, rawValue, type Setting, unknownNames } from './platform/settings.ts';
import { isLoopback, type Mailbox } from './platform/smtp_url.ts';
import { masterKeys, SETTINGS, type SettingName } from './settings.ts';

export type { Config } from './config_types.ts';

export class ConfigError extends AppError {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super('invalid_configuration', problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * The environment, read once, validated and frozen. Each setting is one line of the table in
 * settings.ts: its name, how it is read, what it is without being set. Secrets may come from a file instead (`<NAME>_FILE`).
 *
 * @throws ConfigError with every problem there is, not just the first
 */
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
  const tls = tlsListener(get);
  const issuerUrl =
    get<URL | undefined>('CARDEA_ISSUER') ??
    new URL(`${tls ? 'https' : 'http'}://localhost:${get<number>('CARDEA_PORT')}`);
  const production = env.NODE_ENV === 'production' || !isDevelopmentName(issuerUrl.hostname);
  const thisMachineOnly = !production && isLoopback(issuerUrl.hostname) && isLoopbackHost(get('CARDEA_HOST'));
  const config: Config = {
    production,
    thisMachineOnly,
    issuer: issuerUrl,
    host: get('CARDEA_HOST'),
    port: get('CARDEA_PORT'),
    databaseUrl: get('CARDEA_DATABASE_URL'),
    databasePool: get('CARDEA_DATABASE_POOL'),
    databaseTimeoutMs: get('CARDEA_DATABASE_TIMEOUT_MS'),
    redisUrl: get('CARDEA_REDIS_URL'),
    dataDir: resolve(get<string>('CARDEA_DATA_DIR')),
    masterKeys: get<Uint8Array[] | undefined>('CARDEA_MASTER_KEY') ?? [],
    demo: get<boolean | undefined>('CARDEA_DEMO') ?? (thisMachineOnly && get('CARDEA_PROFILE') !== 'fapi2'),
    logLevel: get('CARDEA_LOG_LEVEL'),
    trustedProxies: get('CARDEA_TRUSTED_PROXIES'),
    outboundAllow: get<string[] | undefined>('CARDEA_OUTBOUND_ALLOW') ?? (thisMachineOnly ? [...LOOPBACK] : []),
    tls,
    clientCertificates: {
      authorities: get<X509Certificate[] | undefined>('CARDEA_TLS_CLIENT_CA') ?? [],
      header: get('CARDEA_CLIENT_CERTIFICATE_HEADER'),
    },
    dpopNonceRequired: get('CARDEA_DPOP_NONCE') === 'required',
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
    profile: get('CARDEA_PROFILE'),
    keys: {
      rings: get('CARDEA_KEY_RINGS'),
      rsaBits: get('CARDEA_KEY_RSA_BITS'),
      rotationSeconds: get('CARDEA_KEY_ROTATION'),
      jwksMaxAgeSeconds: get('CARDEA_JWKS_MAX_AGE'),
      pollSeconds: get('CARDEA_KEY_POLL'),
    },
    tokenStatusList: get('CARDEA_TOKEN_STATUS_LIST'),
    lifetimes: {
      accessToken: get('CARDEA_ACCESS_TOKEN_TTL'),
      idToken: get('CARDEA_ID_TOKEN_TTL'),
      authorizationCode: get('CARDEA_CODE_TTL'),
      refreshTokenIdle: get('CARDEA_REFRESH_TOKEN_IDLE_TTL'),
      refreshTokenAbsolute: get('CARDEA_REFRESH_TOKEN_TTL'),
      session: get('CARDEA_SESSION_TTL'),
      sessionAbsolute: get('CARDEA_SESSION_MAX'),
      interaction: get('CARDEA_INTERACTION_TTL'),
      assertion: get('CARDEA_ASSERTION_MAX'),
    },
    smtp: get('CARDEA_SMTP_URL'),
    mailFrom: get<Mailbox | undefined>('CARDEA_MAIL_FROM') ?? defaultSender(issuerUrl),
    signUp: get('CARDEA_SIGN_UP'),
    mails: { inAll: get('CARDEA_MAIL_LIMIT'), perNetwork: get('CARDEA_MAIL_LIMIT_ADDRESS') },
    detailsTypes: get<DetailsTypes | undefined>('CARDEA_AUTHORIZATION_DETAILS_TYPES') ?? NO_DETAILS_TYPES,
    registration: {
      mode: get('CARDEA_REGISTRATION'),
      quota: get('CARDEA_REGISTRATION_QUOTA'),
      idleSeconds: get('CARDEA_REGISTRATION_IDLE'),
      statementIssuers: resolveOptional(get('CARDEA_SOFTWARE_STATEMENT_ISSUERS')),
      documents: {
        enabled: get('CARDEA_CLIENT_ID_METADATA_DOCUMENTS'),
        hosts: get('CARDEA_CLIENT_ID_METADATA_HOSTS'),
      },
    },
    name: get<string | undefined>('CARDEA_NAME') ?? issuerUrl.host,
    secondFactor: {
      required: get('CARDEA_SECOND_FACTOR') === 'required',
      groups: get('CARDEA_SECOND_FACTOR_GROUPS'),
      trustDeviceSeconds: get('CARDEA_TRUST_DEVICE'),
    },
  };
  const conflicts = conflictsIn(config, {
    isSet: (name) => get(name) !== undefined,
    asksForCertificates: get('CARDEA_TLS_CLIENT_CERTIFICATES') === true,
    declaredProduction: env.NODE_ENV === 'production',
  });
  if (conflicts.length > 0) throw new ConfigError(conflicts);
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
  CARDEA_OUTBOUND_ALLOW: (config) => config.outboundAllow.join(',') || '(none)',
  CARDEA_REDIS_URL: () => '(none)',
  CARDEA_TLS_CERT: () => '(none)',
  CARDEA_TLS_KEY: () => '(none)',
  CARDEA_TLS_CLIENT_CA: () => '(none)',
  CARDEA_TLS_CLIENT_CERTIFICATES: (config) => String(config.tls?.asksForCertificates ?? false),
  CARDEA_CLIENT_CERTIFICATE_HEADER: () => '(none)',
  CARDEA_SMTP_URL: (config) => (config.production ? '(none)' : `(files, in ${join(config.dataDir, 'outbox')})`),
  CARDEA_AUTHORIZATION_DETAILS_TYPES: () => '(none)',
  CARDEA_NAME: (config) => config.name,
  CARDEA_MAIL_FROM: (config) => config.mailFrom.address,
  CARDEA_PASSWORD_MAX_AGE: () => '(never)',
  CARDEA_PASSWORD_BLOCKLIST: () => '(none)',
  CARDEA_PASSWORD_PEPPER: () => '(none)',
  CARDEA_SOFTWARE_STATEMENT_ISSUERS: () => '(none)',
  CARDEA_CLIENT_ID_METADATA_HOSTS: () => '(any)',
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

/** What this server can do for a relying party. */
export function serverPolicyOf({ profile, keys }: Config): ServerPolicy {
  return { profile, signingAlgs: signingAlgsOf(keys.rings) };
}

type Get = <T>(name: SettingName) => T;

function tlsListener(get: Get): TlsListener | undefined {
  const [cert, key] = [get<string | undefined>('CARDEA_TLS_CERT'), get<string | undefined>('CARDEA_TLS_KEY')];
  if (cert === undefined || key === undefined) return undefined;
  const authorities = get<X509Certificate[] | undefined>('CARDEA_TLS_CLIENT_CA') ?? [];
  return {
    cert,
    key,
    asksForCertificates: get<boolean | undefined>('CARDEA_TLS_CLIENT_CERTIFICATES') ?? authorities.length > 0,
    authorities: authorities.map((authority) => authority.toString()),
  };
}

function resolveOptional(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

/** This machine, or a name under .test, which no public name server knows (RFC 6761 §6.2). */
function isDevelopmentName(hostname: string): boolean {
  return isLoopback(hostname) || hostname.endsWith('.test');
}

/** As CARDEA_HOST has it, without the brackets that an IPv6 address has in a URL. */
function isLoopbackHost(host: string): boolean {
  return isLoopback(host) || host === '::1';
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof URL || value instanceof X509Certificate) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
