import { decodeJwt } from 'jose';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db, Row } from '../platform/db.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import { hashToken } from '../platform/sealing.ts';
import { ENDED_STATEMENTS, endToken, endTokensOfClient } from './ended.ts';
import type { Overview } from './overview.ts';

/** What an operator has ended, as it is shown to them. */
export interface Ended {
  readonly revoked: 'token' | 'jti' | 'grant' | 'session' | 'user' | 'client';
  readonly jti?: string;
  /** The model of an opaque token, such as `RefreshToken`. */
  readonly kind?: string;
  readonly grant?: string | null;
  readonly session?: string;
  readonly user_id?: string;
  readonly client_id?: string;
  readonly grants_ended?: number;
  readonly tokens_ended?: number;
  /** Until when the end of JWTs is remembered: the last of them has expired by then. */
  readonly remembered_until?: Date;
}

export interface PlannedEnd extends PlannedChange {
  /** What is ended; of a token its grant, if it has one, or else its client. */
  readonly target: { readonly kind: 'token' | 'grant' | 'session' | 'user' | 'client'; readonly id: string };
  /** @param rows of each statement */
  ended(rows: readonly (readonly Row[])[]): Ended;
}

/** Ends tokens at once, on all nodes. Each method checks, and says what to do; it changes nothing. */
export interface Endings {
  /**
   * An access or refresh token, by its value: a JWT ends alone, a refresh token with its grant (RFC 7009 §2.1).
   * @throws AppError 400 `invalid_input` for a JWT that is no access token of this issuer, 404 for an unknown opaque token
   */
  token(token: string): Promise<PlannedEnd>;
  /** A JWT access token. @throws AppError 400 `invalid_input` */
  jti(jti: string): Promise<PlannedEnd>;
  /** All that was issued under one grant. @throws AppError 404 `not_found` */
  grant(id: string): Promise<PlannedEnd>;
  /** A session, with the tokens of its apps. @throws AppError 404 `not_found` */
  session(uid: string): Promise<PlannedEnd>;
  /** All sessions and tokens of a person. @param ref id, e-mail address or username @throws AppError 404 `not_found` */
  user(ref: string): Promise<PlannedEnd>;
  /** All tokens that were issued to a client. @throws AppError 404 `not_found` */
  client(clientId: string): Promise<PlannedEnd>;
}

const JTI_MAX = 256;

/**
 * @param parts `signedUntil`: when the last JWT that was signed so far has expired; `onSessionsEnded`: what follows for an
 *   account whose sessions end; `accountIdOf` and `assertClient` throw when there is none
 */
export function createEndings(parts: {
  readonly db: Pick<Db, 'query'>;
  readonly overview: Pick<Overview, 'ownerOf' | 'countSessions' | 'endSession' | 'endSessions'>;
  /** The issuer's identifier. */
  readonly issuer: string;
  readonly now: Clock;
  signedUntil(): Promise<Date>;
  onSessionsEnded(accountId: string): Promise<readonly BoundStatement[]>;
  accountIdOf(ref: string): Promise<string>;
  assertClient(id: string): Promise<void>;
}): Endings {
  const { db, overview, issuer, now, signedUntil, onSessionsEnded } = parts;

  async function jti(value: string): Promise<PlannedEnd> {
    if (!/^[\x21-\x7e]+$/.test(value) || value.length > JTI_MAX) {
      throw invalidInput('jti', `must be 1 to ${JTI_MAX} printable characters`);
    }
    const until = await signedUntil();
    return {
      target: { kind: 'token', id: value },
      statements: [endToken(value, until)],
      refuse: (error) => error,
      ended: () => ({ revoked: 'jti', jti: value, remembered_until: until }),
    };
  }

  return {
    jti,

    async token(token) {
      if (token.includes('.')) return jti(jtiOf(token, issuer));
      const idHash = hashToken(token);
      const [row] = await db.query(ENDED_STATEMENTS.findStoredToken.bind({ idHash }));
      if (!row) throw noSuchToken();
      const { model, grant_id: grantId, client_id: clientId } = row;
      return {
        target: grantId === null ? { kind: 'client', id: clientId ?? '' } : { kind: 'grant', id: grantId },
        statements: [ENDED_STATEMENTS.endStoredToken.bind({ idHash })],
        refuse: refusedBy({ require_rows: noSuchToken }),
        ended: () => ({ revoked: 'token', kind: model, grant: model === 'RefreshToken' ? grantId : null }),
      };
    },

    async grant(id) {
      const [row] = isStorable(id) ? await db.query(ENDED_STATEMENTS.findGrant.bind({ id })) : [];
      if (!row) throw notFound('grant', id);
      return {
        target: { kind: 'grant', id },
        statements: [ENDED_STATEMENTS.endGrant.bind({ id })],
        refuse: refusedBy({ require_rows: () => notFound('grant', id) }),
        ended: () => ({ revoked: 'grant', grant: id, user_id: row.account_id, client_id: row.client_id }),
      };
    },

    async session(uid) {
      const accountId = isStorable(uid) ? await overview.ownerOf(uid) : undefined;
      if (accountId === undefined) throw notFound('session', uid);
      return {
        target: { kind: 'session', id: uid },
        statements: [...overview.endSession(accountId, uid), ...(await onSessionsEnded(accountId))],
        // It may have ended since it was read.
        refuse: refusedBy({ require_rows: () => notFound('session', uid) }),
        ended: () => ({ revoked: 'session', session: uid, user_id: accountId }),
      };
    },

    async user(ref) {
      const accountId = await parts.accountIdOf(ref);
      const hasSessions = (await overview.countSessions(accountId)) > 0;
      return {
        target: { kind: 'user', id: accountId },
        statements: [...overview.endSessions(accountId), ...(hasSessions ? await onSessionsEnded(accountId) : [])],
        refuse: (error) => error,
        ended: () => ({ revoked: 'user', user_id: accountId }),
      };
    },

    async client(clientId) {
      await parts.assertClient(clientId);
      const until = await signedUntil();
      return {
        target: { kind: 'client', id: clientId },
        statements: endTokensOfClient(clientId, new Date(now()), until),
        refuse: (error) => error,
        ended: ([grants, tokens]) => ({
          revoked: 'client',
          client_id: clientId,
          grants_ended: grants?.length ?? 0,
          tokens_ended: tokens?.length ?? 0,
          remembered_until: until,
        }),
      };
    },
  };
}

const noSuchToken = () => new AppError('not_found', 'no such token: it has ended already, or was never issued here');

/** Postgres cannot store or compare any other text. */
const isStorable = (id: string) => id.isWellFormed() && !id.includes('\0');

/** The signature is not verified: an operator may end any token, also one whose key is gone. */
function jtiOf(token: string, issuer: string): string {
  const claims = (() => {
    try {
      return decodeJwt(token);
    } catch (cause) {
      throw new AppError('invalid_input', 'token: neither a JWT nor an opaque token', { cause, field: 'token' });
    }
  })();
  if (claims.iss !== issuer) throw invalidInput('token', `was not issued by ${issuer}`);
  if (typeof claims.jti !== 'string') throw invalidInput('token', 'has no "jti"; only access tokens are revoked');
  return claims.jti;
}
