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
  /** This server terminates TLS, and asks for a client certificate. */
  readonly requestsCertificates: boolean;
  /** The header in which a proxy passes the certificate on, in lower case. */
  readonly header: string | undefined;
  /** Addresses or CIDR ranges from which that header is accepted. */
  readonly trustedProxies: readonly string[];
  /** Issuers of certificates for `tls_client_auth`, which is switched off without any. */
  readonly authorities: readonly X509Certificate[];
  readonly now: Clock;
}

/** Client certificates (RFC 8705), from the TLS connection or from a header of a proxy. */
export interface ClientCertificates {
  /** RFC 8705 §2 */
  readonly authMethods: readonly ('tls_client_auth' | 'self_signed_tls_client_auth')[];
  /** The provider's configuration. */
  readonly feature: object;
  /**
   * Notes the certificate of a request, and removes the header from it.
   * @throws AppError 400 `invalid_request` when the header contains no certificate
   */
  readCertificate(request: IncomingMessage): void;
  /** The certificate that `readCertificate` has noted. */
  certificateOf(request: IncomingMessage): X509Certificate | undefined;
  /** False when a client needs certificates and they are switched off. */
  serve(
    client: Pick<ClientMetadata, 'token_endpoint_auth_method' | 'tls_client_certificate_bound_access_tokens'>,
  ): boolean;
}

export function createClientCertificates(options: ClientCertificateOptions): ClientCertificates {
  const { requestsCertificates, header, authorities, now } = options;
  const enabled = requestsCertificates || header !== undefined;
  const isProxy = addressTest(options.trustedProxies);
  const certificates = new WeakMap<IncomingMessage, X509Certificate>();
  const certificateOf = ({ req }: KoaContextWithOIDC) => certificates.get(req);
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
      // Also used while the feature is switched off: tokens that were bound before stay bound.
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
    certificateOf: (request) => certificates.get(request),
    readCertificate(request) {
      const forwarded = header === undefined ? undefined : request.headers[header];
      if (header !== undefined) delete request.headers[header];
      // On a connection from a proxy, the TLS certificate is that of the proxy.
      const certificate = isProxy(request.socket.remoteAddress)
        ? forwardedCertificate(forwarded)
        : requestsCertificates && request.socket instanceof TLSSocket
          ? request.socket.getPeerX509Certificate()
          : undefined;
      if (certificate) certificates.set(request, certificate);
    },
    serve({ token_endpoint_auth_method: method, tls_client_certificate_bound_access_tokens: bound = false }) {
      if (method === 'tls_client_auth' || method === 'self_signed_tls_client_auth') return authMethods.includes(method);
      return enabled || !bound;
    },
  };
}

function forwardedCertificate(value: string | string[] | undefined): X509Certificate | undefined {
  if (value === undefined || value === '') return undefined;
  const certificate = typeof value === 'string' ? parseForwardedCertificate(value) : undefined;
  if (!certificate) throw new AppError('invalid_request', 'the client certificate that was passed on is malformed');
  return certificate;
}

/** RFC 8705 §2.1.2: the parts of a certificate by which a client can be registered, of which each client uses one. */
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
