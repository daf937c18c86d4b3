/** TLS that this process serves, all in PEM. */
export interface TlsListener {
  readonly cert: string;
  readonly key: string;
  /** Clients are asked for a certificate, and may connect without one or with any: it is checked later. */
  readonly asksForCertificates: boolean;
  /** Authorities of client certificates, as sent in the handshake. */
  readonly authorities: readonly string[];
}

/** The cipher suites of RFC 9325 §4.2 for TLS 1.2, and all of TLS 1.3; FAPI 2.0 §5.2.1 permits no others. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':');

/** The options of Node's TLS server. */
export function secureContext({ cert, key, asksForCertificates, authorities }: TlsListener) {
  const own = { cert, key, ciphers: CIPHERS };
  if (!asksForCertificates) return own;
  return {
    ...own,
    requestCert: true,
    rejectUnauthorized: false,
    ...(authorities.length > 0 ? { ca: [...authorities] } : {}),
  };
}
