import { createHash } from 'node:crypto';
import type { ServerPolicy } from '../clients/profiles.ts';
import { PROFILES } from '../clients/profiles.ts';
import { API_PATH, type ApiResource } from '../operations/api_resource.ts';
import { createDocument, type Document } from '../platform/documents.ts';
import type { Issuer } from '../platform/issuer.ts';
import { proofAlgsOf } from './profiles.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** Where the metadata is below the issuer; RFC 9728 §3.1 inserts its path before that of the resource, see below. */
export const RESOURCE_METADATA_PATH = `${WELL_KNOWN}${API_PATH}`;

/** RFC 9728 §3.1: at the root of the host, with the issuer's path behind it. */
export const resourceMetadataRootPath = (issuer: Pick<Issuer, 'path'>): string => WELL_KNOWN + issuer.path(API_PATH);

export const resourceMetadataUrl = (issuer: Pick<Issuer, 'origin' | 'path'>): string =>
  issuer.origin + resourceMetadataRootPath(issuer);

/** The metadata of the admin API (RFC 9728 §2), by which a client finds the server and the scopes for its tokens. */
export function createResourceMetadata(parts: {
  readonly issuer: Pick<Issuer, 'identifier'>;
  readonly resource: ApiResource;
  readonly serverPolicy: ServerPolicy;
  /** Client certificates are possible (RFC 8705). */
  readonly certificates: boolean;
  /** Of every response. */
  readonly headers: Readonly<Record<string, string>>;
}): Document {
  const { issuer, resource, serverPolicy, certificates } = parts;
  const body = JSON.stringify({
    resource: resource.identifier,
    authorization_servers: [issuer.identifier],
    scopes_supported: resource.scopes,
    bearer_methods_supported: ['header'],
    resource_name: resource.name,
    tls_client_certificate_bound_access_tokens: certificates,
    dpop_signing_alg_values_supported: proofAlgsOf(undefined, serverPolicy.profile),
    dpop_bound_access_tokens_required: PROFILES[serverPolicy.profile].senderConstrained && !certificates,
  });
  return createDocument(
    {
      body,
      etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
      cacheControl: 'public, max-age=3600',
      type: 'application/json; charset=utf-8',
    },
    parts.headers,
  );
}
