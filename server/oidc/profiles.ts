import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { PROFILES, type Profile, type ServerPolicy } from '../clients/profiles.ts';
import { PROFILE_NAMES } from '../clients/vocabulary.ts';
import { objectionToTimes, type TimeLimit } from './jwt_times.ts';

type ProviderClient = NonNullable<KoaContextWithOIDC['oidc']['client']>;

/** What a client is held to: `server/clients/profiles.ts` has put the name into its metadata. */
export function profileOfClient(client: ProviderClient | undefined): Profile {
  const name = PROFILE_NAMES.find((one) => one === client?.profile);
  if (!name) throw new Error('a client without a profile');
  return PROFILES[name];
}

/** The part of the provider's configuration that follows from the profile of the server, and of each client. */
export function profileConfiguration(serverPolicy: ServerPolicy, codeSeconds: number) {
  return {
    extraClientMetadata: { properties: ['profile'] },
    pkce: {
      required: (_ctx, client) =>
        profileOfClient(client).pkce === 'everybody' || client.tokenEndpointAuthMethod === 'none',
    },
    responseTypes: [...PROFILES[serverPolicy.profile].responseTypes],
    rotateRefreshToken: ({ oidc }) => profileOfClient(oidc.client).rotatesRefreshTokens,
    ttl: {
      AuthorizationCode: (_ctx, _code, client) =>
        Math.min(codeSeconds, profileOfClient(client).codeSeconds ?? codeSeconds),
    },
  } satisfies Configuration;
}

/** @throws InvalidClientAuth when an assertion is signed as the client's profile does not have it */
export function assertAssertionAlg(client: ProviderClient, header: Record<string, unknown>): void {
  if (!isAllowed(client, header.alg)) throw new errors.InvalidClientAuth(notAllowed(client));
}

/**
 * A request object of RFC 9101, or what was pushed without one: that is the provider's own, and unsigned.
 * @throws InvalidRequestObject when it is not signed, or not limited in time, as the client's profile has it
 */
export function assertRequestObject(
  client: ProviderClient,
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
  times: TimeLimit,
): void {
  if (header.alg === 'none') return;
  if (!isAllowed(client, header.alg)) throw new errors.InvalidRequestObject(notAllowed(client));
  const { requestObjectSeconds: limit } = profileOfClient(client);
  if (limit === undefined) {
    const objection = objectionToTimes(claims, times);
    if (objection !== undefined) throw new errors.InvalidRequestObject(objection);
    return;
  }
  const { nbf, exp } = claims;
  // FAPI 2.0 Message Signing §5.3.1
  if (typeof nbf !== 'number' || typeof exp !== 'number' || exp - nbf > limit || nbf < times.now() / 1_000 - limit) {
    throw new errors.InvalidRequestObject(
      `it must have nbf and exp, no more than ${limit} seconds apart, and be recent`,
    );
  }
}

/** @returns what is wrong with the algorithm of a DPoP proof (RFC 9449 §4.2), undefined when nothing is */
export function objectionToProof(client: ProviderClient, alg: unknown): string | undefined {
  return isAllowed(client, sameAlg(alg)) ? undefined : notAllowed(client, 'the DPoP proof');
}

/** RFC 9864 §2.2: the newer name of what EdDSA is here. */
function sameAlg(alg: unknown): unknown {
  return alg === 'Ed25519' ? 'EdDSA' : alg;
}

function isAllowed(client: ProviderClient, alg: unknown): boolean {
  return (profileOfClient(client).signingAlgs as readonly unknown[]).includes(alg);
}

function notAllowed(client: ProviderClient, what = 'it'): string {
  return `${what} must be signed with one of ${profileOfClient(client).signingAlgs.join(', ')}`;
}

/** What discovery (RFC 8414 §2) says of a profile: no more than a client of it may do. */
export function discoveryOf(document: Record<string, unknown>, serverPolicy: ServerPolicy): Record<string, unknown> {
  const { authMethods, signingAlgs, responseModes, deliveryModes, pushed } = PROFILES[serverPolicy.profile];
  const narrowed = Object.entries(document).map(([name, value]) => {
    if (!Array.isArray(value)) return [name, value];
    if (name.endsWith('_auth_methods_supported'))
      return [name, value.filter((one) => authMethods?.includes(one) ?? true)];
    if (name === 'response_modes_supported') return [name, value.filter((one) => responseModes.includes(one))];
    if (/_signing_alg(_values)?_supported$/.test(name))
      return [name, value.filter((one) => (signingAlgs as readonly unknown[]).includes(sameAlg(one)))];
    return [name, value];
  });
  const named = narrowed.filter(([, value]) => !(Array.isArray(value) && value.length === 0)); // RFC 8414 §3.2
  return {
    ...Object.fromEntries(named),
    backchannel_token_delivery_modes_supported: deliveryModes,
    // The provider says so of itself, whoever uses it.
    backchannel_user_code_parameter_supported: false,
    ...(pushed ? { require_pushed_authorization_requests: true } : {}),
  };
}
