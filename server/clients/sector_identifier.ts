import { AppError, invalidInput } from '../platform/errors.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { ClientMetadata } from './metadata.ts';

const FIELD = 'sector_identifier_uri';

/**
 * Several hosts of one owner know a person by one pairwise subject when the document at `sector_identifier_uri` names
 * all of their redirect URIs (OpenID Connect Core §8.1, Dynamic Client Registration §5). Does nothing without one.
 * @throws AppError 400 `invalid_input`, field `sector_identifier_uri`
 */
export async function checkSector(client: ClientMetadata, outbound: Outbound): Promise<void> {
  const { sector_identifier_uri: uri, redirect_uris: redirects } = client;
  if (uri === undefined) return;
  const named = await read(uri, outbound);
  const missing = redirects.find((redirect) => !named.includes(redirect));
  if (missing !== undefined) throw invalidInput(FIELD, `the document does not name ${JSON.stringify(missing)}`);
}

async function read(uri: string, outbound: Outbound): Promise<readonly unknown[]> {
  const bad = invalidInput(FIELD, 'must lead to a JSON list of redirect URIs');
  try {
    const response = await outbound.fetch(uri, { headers: { accept: 'application/json' } });
    const body: unknown = response.status === 200 ? JSON.parse(await response.text()) : undefined;
    if (Array.isArray(body)) return body;
  } catch (error) {
    // Whatever stood in the way is not for whoever named the place to know.
    if (!(error instanceof SyntaxError || (error instanceof AppError && error.code === 'outbound_failed'))) throw error;
  }
  throw bad;
}
