import { type Selectable, sql } from 'kysely';
import type * as Tables from '../platform/database.ts';
import { type Held, type HeldOf, held } from '../platform/held.ts';
import { openJson } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import { grantPlace, sessionPlace } from './changes.ts';
import { allowedBy, dateOf, type Sealed } from './overview.ts';

/* The data about a person that this folder stores. `PERSONAL` in tables.ts names the same places. */

interface SignedInTo {
  readonly client_id: string;
  readonly sid: string | null;
  readonly grant_id: string | null;
}

export const HELD_STATEMENTS = {
  sessions: statement(
    'held.sessions',
    ($: HeldOf) => sql<
      Pick<Selectable<Tables.Sessions>, 'uid' | 'sealed' | 'created_at' | 'expires_at'> & { apps: SignedInTo[] }
    >`
      SELECT s.uid, s.sealed, s.created_at, s.expires_at, COALESCE((
               SELECT jsonb_agg(jsonb_build_object('client_id', c.client_id, 'sid', c.sid, 'grant_id', c.grant_id) ORDER BY c.client_id)
                 FROM session_authorizations c WHERE c.session_uid = s.uid), '[]') AS apps
        FROM sessions s WHERE s.account_id = ${$.accountId}::uuid ORDER BY s.expires_at DESC LIMIT ${$.limit}`,
  ),
  grants: statement(
    'held.grants',
    ($: HeldOf) => sql<
      Pick<Selectable<Tables.Grants>, 'id' | 'client_id' | 'sealed' | 'created_at' | 'expires_at'> & {
        texts: { kind: string; version: string }[];
      }
    >`
      SELECT g.id, g.client_id, g.sealed, g.created_at, g.expires_at, ARRAY(
               SELECT DISTINCT ON (t.kind) jsonb_build_object('kind', t.kind, 'version', t.version)
                 FROM accepted_texts t
                WHERE t.account_id = g.account_id AND date_trunc('second', t.accepted_at) <= g.created_at
                  AND (t.withdrawn_at IS NULL OR date_trunc('second', t.withdrawn_at) > date_trunc('second', g.created_at))
                ORDER BY t.kind, t.accepted_at DESC) AS texts
        FROM grants g
       WHERE g.account_id = ${$.accountId}::uuid ORDER BY g.created_at DESC LIMIT ${$.limit}`,
  ),
  tokens: statement(
    'held.records',
    ($: HeldOf) => sql<Omit<Selectable<Tables.Records>, 'id_hash' | 'account_id' | 'sealed' | 'origin'>>`
      SELECT model, grant_id, client_id, session_uid, consumed_at, expires_at FROM records
       WHERE account_id = ${$.accountId}::uuid ORDER BY expires_at DESC LIMIT ${$.limit}`,
  ),
  waitingRequests: statement(
    'held.waiting_requests',
    ($: HeldOf) => sql<Pick<Selectable<Tables.WaitingRequests>, 'id' | 'client_id' | 'asked_at' | 'expires_at'>>`
      SELECT id, client_id, asked_at, expires_at FROM waiting_requests
       WHERE account_id = ${$.accountId}::uuid ORDER BY asked_at DESC LIMIT ${$.limit}`,
  ),
  deliveries: statement(
    'held.deliveries',
    ($: HeldOf) => sql<
      Pick<Selectable<Tables.Deliveries>, 'id' | 'kind' | 'client_id' | 'sid' | 'next_attempt_at' | 'expires_at'>
    >`
      SELECT id, kind, client_id, sid, next_attempt_at, expires_at FROM deliveries
       WHERE account_id = ${$.accountId}::uuid ORDER BY next_attempt_at LIMIT ${$.limit}`,
  ),
};

interface SealedGrant extends Sealed {
  readonly openid?: { readonly scope?: string; readonly claims?: readonly string[] };
  readonly rar?: readonly unknown[];
}

export const HELD_BY_RECORDS: readonly Held[] = [
  held('sessions', HELD_STATEMENTS.sessions, ({ uid, sealed, created_at, expires_at, apps }, { master }) => {
    const { loginTs, amr = [], acr = null } = openJson(master, sessionPlace(uid), sealed) as Sealed & { acr?: string };
    return { uid, authenticated_at: dateOf(loginTs) ?? null, amr, acr, created_at, expires_at, apps };
  }),
  held('grants', HELD_STATEMENTS.grants, ({ id, client_id, sealed, texts, created_at, expires_at }, { master }) => {
    const payload = openJson(master, grantPlace(id), sealed) as SealedGrant;
    return {
      id,
      client_id,
      ...allowedBy([payload]),
      claims: payload.openid?.claims ?? [],
      authorization_details: payload.rar ?? [],
      texts,
      created_at,
      expires_at,
    };
  }),
  held('tokens', HELD_STATEMENTS.tokens, ({ model, consumed_at, ...row }) => ({
    kind: model,
    ...row,
    used_at: consumed_at,
  })),
  held('waiting_requests', HELD_STATEMENTS.waitingRequests, (row) => row),
  held('messages_to_apps', HELD_STATEMENTS.deliveries, (row) => row),
];
