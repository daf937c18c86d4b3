import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import type { StatelessToken } from './ended.ts';

/** Where the status of a token is found (draft-ietf-oauth-status-list §6.2). */
export interface StatusPlace {
  readonly listId: string;
  readonly idx: number;
}

/** A JWT access token that is about to be issued. */
export interface Listed extends StatelessToken {
  readonly endsWithSession: boolean;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Which token has which place in which list. It costs a row a token: what ends tokens ends whole grants, sessions,
 * accounts and clients, and only a row can tell which places those are.
 */
export interface StatusLists {
  /** @returns a place that no other token has, and the statement that keeps it, for the transaction that issues the token */
  assign(token: Listed): { place: StatusPlace; bound: BoundStatement };
  /** Places of tokens that have ended before their time. @returns undefined for a list that no living token is in */
  ended(listId: string): Promise<readonly number[] | undefined>;
}

/** Places in a list. A list is left when half of them are taken, so that finding a free one at random stays quick. */
export const LIST_SIZE = 65_536;
const LIST_ID = /^[\w-]{22}$/;

export const STATUS_LIST_STATEMENTS = {
  assign: {
    name: 'status_lists.assign',
    text: `INSERT INTO status_list_places (jti, list_id, idx, client_id, grant_id, grant_epoch, ends_with_session,
                                           issued_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
  },
  /** The same that introspection decides by (`find_unstored`), of all tokens of a list at once. */
  ended: {
    name: 'status_lists.ended',
    text: `
      SELECT count(*)::integer AS tokens,
             array_agg(t.idx ORDER BY t.idx) FILTER (WHERE c.id IS NULL
               OR EXISTS (SELECT 1 FROM ended_tokens e
                           WHERE e.what = ANY(ARRAY['jti ' || t.jti, 'client ' || t.client_id])
                             AND t.issued_at <= e.issued_until)
               OR (t.grant_id IS NOT NULL
                   AND (g.epoch IS DISTINCT FROM t.grant_epoch OR g.expires_at <= $2 OR a.disabled_at IS NOT NULL))
               OR (t.ends_with_session AND NOT EXISTS (
                     SELECT 1 FROM session_authorizations o JOIN sessions s ON s.uid = o.session_uid
                      WHERE o.grant_id = t.grant_id AND s.expires_at > $2))) AS ended
        FROM status_list_places t
        LEFT JOIN clients c ON c.id = t.client_id
        LEFT JOIN grants g ON g.id = t.grant_id
        LEFT JOIN accounts a ON a.id = g.account_id
       WHERE t.list_id = $1 AND t.expires_at > $2`,
  },
};

export function createStatusLists({ db, now }: { db: Db; now: Clock }): StatusLists {
  const next = createPlaces();
  return {
    assign({ jti, clientId, grant, issuedAt, expiresAt, endsWithSession }) {
      const place = next();
      const values = [
        jti,
        place.listId,
        place.idx,
        clientId,
        grant?.id ?? null,
        grant?.epoch ?? null,
        endsWithSession,
        new Date(issuedAt * 1_000),
        new Date(expiresAt * 1_000),
      ];
      return { place, bound: { statement: STATUS_LIST_STATEMENTS.assign, values } };
    },

    async ended(listId) {
      if (!LIST_ID.test(listId)) return undefined;
      const [row] = await db.run<{ tokens: number; ended: number[] | null }>(STATUS_LIST_STATEMENTS.ended, [
        listId,
        new Date(now()),
      ]);
      return row && row.tokens > 0 ? (row.ended ?? []) : undefined;
    },
  };
}

/**
 * Each node fills lists of its own, so nodes need not agree on anything. At random, so that a place does not tell when
 * its token was issued, nor next to which (§12.5).
 */
function createPlaces(): () => StatusPlace {
  const fresh = () => ({ id: randomBytes(16).toString('base64url'), taken: new Set<number>() });
  let list = fresh();
  return () => {
    if (list.taken.size >= LIST_SIZE / 2) list = fresh();
    let idx = randomInt(LIST_SIZE);
    while (list.taken.has(idx)) idx = randomInt(LIST_SIZE);
    list.taken.add(idx);
    return { listId: list.id, idx };
  };
}
