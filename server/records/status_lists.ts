import { randomBytes, randomInt } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { StatusListPlaces } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { statement, tables } from '../platform/statement.ts';
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
 * The place of each token in a list. It costs a row a token: tokens end with whole grants, sessions, accounts and clients,
 * and only the rows tell which places those are.
 */
export interface StatusLists {
  /** @returns a place that no other token has, and the statement that stores it, for the transaction that issues the token */
  assign(token: Listed): { place: StatusPlace; bound: BoundStatement };
  /** The places of tokens that were ended before they expired. @returns undefined for a list without unexpired tokens */
  ended(listId: string): Promise<readonly number[] | undefined>;
}

/** Places in a list. A new list begins when half of them are taken, so that finding a free one at random stays quick. */
export const LIST_SIZE = 65_536;
const LIST_ID = /^[\w-]{22}$/;

export const STATUS_LIST_STATEMENTS = {
  assign: statement('status_lists.assign', ($: Selectable<StatusListPlaces>) =>
    tables.insertInto('status_list_places').values({
      jti: $.jti,
      list_id: $.list_id,
      idx: $.idx,
      client_id: $.client_id,
      grant_id: $.grant_id,
      grant_epoch: $.grant_epoch,
      ends_with_session: $.ends_with_session,
      issued_at: $.issued_at,
      expires_at: $.expires_at,
    }),
  ),
  /** The same conditions as those of introspection (`find_token_status`), for all tokens of a list at once. */
  ended: statement(
    'status_lists.ended',
    ($: { listId: string; now: Date }) => sql<{ tokens: number; ended: number[] | null }>`
      SELECT count(*)::integer AS tokens,
             array_agg(t.idx ORDER BY t.idx) FILTER (WHERE c.id IS NULL
               OR EXISTS (SELECT 1 FROM ended_tokens e
                           WHERE e.what = ANY(ARRAY['jti ' || t.jti, 'client ' || t.client_id])
                             AND t.issued_at <= e.issued_until)
               OR (t.grant_id IS NOT NULL
                   AND (g.epoch IS DISTINCT FROM t.grant_epoch OR g.expires_at <= ${$.now} OR NOT is_usable(a)))
               OR (t.ends_with_session AND NOT EXISTS (
                     SELECT 1 FROM session_authorizations o JOIN sessions s ON s.uid = o.session_uid
                      WHERE o.grant_id = t.grant_id AND s.expires_at > ${$.now}))) AS ended
        FROM status_list_places t
        LEFT JOIN clients c ON c.id = t.client_id
        LEFT JOIN grants g ON g.id = t.grant_id
        LEFT JOIN accounts a ON a.id = g.account_id
       WHERE t.list_id = ${$.listId} AND t.expires_at > ${$.now}`,
  ),
};

export function createStatusLists({ db, now }: { db: Db; now: Clock }): StatusLists {
  const next = createPlaces();
  return {
    assign({ jti, clientId, grant, issuedAt, expiresAt, endsWithSession }) {
      const place = next();
      const bound = STATUS_LIST_STATEMENTS.assign.bind({
        jti,
        list_id: place.listId,
        idx: place.idx,
        client_id: clientId,
        grant_id: grant?.id ?? null,
        grant_epoch: grant?.epoch ?? null,
        ends_with_session: endsWithSession,
        issued_at: new Date(issuedAt * 1_000),
        expires_at: new Date(expiresAt * 1_000),
      });
      return { place, bound };
    },

    async ended(listId) {
      if (!LIST_ID.test(listId)) return undefined;
      const [row] = await db.query(STATUS_LIST_STATEMENTS.ended.bind({ listId, now: new Date(now()) }));
      return row && row.tokens > 0 ? (row.ended ?? []) : undefined;
    },
  };
}

/**
 * Each node fills lists of its own, so that nodes need not agree. Places are random, so that they tell nothing about when
 * a token was issued (§12.5).
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
