import type { X509Certificate } from 'node:crypto';
import type { PasswordSettings } from './accounts/password_service.ts';
import type { DetailsTypes } from './clients/authorization_details.ts';
import type { ProfileName } from './clients/vocabulary.ts';
import type { TlsListener } from './platform/http.ts';
import type { Mailbox, SmtpServer } from './platform/smtp_url.ts';
import type { Lifetimes } from './records/lifetimes.ts';

/** What the settings come to, as the rest of the server reads it. */
export interface Config {
  /** NODE_ENV=production, or an issuer that others can reach: nothing that is made for development is allowed. */
  readonly production: boolean;
  /** Nobody but this machine reaches the server: demo data, the page of unsent mails and loopback URLs are harmless. */
  readonly thisMachineOnly: boolean;
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
  /** Mails of one kind in an hour that strangers can cause. */
  readonly mails: { readonly perNetwork: number; readonly inAll: number };
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
