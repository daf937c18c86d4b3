import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ClientMetadata } from '../clients/metadata_fields.ts';
import { addressTest } from '../platform/addresses.ts';
import {
  type CertificateNames,
  canonicalAddress,
  isIssuedBy,
  namesOf,
  parseForwardedCertificate,
} from '../platform/certificates.ts';
import type { Clock } from '../platform/clock.ts';
import { parseName } from '../platform/distinguished_names.ts';
import { AppError } from '../platform/errors.ts';

export interface ClientCertificateOptions {
  /** TLS ends here, and who connects is asked for a certificate. */
  readonly asked: boolean;
  /** The header in which a proxy passes the certificate on, in lower case. */
  readonly header: string | undefined;
  /** Addresses or CIDR ranges whose word in that header counts. */
  readonly trustedProxies: readonly string[];
  /** Those that issue certificates for `tls_client_auth`; none: there is no such thing. */
  readonly authorities: readonly X509Certificate[];
  readonly now: Clock;
}

/** RFC 8705: clients that show a certificate, either in TLS that ends here or by way of a proxy. */
export interface ClientCertificates {
  /** RFC 8705 §2 */
  readonly authMethods: readonly ('tls_client_auth' | 'self_signed_tls_client_auth')[];
  /** The provider's configuration. */
  readonly feature: object;
  /**
   * Notes with which certificate a request came, and takes the header away from it.
   * @throws AppError 400 `invalid_request` when a proxy passes on what is no certificate
   */
  readCertificate(request: IncomingMessage): void;
  /** Whether what a client needs is switched on: one that does must not go on without. */
  serve(
    client: Pick<ClientMetadata, 'token_endpoint_auth_method' | 'tls_client_certificate_bound_access_tokens'>,
  ): boolean;
}

export function createClientCertificates(options: ClientCertificateOptions): ClientCertificates {
  const { asked, header, authorities, now } = options;
  const enabled = asked || header !== undefined;
  const isProxy = addressTest(options.trustedProxies);
  const taken = new WeakMap<IncomingMessage, X509Certificate>();
  const certificateOf = ({ req }: KoaContextWithOIDC) => taken.get(req);
  const authMethods: ClientCertificates['authMethods'] = !enabled
    ? []
    : authorities.length > 0
      ? ['tls_client_auth', 'self_signed_tls_client_auth']
      : ['self_signed_tls_client_auth'];

  return {
    authMethods,
    feature: {
      enabled,
      certificateBoundAccessTokens: enabled,
      selfSignedTlsClientAuth: enabled,
      tlsClientAuth: enabled && authorities.length > 0,
      // Also asked while all of it is off: for tokens from before, which are bound and stay so.
      getCertificate: certificateOf,
      certificateAuthorized(ctx: KoaContextWithOIDC) {
        const certificate = certificateOf(ctx);
        return certificate !== undefined && isIssuedBy(authorities, certificate, now());
      },
      certificateSubjectMatches(ctx: KoaContextWithOIDC, property: SubjectProperty, expected: string) {
        const certificate = certificateOf(ctx);
        return certificate !== undefined && isSubject(certificate, property, expected);
      },
    },
    readCertificate(request) {
      const passed = header === undefined ? undefined : request.headers[header];
      if (header !== undefined) delete request.headers[header];
      // The certificate of a connection from a proxy is the proxy's own.
      const certificate = isProxy(request.socket.remoteAddress)
        ? passedCertificate(passed)
        : asked && request.socket instanceof TLSSocket
          ? request.socket.getPeerX509Certificate()
          : undefined;
      if (certificate) taken.set(request, certificate);
    },
    serve({ token_endpoint_auth_method: method, tls_client_certificate_bound_access_tokens: bound = false }) {
      if (method === 'tls_client_auth' || method === 'self_signed_tls_client_auth') return authMethods.includes(method);
      return enabled || !bound;
    },
  };
}

function passedCertificate(value: string | string[] | undefined): X509Certificate | undefined {
  if (value === undefined || value === '') return undefined;
  const certificate = typeof value === 'string' ? parseForwardedCertificate(value) : undefined;
  if (!certificate) throw new AppError('invalid_request', 'the client certificate that was passed on is malformed');
  return certificate;
}

/** RFC 8705 §2.1.2: the one thing by which a certificate is known to be a client's. */
const SUBJECTS = {
  tls_client_auth_subject_dn: ({ subject }, expected) => subject === parseName(expected),
  tls_client_auth_san_dns: ({ dns }, expected) => dns.includes(expected.toLowerCase()),
  tls_client_auth_san_uri: ({ uri }, expected) => uri.includes(expected),
  tls_client_auth_san_ip: ({ ip }, expected) => ip.includes(canonicalAddress(expected)),
  tls_client_auth_san_email: ({ email }, expected) => email.includes(expected),
} as const satisfies Record<string, (names: CertificateNames, expected: string) => boolean>;
type SubjectProperty = keyof typeof SUBJECTS;

function isSubject(certificate: X509Certificate, property: SubjectProperty, expected: string): boolean {
  try {
    return SUBJECTS[property](namesOf(certificate), expected);
  } catch {
    return false;
  }
}
