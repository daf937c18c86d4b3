import { invalidInput, unavailable } from '../platform/errors.ts';
import { type Outbound, OutboundError, type OutboundTurn } from '../platform/outbound.ts';
import type { ClientMetadata } from './metadata.ts';

const FIELD = 'sector_identifier_uri';

/**
 * Several hosts share the pairwise subjects of people when the document at `sector_identifier_uri` lists all redirect
 * URIs (OpenID Connect Core §8.1, Dynamic Client Registration §5). Does nothing without one.
 * @param turn who chose the URL, and who caused the request
 * @throws AppError 400 `invalid_input`, field `sector_identifier_uri`; 503 when it could not be fetched because of this
 *   server
 */
export async function checkSector(client: ClientMetadata, outbound: Outbound, turn: OutboundTurn): Promise<void> {
  const { sector_identifier_uri: uri, redirect_uris: redirects } = client;
  if (uri === undefined) return;
  const named = await read(uri, outbound, turn);
  const missing = redirects.find((redirect) => !named.includes(redirect));
  if (missing !== undefined) throw invalidInput(FIELD, `the document does not name ${JSON.stringify(missing)}`);
}

async function read(uri: string, outbound: Outbound, turn: OutboundTurn): Promise<readonly unknown[]> {
  const bad = invalidInput(FIELD, 'must lead to a JSON list of redirect URIs');
  try {
    const response = await outbound.fetch(uri, { headers: { accept: 'application/json' }, turn });
    const body: unknown = response.status === 200 ? JSON.parse(await response.text()) : undefined;
    if (Array.isArray(body)) return body;
  } catch (error) {
    if (error instanceof OutboundError && error.isUntried) throw unavailable('fetching what clients name', error);
    // The client does not get the reason: it could reveal the internal network.
    if (!(error instanceof SyntaxError || error instanceof OutboundError)) throw error;
  }
  throw bad;
}
