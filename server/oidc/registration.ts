/** What discovery says of clients that come by themselves. */
export interface RegistrationInDiscovery {
  /** Undefined when nobody may register. */
  readonly endpoint: string | undefined;
  /** Whether a client may be the URL of a document. */
  readonly documents: boolean;
}

/** OpenID Connect Discovery §3, RFC 8414 §2, and draft-ietf-oauth-client-id-metadata-document §5. */
export function registrationMetadata({ endpoint, documents }: RegistrationInDiscovery): Record<string, unknown> {
  return {
    ...(endpoint === undefined ? {} : { registration_endpoint: endpoint }),
    ...(documents ? { client_id_metadata_document_supported: true } : {}),
  };
}
