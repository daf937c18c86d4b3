import type { FastifyReply } from 'fastify';
import type { Client } from '../clients/client.ts';
import type { ClientMetadata } from '../clients/metadata.ts';
import { AppError } from '../platform/errors.ts';

/** The response for a client and its registration access token (RFC 7591 §3.2.1, RFC 7592 §3). */
export interface Registered {
  readonly client: Client;
  readonly managementToken: string;
  /** Only right after it was made: it is not stored. */
  readonly secret?: string | undefined;
  readonly softwareStatement?: string | undefined;
}

/** @param endpoint URL of the registration endpoint */
export function describeRegistered(registered: Registered, endpoint: string): Record<string, unknown> {
  const { client, managementToken, secret, softwareStatement } = registered;
  const metadata: ClientMetadata = client.metadata;
  return {
    client_id: client.id,
    client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(client.secretHash ? { client_secret_expires_at: 0 } : {}),
    registration_access_token: managementToken,
    registration_client_uri: `${endpoint}/${client.id}`,
    client_name: client.name,
    ...metadata,
    ...(softwareStatement === undefined ? {} : { software_statement: softwareStatement }),
  };
}

/** Throws other errors on to the edge. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof AppError)) throw error;
  if (error.status === 401) {
    // RFC 6750 §3
    reply.header('www-authenticate', `Bearer${error.code === 'missing_token' ? '' : ' error="invalid_token"'}`);
    return reply.code(401).send({ error: 'invalid_token', error_description: error.message });
  }
  if (error.status !== 400) throw error;
  return reply.code(400).send({ error: codeOf(error), error_description: inAscii(error.message) });
}

const OWN_CODES: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_software_statement',
  'unapproved_software_statement',
]);

/** RFC 7591 §3.2.2 */
function codeOf({ code, field }: AppError): string {
  if (OWN_CODES.has(code)) return code;
  return field === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata';
}

/** RFC 6749 §5.2: the characters that an error_description may have. */
function inAscii(text: string): string {
  return text.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, '?');
}
