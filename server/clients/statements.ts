import { type Selectable, sql } from 'kysely';
import type { Clients as ClientsTable } from '../platform/database.ts';
import { statement, wasCreatedAt } from '../platform/statement.ts';
import type { ManagedBy } from '../platform/types.ts';
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
  | 'version'
  | 'previous_secret_hash'
  | 'previous_secret_until'
> & {
  readonly kind: ClientKind;
  readonly managed_by: ManagedBy;
  readonly metadata: ClientMetadata;
  readonly claim_mapping: ClaimRule[];
  readonly token_exchange: ExchangePolicy | null;
  readonly policy_scopes: string[] | null;
};

/** The columns of a client; `clientOf` reads them. */
export const CLIENT_COLUMNS = `
  id, name, secret_hash, first_party, demo, metadata, created_at, updated_at, second_factor_required, builtin, kind,
  open_scope, fresh_until, claim_mapping, token_exchange, introspects_all, opened_scopes, version, managed_by,
  previous_secret_hash, previous_secret_until, policy->'scopes' AS policy_scopes`;

export const COLUMNS = sql.raw(CLIENT_COLUMNS);

/** A value of the type `jsonb`, as text. */
export type JsonText = string;

/** The columns of `clients` as parameters. */
export type ClientColumns = Omit<
  Selectable<ClientsTable>,
  'metadata' | 'policy' | 'claim_mapping' | 'token_exchange'
> & {
  readonly metadata: JsonText;
  readonly policy: JsonText;
  readonly claim_mapping: JsonText;
  readonly token_exchange: JsonText | null;
};

/** The columns that operators set. */
type SetByOperators = Pick<
  ClientColumns,
  | 'id'
  | 'name'
  | 'secret_hash'
  | 'first_party'
  | 'metadata'
  | 'second_factor_required'
  | 'claim_mapping'
  | 'token_exchange'
  | 'introspects_all'
  | 'managed_by'
>;

/** Rows that one statement changes. */
export const BATCH = 1_000;

export const CLIENT_STATEMENTS = {
  insert: statement(
    'clients.insert',
    ($: SetByOperators & Pick<ClientColumns, 'demo' | 'created_at'>) => sql<ClientRow>`
      INSERT INTO clients (id, name, secret_hash, first_party, demo, metadata, second_factor_required, claim_mapping,
                           token_exchange, introspects_all, managed_by, created_at, updated_at)
      VALUES (${$.id}, ${$.name}, ${$.secret_hash}, ${$.first_party}, ${$.demo}, ${$.metadata},
              ${$.second_factor_required}, ${$.claim_mapping}, ${$.token_exchange}, ${$.introspects_all},
              ${$.managed_by}, ${$.created_at}, ${$.created_at})
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
  demos: statement(
    'clients.demos',
    () => sql<{ id: string }>`SELECT id FROM clients WHERE demo ORDER BY created_at, id`,
  ),
  /**
   * Refuses the transaction unless the client is as it was read, and keeps others from changing it: of changes at the same
   * time one happens.
   */
  requireVersion: statement(
    'clients.require_version',
    ($: { id: string; version: number; createdAt: Date }) => sql`
      SELECT require_as_read((SELECT count(*) FROM (
        SELECT 1 FROM clients WHERE id = ${$.id} AND version = ${$.version} AND ${wasCreatedAt($.createdAt)}
           FOR UPDATE) AS unchanged))`,
  ),
  update: statement(
    'clients.update',
    (
      $: SetByOperators &
        Pick<
          ClientColumns,
          'open_scope' | 'opened_scopes' | 'updated_at' | 'previous_secret_hash' | 'previous_secret_until'
        >,
    ) => sql<ClientRow>`
      UPDATE clients SET name = ${$.name}, secret_hash = ${$.secret_hash}, first_party = ${$.first_party},
             metadata = ${$.metadata}, second_factor_required = ${$.second_factor_required},
             open_scope = ${$.open_scope}, claim_mapping = ${$.claim_mapping}, token_exchange = ${$.token_exchange},
             introspects_all = ${$.introspects_all}, opened_scopes = ${$.opened_scopes}, managed_by = ${$.managed_by},
             previous_secret_hash = ${$.previous_secret_hash}, previous_secret_until = ${$.previous_secret_until},
             updated_at = ${$.updated_at}
       WHERE id = ${$.id} AND NOT builtin RETURNING ${COLUMNS}`,
  ),
  // In batches, and SKIP LOCKED: nodes that do it at the same time share the rows.
  forgetPassedSecrets: statement(
    'clients.forget_passed_secrets',
    ($: { now: Date }) => sql`
      WITH passed AS MATERIALIZED (
        SELECT id FROM clients WHERE previous_secret_until <= ${$.now}
         ORDER BY previous_secret_until LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
      ), forgotten AS (
        UPDATE clients SET previous_secret_hash = NULL, previous_secret_until = NULL
         WHERE id IN (SELECT id FROM passed) RETURNING id
      )
      SELECT pg_notify(${CLIENTS_CHANNEL}, id) FROM forgotten`,
  ),
  existing: statement(
    'clients.existing',
    ($: { ids: readonly string[] }) => sql<{ id: string }>`SELECT id FROM clients WHERE id = ANY(${$.ids}::text[])`,
  ),
  /** The scopes among the given ones that a resource server has. */
  scopesOfServers: statement(
    'clients.scopes_of_servers',
    ($: { scopes: readonly string[] }) => sql<{ scope: string }>`
      SELECT DISTINCT scope FROM resource_servers, unnest(scopes) AS scope WHERE scope = ANY(${$.scopes}::text[])`,
  ),
  touchServersOf: statement(
    'clients.touch_servers',
    ($: { id: string; now: Date }) => sql`
      UPDATE resource_servers SET updated_at = greatest(${$.now}, updated_at + interval '1 millisecond')
       WHERE identifier = ANY(ARRAY(SELECT resource_server FROM resource_server_clients WHERE client_id = ${$.id}))`,
  ),
  remove: statement(
    'clients.remove',
    ($: { id: string }) => sql`DELETE FROM clients WHERE id = ${$.id} AND NOT builtin RETURNING id`,
  ),
  notify: statement('clients.notify', ($: { id: string }) => sql`SELECT pg_notify(${CLIENTS_CHANNEL}, ${$.id})`),
};

/** The names of clients, by their ids. */
export const CLIENT_NAMES = statement(
  'clients.names',
  ($: { ids: readonly string[] }) => sql<Pick<Selectable<ClientsTable>, 'id' | 'name'>>`
    SELECT id, name FROM clients WHERE id = ANY(${$.ids}::text[])`,
);
