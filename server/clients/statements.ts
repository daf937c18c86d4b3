import { type Selectable, sql } from 'kysely';
import type { Clients as ClientsTable } from '../platform/database.ts';
import { statement } from '../platform/statement.ts';
import type { ClaimRule } from './claim_mapping.ts';
import type { ClientMetadata } from './metadata.ts';
import type { ExchangePolicy } from './token_exchange.ts';

export type ClientKind = 'operator' | 'dynamic' | 'document';

/** Receives the id of each changed client: caches drop it. */
export const CLIENTS_CHANNEL = 'cardea_clients';

export type ClientRow = Pick<
  Selectable<ClientsTable>,
  | 'id'
  | 'name'
  | 'secret_hash'
  | 'first_party'
  | 'demo'
  | 'created_at'
  | 'updated_at'
  | 'second_factor_required'
  | 'builtin'
  | 'open_scope'
  | 'fresh_until'
  | 'introspects_all'
  | 'opened_scopes'
> & {
  readonly kind: ClientKind;
  readonly metadata: ClientMetadata;
  readonly claim_mapping: ClaimRule[];
  readonly token_exchange: ExchangePolicy | null;
  readonly policy_scopes: string[] | null;
};

/** The columns of a client; `clientOf` reads them. */
export const COLUMNS = sql`
  id, name, secret_hash, first_party, demo, metadata, created_at, updated_at, second_factor_required, builtin, kind,
  open_scope, fresh_until, claim_mapping, token_exchange, introspects_all, opened_scopes,
  policy->'scopes' AS policy_scopes`;

/** A value of the type `jsonb`, as text. */
export type JsonText = string;

/** The columns of `clients` as parameters. */
export type ClientColumns = Omit<Selectable<ClientsTable>, 'metadata' | 'policy'> & {
  readonly metadata: JsonText;
  readonly policy: JsonText;
};

export const CLIENT_STATEMENTS = {
  insert: statement(
    'clients.insert',
    (
      $: Pick<
        ClientColumns,
        'id' | 'name' | 'secret_hash' | 'first_party' | 'demo' | 'metadata' | 'second_factor_required' | 'created_at'
      >,
    ) => sql<ClientRow>`
      INSERT INTO clients (id, name, secret_hash, first_party, demo, metadata, second_factor_required, created_at, updated_at)
      VALUES (${$.id}, ${$.name}, ${$.secret_hash}, ${$.first_party}, ${$.demo}, ${$.metadata},
              ${$.second_factor_required}, ${$.created_at}, ${$.created_at})
      RETURNING ${COLUMNS}`,
  ),
  ensureBuiltin: statement(
    'clients.ensure_builtin',
    ($: { id: string; name: string; metadata: JsonText; now: Date }) => sql`
      INSERT INTO clients AS c (id, name, first_party, builtin, metadata, created_at, updated_at)
      VALUES (${$.id}, ${$.name}, true, true, ${$.metadata}, ${$.now}, ${$.now})
      ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, metadata = excluded.metadata, updated_at = excluded.updated_at, builtin = true
       WHERE (c.name, c.metadata) IS DISTINCT FROM (excluded.name, excluded.metadata)`,
  ),
  find: statement(
    'clients.find',
    ($: { id: string }) => sql<ClientRow>`SELECT ${COLUMNS} FROM clients WHERE id = ${$.id}`,
  ),
  list: statement(
    'clients.list',
    () => sql<ClientRow>`SELECT ${COLUMNS} FROM clients WHERE NOT builtin ORDER BY created_at, id`,
  ),
  // Only over the row that was read: of two changes at the same time the second is refused instead of undoing the first.
  update: statement(
    'clients.update',
    (
      $: Pick<
        ClientColumns,
        | 'id'
        | 'name'
        | 'secret_hash'
        | 'first_party'
        | 'metadata'
        | 'second_factor_required'
        | 'open_scope'
        | 'updated_at'
      > & { before: Date },
    ) => sql<ClientRow>`
      UPDATE clients SET name = ${$.name}, secret_hash = ${$.secret_hash}, first_party = ${$.first_party},
             metadata = ${$.metadata}, updated_at = ${$.updated_at},
             second_factor_required = ${$.second_factor_required}, open_scope = ${$.open_scope}
       WHERE id = ${$.id} AND updated_at = ${$.before} AND NOT builtin RETURNING ${COLUMNS}`,
  ),
  /** Null leaves a policy as it is; `changesExchange` tells whether `exchange` replaces the one before, by null as well. */
  setPolicies: statement(
    'clients.set_policies',
    ($: {
      id: string;
      updatedAt: Date;
      claimMapping: JsonText | null;
      changesExchange: boolean;
      exchange: JsonText | null;
      introspectsAll: boolean | null;
      openedScopes: readonly string[] | null;
    }) => sql<ClientRow>`
      UPDATE clients SET claim_mapping = coalesce(${$.claimMapping}, claim_mapping),
             token_exchange = CASE WHEN ${$.changesExchange} THEN ${$.exchange} ELSE token_exchange END,
             introspects_all = coalesce(${$.introspectsAll}, introspects_all),
             opened_scopes = coalesce(${$.openedScopes}, opened_scopes)
       WHERE id = ${$.id} AND updated_at = ${$.updatedAt} AND NOT builtin RETURNING ${COLUMNS}`,
  ),
  rotateSecret: statement(
    'clients.rotate_secret',
    ($: { id: string; secretHash: Buffer; updatedAt: Date }) => sql`
      UPDATE clients SET secret_hash = ${$.secretHash}, updated_at = ${$.updatedAt}
       WHERE id = ${$.id} AND secret_hash IS NOT NULL AND NOT builtin RETURNING id`,
  ),
  remove: statement(
    'clients.remove',
    ($: { id: string }) => sql`DELETE FROM clients WHERE id = ${$.id} AND NOT builtin RETURNING id`,
  ),
  notify: statement('clients.notify', ($: { id: string }) => sql`SELECT pg_notify(${CLIENTS_CHANNEL}, ${$.id})`),
};
