import { createLocalJWKSet, type JWK, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../platform/clock.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { StatelessToken } from '../records/ended.ts';
import type { Payload } from '../records/payload.ts';
import { isTokenTyp } from './token_typ.ts';

/**
 * "<grant id>.<epoch>", with ".s" when the token ends with the session of the grant, and ".x" when it was exchanged, so that
 * the grant belongs to another client. The id reveals nothing: it is not that of an account, and no endpoint accepts it.
 */
export const GRANT_CLAIM = 'cardea_grant';
const GRANT_REFERENCE = /^(?<id>[\w-]+)\.(?<epoch>\d+)(?<session>\.s)?(?<exchanged>\.x)?$/;

export function grantReference(
  grant: { readonly id: string; readonly epoch: number },
  { endsWithSession, isExchanged }: { readonly endsWithSession: boolean; readonly isExchanged: boolean },
): string {
  return `${grant.id}.${grant.epoch}${endsWithSession ? '.s' : ''}${isExchanged ? '.x' : ''}`;
}

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

export interface VerifiedAccessToken {
  readonly claims: JWTPayload;
  readonly typ: unknown;
}

/**
 * Verifies JWT access tokens of this issuer (RFC 9068 §4): signature, issuer, type and times.
 * @param parts `jwks`: the public halves of all keys that tokens may have been signed with
 * @returns a function that throws an error of jose, or a TypeError for a token of another type; its second argument is the time
 *   at which the token has to be valid
 */
export function createVerifyAccessToken(parts: {
  readonly issuer: Pick<Issuer, 'identifier'>;
  readonly jwks: readonly JWK[];
  readonly now: Clock;
}): (jwt: string, at?: number) => Promise<VerifiedAccessToken> {
  const { issuer, now } = parts;
  const keys = createLocalJWKSet({ keys: [...parts.jwks] });
  return async (jwt, at = now()) => {
    const options = { issuer: issuer.identifier, algorithms: ALGORITHMS, currentDate: new Date(at) };
    const { protectedHeader, payload } = await jwtVerify(jwt, keys, options);
    if (!isTokenTyp(protectedHeader.typ)) throw new TypeError('not an access token');
    return { claims: payload, typ: protectedHeader.typ };
  };
}

export interface DescribedAccessToken {
  readonly token: StatelessToken;
  readonly endsWithSession: boolean;
  readonly isExchanged: boolean;
  /** The payload that the provider would have stored for an opaque token. */
  readonly payload: Payload;
}

/** @returns undefined for claims that no access token of this issuer has */
export function describeAccessToken(claims: JWTPayload): DescribedAccessToken | undefined {
  const {
    iss: _,
    status: __,
    [GRANT_CLAIM]: reference,
    sub,
    aud,
    jti,
    iat,
    exp,
    scope,
    client_id: clientId,
    cnf,
    authorization_details: rar,
    ...extra
  } = claims;
  if (typeof jti !== 'string' || typeof clientId !== 'string' || iat === undefined || exp === undefined)
    return undefined;
  const { id, epoch, session, exchanged } =
    (typeof reference === 'string' ? GRANT_REFERENCE.exec(reference)?.groups : undefined) ?? {};
  // RFC 9068 §2.2: a token without a grant is of client credentials, and its subject is the client.
  if (id === undefined && (reference !== undefined || sub !== clientId)) return undefined;
  const { jkt, 'x5t#S256': x5t } = (cnf ?? {}) as { jkt?: string; 'x5t#S256'?: string };
  return {
    token: { jti, clientId, issuedAt: iat, grant: id === undefined ? undefined : { id, epoch: Number(epoch) } },
    endsWithSession: session !== undefined,
    isExchanged: exchanged !== undefined,
    payload: {
      kind: id === undefined ? 'ClientCredentials' : 'AccessToken',
      jti,
      clientId,
      iat,
      exp,
      aud,
      extra,
      ...(id === undefined ? {} : { grantId: id }),
      ...(scope === undefined ? {} : { scope }),
      ...(rar === undefined ? {} : { rar }),
      ...(jkt === undefined ? {} : { jkt }),
      ...(x5t === undefined ? {} : { 'x5t#S256': x5t }),
    },
  };
}
