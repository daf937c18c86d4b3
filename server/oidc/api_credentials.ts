import type { IncomingMessage } from 'node:http';
import { PROFILES } from '../clients/profiles.ts';
import type { ProfileName } from '../clients/vocabulary.ts';
import { Challenged } from '../platform/challenged.ts';
import { proofAlgsOf } from './profiles.ts';

export type TokenScheme = 'Bearer' | 'DPoP';

export interface ApiCredentials {
  readonly scheme: TokenScheme;
  readonly token: string;
  /** The header `DPoP`. */
  readonly proof: string | undefined;
}

type Attributes = Readonly<Record<string, string | undefined>>;

/** How requests without valid credentials are refused: RFC 6750 §3, RFC 9449 §7.1, with `resource_metadata` of RFC 9728 §5.1. */
export interface Challenges {
  /** Without an error code, because the request has no credentials (RFC 6750 §3.1). */
  missing(): Challenged;
  /** For a request that has credentials in the wrong way. */
  malformed(description: string): Challenged;
  invalid(scheme: TokenScheme, description: string, cause?: unknown): Challenged;
  /** @param nonce to use for the next proof (RFC 9449 §9) */
  proof(error: 'invalid_dpop_proof' | 'use_dpop_nonce', description: string, nonce: string | undefined): Challenged;
  /** @param scope that a token needs */
  insufficient(scope: string): string[];
}

/** @param parts `metadataUrl`: of the document of RFC 9728 */
export function createChallenges(parts: { readonly metadataUrl: string; readonly profile: ProfileName }): Challenges {
  const { metadataUrl, profile } = parts;
  const algs = proofAlgsOf(undefined, profile).join(' ');
  const challenge = (scheme: TokenScheme, attributes: Attributes) => {
    const all = { ...attributes, ...(scheme === 'DPoP' ? { algs } : {}), resource_metadata: metadataUrl };
    const named = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`]));
    return `${scheme} ${named.join(', ')}`;
  };
  // A server on which all tokens are bound to a key takes no bearer token.
  const schemes: readonly TokenScheme[] = PROFILES[profile].senderConstrained ? ['DPoP'] : ['Bearer', 'DPoP'];
  const all = (attributes: Attributes) => ({
    'www-authenticate': schemes.map((scheme) => challenge(scheme, attributes)),
  });
  return {
    missing: () =>
      new Challenged('missing_token', 'send an access token in the header Authorization, as: Bearer <token>', all({})),
    malformed: (description) =>
      new Challenged('invalid_request', description, all({ error: 'invalid_request', error_description: description })),
    invalid: (scheme, description, cause) =>
      new Challenged(
        'invalid_token',
        description,
        { 'www-authenticate': [challenge(scheme, { error: 'invalid_token', error_description: description })] },
        { cause },
      ),
    proof: (error, description, nonce) =>
      new Challenged(
        error,
        description,
        {
          'www-authenticate': [challenge('DPoP', { error, error_description: description })],
          ...(nonce === undefined ? {} : { 'dpop-nonce': nonce }),
        },
        { status: 401 },
      ),
    insufficient: (scope) =>
      all({ error: 'insufficient_scope', error_description: `a token with the scope ${scope} is needed`, scope })[
        'www-authenticate'
      ],
  };
}

// RFC 6750 §2.1 `b64token`, which RFC 9449 §7.1 uses too
const CREDENTIALS = /^(?<scheme>bearer|dpop) +(?<token>[A-Za-z0-9._~+/-]+=*)$/i;
const TOKEN_SCHEME = /^(bearer|dpop)( |$)/i;

/**
 * Reads the access token of a request from its header alone: a query is logged by proxies, and a body is not a place for it
 * (RFC 9700 §4.3.2).
 * @throws Challenged 400 for more than one token or a malformed one, 401 when there is none
 */
export function readCredentials(
  { headers, rawHeaders, url = '' }: IncomingMessage,
  challenges: Challenges,
): ApiCredentials {
  if (countOf(rawHeaders, 'authorization') > 1) throw challenges.malformed('Authorization must not be sent twice');
  if (countOf(rawHeaders, 'dpop') > 1) throw challenges.malformed('DPoP must not be sent twice');
  const query = url.slice(url.indexOf('?') + 1 || url.length);
  if (new URLSearchParams(query).has('access_token'))
    throw challenges.malformed('an access token belongs into the header Authorization, not into the URL');
  const { authorization } = headers;
  if (authorization === undefined || !TOKEN_SCHEME.test(authorization)) throw challenges.missing();
  const { scheme = '', token } = CREDENTIALS.exec(authorization)?.groups ?? {};
  if (token === undefined) throw challenges.malformed('Authorization must be: Bearer or DPoP, a space, and one token');
  const proof = headers.dpop;
  return {
    scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer',
    token,
    proof: typeof proof === 'string' ? proof : undefined,
  };
}

function countOf(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((one, index) => index % 2 === 0 && one.toLowerCase() === name).length;
}
