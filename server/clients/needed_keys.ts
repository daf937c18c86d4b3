import { invalidInput, unavailable } from '../platform/errors.ts';
import { type Outbound, OutboundError, type OutboundTurn } from '../platform/outbound.ts';
import { hasKeyFor } from './jwks.ts';
import type { ClientMetadata } from './metadata_fields.ts';
import { SIGNING_ALGS } from './vocabulary.ts';

const ALGORITHMS = [
  'request_object_signing_alg',
  'backchannel_authentication_request_signing_alg',
  'id_token_encrypted_response_alg',
  'userinfo_encrypted_response_alg',
  'introspection_encrypted_response_alg',
  'authorization_encrypted_response_alg',
] as const satisfies readonly (keyof ClientMetadata)[];

interface Need {
  readonly field: keyof ClientMetadata;
  /** A key for one of them is enough. */
  readonly algs: readonly string[];
}

/** The algorithms that a client needs keys for, according to its metadata. */
function needsOf(client: ClientMetadata): Need[] {
  const needs = ALGORITHMS.flatMap((field): Need[] => {
    const alg = client[field];
    return alg === undefined ? [] : [{ field, algs: [alg] }];
  });
  if (client.token_endpoint_auth_method === 'private_key_jwt') {
    const alg = client.token_endpoint_auth_signing_alg;
    if (alg === undefined) needs.push({ field: 'token_endpoint_auth_method', algs: SIGNING_ALGS });
    else needs.push({ field: 'token_endpoint_auth_signing_alg', algs: [alg] });
  }
  if (client.require_signed_request_object === true && client.request_object_signing_alg === undefined) {
    needs.push({ field: 'require_signed_request_object', algs: SIGNING_ALGS });
  }
  return needs;
}

/** @returns what a key set lacks for the client, as text; undefined when it is complete */
export function keySetProblem(client: ClientMetadata, keys: readonly unknown[]): string | undefined {
  const missing = needsOf(client).find(({ algs }) => !hasKeyFor(keys, algs));
  return missing && `has no key that can be used for ${missing.algs.join(' or ')}, which ${missing.field} needs`;
}

/**
 * Fetches and checks `jwks_uri`, before a sign-in depends on it. Does nothing without one.
 * @param turn who chose the URL, and who caused the request
 * @throws AppError 400 `invalid_input`, field `jwks_uri`, when there is no key set, or it lacks needed keys; 503 when
 *   it could not be fetched because of this server
 */
export async function checkPublishedKeys(
  client: ClientMetadata,
  outbound: Outbound,
  turn: OutboundTurn,
): Promise<void> {
  const { jwks_uri: uri } = client;
  if (uri === undefined) return;
  const keys = await fetchKeys(uri, outbound, turn);
  if (!keys) throw invalidInput('jwks_uri', 'must lead to a JSON Web Key Set (RFC 7517 section 5), already now');
  const missing = keySetProblem(client, keys);
  if (missing !== undefined) throw invalidInput('jwks_uri', missing);
}

async function fetchKeys(uri: string, outbound: Outbound, turn: OutboundTurn): Promise<readonly unknown[] | undefined> {
  try {
    const response = await outbound.fetch(uri, { headers: { accept: 'application/json' }, turn });
    const body: unknown = response.status === 200 ? JSON.parse(await response.text()) : undefined;
    const { keys } = (body ?? {}) as { keys?: unknown };
    return Array.isArray(keys) ? keys : undefined;
  } catch (error) {
    if (error instanceof OutboundError && error.isUntried) throw unavailable('fetching what clients name', error);
    // The client does not get the reason: it could reveal the internal network.
    if (error instanceof SyntaxError || error instanceof OutboundError) return undefined;
    throw error;
  }
}
