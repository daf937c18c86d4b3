import type { BoundStatement, Db, Row } from '../platform/db.ts';
import { hashToken } from '../platform/sealing.ts';

/**
 * JWT access tokens (RFC 9068) are not stored: each tells what it hangs on, and whether that still stands is read with
 * one statement. A token that was issued under a grant goes with it, or with the grant's epoch; what hangs on no row,
 * as a client's own tokens do, is on a list of what was ended.
 */

/** What a JWT access token that we have signed says of itself. */
export interface StatelessToken {
  readonly jti: string;
  readonly clientId: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Undefined for a client's own token (RFC 6749 §4.4). */
  readonly grant?: { readonly id: string; readonly epoch: number } | undefined;
}

/** Whose it is, when nothing has ended it. */
export interface TokenStatus {
  /** Undefined for a client's own token. */
  readonly accountId: string | undefined;
  /** The session that its grant was given in, while that goes on. */
  readonly sessionUid: string | undefined;
}

/** The key by which `find_unstored` reads. */
export function statelessTokenKey({ jti, clientId, grant }: StatelessToken): string {
  return JSON.stringify([jti, clientId, grant?.id ?? null]);
}

/** @param row of `find_unstored` */
export function tokenStatus({ issuedAt, grant }: StatelessToken, row: Row): TokenStatus | undefined {
  const endedUntil = row.ended_until as Date | null;
  if (row.client_exists !== true) return undefined;
  // A second is as exactly as a token knows when it was issued: in doubt it is ended.
  if (endedUntil !== null && issuedAt * 1_000 <= endedUntil.getTime()) return undefined;
  if (grant && row.grant_epoch !== grant.epoch) return undefined;
  return {
    accountId: (row.owner as string | null) ?? undefined,
    sessionUid: (row.session_uid as string | null) ?? undefined,
  };
}

export const ENDED_STATEMENTS = {
  end: {
    name: 'ended.end',
    text: `INSERT INTO ended_tokens AS e (what, issued_until, expires_at) VALUES ($1, $2, $3)
           ON CONFLICT (what) DO UPDATE SET issued_until = greatest(e.issued_until, excluded.issued_until),
                                            expires_at = greatest(e.expires_at, excluded.expires_at)`,
  },
  endGrantsOfClient: { name: 'ended.grants_of_client', text: 'DELETE FROM grants WHERE client_id = $1 RETURNING id' },
  /** Those without a grant; the others have gone with theirs. */
  endRecordsOfClient: {
    name: 'ended.records_of_client',
    text: 'DELETE FROM records WHERE client_id = $1 AND grant_id IS NULL RETURNING 1 AS gone',
  },
  endStoredToken: {
    name: 'ended.stored_token',
    // RFC 7009 §2.1: with a refresh token goes all that came of it.
    text: `WITH ended AS (
             DELETE FROM records WHERE id_hash = $1 AND model IN ('AccessToken', 'RefreshToken', 'ClientCredentials')
             RETURNING model, grant_id
           ), grants_ended AS (
             DELETE FROM grants WHERE id = (SELECT grant_id FROM ended WHERE model = 'RefreshToken') RETURNING id
           )
           SELECT model, (SELECT id FROM grants_ended) AS grant_id FROM ended`,
  },
  endGrant: { name: 'ended.grant', text: 'DELETE FROM grants WHERE id = $1 RETURNING account_id, client_id' },
};

/** A node whose clock is behind goes on to take a token for valid; what ended it stays for that long. */
const CLOCK_MARGIN_MS = 60_000;

const end = (what: string, issuedUntil: Date, expiresAt: Date): BoundStatement => ({
  statement: ENDED_STATEMENTS.end,
  values: [what, issuedUntil, new Date(expiresAt.getTime() + CLOCK_MARGIN_MS)],
});

/** Ends one JWT. @param expiresAt not before the token does */
export function endToken(jti: string, expiresAt: Date): BoundStatement {
  return end(`jti ${jti}`, expiresAt, expiresAt);
}

/** Ends a client's own JWTs, issued up to now. @param expiresAt when the last of them will have expired */
export function endStatelessTokensOfClient(clientId: string, now: Date, expiresAt: Date): BoundStatement {
  return end(`client ${clientId}`, now, expiresAt);
}

/** Ends all that was issued to a client, its own tokens and people's. */
export function endTokensOfClient(clientId: string, now: Date, expiresAt: Date): BoundStatement[] {
  return [
    { statement: ENDED_STATEMENTS.endGrantsOfClient, values: [clientId] },
    { statement: ENDED_STATEMENTS.endRecordsOfClient, values: [clientId] },
    endStatelessTokensOfClient(clientId, now, expiresAt),
  ];
}

/**
 * Ends an opaque token, and with a refresh token the grant that it belongs to.
 * @returns undefined when there is no such token
 */
export async function endStoredToken(
  db: Db,
  token: string,
): Promise<{ readonly model: string; readonly grantId: string | null } | undefined> {
  const [row] = await db.run<{ model: string; grant_id: string | null }>(ENDED_STATEMENTS.endStoredToken, [
    hashToken(token),
  ]);
  return row && { model: row.model, grantId: row.grant_id };
}

/** Ends all that was issued under one grant. @returns undefined when there is no such grant */
export async function endGrant(
  db: Db,
  id: string,
): Promise<{ readonly accountId: string; readonly clientId: string } | undefined> {
  const [row] = await db.run<{ account_id: string; client_id: string }>(ENDED_STATEMENTS.endGrant, [id]);
  return row && { accountId: row.account_id, clientId: row.client_id };
}
