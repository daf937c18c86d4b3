import { randomUUID } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { type PageWanted, WHOLE } from '../platform/pages.ts';
import { hashToken, type Place, type Sealer } from '../platform/sealing.ts';

/** A request of an app that waits for a person to decide. What is asked for is a record, found by its `auth_req_id`. */
export interface WaitingRequest {
  /** What the person's form calls it. */
  readonly id: string;
  readonly authReqId: string;
  readonly clientId: string;
  readonly askedAt: Date;
  readonly expiresAt: Date;
}

/** Which requests wait for whom (OpenID Connect Client-Initiated Backchannel Authentication Core 1.0). */
export interface WaitingRequests {
  /** For the transaction that saves the request. @param lifetime seconds */
  register(request: { authReqId: string; accountId: string; clientId: string; lifetime: number }): BoundStatement;
  /** Those of one person, the oldest first. */
  of(accountId: string, page?: PageWanted): Promise<WaitingRequest[]>;
  /**
   * For the transaction in which the person decides. Of all who do so at once, on whatever node, one finds it waiting;
   * `require_single_use` refuses the others.
   */
  claim(id: string): BoundStatement;
}

export const WAITING_REQUEST_STATEMENTS = {
  register: {
    name: 'waiting_requests.register',
    text: `INSERT INTO waiting_requests (id, id_hash, account_id, client_id, sealed, asked_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  },
  // What has ended with the account's sessions, or with the app's access, waits no longer.
  of: {
    name: 'waiting_requests.of',
    text: `SELECT w.id, w.client_id, w.sealed, w.asked_at, w.expires_at
             FROM waiting_requests w JOIN records r ON r.id_hash = w.id_hash
            WHERE w.account_id = $1 AND w.expires_at > $2
              AND ($4::timestamptz IS NULL OR (w.asked_at, w.id::text) > ($4, $5::text))
            ORDER BY w.asked_at, w.id::text LIMIT $3`,
  },
  claim: {
    name: 'waiting_requests.claim',
    text: `WITH claimed AS (DELETE FROM waiting_requests WHERE id = $1 AND expires_at > $2 RETURNING 1)
           SELECT require_single_use(1, (SELECT count(*) FROM claimed))`,
  },
};

interface Row {
  readonly id: string;
  readonly client_id: string;
  readonly sealed: Buffer;
  readonly asked_at: Date;
  readonly expires_at: Date;
}

export function createWaitingRequests({ db, sealer, now }: { db: Db; sealer: Sealer; now: Clock }): WaitingRequests {
  return {
    register({ authReqId, accountId, clientId, lifetime }) {
      const id = randomUUID();
      const sealed = sealer.seal(waitingRequestPlace(id), Buffer.from(authReqId));
      const [askedAt, expiresAt] = [new Date(now()), new Date(now() + lifetime * 1_000)];
      const values = [id, hashToken(authReqId), accountId, clientId, sealed, askedAt, expiresAt];
      return { statement: WAITING_REQUEST_STATEMENTS.register, values };
    },

    async of(accountId, { limit, after } = WHOLE) {
      const values = [accountId, new Date(now()), limit, after?.at ?? null, after?.id ?? null];
      const rows = await db.run<Row>(WAITING_REQUEST_STATEMENTS.of, values);
      return rows.map((row) => ({
        id: row.id,
        authReqId: sealer.open(waitingRequestPlace(row.id), row.sealed).toString(),
        clientId: row.client_id,
        askedAt: row.asked_at,
        expiresAt: row.expires_at,
      }));
    },

    claim: (id) => ({ statement: WAITING_REQUEST_STATEMENTS.claim, values: [id, new Date(now())] }),
  };
}

const waitingRequestPlace = (id: string): Place => ({ table: 'waiting_requests', column: 'sealed', row: id });
