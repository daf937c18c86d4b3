import { type Selectable, sql } from 'kysely';
import type { EndedTokens, Grants, Records } from '../platform/database.ts';
import type { BoundStatement } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';
import type { FoundTokenStatus } from './rows.ts';

/**
 * JWT access tokens (RFC 9068) are not stored: each names the grant that it depends on, and one statement reads whether
 * that is still in force. A token that was issued under a grant ends with it, or with the grant's epoch; tokens without a
 * grant, as a client's own are, are listed in `ended_tokens` when they are ended.
 */

/** The claims of a JWT access token that decide whether it is still in force. */
export interface StatelessToken {
  readonly jti: string;
  readonly clientId: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Undefined for a client's own token (RFC 6749 §4.4). */
  readonly grant?: { readonly id: string; readonly epoch: number } | undefined;
}

/** The account, session and client of a token that is still in force. */
export interface TokenStatus {
  /** Undefined for a client's own token. */
  readonly accountId: string | undefined;
  /** The session in which its grant was given, unless that has ended. */
  readonly sessionUid: string | undefined;
  /** When the client was last changed: one that was read before may be out of date. */
  readonly clientUpdatedAt: Date;
}

/** The key by which `find_token_status` reads. */
export function statelessTokenKey({ jti, clientId, grant }: StatelessToken): string {
  return JSON.stringify([jti, clientId, grant?.id ?? null]);
}

/** @returns undefined when the token has ended */
export function tokenStatus({ issuedAt, grant }: StatelessToken, row: FoundTokenStatus): TokenStatus | undefined {
  const { client_updated_at: clientUpdatedAt, ended_until: endedUntil } = row;
  if (clientUpdatedAt === null) return undefined;
  // A token says in seconds when it was issued: one of the same second has ended.
  if (endedUntil !== null && issuedAt * 1_000 <= endedUntil.getTime()) return undefined;
  if (grant && row.grant_epoch !== grant.epoch) return undefined;
  return { accountId: row.owner ?? undefined, sessionUid: row.session_uid ?? undefined, clientUpdatedAt };
}

export const ENDED_STATEMENTS = {
  end: statement(
    'ended.end',
    ($: Selectable<EndedTokens>) => sql`
      INSERT INTO ended_tokens AS e (what, issued_until, expires_at)
      VALUES (${$.what}, ${$.issued_until}, ${$.expires_at})
      ON CONFLICT (what) DO UPDATE SET issued_until = greatest(e.issued_until, excluded.issued_until),
                                       expires_at = greatest(e.expires_at, excluded.expires_at)`,
  ),
  endGrantsOfClient: statement(
    'ended.grants_of_client',
    ($: { clientId: string }) => sql<{ id: string }>`DELETE FROM grants WHERE client_id = ${$.clientId} RETURNING id`,
  ),
  /** Those without a grant; the others end with their grant. */
  endRecordsOfClient: statement(
    'ended.records_of_client',
    ($: { clientId: string }) =>
      sql`DELETE FROM records WHERE client_id = ${$.clientId} AND grant_id IS NULL RETURNING 1 AS ended`,
  ),
  endRecordsOfAccounts: statement(
    'ended.records_of_accounts',
    ($: { accountIds: readonly string[] }) =>
      sql`DELETE FROM records WHERE account_id = ANY(${$.accountIds}::uuid[]) RETURNING 1 AS ended`,
  ),
  findStoredToken: statement(
    'ended.find_stored_token',
    ($: { idHash: Buffer }) => sql<Pick<Selectable<Records>, 'model' | 'grant_id' | 'account_id' | 'client_id'>>`
      SELECT model, grant_id, account_id, client_id FROM records
       WHERE id_hash = ${$.idHash} AND model IN ('AccessToken', 'RefreshToken', 'ClientCredentials')`,
  ),
  endStoredToken: statement(
    'ended.stored_token',
    // RFC 7009 §2.1: a refresh token ends with everything that was issued by it.
    ($: { idHash: Buffer }) => sql`
      WITH ended AS (
        DELETE FROM records WHERE id_hash = ${$.idHash} RETURNING model, grant_id
      ), grants_ended AS (
        DELETE FROM grants WHERE id = (SELECT grant_id FROM ended WHERE model = 'RefreshToken') RETURNING id
      )
      SELECT require_rows((SELECT count(*) FROM ended)), (SELECT count(*) FROM grants_ended)`,
  ),
  findGrant: statement(
    'ended.find_grant',
    ($: { id: string }) => sql<Pick<Selectable<Grants>, 'account_id' | 'client_id'>>`
      SELECT account_id, client_id FROM grants WHERE id = ${$.id}`,
  ),
  endGrant: statement(
    'ended.grant',
    ($: { id: string }) => sql`
      WITH ended AS (DELETE FROM grants WHERE id = ${$.id} RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM ended))`,
  ),
};

/** A node whose clock is behind still accepts a token that has expired elsewhere; the entry stays for that long. */
const CLOCK_MARGIN_MS = 60_000;

const end = (what: string, issuedUntil: Date, expiresAt: Date): BoundStatement =>
  ENDED_STATEMENTS.end.bind({
    what,
    issued_until: issuedUntil,
    expires_at: new Date(expiresAt.getTime() + CLOCK_MARGIN_MS),
  });

/** Ends one JWT. @param expiresAt not before the token does */
export function endToken(jti: string, expiresAt: Date): BoundStatement {
  return end(`jti ${jti}`, expiresAt, expiresAt);
}

/** Ends a client's own JWTs, issued up to now. @param expiresAt when the last of them will have expired */
export function endStatelessTokensOfClient(clientId: string, now: Date, expiresAt: Date): BoundStatement {
  return end(`client ${clientId}`, now, expiresAt);
}

/** Ends the stored tokens that a client got for itself. */
export function endRecordsOfClient(clientId: string): BoundStatement {
  return ENDED_STATEMENTS.endRecordsOfClient.bind({ clientId });
}

/** Removes what is stored of accounts that do not exist any more. */
export function endRecordsOfAccounts(accountIds: readonly string[]): BoundStatement {
  return ENDED_STATEMENTS.endRecordsOfAccounts.bind({ accountIds });
}

/** Ends all tokens that were issued to a client, its own and those of accounts. */
export function endTokensOfClient(clientId: string, now: Date, expiresAt: Date): BoundStatement[] {
  return [
    ENDED_STATEMENTS.endGrantsOfClient.bind({ clientId }),
    endRecordsOfClient(clientId),
    endStatelessTokensOfClient(clientId, now, expiresAt),
  ];
}
