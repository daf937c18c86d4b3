import type { JWK } from 'jose';
import type { Clock } from '../platform/clock.ts';
import type { Issuer } from '../platform/issuer.ts';
import { endToken, type TokenStatus } from '../records/ended.ts';
import type { ModelName } from '../records/models.ts';
import type { Payload } from '../records/payload.ts';
import type { StatusLists } from '../records/status_lists.ts';
import type { Unit, Units } from '../records/unit.ts';
import { createVerifyAccessToken, describeAccessToken, GRANT_CLAIM, grantReference } from './access_token_claims.ts';
import { TOKEN_EXCHANGE } from './exchange_terms.ts';
import { statusClaim } from './status_lists.ts';
import { isForUserinfo } from './userinfo_audience.ts';

/**
 * JWT access tokens (RFC 9068) at /introspect and /revoke, where the provider accepts stored tokens alone and refuses each JWT.
 * So it gets an opaque value in place of the JWT, looks that up in its adapter, and finds the verified claims of the JWT as if
 * they were a stored token. All its rules for tokens then apply to JWTs as well.
 */
export interface JwtAccessTokens {
  /** Adds the claim `cardea_grant` to a token, and where its status is found when there are status lists. */
  addClaims(token: IssuedToken, payload: Record<string, unknown>): Promise<void>;
  /**
   * Notes the `token` of a request when it looks like a JWT.
   * @param view `whole`: for an exchanged token (RFC 8693), with the grant, which belongs to another client. Otherwise it is
   *   shown without a grant, so that introspection and revocation do not reach the tokens of that client. `userinfo`: without
   *   audience, as a token for userinfo alone, if it is for userinfo and one resource server
   * @returns the value that the provider gets in its place
   */
  present(value: string, view?: View): string;
  isPresented(id: string): boolean;
  /** @returns undefined for a JWT that is not a valid access token of this issuer and model, or that was revoked */
  find(model: ModelName): Promise<Payload | undefined>;
  /** Revokes the presented token. @param jti as `find` returned it. @returns whether it is that token */
  revoke(jti: string): boolean;
}

interface IssuedToken {
  readonly jti: string;
  readonly clientId?: string | undefined;
  readonly grantId?: string | undefined;
  readonly expiresWithSession?: boolean | undefined;
  readonly gty?: string | undefined;
}

/** A JWS has three parts and a JWE five; other numbers are malformed JWTs. */
const LOOKS_LIKE_JWT = /^[\w-]+(\.[\w-]*){2,4}$/;

type View = 'whole' | 'userinfo';

interface Presented {
  readonly jwt: string;
  readonly id: string;
  readonly view: View | undefined;
  /** Verified once for all models. */
  verified?: Promise<Payload | undefined>;
  payload?: Payload | undefined;
}

/** @param parts `jwks`: the public halves of all keys that tokens may have been signed with */
export function createJwtAccessTokens(parts: {
  readonly issuer: Issuer;
  readonly jwks: readonly JWK[];
  readonly now: Clock;
  readonly units: Units;
  readonly statusLists?: Pick<StatusLists, 'assign'> | undefined;
}): JwtAccessTokens {
  const { issuer, now, units, statusLists } = parts;
  const verify = createVerifyAccessToken({ issuer, jwks: parts.jwks, now });
  const presented = new WeakMap<Unit, Presented>();

  async function read(unit: Unit, { jwt, view }: Presented): Promise<Payload | undefined> {
    const verified = await verify(jwt).catch(() => undefined);
    const described = verified && describeAccessToken(verified.claims);
    if (!described) return undefined;
    const { token, endsWithSession, isExchanged } = described;
    const payload = view === 'userinfo' ? forUserinfo(described.payload, issuer) : described.payload;
    const status = await unit.findTokenStatus(token);
    if (!status || (endsWithSession && status.sessionUid === undefined)) return undefined;
    if (!token.grant) return payload;
    if (isExchanged && view !== 'whole') {
      const { grantId: _, ...own } = payload;
      if (endsWithSession && !(await isSessionActive(unit, status, now))) return undefined;
      return { ...own, accountId: status.accountId } as Payload;
    }
    return {
      ...payload,
      accountId: status.accountId,
      ...(endsWithSession ? { expiresWithSession: true, sessionUid: status.sessionUid } : {}),
    } as Payload;
  }

  return {
    async addClaims({ jti, clientId = '', grantId, expiresWithSession: endsWithSession = false, gty }, payload) {
      if (grantId === undefined && !statusLists) return;
      const unit = units.current();
      const grant = grantId === undefined ? undefined : { id: grantId, epoch: await unit.grantEpoch(grantId) };
      if (grant) {
        payload[GRANT_CLAIM] = grantReference(grant, { endsWithSession, isExchanged: gty === TOKEN_EXCHANGE });
      }
      if (!statusLists) return;
      const { iat: issuedAt, exp: expiresAt } = payload as { iat: number; exp: number };
      const { place, bound } = statusLists.assign({ jti, clientId, grant, endsWithSession, issuedAt, expiresAt });
      unit.addStatement(bound);
      payload.status = statusClaim(issuer, place);
    },

    present(value, view) {
      if (!LOOKS_LIKE_JWT.test(value)) return value;
      // No stored token has a space or a dot in its value, so this one cannot be confused with another. /userinfo also hashes
      // the value, to compare it with a DPoP proof (RFC 9449 §4.3), so there it stays as it is.
      const id = view === 'userinfo' ? value : value.replaceAll('.', ' ');
      presented.set(units.current(), { jwt: value, id, view });
      return id;
    },

    isPresented: (id) => presented.get(units.current())?.id === id,

    async find(model) {
      const unit = units.current();
      const token = presented.get(unit);
      if (!token) return undefined;
      token.verified ??= read(unit, token);
      token.payload = await token.verified;
      return token.payload?.kind === model ? token.payload : undefined;
    },

    revoke(jti) {
      const unit = units.current();
      const payload = presented.get(unit)?.payload;
      if (payload?.jti !== jti || payload.exp === undefined) return false;
      unit.addStatement(endToken(jti, new Date(payload.exp * 1_000)));
      return true;
    },
  };
}

/** @returns the payload without audience when userinfo is one of two, otherwise unchanged: the provider refuses it then */
function forUserinfo(payload: Payload, issuer: Issuer): Payload {
  if (!isForUserinfo(payload.aud, issuer)) return payload;
  const { aud: _, ...own } = payload;
  return own as Payload;
}

/** True when a token that ends with its session may be used, without asking which client the session has. */
export async function isSessionActive(
  unit: Unit,
  { sessionUid = '', accountId }: TokenStatus,
  now: Clock,
): Promise<boolean> {
  const session = await unit.findSessionByUid(sessionUid);
  return session?.accountId === accountId && Number(session?.exp) * 1_000 > now();
}
