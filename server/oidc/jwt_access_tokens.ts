import { createLocalJWKSet, type JWK, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../platform/clock.ts';
import type { Issuer } from '../platform/issuer.ts';
import { endToken, type StatelessToken, type TokenStatus } from '../records/ended.ts';
import type { ModelName } from '../records/models.ts';
import type { Payload } from '../records/payload.ts';
import type { StatusLists } from '../records/status_lists.ts';
import type { Unit, Units } from '../records/unit.ts';
import { TOKEN_EXCHANGE } from './exchange_terms.ts';
import { statusClaim } from './status_lists.ts';
import { isTokenTyp } from './token_typ.ts';
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

/**
 * "<grant id>.<epoch>", with ".s" when the token ends with the session of the grant, and ".x" when it was exchanged, so that
 * the grant belongs to another client. The id reveals nothing: it is not that of an account, and no endpoint accepts it.
 */
const GRANT_CLAIM = 'cardea_grant';
const GRANT_REFERENCE = /^(?<id>[\w-]+)\.(?<epoch>\d+)(?<session>\.s)?(?<exchanged>\.x)?$/;

/** A JWS has three parts and a JWE five; other numbers are malformed JWTs. */
const LOOKS_LIKE_JWT = /^[\w-]+(\.[\w-]*){2,4}$/;

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

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
  const keys = createLocalJWKSet({ keys: [...parts.jwks] });
  const presented = new WeakMap<Unit, Presented>();

  async function verify(jwt: string): Promise<JWTPayload | undefined> {
    try {
      const options = { issuer: issuer.identifier, algorithms: ALGORITHMS, currentDate: new Date(now()) };
      const { protectedHeader, payload } = await jwtVerify(jwt, keys, options);
      return isTokenTyp(protectedHeader.typ) ? payload : undefined;
    } catch {
      return undefined;
    }
  }

  async function read(unit: Unit, { jwt, view }: Presented): Promise<Payload | undefined> {
    const claims = await verify(jwt);
    const described = claims && describe(claims);
    if (!described) return undefined;
    const { token, endsWithSession, isExchanged } = described;
    const payload = view === 'userinfo' ? forUserinfo(described.payload, issuer) : described.payload;
    const status = await unit.findTokenStatus(token);
    if (!status || (endsWithSession && status.sessionUid === undefined)) return undefined;
    if (!token.grant) return payload;
    if (isExchanged && view !== 'whole') {
      const { grantId: _, ...own } = payload;
      if (endsWithSession && !(await isSessionActive(unit, status))) return undefined;
      return { ...own, accountId: status.accountId } as Payload;
    }
    return {
      ...payload,
      accountId: status.accountId,
      ...(endsWithSession ? { expiresWithSession: true, sessionUid: status.sessionUid } : {}),
    } as Payload;
  }

  /** For an exchanged token only: the session has no entry of its client, by which the provider checks other tokens. */
  async function isSessionActive(unit: Unit, { sessionUid = '', accountId }: TokenStatus): Promise<boolean> {
    const session = await unit.findSessionByUid(sessionUid);
    return session?.accountId === accountId && Number(session?.exp) * 1_000 > now();
  }

  return {
    async addClaims({ jti, clientId = '', grantId, expiresWithSession: endsWithSession = false, gty }, payload) {
      if (grantId === undefined && !statusLists) return;
      const unit = units.current();
      const grant = grantId === undefined ? undefined : { id: grantId, epoch: await unit.grantEpoch(grantId) };
      if (grant) {
        payload[GRANT_CLAIM] =
          `${grant.id}.${grant.epoch}${endsWithSession ? '.s' : ''}${gty === TOKEN_EXCHANGE ? '.x' : ''}`;
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

interface Described {
  readonly token: StatelessToken;
  readonly endsWithSession: boolean;
  readonly isExchanged: boolean;
  /** The payload that the provider would have stored for an opaque token. */
  readonly payload: Payload;
}

/** @returns undefined for claims that no access token of this issuer has */
function describe(claims: JWTPayload): Described | undefined {
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
