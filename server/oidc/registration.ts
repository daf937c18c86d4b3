/** The part of discovery about clients that register themselves. */
export interface RegistrationInDiscovery {
  /** Undefined when registration is switched off. */
  readonly endpoint: string | undefined;
  /** A `client_id` may be the URL of a metadata document. */
  readonly documents: boolean;
}

/** OpenID Connect Discovery §3, RFC 8414 §2, and draft-ietf-oauth-client-id-metadata-document §5. */
export function registrationMetadata({ endpoint, documents }: RegistrationInDiscovery): Record<string, unknown> {
  return {
    ...(endpoint === undefined ? {} : { registration_endpoint: endpoint }),
    ...(documents ? { client_id_metadata_document_supported: true } : {}),
  };
}
