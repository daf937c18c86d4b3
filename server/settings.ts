import { ARGON2 } from './accounts/argon2.ts';
import { HASHING_MEMORY } from './accounts/passwords.ts';
import { readDetailsTypes } from './clients/authorization_details.ts';
import { readCertificates } from './platform/certificates.ts';
import { MASTER_KEY_BYTES } from './platform/sealing.ts';
import {
  addresses,
  boolean,
  content,
  headerName,
  host,
  integer,
  issuer,
  list,
  oneOf,
  oneOfNumbers,
  type Setting,
  seconds,
  split,
  text,
  url,
} from './platform/settings.ts';
import { mailbox, smtpUrl } from './platform/smtp_url.ts';

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
    about:
      'seed a demo client and person at start (default: only where CARDEA_ISSUER and CARDEA_HOST are loopback addresses; refused elsewhere)',
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
  CARDEA_OUTBOUND_ALLOW: {
    read: addresses,
    about:
      'addresses or CIDR ranges, separated by commas, that relying parties may name beside public ones, such as 10.1.0.0/16 (default: loopback where CARDEA_ISSUER and CARDEA_HOST are loopback addresses, otherwise none)',
  },
  CARDEA_TLS_CERT: {
    read: content,
    about: 'a PEM file with the certificate to serve TLS with, its chain behind it (default: TLS ends at a proxy)',
  },
  CARDEA_TLS_KEY: { read: content, about: 'a PEM file with the private key of CARDEA_TLS_CERT' },
  CARDEA_TLS_CLIENT_CA: {
    read: (value) => readCertificates(content(value)),
    about:
      'a PEM file with the authorities that issue certificates of clients, intermediate ones included; needed for tls_client_auth (RFC 8705)',
  },
  CARDEA_TLS_CLIENT_CERTIFICATES: {
    read: boolean,
    about:
      'whether who connects by TLS is asked for a certificate; browsers may then ask the person (default: with CARDEA_TLS_CLIENT_CA)',
  },
  CARDEA_CLIENT_CERTIFICATE_HEADER: {
    read: headerName,
    about:
      'the header in which CARDEA_TRUSTED_PROXIES pass on the certificate of a client, such as Client-Cert (RFC 9440); they must set or remove it on every request',
  },
  CARDEA_DPOP_NONCE: {
    read: oneOf('optional', 'required'),
    fallback: 'optional',
    about: 'whether DPoP proofs have to carry a nonce of this server (RFC 9449 §8)',
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
      'complex: 12 characters of four kinds, nothing personal, not one of the last five; nist: 15 characters of any kind (SP 800-63B-4); neither takes what is easy to guess',
  },
  CARDEA_PASSWORD_MAX_AGE: {
    read: seconds(60),
    about: 'a password older than this is to be changed at the next sign-in, such as 365d (default: never)',
  },
  CARDEA_PASSWORD_BLOCKLIST: {
    read: text,
    about:
      'a file made by "cardea passwords blocklist build", or a folder of SHA-1 prefix files as Have I Been Pwned has them; optional, beside what is easy to guess',
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
  CARDEA_PROFILE: {
    read: oneOf('oidc', 'oauth21', 'fapi2'),
    fallback: 'oauth21',
    about:
      'what apps are held to: oauth21 (codes with PKCE alone), oidc (implicit and hybrid flows as well, for apps registered for them, and PKCE optional for those with a secret) or fapi2 (FAPI 2.0)',
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
  CARDEA_TOKEN_STATUS_LIST: {
    read: boolean,
    fallback: 'false',
    about: 'JWT access tokens name a list that tells whether they were ended; costs a row a token',
  },
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
  CARDEA_SESSION_MAX: {
    read: seconds(1),
    fallback: '30d',
    about: 'however much it is used, a session ends this long after the sign-in',
  },
  CARDEA_INTERACTION_TTL: { read: seconds(1), fallback: '1h', about: 'how long a person may take to sign in' },
  CARDEA_ASSERTION_MAX: {
    read: seconds(60, 3_600),
    fallback: '5m',
    about: 'how far ahead what a client signs for one request may expire: assertions, request objects',
  },
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
  CARDEA_REGISTRATION: {
    read: oneOf('off', 'token', 'open'),
    fallback: 'token',
    about:
      'whether apps may register themselves (RFC 7591): with a token of "cardea registration token create", or anybody',
  },
  CARDEA_REGISTRATION_QUOTA: {
    read: integer(1, 100_000),
    fallback: '100',
    about: 'clients from one network that have registered themselves and may be unused; the oldest go',
  },
  CARDEA_REGISTRATION_IDLE: {
    read: seconds(60),
    fallback: '30d',
    about:
      'a client that registered itself, or is a document, goes when unused for this long, unless it has a live grant',
  },
  CARDEA_SOFTWARE_STATEMENT_ISSUERS: {
    read: text,
    about:
      'a JSON file of who may vouch for software (RFC 7591 §2.3), each with its JSON Web Key Set; optional: without it statements are ignored',
  },
  CARDEA_CLIENT_ID_METADATA_DOCUMENTS: {
    read: boolean,
    fallback: 'true',
    about: 'whether a client_id may be the https URL of a document that describes the client, as MCP clients have it',
  },
  CARDEA_CLIENT_ID_METADATA_HOSTS: {
    read: list(host),
    about:
      'hosts, separated by commas, that such documents may be at, such as agent.example.net or *.example.com (default: any)',
  },
  CARDEA_MAIL_LIMIT: {
    read: integer(1, 10_000_000),
    fallback: '1000',
    about: 'mails of one kind in an hour that strangers can cause, such as those for a forgotten password',
  },
  CARDEA_MAIL_LIMIT_ADDRESS: {
    read: integer(1, 1_000_000),
    fallback: '20',
    about: 'of those, mails that one address can cause; a browser in which the person has signed in before goes on',
  },
  CARDEA_SIGN_UP: { read: boolean, fallback: 'false', about: 'people may open accounts by themselves; needs mail' },
  CARDEA_AUTHORIZATION_DETAILS_TYPES: {
    read: readDetailsTypes,
    about: 'a JSON file that says which authorization_details apps may ask for, and in which words (default: none)',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

export function masterKeys(value: string): Uint8Array[] {
  const keys = split(value).map((one) => Buffer.from(one, /^[0-9a-f]{64}$/i.test(one) ? 'hex' : 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== MASTER_KEY_BYTES)) {
    throw new Error(`must be ${MASTER_KEY_BYTES} bytes in base64 or hex ("openssl rand -base64 32")`);
  }
  return keys;
}
