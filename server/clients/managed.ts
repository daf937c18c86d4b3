import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import type { Client, ClientChange } from './client.ts';
import type { ServerPolicy } from './profiles.ts';
import type { RegistrationPolicy } from './registration_policy.ts';
import { matchesSecrets } from './secrets.ts';
import { completeUpdate, readSelfDescription } from './self_registration.ts';

type Body = Readonly<Record<string, unknown>>;

/** RFC 7592 §2.2: members that the server adds must not be sent back. */
const SERVERS_OWN = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
];

/**
 * The new metadata of a client (RFC 7592 §2.2), checked against the policy of its registration.
 * @param parts `claimsOf` reads a software statement in the request
 * @throws AppError 400 `invalid_request`, or `invalid_input` with the field
 */
export async function applyChange(
  client: Client,
  policy: RegistrationPolicy,
  body: Body,
  parts: { readonly serverPolicy: ServerPolicy; readonly now: Clock; claimsOf(body: Body): Promise<Body> },
): Promise<ClientChange> {
  const serversField = SERVERS_OWN.find((field) => Object.hasOwn(body, field));
  if (serversField) throw refused(`${serversField} must not be in the request`);
  if (body.client_id !== client.id) throw refused('client_id must be that of the client');
  const { client_secret: secret } = body;
  if (secret !== undefined && !(typeof secret === 'string' && matchesSecrets(client, secret, parts.now()))) {
    throw refused('client_secret must be the one that the client has, if it is given');
  }
  const { name, metadata, openScope } = readSelfDescription(await parts.claimsOf(body), policy, parts);
  return { name, metadata: completeUpdate(metadata), openScope };
}

function refused(message: string): AppError {
  return new AppError('invalid_request', message);
}
