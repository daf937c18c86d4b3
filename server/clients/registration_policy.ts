import { invalidInput } from '../platform/errors.ts';
import { checkItems } from '../platform/faults.ts';
import { host } from '../platform/settings.ts';
import type { ClientMetadata } from './metadata.ts';
import { PROFILES } from './profiles.ts';
import { checkScope } from './readers.ts';
import { kindOfUri } from './uris.ts';
import { GRANT_TYPES, type GrantType, type ProfileName, RESPONSE_TYPES, rowOf, wordsOf } from './vocabulary.ts';

/** The limits of a registration. Stored with an initial access token, and with the clients registered by it. */
export interface RegistrationPolicy {
  readonly grantTypes: readonly string[];
  /** Hosts of redirect URIs, `*.example.com` for all below one; undefined: any. */
  readonly redirectHosts?: readonly string[];
  /** The maximum scope; undefined: what is open to all clients of its kind. */
  readonly scopes?: readonly string[];
}

/** A person has to sign in: tokens for the client itself are only for clients that the operator knows. */
export const OPEN_POLICY: RegistrationPolicy = { grantTypes: ['authorization_code', 'refresh_token'] };

/** The same, with the implicit grant if the server's profile has it. */
export function openPolicy(profile: ProfileName): RegistrationPolicy {
  return profile === 'oidc' ? { grantTypes: [...OPEN_POLICY.grantTypes, 'implicit'] } : OPEN_POLICY;
}

/** @throws AppError 400 `invalid_input` with the field */
export function checkPolicy(input: {
  grantTypes?: readonly string[] | undefined;
  redirectHosts?: readonly string[] | undefined;
  scopes?: string | undefined;
}): RegistrationPolicy {
  const { grantTypes = OPEN_POLICY.grantTypes, redirectHosts, scopes } = input;
  const supported = wordsOf(GRANT_TYPES);
  if (!grantTypes.every((type) => (supported as string[]).includes(type))) {
    throw invalidInput('grant_types', `must be one of ${supported.join(', ')}`);
  }
  for (const one of redirectHosts ?? []) {
    try {
      host(one);
    } catch (error) {
      throw invalidInput('redirect_hosts', (error as Error).message);
    }
  }
  return {
    grantTypes: [...grantTypes],
    ...(redirectHosts ? { redirectHosts: [...redirectHosts] } : {}),
    ...(scopes === undefined ? {} : { scopes: checkScope('scope', scopes) }),
  };
}

/**
 * Leaves out grant and response types that are not on offer (RFC 7591 §2, §3.2.1): clients send what discovery lists,
 * or all that they are able to. What stays is in the answer.
 * @param given unchecked metadata
 * @throws AppError 400 `invalid_input` when no grant stays with which a client can get its first token
 */
export function withOffered(
  given: Readonly<Record<string, unknown>>,
  policy: RegistrationPolicy,
  profile: ProfileName,
): Readonly<Record<string, unknown>> {
  const responses = wordsOf(RESPONSE_TYPES).filter(
    (type) =>
      PROFILES[profile].responseTypes.includes(type) &&
      rowOf.response(type).grants.every((one) => policy.grantTypes.includes(one)),
  );
  const grants = wordsOf(GRANT_TYPES).filter(
    (type) => policy.grantTypes.includes(type) && (!rowOf.grant(type).redirects || isIn(responses, type)),
  );
  const { grant_types, response_types } = given;
  const kept = among(grant_types, grants);
  if (Array.isArray(kept) && kept.every((type) => type === 'refresh_token')) {
    const first = grants.filter((type) => type !== 'refresh_token').join(', ');
    throw invalidInput('grant_types', `must contain one of ${first}: no other may be registered here`);
  }
  return { ...given, grant_types: kept, response_types: among(response_types, responses) };
}

/** A grant that begins with a redirect needs a response type. */
function isIn(responses: readonly (keyof typeof RESPONSE_TYPES)[], grant: GrantType): boolean {
  return responses.some((type) => rowOf.response(type).grants.includes(grant));
}

/** A value that is not a list is returned unchanged: the check of the metadata refuses it. */
function among(given: unknown, words: readonly string[]): unknown {
  return Array.isArray(given) ? given.filter((one) => words.includes(one)) : given;
}

/** @throws AppError 400 `invalid_input` with the field of the client that the policy does not allow */
export function applyPolicy(client: ClientMetadata, policy: RegistrationPolicy): void {
  const { redirectHosts, scopes } = policy;
  for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const) {
    checkItems(field, client[field], (uri) => {
      if (redirectHosts && !isAmong(hostOf(uri), redirectHosts))
        throw invalidInput(field, `${hostOf(uri)} may not be registered here`);
    });
  }
  const scope = client.scope.split(' ').find((one) => one !== '' && scopes && !scopes.includes(one));
  if (scope) throw invalidInput('scope', `${scope} may not be registered here`);
}

/** The host of a URI, or the scheme of a native app. @param uri one that passed `checkRedirectUri` */
export function hostOf(uri: string): string {
  const url = new URL(uri);
  return kindOfUri(uri) === 'private-use' ? url.protocol.slice(0, -1) : url.hostname;
}

/** @param patterns hosts, or `*.example.com` for every host below one */
export function isAmong(name: string, patterns: readonly string[]): boolean {
  return patterns.some((one) => (one.startsWith('*.') ? name.endsWith(one.slice(1)) : name === one));
}
