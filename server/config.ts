import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { leastMemory } from './accounts/argon2.ts';
import type { PasswordSettings } from './accounts/password_room.ts';
import { type DetailsTypes, NO_DETAILS_TYPES } from './clients/authorization_details.ts';
import { type ServerTerms, signingAlgsOf } from './clients/profiles.ts';
import type { ProfileName } from './clients/vocabulary.ts';
import { AppError } from './platform/errors.ts';
import type { TlsListener } from './platform/http.ts';
import { LOOPBACK } from './platform/reachable.ts';
import { MASTER_KEY_BYTES } from './platform/sealing.ts';
import { type Environment, rawValue, type Setting, unknownNames } from './platform/settings.ts';
import { isLoopback, type Mailbox, type SmtpServer } from './platform/smtp_url.ts';
import type { Lifetimes } from './records/lifetimes.ts';
import { masterKeys, SETTINGS, type SettingName } from './settings.ts';

/**
 * The environment, read once, validated and frozen. Each setting is one line of the table in
 * settings.ts: its name, how it is read, what it is without being set. Secrets may come from a file instead (`<NAME>_FILE`).
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
  /** Addresses or CIDR ranges that URLs of relying parties may lead to beside public ones. */
  readonly outboundAllow: readonly string[];
  /** Undefined: TLS ends at a proxy. */
  readonly tls: TlsListener | undefined;
  readonly clientCertificates: ClientCertificateConfig;
  /** Whether DPoP proofs have to carry a nonce of this server. */
  readonly dpopNonceRequired: boolean;
  /** Failed sign-ins, and failed client authentications, a minute and address. */
  readonly rateLimit: number;
  readonly passwords: PasswordSettings;
  /** What relying parties are held to, see clients/profiles.ts. */
  readonly profile: ProfileName;
  readonly keys: KeyConfig;
  readonly lifetimes: Lifetimes;
  /** JWT access tokens name a status list (draft-ietf-oauth-status-list). */
  readonly tokenStatusList: boolean;
  /** Undefined: in development mails go into `dataDir`/outbox, in production nobody is mailed. */
  readonly smtp: SmtpServer | undefined;
  readonly mailFrom: Mailbox;
  /** What authenticator apps and passkeys show for this site. */
  readonly name: string;
  readonly secondFactor: SecondFactorConfig;
  /** Whether people may open accounts by themselves. */
  readonly signUp: boolean;
  /** RFC 9396 */
  readonly detailsTypes: DetailsTypes;
  readonly registration: RegistrationConfig;
}

/** Clients that nobody at the operator's made. */
export interface RegistrationConfig {
  readonly mode: 'off' | 'token' | 'open';
  /** Unused clients from one network. */
  readonly quota: number;
  readonly idleSeconds: number;
  /** A file of who may vouch for software. */
  readonly statementIssuers: string | undefined;
  readonly documents: {
    readonly enabled: boolean;
    /** Undefined: any. */
    readonly hosts: readonly string[] | undefined;
  };
}

/** RFC 8705 */
export interface ClientCertificateConfig {
  readonly authorities: readonly X509Certificate[];
  /** In which trusted proxies pass certificates on, in lower case. */
  readonly header: string | undefined;
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
  const tls = tlsListener(get);
  const issuerUrl =
    get<URL | undefined>('CARDEA_ISSUER') ??
    new URL(`${tls ? 'https' : 'http'}://localhost:${get<number>('CARDEA_PORT')}`);
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
    demo: get<boolean | undefined>('CARDEA_DEMO') ?? (!production && get('CARDEA_PROFILE') !== 'fapi2'),
    logLevel: get('CARDEA_LOG_LEVEL'),
    trustedProxies: get('CARDEA_TRUSTED_PROXIES'),
    outboundAllow: get<string[] | undefined>('CARDEA_OUTBOUND_ALLOW') ?? (production ? [] : [...LOOPBACK]),
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
      interaction: get('CARDEA_INTERACTION_TTL'),
    },
    smtp: get('CARDEA_SMTP_URL'),
    mailFrom: get<Mailbox | undefined>('CARDEA_MAIL_FROM') ?? defaultSender(issuerUrl),
    signUp: get('CARDEA_SIGN_UP'),
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
  const unsafe = [
    ...unsafeHashing(config.passwords),
    ...unfitForProfile(config),
    ...unusableTls(config, get),
    ...(production ? unsafeForProduction(config) : []),
  ];
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
  CARDEA_PASSWORD_BLOCKLIST: () => '(built-in list alone)',
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
export function termsOf({ profile, keys }: Config): ServerTerms {
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

function unusableTls({ tls, issuer, clientCertificates, trustedProxies }: Config, get: Get): string[] {
  const problems: string[] = [];
  const isSet = (name: SettingName) => get(name) !== undefined;
  if (isSet('CARDEA_TLS_CERT') && !isSet('CARDEA_TLS_KEY'))
    problems.push('CARDEA_TLS_CERT must come with CARDEA_TLS_KEY');
  if (isSet('CARDEA_TLS_KEY') && !isSet('CARDEA_TLS_CERT'))
    problems.push('CARDEA_TLS_KEY must come with CARDEA_TLS_CERT');
  if (tls && !isPair(tls)) problems.push('CARDEA_TLS_KEY must be the private key of CARDEA_TLS_CERT, both in PEM');
  if (tls && issuer.protocol !== 'https:') problems.push('CARDEA_ISSUER must be https with CARDEA_TLS_CERT');
  if (!tls && get('CARDEA_TLS_CLIENT_CERTIFICATES') === true)
    problems.push('CARDEA_TLS_CLIENT_CERTIFICATES must come with CARDEA_TLS_CERT');
  if (!tls?.asksForCertificates && !clientCertificates.header && isSet('CARDEA_TLS_CLIENT_CA'))
    problems.push(
      'CARDEA_TLS_CLIENT_CA must come with CARDEA_TLS_CERT, asking for certificates, or CARDEA_CLIENT_CERTIFICATE_HEADER',
    );
  if (clientCertificates.header && trustedProxies.length === 0)
    problems.push(
      'CARDEA_CLIENT_CERTIFICATE_HEADER must come with CARDEA_TRUSTED_PROXIES: from anybody else it is dropped',
    );
  return problems;
}

function isPair({ cert, key }: TlsListener): boolean {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
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

function unfitForProfile({ profile, demo }: Config): string[] {
  return profile === 'fapi2' && demo
    ? ['CARDEA_DEMO must not be set with CARDEA_PROFILE=fapi2, in which the demo app could not sign anybody in']
    : [];
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

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof URL || value instanceof X509Certificate) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
