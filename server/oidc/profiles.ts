import { type Client, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { neededPkce, PROFILES, type Profile, type ServerPolicy } from '../clients/profiles.ts';
import { type AuthMethod, PKCE_SETTINGS, PROFILE_NAMES, type ProfileName } from '../clients/vocabulary.ts';
import { PROOF_ALGS } from './dpop.ts';
import { type TimeLimit, timesViolation } from './jwt_times.ts';

/** The profile whose name `server/clients/profiles.ts` has put into the metadata of a client. */
export function profileOfClient(client: Client | undefined): Profile {
  return PROFILES[profileNameOf(client)];
}

function profileNameOf(client: Client | undefined): ProfileName {
  const name = PROFILE_NAMES.find((one) => one === client?.profile);
  if (!name) throw new Error('a client without a profile');
  return name;
}

/** The part of the provider's configuration that depends on the profiles of the server and of each client. */
export function profileConfiguration(serverPolicy: ServerPolicy, codeSeconds: number) {
  return {
    extraClientMetadata: { properties: ['profile', 'pkce', 'id_token_claims'] },
    pkce: { required: requirePkce },
    responseTypes: [...PROFILES[serverPolicy.profile].responseTypes],
    rotateRefreshToken: ({ oidc }) => profileOfClient(oidc.client).rotatesRefreshTokens,
    ttl: {
      AuthorizationCode: (_ctx, _code, client) =>
        Math.min(codeSeconds, profileOfClient(client).codeSeconds ?? codeSeconds),
    },
  } satisfies Configuration;
}

/**
 * Called for a request for a code without a challenge.
 * @throws InvalidRequest when the request must have one, with what to switch on
 */
function requirePkce({ oidc }: KoaContextWithOIDC, client: Client): false {
  const pkce = PKCE_SETTINGS.find((one) => one === client.pkce);
  const method = client.tokenEndpointAuthMethod as AuthMethod;
  const needed = neededPkce({ pkce, token_endpoint_auth_method: method }, profileNameOf(client));
  if (needed === 'never' || (needed === 'without_nonce' && isProtectedByNonce(oidc.params ?? {}))) return false;
  throw new errors.InvalidRequest(PKCE_MISSING[needed]);
}

/** With `openid` the nonce comes back in the ID token, which the client compares before it uses the code's tokens. */
function isProtectedByNonce({ nonce, scope }: Readonly<Record<string, unknown>>): boolean {
  return typeof nonce === 'string' && nonce !== '' && typeof scope === 'string' && scope.split(' ').includes('openid');
}

/** For the developer of the client and for the operator, who both meet it when they connect a client for the first time. */
export const PKCE_MISSING = {
  always: 'PKCE is missing: switch it on in the client (code_challenge with S256, RFC 7636)',
  without_nonce:
    'PKCE is missing: switch it on in the client (code_challenge with S256); or send a nonce with the scope openid; or the operator runs: cardea clients update ID --pkce off',
} as const;

/** @throws InvalidClientAuth for an assertion with an algorithm that the client's profile does not allow */
export function assertAssertionAlg(client: Client, header: Record<string, unknown>): void {
  if (!isAllowed(client, header.alg)) throw new errors.InvalidClientAuth(notAllowed(client));
}

/**
 * A request object of RFC 9101. For a pushed request without one the provider makes an unsigned object, which is not checked.
 * @throws InvalidRequestObject when the client's profile does not allow its algorithm or its times
 */
export function assertRequestObject(
  client: Client,
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
  times: TimeLimit,
): void {
  if (header.alg === 'none') return;
  if (!isAllowed(client, header.alg)) throw new errors.InvalidRequestObject(notAllowed(client));
  const { requestObjectSeconds: limit } = profileOfClient(client);
  if (limit === undefined) {
    const violation = timesViolation(claims, times);
    if (violation !== undefined) throw new errors.InvalidRequestObject(violation);
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

/** @returns why the algorithm of a DPoP proof is not allowed (RFC 9449 §4.2); undefined when it is */
export function proofViolation(client: Client, alg: unknown): string | undefined {
  return isAllowed(client, olderName(alg)) ? undefined : notAllowed(client, 'the DPoP proof');
}

/** True when a profile allows the algorithm of a DPoP proof. */
export function isSignedAsAllowed(name: ProfileName, alg: unknown): boolean {
  return (PROFILES[name].signingAlgs as readonly unknown[]).includes(olderName(alg));
}

/** The algorithms of DPoP proofs that a profile allows (RFC 9449 §5.1). @param name of the server, without a client */
export function proofAlgsOf(client: Client | undefined, name: ProfileName): readonly string[] {
  const { signingAlgs } = client ? profileOfClient(client) : PROFILES[name];
  return PROOF_ALGS.filter((alg) => (signingAlgs as readonly unknown[]).includes(olderName(alg)));
}

/** RFC 9864 §2.2: `Ed25519` is the newer name of the same algorithm. */
function olderName(alg: unknown): unknown {
  return alg === 'Ed25519' ? 'EdDSA' : alg;
}

function isAllowed(client: Client, alg: unknown): boolean {
  return (profileOfClient(client).signingAlgs as readonly unknown[]).includes(alg);
}

function notAllowed(client: Client, what = 'it'): string {
  return `${what} must be signed with one of ${profileOfClient(client).signingAlgs.join(', ')}`;
}

/** Limits the discovery document (RFC 8414 §2) to what the profile of the server allows. */
export function discoveryOf(document: Record<string, unknown>, serverPolicy: ServerPolicy): Record<string, unknown> {
  const { authMethods, signingAlgs, responseModes, deliveryModes, pushed } = PROFILES[serverPolicy.profile];
  const narrowed = Object.entries(document).map(([name, value]) => {
    if (!Array.isArray(value)) return [name, value];
    if (name.endsWith('_auth_methods_supported'))
      return [name, value.filter((one) => authMethods?.includes(one) ?? true)];
    if (name === 'response_modes_supported') return [name, value.filter((one) => responseModes.includes(one))];
    if (/_signing_alg(_values)?_supported$/.test(name))
      return [name, value.filter((one) => (signingAlgs as readonly unknown[]).includes(olderName(one)))];
    return [name, value];
  });
  const named = narrowed.filter(([, value]) => !(Array.isArray(value) && value.length === 0)); // RFC 8414 §3.2
  return {
    ...Object.fromEntries(named),
    backchannel_token_delivery_modes_supported: deliveryModes,
    // The provider always announces it, but Cardea uses no user codes.
    backchannel_user_code_parameter_supported: false,
    ...(pushed ? { require_pushed_authorization_requests: true } : {}),
  };
}
