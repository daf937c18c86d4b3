import { AUDIT, MAIL, PASSWORDS, PRIVACY, SIGN_IN } from './account_settings.ts';
import { BACKUP } from './backup_settings.ts';
import { readDetailsTypes } from './clients/authorization_details.ts';
import { readLimits } from './limit_settings.ts';
import { readCertificates } from './platform/certificates.ts';
import { readIssuer } from './platform/issuer.ts';
import { kmsArn, masterKeySources, transitKey } from './platform/key_values.ts';
import { redisUrl } from './platform/redis_url.ts';
import {
  addresses,
  boolean,
  content,
  headerName,
  host,
  integer,
  list,
  oneOf,
  oneOfNumbers,
  origin,
  reader,
  type Setting,
  type Settings,
  seconds,
  text,
  url,
  type ValuesOf,
} from './platform/settings.ts';

const SERVER = {
  CARDEA_ISSUER: {
    read: readIssuer,
    unset: 'http://localhost:CARDEA_PORT',
    about:
      'the issuer identifier, such as https://id.example.com, or https://example.com/auth on a host with other apps (see ops/docs/protocols.md); without a slash at the end; a database belongs to the issuer that first used it',
  },
  CARDEA_HOST: { read: text, fallback: '127.0.0.1', about: 'the address to listen on' },
  CARDEA_PORT: { read: integer(0, 65_535), fallback: '3000', about: 'the port to listen on' },
  CARDEA_DATABASE_URL: {
    read: url('postgres:', 'postgresql:'),
    secret: true,
    unset: 'an embedded Postgres in CARDEA_DATA_DIR, for development',
    about: 'postgres://user:password@host/database; Postgres 14 or newer',
  },
  CARDEA_DATABASE_POOL: { read: integer(1, 500), fallback: '10', about: 'maximum number of database connections' },
  CARDEA_DATABASE_TIMEOUT_MS: {
    read: integer(100, 60_000),
    fallback: '5000',
    about: 'milliseconds to wait for a connection or a statement',
  },
  CARDEA_REDIS_URL: {
    read: redisUrl,
    secret: true,
    unset: 'none',
    about:
      'counters that all nodes share: redis://host:6379, redis+sentinel://host:26379,host2:26379/master-name or redis+cluster://host:6379,host2:6379; without it each node counts for itself',
  },
  CARDEA_DATA_DIR: {
    read: text,
    fallback: '.data',
    about: 'folder of the embedded Postgres, the development master key and the mails of development',
  },
  CARDEA_MASTER_KEY: {
    read: masterKeySources,
    secret: true,
    unset: 'a development key, made in CARDEA_DATA_DIR',
    about:
      '32 random bytes in base64 or hex ("openssl rand -base64 32"), or encrypted by a key provider ("cardea master-key new"); during a rotation several, separated by commas: the first seals, all open',
  },
  CARDEA_VAULT_URL: {
    read: url('https:', 'http:'),
    unset: 'none',
    about:
      'HashiCorp Vault or OpenBao, which decrypts the keys in CARDEA_MASTER_KEY that begin with vault: at each start',
  },
  CARDEA_VAULT_TOKEN: {
    read: text,
    secret: true,
    unset: 'none',
    about: 'the token for CARDEA_VAULT_URL; read at each start',
  },
  CARDEA_VAULT_TRANSIT_KEY: {
    read: transitKey,
    unset: 'none',
    about: 'the path of the transit engine and the name of the key there, such as transit/cardea',
  },
  CARDEA_VAULT_NAMESPACE: { read: text, unset: 'none', about: 'the namespace of the transit engine' },
  CARDEA_AWS_KMS_KEY: {
    read: kmsArn,
    unset: 'none',
    about:
      'the ARN of the symmetric key, or of its alias, by which AWS KMS decrypts the keys in CARDEA_MASTER_KEY that begin with aws-kms: at each start; credentials are found as the SDKs of AWS find them',
  },
  CARDEA_AWS_KMS_ENDPOINT: {
    read: url('https:', 'http:'),
    unset: 'that of the region',
    about: 'the endpoint of AWS KMS, such as one of a VPC',
  },
  CARDEA_TRUSTED_PROXIES: {
    read: addresses,
    fallback: '',
    about:
      'addresses or CIDR ranges, separated by commas, of proxies whose X-Forwarded-For is believed; behind a proxy that is not listed all requests have the address of that proxy, and the log says so once',
  },
  CARDEA_OUTBOUND_ALLOW: {
    read: addresses,
    unset: 'loopback if CARDEA_ISSUER and CARDEA_HOST are loopback addresses, otherwise none',
    about:
      'private addresses or CIDR ranges, separated by commas, that URLs of apps (such as jwks_uri) may lead to; public addresses are always allowed. For apps that the operator did not register, host names are resolved by /etc/hosts and the name servers in /etc/resolv.conf, without search domains',
  },
  CARDEA_RATE_LIMIT: {
    read: integer(1, 1_000_000),
    fallback: '600',
    about:
      'failed sign-ins, and failed client authentications, a minute from one address; the defaults of most other limits are multiples of it',
  },
  CARDEA_LIMITS: {
    read: readLimits,
    fallback: '',
    about:
      'limits that differ from their defaults, separated by commas, such as token.client=6000/m, writes.address=100MB/h; the limits and their names are in ops/docs/configuration.md#limits',
  },
  CARDEA_CONFIG_FILE: {
    read: text,
    unset: 'none',
    about:
      'a configuration file (YAML) that is applied at each start, as "cardea config apply" does: clients, resource servers, groups, roles, policies and limits',
  },
  CARDEA_AUDIT_FILE_DIR: {
    read: text,
    unset: 'none: the audit is written to no file',
    about:
      'a folder to which this node writes the files of destinations of the audit (ops/docs/audit-delivery.md); set it on one node alone, or let it be a folder that all nodes share',
  },
  CARDEA_METRICS_PORT: {
    read: integer(1, 65_535),
    unset: 'none: there are no metrics',
    about:
      'the port of the metrics of this node for Prometheus (ops/docs/monitoring.md), at /metrics; the port of CARDEA_PORT never has them',
  },
  CARDEA_METRICS_HOST: {
    read: text,
    fallback: '127.0.0.1',
    about:
      'the address to listen on for CARDEA_METRICS_PORT; metrics are not protected by a password, so only Prometheus should reach it',
  },
  CARDEA_LOG_LEVEL: {
    read: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    fallback: 'info',
    about: 'lowest level that is logged; requests for keys, discovery, assets and health are logged at debug',
  },
  CARDEA_DEMO: {
    read: boolean,
    unset: 'true if CARDEA_ISSUER and CARDEA_HOST are loopback addresses',
    about: 'create a demo app and a demo account at start; refused where other machines reach the server',
  },
} as const satisfies Settings;

const TLS = {
  CARDEA_TLS_CERT: {
    read: content,
    unset: 'none: TLS ends at a proxy',
    about: 'a PEM file with the certificate to serve TLS with, followed by its chain',
  },
  CARDEA_TLS_KEY: { read: content, unset: 'none', about: 'a PEM file with the private key of CARDEA_TLS_CERT' },
  CARDEA_TLS_CLIENT_CA: {
    read: (value) => readCertificates(content(value)),
    unset: 'none',
    about:
      'a PEM file with the authorities that issue certificates of clients, including intermediate ones; needed for tls_client_auth (RFC 8705)',
  },
  CARDEA_TLS_CLIENT_CERTIFICATES: {
    read: boolean,
    unset: 'true with CARDEA_TLS_CERT and CARDEA_TLS_CLIENT_CA',
    about: 'ask for a client certificate in the TLS handshake; browsers may then ask the person for one',
  },
  CARDEA_CLIENT_CERTIFICATE_HEADER: {
    read: headerName,
    unset: 'none',
    about:
      'the header in which CARDEA_TRUSTED_PROXIES pass on the certificate of a client, such as Client-Cert (RFC 9440); they must set or remove it on every request',
  },
} as const satisfies Settings;

const APPS = {
  CARDEA_PROFILE: {
    read: oneOf('oidc', 'oauth21', 'fapi2'),
    fallback: 'oauth21',
    about:
      'rules that all apps have to follow: oauth21 (authorization code only; with PKCE, except for an app with a secret that sends a nonce, or for which clients update --pkce off was run), oidc (also implicit and hybrid flows for apps registered for them; PKCE is optional for apps with a secret) or fapi2 (FAPI 2.0)',
  },
  CARDEA_DPOP_NONCE: {
    read: oneOf('optional', 'required'),
    fallback: 'optional',
    about: 'required: DPoP proofs must have a nonce of this server (RFC 9449 §8)',
  },
  CARDEA_ADMIN_CORS_ORIGINS: {
    read: list(origin),
    unset: 'none',
    about: 'origins, separated by commas, whose scripts may call the admin API, such as https://admin.example.com',
  },
  CARDEA_CONFIRM_LOGOUT: {
    read: boolean,
    fallback: 'false',
    about:
      'whether people are asked before every sign-out; otherwise not when the app sends an ID token of the person who is signed in (RP-Initiated Logout §2)',
  },
  CARDEA_AUDIENCE_PARAMETER: {
    read: boolean,
    fallback: 'false',
    about:
      'whether audience in a request means resource (RFC 8707) where that is absent, as apps made for Auth0 send it',
  },
  CARDEA_REGISTRATION: {
    read: oneOf('off', 'token', 'open'),
    fallback: 'token',
    about:
      'whether apps may register themselves (RFC 7591): off: not at all; token: with a token of "cardea registration token create"; open: without a token',
  },
  CARDEA_REGISTRATION_QUOTA: {
    read: integer(1, 100_000),
    fallback: '100',
    about:
      'maximum number of clients that registered themselves, have not been used yet and come from one IPv4 address or IPv6 /64 network; the oldest are removed. Five times as many from an IPv4 /24 or IPv6 /48, ten times as many for one host in redirect URIs, a hundred times as many in total',
  },
  CARDEA_REGISTRATION_IDLE: {
    read: seconds(60),
    fallback: '30d',
    about:
      'a client that registered itself, or is a metadata document, is removed after this time without use, unless it has a live grant',
  },
  CARDEA_SOFTWARE_STATEMENT_ISSUERS: {
    read: text,
    unset: 'none: software statements are ignored',
    about: 'a JSON file with the issuers of software statements (RFC 7591 §2.3), each with its JSON Web Key Set',
  },
  CARDEA_CLIENT_ID_METADATA_DOCUMENTS: {
    read: boolean,
    fallback: 'true',
    about: 'whether a client_id may be the https URL of a document that describes the client, as MCP clients use it',
  },
  CARDEA_CLIENT_ID_METADATA_HOSTS: {
    read: list(host),
    unset: 'any',
    about: 'hosts, separated by commas, that such documents may be on, such as agent.example.net or *.example.com',
  },
  CARDEA_AUTHORIZATION_DETAILS_TYPES: {
    read: reader(text.schema, readDetailsTypes),
    unset: 'none',
    about:
      'a JSON file that defines the types of authorization_details that apps may ask for, and how the consent page words them',
  },
} as const satisfies Settings;

const KEYS_AND_TOKENS = {
  CARDEA_KEY_RINGS: {
    read: list(oneOf('RS256', 'ES256', 'EdDSA')),
    fallback: 'RS256',
    about: 'signing algorithms that get keys, separated by commas: RS256, ES256, EdDSA; the first is the default',
  },
  CARDEA_KEY_RSA_BITS: { read: oneOfNumbers(2048, 3072, 4096), fallback: '2048', about: 'size of new RSA keys' },
  CARDEA_KEY_ROTATION: { read: seconds(1), fallback: '30d', about: 'how long a key signs before the next replaces it' },
  CARDEA_JWKS_MAX_AGE: {
    read: seconds(1),
    fallback: '1h',
    about: 'how long a verifier may cache the JWKS; a new key waits at least this long before it signs',
  },
  CARDEA_KEY_POLL: {
    read: seconds(1),
    fallback: '30s',
    about: 'how often a node looks for new keys, in case a notification was lost',
  },
  CARDEA_ACCESS_TOKEN_TTL: { read: seconds(1), fallback: '1h', about: 'lifetime of access tokens' },
  CARDEA_ID_TOKEN_TTL: { read: seconds(1), fallback: '1h', about: 'lifetime of ID tokens' },
  CARDEA_CODE_TTL: { read: seconds(1), fallback: '60s', about: 'lifetime of authorization codes' },
  CARDEA_REFRESH_TOKEN_IDLE_TTL: {
    read: seconds(1),
    fallback: '14d',
    about: 'a refresh token that is not used for this long expires',
  },
  CARDEA_REFRESH_TOKEN_TTL: {
    read: seconds(1),
    fallback: '180d',
    about: 'a chain of refresh tokens expires after this time, used or not',
  },
  CARDEA_ASSERTION_MAX: {
    read: seconds(60, 3_600),
    fallback: '5m',
    about:
      'maximum time until the expiry of what a client signs for one request (client assertions, request objects); at most 1h',
  },
  CARDEA_TOKEN_STATUS_LIST: {
    read: boolean,
    fallback: 'false',
    about: 'JWT access tokens refer to a list that says whether they were revoked; costs one database row a token',
  },
} as const satisfies Settings;

/** The headings of ops/docs/configuration.md, each with its settings. */
export const SETTING_GROUPS: Readonly<Record<string, Settings>> = {
  Server: SERVER,
  'TLS and client certificates': TLS,
  Apps: APPS,
  Passwords: PASSWORDS,
  'Keys and tokens': KEYS_AND_TOKENS,
  'Sign-in and accounts': SIGN_IN,
  Audit: AUDIT,
  Mail: MAIL,
  Privacy: PRIVACY,
  Backup: BACKUP,
};

/** All settings. A `CARDEA_*` name that is not here is refused. */
export const SETTINGS = {
  ...SERVER,
  ...TLS,
  ...APPS,
  ...PASSWORDS,
  ...KEYS_AND_TOKENS,
  ...SIGN_IN,
  ...AUDIT,
  ...MAIL,
  ...PRIVACY,
  ...BACKUP,
};

export type SettingName = keyof typeof SETTINGS;
export type SettingValues = ValuesOf<typeof SETTINGS>;

/** The settings that describe how the server works, without those of one process. */
export const POLICIES = { ...APPS, ...PASSWORDS, ...KEYS_AND_TOKENS, ...SIGN_IN, ...AUDIT, ...PRIVACY };

export function settingEntries(): [SettingName, Setting][] {
  return Object.entries(SETTINGS) as [SettingName, Setting][];
}
