import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { WaitingRequests as WaitingRequestsTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { type PageWanted, WHOLE } from '../platform/pages.ts';
import { hashToken, type Place, type Sealer } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';

/** A request of an app that waits for a person to decide. Its content is a record, found by the `auth_req_id`. */
export interface WaitingRequest {
  /** Names the request in the person's form. */
  readonly id: string;
  readonly authReqId: string;
  readonly clientId: string;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
}

/** The requests that wait for each person (OpenID Connect Client-Initiated Backchannel Authentication Core 1.0). */
export interface WaitingRequests {
  /** For the transaction that saves the request. @param lifetime seconds */
  register(request: { authReqId: string; accountId: string; clientId: string; lifetime: number }): BoundStatement;
  /** Those of one person, the oldest first. */
  of(accountId: string, page?: PageWanted): Promise<WaitingRequest[]>;
  /**
   * For the transaction in which the person decides. Of transactions that do so at once, on any node, one finds the
   * request waiting; `require_single_use` refuses the others.
   */
  claim(id: string): BoundStatement;
}

export const WAITING_REQUEST_STATEMENTS = {
  register: statement('waiting_requests.register', ($: Selectable<WaitingRequestsTable>) =>
    tables.insertInto('waiting_requests').values({
      id: $.id,
      id_hash: $.id_hash,
      account_id: $.account_id,
      client_id: $.client_id,
      sealed: $.sealed,
      asked_at: $.asked_at,
      expires_at: $.expires_at,
    }),
  ),
  // Joined to its record, which ends with the account's sessions or with the app's access: the request then ends as well.
  of: statement(
    'waiting_requests.of',
    ($: { accountId: string; now: Date; afterTime: Date | null; afterId: string | null; limit: number }) => sql<
      Omit<Selectable<WaitingRequestsTable>, 'id_hash' | 'account_id'>
    >`
      SELECT w.id, w.client_id, w.sealed, w.asked_at, w.expires_at
        FROM waiting_requests w JOIN records r ON r.id_hash = w.id_hash
       WHERE w.account_id = ${$.accountId} AND w.expires_at > ${$.now}
         AND (${$.afterTime}::timestamptz IS NULL OR (w.asked_at, w.id::text) > (${$.afterTime}, ${$.afterId}::text))
       ORDER BY w.asked_at, w.id::text LIMIT ${$.limit}`,
  ),
  claim: statement(
    'waiting_requests.claim',
    ($: { id: string; now: Date }) => sql`
      WITH claimed AS (DELETE FROM waiting_requests WHERE id = ${$.id} AND expires_at > ${$.now} RETURNING 1)
      SELECT require_single_use(1, (SELECT count(*) FROM claimed))`,
  ),
};

export function createWaitingRequests({ db, sealer, now }: { db: Db; sealer: Sealer; now: Clock }): WaitingRequests {
  return {
    register({ authReqId, accountId, clientId, lifetime }) {
      const id = randomUUID();
      return WAITING_REQUEST_STATEMENTS.register.bind({
        id,
        id_hash: hashToken(authReqId),
        account_id: accountId,
        client_id: clientId,
        sealed: sealer.seal(waitingRequestPlace(id), Buffer.from(authReqId)),
        asked_at: new Date(now()),
        expires_at: new Date(now() + lifetime * 1_000),
      });
    },

    async of(accountId, { limit, after } = WHOLE) {
      const page = { limit, afterTime: after?.at ?? null, afterId: after?.id ?? null };
      const bound = WAITING_REQUEST_STATEMENTS.of.bind({ accountId, now: new Date(now()), ...page });
      return (await db.query(bound)).map((row) => ({
        id: row.id,
        authReqId: sealer.open(waitingRequestPlace(row.id), row.sealed).toString(),
        clientId: row.client_id,
        requestedAt: row.asked_at,
        expiresAt: row.expires_at,
      }));
    },

    claim: (id) => WAITING_REQUEST_STATEMENTS.claim.bind({ id, now: new Date(now()) }),
  };
}

const waitingRequestPlace = (id: string): Place => ({ table: 'waiting_requests', column: 'sealed', row: id });
