import { createLocalJWKSet, type JWK, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../platform/clock.ts';
import { endToken, type StatelessToken, type TokenStatus } from '../records/ended.ts';
import type { ModelName } from '../records/models.ts';
import type { Payload } from '../records/payload.ts';
import type { StatusLists } from '../records/status_lists.ts';
import type { Unit, Units } from '../records/unit.ts';
import { TOKEN_EXCHANGE } from './exchange_terms.ts';
import { statusClaim } from './status_lists.ts';

/**
 * JWT access tokens (RFC 9068) at /introspect and /revoke, where the provider knows stored tokens alone and refuses
 * anything that looks like a JWT. It gets to see another value in its place, asks its adapter for that as for any
 * token, and gets what the JWT says, verified, as if it were stored: whatever it decides of tokens holds for these.
 */
export interface JwtAccessTokens {
  /** Names what a token is issued under, in a claim of our own, and where its status is found, when there are lists. */
  mark(token: IssuedToken, payload: Record<string, unknown>): Promise<void>;
  /**
   * Takes the request's `token` when it looks like a JWT.
   * @param view `whole`: of a token that another client's was exchanged for (RFC 8693), with the grant of that one.
   *   To others it has none: what is asked about it and done to it must not reach that client's.
   * @returns what the provider is to see in its place
   */
  present(value: string, view?: 'whole'): string;
  isPresented(id: string): boolean;
  /** @returns undefined for what is no valid access token of ours and of that model, or has ended */
  find(model: ModelName): Promise<Payload | undefined>;
  /** Ends the token that was presented, if it is that one. @param jti as `find` returned it */
  end(jti: string): boolean;
}

interface IssuedToken {
  readonly jti: string;
  readonly clientId?: string | undefined;
  readonly grantId?: string | undefined;
  readonly expiresWithSession?: boolean | undefined;
  readonly gty?: string | undefined;
}

/**
 * "<grant id>.<epoch>", with ".s" when the token ends with the session that the grant was given in, and ".x" when it
 * came by token exchange, so that the grant is another client's. To everybody else it
 * is a name without a meaning: no other client's tokens have it, and nothing can be got with it.
 */
const UNDER_CLAIM = 'cardea_grant';
const UNDER = /^(?<id>[\w-]+)\.(?<epoch>\d+)(?<session>\.s)?(?<exchanged>\.x)?$/;

/** Three parts are a JWS, five a JWE; what is neither is nobody's token, but was meant as one. */
const LOOKS_STRUCTURED = /^[\w-]+(\.[\w-]*){2,4}$/;

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

interface Presented {
  readonly jwt: string;
  readonly id: string;
  readonly view: 'whole' | undefined;
  /** Read once, whichever model asks. */
  reading?: Promise<Payload | undefined>;
  found?: Payload | undefined;
}

/** @param parts `jwks`: the public halves of all keys that tokens may have been signed with */
export function createJwtAccessTokens(parts: {
  readonly issuer: URL;
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
      const options = { issuer: issuer.origin, typ: 'at+jwt', algorithms: ALGORITHMS, currentDate: new Date(now()) };
      return (await jwtVerify(jwt, keys, options)).payload;
    } catch {
      return undefined;
    }
  }

  async function read(unit: Unit, { jwt, view }: Presented): Promise<Payload | undefined> {
    const claims = await verify(jwt);
    const described = claims && describe(claims);
    if (!described) return undefined;
    const { token, endsWithSession, isExchanged, payload } = described;
    const standing = await unit.findTokenStatus(token);
    if (!standing || (endsWithSession && standing.sessionUid === undefined)) return undefined;
    if (!token.grant) return payload;
    if (isExchanged && view !== 'whole') {
      const { grantId: _, ...own } = payload;
      if (endsWithSession && !(await goesOn(unit, standing))) return undefined;
      return { ...own, accountId: standing.accountId } as Payload;
    }
    return {
      ...payload,
      accountId: standing.accountId,
      ...(endsWithSession ? { expiresWithSession: true, sessionUid: standing.sessionUid } : {}),
    } as Payload;
  }

  /** What the provider sees to of tokens whose session knows of their client. */
  async function goesOn(unit: Unit, { sessionUid = '', accountId }: TokenStatus): Promise<boolean> {
    const session = await unit.findSessionByUid(sessionUid);
    return session?.accountId === accountId && Number(session?.exp) * 1_000 > now();
  }

  return {
    async mark({ jti, clientId = '', grantId, expiresWithSession: endsWithSession = false, gty }, payload) {
      if (grantId === undefined && !statusLists) return;
      const unit = units.current();
      const grant = grantId === undefined ? undefined : { id: grantId, epoch: await unit.grantEpoch(grantId) };
      if (grant) {
        payload[UNDER_CLAIM] =
          `${grant.id}.${grant.epoch}${endsWithSession ? '.s' : ''}${gty === TOKEN_EXCHANGE ? '.x' : ''}`;
      }
      if (!statusLists) return;
      const { iat: issuedAt, exp: expiresAt } = payload as { iat: number; exp: number };
      const { place, bound } = statusLists.assign({ jti, clientId, grant, endsWithSession, issuedAt, expiresAt });
      unit.addStatement(bound);
      payload.status = statusClaim(issuer, place);
    },

    present(value, view) {
      if (!LOOKS_STRUCTURED.test(value)) return value;
      // Nothing that is stored has a space in its name.
      const id = value.replaceAll('.', ' ');
      presented.set(units.current(), { jwt: value, id, view });
      return id;
    },

    isPresented: (id) => presented.get(units.current())?.id === id,

    async find(model) {
      const unit = units.current();
      const one = presented.get(unit);
      if (!one) return undefined;
      one.reading ??= read(unit, one);
      one.found = await one.reading;
      return one.found?.kind === model ? one.found : undefined;
    },

    end(jti) {
      const unit = units.current();
      const found = presented.get(unit)?.found;
      if (found?.jti !== jti || found.exp === undefined) return false;
      unit.addStatement(endToken(jti, new Date(found.exp * 1_000)));
      return true;
    },
  };
}

interface Described {
  readonly token: StatelessToken;
  readonly endsWithSession: boolean;
  readonly isExchanged: boolean;
  /** As the provider would have stored it. */
  readonly payload: Payload;
}

/** @returns undefined for claims that no access token of ours has */
function describe(claims: JWTPayload): Described | undefined {
  const {
    iss: _,
    status: __,
    [UNDER_CLAIM]: under,
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
  const { id, epoch, session, exchanged } = (typeof under === 'string' ? UNDER.exec(under)?.groups : undefined) ?? {};
  // RFC 9068 §2.2: the subject of a client's own token is the client. A person's token without a grant is none of ours.
  if (id === undefined && (under !== undefined || sub !== clientId)) return undefined;
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
