import type { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { NO_DETAILS_TYPES } from './clients/authorization_details.ts';
import { limitsInForce } from './limit_settings.ts';
import { type Issuer, readIssuer } from './platform/issuer.ts';
import { LOOPBACK } from './platform/reachable.ts';
import { isLoopback, type Mailbox } from './platform/smtp_url.ts';
import type { TlsListener } from './platform/tls_listener.ts';
import type { DeepReadonly } from './platform/types.ts';
import type { SettingName, SettingValues } from './settings.ts';

/** The configuration, as the rest of the server reads it. */
export type Config = DeepReadonly<
  ReturnType<typeof configOf>,
  Issuer | Mailbox | TlsListener | Uint8Array | X509Certificate
>;

/** @param environment `declaredProduction`: NODE_ENV=production; `secretFiles`: the files that secrets were read from */
export function configOf(
  values: SettingValues,
  { declaredProduction, secretFiles }: { readonly declaredProduction: boolean; readonly secretFiles: SecretFiles },
) {
  const tls = tlsListener(values);
  const issuer = values.CARDEA_ISSUER ?? readIssuer(`${tls ? 'https' : 'http'}://localhost:${values.CARDEA_PORT}`);
  const production = declaredProduction || !isDevelopmentName(issuer.hostname);
  const thisMachineOnly = !production && isLoopback(issuer.hostname) && isLoopbackHost(values.CARDEA_HOST);
  const { CARDEA_PROFILE: profile } = values;
  return {
    /** NODE_ENV=production, or an issuer that other machines reach: nothing that is made for development is allowed. */
    production,
    /** The files that secrets were read from, by setting. */
    secretFiles,
    /** No other machine reaches the server: demo data, the page of unsent mails and loopback URLs are harmless. */
    thisMachineOnly,
    issuer,
    host: values.CARDEA_HOST,
    port: values.CARDEA_PORT,
    /** Undefined: the embedded Postgres in `dataDir`. */
    databaseUrl: values.CARDEA_DATABASE_URL,
    databasePool: values.CARDEA_DATABASE_POOL,
    databaseTimeoutMs: values.CARDEA_DATABASE_TIMEOUT_MS,
    redisUrl: values.CARDEA_REDIS_URL,
    dataDir: resolve(values.CARDEA_DATA_DIR),
    /** The first seals, all open. Empty: a development key is made in `dataDir`. */
    masterKeys: values.CARDEA_MASTER_KEY ?? [],
    /** The services that may have encrypted master keys; conflictsIn asks for what a key needs. */
    vault: {
      url: values.CARDEA_VAULT_URL,
      token: values.CARDEA_VAULT_TOKEN,
      key: values.CARDEA_VAULT_TRANSIT_KEY,
      namespace: values.CARDEA_VAULT_NAMESPACE,
    },
    awsKms: { key: values.CARDEA_AWS_KMS_KEY, endpoint: values.CARDEA_AWS_KMS_ENDPOINT },
    backup: {
      /** A folder, or s3://bucket/prefix; undefined: no backups are made. */
      to: values.CARDEA_BACKUP_TO,
      recipients: values.CARDEA_BACKUP_RECIPIENTS ?? [],
      /** 0: by command alone. */
      everySeconds: values.CARDEA_BACKUP_EVERY,
      /** 0: for ever. */
      keptSeconds: values.CARDEA_BACKUP_KEPT,
      s3Endpoint: values.CARDEA_BACKUP_S3_ENDPOINT,
    },
    demo: values.CARDEA_DEMO ?? (thisMachineOnly && profile !== 'fapi2'),
    logLevel: values.CARDEA_LOG_LEVEL,
    /** Where Prometheus reads metrics; undefined: nowhere. */
    metrics:
      values.CARDEA_METRICS_PORT === undefined
        ? undefined
        : { host: values.CARDEA_METRICS_HOST, port: values.CARDEA_METRICS_PORT },
    /** Where destinations of the audit may have files; undefined: nowhere. */
    auditFileDir: resolveOptional(values.CARDEA_AUDIT_FILE_DIR),
    /** Addresses or CIDR ranges whose X-Forwarded-For is believed. */
    trustedProxies: values.CARDEA_TRUSTED_PROXIES,
    /** Addresses or CIDR ranges that URLs of clients may lead to, besides public ones. */
    outboundAllow: values.CARDEA_OUTBOUND_ALLOW ?? (thisMachineOnly ? [...LOOPBACK] : []),
    /** Undefined: TLS ends at a proxy. */
    tls,
    /** RFC 8705 */
    clientCertificates: {
      authorities: values.CARDEA_TLS_CLIENT_CA ?? [],
      /** In which trusted proxies pass certificates on, in lower case. */
      header: values.CARDEA_CLIENT_CERTIFICATE_HEADER,
    },
    /** Origins whose scripts may call the admin API. */
    adminOrigins: values.CARDEA_ADMIN_CORS_ORIGINS ?? [],
    audienceParameter: values.CARDEA_AUDIENCE_PARAMETER,
    confirmLogout: values.CARDEA_CONFIRM_LOGOUT,
    dpopNonceRequired: values.CARDEA_DPOP_NONCE === 'required',
    configFile: values.CARDEA_CONFIG_FILE,
    /** The table of limits (limit_table.ts). */
    limits: limitsInForce(values.CARDEA_LIMITS, values),
    passwords: {
      policy: values.CARDEA_PASSWORD_POLICY,
      maxAgeSeconds: values.CARDEA_PASSWORD_MAX_AGE,
      blocklist: resolveOptional(values.CARDEA_PASSWORD_BLOCKLIST),
      argon2: {
        memory: values.CARDEA_ARGON2_MEMORY,
        iterations: values.CARDEA_ARGON2_ITERATIONS,
        parallelism: values.CARDEA_ARGON2_PARALLELISM,
      },
      peppers: values.CARDEA_PASSWORD_PEPPER ?? [],
      memory: values.CARDEA_PASSWORD_HASHING_MEMORY,
      queueLimit: values.CARDEA_PASSWORD_QUEUE,
    },
    /** Rules that all clients have to follow, see clients/profiles.ts. */
    profile,
    keys: {
      /** JWS algorithms that have a ring of keys; the first signs by default. */
      rings: values.CARDEA_KEY_RINGS,
      rsaBits: values.CARDEA_KEY_RSA_BITS,
      rotationSeconds: values.CARDEA_KEY_ROTATION,
      /** `max-age` of the JWKS: how long a verifier may not know a new key. */
      jwksMaxAgeSeconds: values.CARDEA_JWKS_MAX_AGE,
      /** How often a node looks for a new ring, in case a NOTIFY was lost. */
      pollSeconds: values.CARDEA_KEY_POLL,
    },
    audit: {
      /** 0: for ever. */
      retentionMonths: values.CARDEA_AUDIT_RETENTION_MONTHS,
      headSeconds: values.CARDEA_AUDIT_HEAD_INTERVAL,
    },
    /** JWT access tokens refer to a status list (draft-ietf-oauth-status-list). */
    tokenStatusList: values.CARDEA_TOKEN_STATUS_LIST,
    lifetimes: {
      accessToken: values.CARDEA_ACCESS_TOKEN_TTL,
      idToken: values.CARDEA_ID_TOKEN_TTL,
      authorizationCode: values.CARDEA_CODE_TTL,
      refreshTokenIdle: values.CARDEA_REFRESH_TOKEN_IDLE_TTL,
      refreshTokenAbsolute: values.CARDEA_REFRESH_TOKEN_TTL,
      session: values.CARDEA_SESSION_TTL,
      sessionAbsolute: values.CARDEA_SESSION_MAX,
      interaction: values.CARDEA_INTERACTION_TTL,
      assertion: values.CARDEA_ASSERTION_MAX,
    },
    /** How long, in seconds. */
    kept: {
      events: values.CARDEA_EVENTS_KEPT,
      devices: values.CARDEA_DEVICES_KEPT,
      mails: values.CARDEA_MAILS_KEPT,
    },
    /** Undefined: in development mails become files in `dataDir`/outbox, in production none are sent. */
    smtp: values.CARDEA_SMTP_URL,
    mailFrom: values.CARDEA_MAIL_FROM ?? defaultSender(issuer),
    /** People may create accounts themselves. */
    signUp: values.CARDEA_SIGN_UP,
    /** RFC 9396 */
    detailsTypes: values.CARDEA_AUTHORIZATION_DETAILS_TYPES ?? NO_DETAILS_TYPES,
    /** Clients that register themselves, or are metadata documents. */
    registration: {
      mode: values.CARDEA_REGISTRATION,
      idleSeconds: values.CARDEA_REGISTRATION_IDLE,
      /** A file of issuers of software statements. */
      statementIssuers: resolveOptional(values.CARDEA_SOFTWARE_STATEMENT_ISSUERS),
      documents: {
        enabled: values.CARDEA_CLIENT_ID_METADATA_DOCUMENTS,
        /** Undefined: any. */
        hosts: values.CARDEA_CLIENT_ID_METADATA_HOSTS,
      },
    },
    privacy: {
      /** Between a deletion and the erasure of the data; 0: none. */
      deletionGraceSeconds: values.CARDEA_DELETION_GRACE,
      /** Since the last sign-in; 0: never. */
      inactivity: {
        warnSeconds: values.CARDEA_INACTIVE_WARN,
        disableSeconds: values.CARDEA_INACTIVE_DISABLE,
        eraseSeconds: values.CARDEA_INACTIVE_ERASE,
      },
    },
    /** Name of this site in authenticator apps and passkeys. */
    name: values.CARDEA_NAME ?? issuer.host,
    secondFactor: {
      /** All people need one. */
      required: values.CARDEA_SECOND_FACTOR === 'required',
      /** Members of these need one. */
      groups: values.CARDEA_SECOND_FACTOR_GROUPS,
      /** How long a trusted browser replaces it, in seconds; 0: never. */
      trustDeviceSeconds: values.CARDEA_TRUST_DEVICE,
    },
  };
}

export type SecretFiles = Readonly<Partial<Record<SettingName, string>>>;

function tlsListener(values: SettingValues): TlsListener | undefined {
  const { CARDEA_TLS_CERT: cert, CARDEA_TLS_KEY: key, CARDEA_TLS_CLIENT_CA: authorities = [] } = values;
  if (cert === undefined || key === undefined) return undefined;
  return {
    cert,
    key,
    asksForCertificates: values.CARDEA_TLS_CLIENT_CERTIFICATES ?? authorities.length > 0,
    authorities: authorities.map((authority) => authority.toString()),
  };
}

function defaultSender({ hostname }: Pick<Issuer, 'hostname'>): Mailbox {
  return { name: 'Cardea', address: `no-reply@${hostname}` };
}

function resolveOptional(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

/** This machine, or a name under .test, which no public name server knows (RFC 6761 §6.2). */
function isDevelopmentName(hostname: string): boolean {
  return isLoopback(hostname) || hostname.endsWith('.test');
}

/** CARDEA_HOST has an IPv6 address without the brackets that it has in a URL. */
function isLoopbackHost(host: string): boolean {
  return isLoopback(host) || host === '::1';
}
