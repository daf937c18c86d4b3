import { isDeepStrictEqual } from 'node:util';
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { ResourceServers as ResourceServersTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { sqlState, UNIQUE_VIOLATION } from '../platform/db_errors.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { invalidItem } from '../platform/faults.ts';
import type { ListRequest, Page } from '../platform/listing.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import { statement, tables, wasCreatedAt } from '../platform/statement.ts';
import type { ManagedBy } from '../platform/types.ts';
import { RESOURCE_SERVER_LIST, type ResourceServerRow } from './listings.ts';
import { checkScope, oneOf } from './readers.ts';
import { checkResourceIdentifier } from './uris.ts';
import { TOKEN_TYPS, type TokenTyp } from './vocabulary.ts';

/** An API that gets JWT access tokens (RFC 9068) when a client names it as `resource` (RFC 8707). */
export interface ResourceServer {
  /** The resource indicator, and the tokens' `aud`. */
  readonly identifier: string;
  /** Raised by each change, also of its clients. */
  readonly version: number;
  readonly managedBy: ManagedBy;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Clients that the operator did not make may request access to it. */
  readonly open: boolean;
  /** Clients that it uses for introspection: they may introspect tokens for it, issued to any client (RFC 7662 §4). */
  readonly clients: readonly string[];
  /** The `typ` header of its tokens. */
  readonly tokenTyp: TokenTyp;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ResourceServerInput {
  readonly identifier: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Default: no. */
  readonly open?: boolean;
  /** Ids of confidential clients that the operator made. Default: none. */
  readonly clients?: readonly string[];
  /** One of `TOKEN_TYPS`. Default: `at+jwt`. */
  readonly tokenTyp?: string;
  readonly managedBy?: ManagedBy;
}

/** Members that are present replace the old values. */
export type ResourceServerChange = Partial<Omit<ResourceServerInput, 'identifier'>>;

export interface PlannedResourceServer extends PlannedChange {
  /** Undefined for a new one. */
  readonly before: ResourceServer | undefined;
  /** As it will be. */
  readonly server: ResourceServer;
}

/** Each change is a plan, for the caller's transaction. */
export interface ResourceServers {
  /** @throws AppError 400 `invalid_input` with the field; refuses with 409 `resource_server_exists` */
  creating(input: ResourceServerInput): Promise<PlannedResourceServer>;
  /** @throws AppError 400 `invalid_input` with the field, 404 `not_found`; refuses with 409 `conflict` after another change */
  updating(identifier: string, change: ResourceServerChange): Promise<PlannedResourceServer>;
  /** @throws AppError 404 `not_found`; refuses with 409 `conflict` after another change */
  removing(identifier: string): Promise<PlannedChange & { readonly before: ResourceServer }>;
  find(identifier: string): Promise<ResourceServer | undefined>;
  /** Oldest first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request?: ListRequest): Promise<Page<ResourceServer>>;
  /** Identifiers of resource servers that have all of these scopes, at most two. @param onlyOpen see `open` */
  withScopes(scopes: readonly string[], onlyOpen: boolean): Promise<string[]>;
}

/** Receives the identifier of each changed resource server. */
export const RESOURCE_SERVERS_CHANNEL = 'cardea_resource_servers';

type Columns = Selectable<ResourceServersTable>;

const withClients = tables
  .selectFrom('resource_servers')
  .select((row) => [
    'identifier',
    'name',
    'scopes',
    'open',
    'token_typ',
    'created_at',
    'updated_at',
    'version',
    'managed_by',
    sql<string[]>`ARRAY(${row
      .selectFrom('resource_server_clients as c')
      .select('c.client_id')
      .whereRef('c.resource_server', '=', 'identifier')
      .orderBy('c.client_id')})`.as('clients'),
  ]);

interface ClientsOf {
  readonly identifier: string;
  readonly clients: readonly string[];
}

export const RESOURCE_SERVER_STATEMENTS = {
  insert: statement('resource_servers.insert', ($: Omit<Columns, 'version'>) =>
    tables.insertInto('resource_servers').values({
      identifier: $.identifier,
      name: $.name,
      scopes: $.scopes,
      open: $.open,
      token_typ: $.token_typ,
      managed_by: $.managed_by,
      created_at: $.created_at,
      updated_at: $.updated_at,
    }),
  ),
  /** As `requireVersion` of clients (statements.ts). */
  requireVersion: statement(
    'resource_servers.require_version',
    ($: { identifier: string; version: number; createdAt: Date }) => sql`
      SELECT require_as_read((SELECT count(*) FROM (
        SELECT 1 FROM resource_servers WHERE identifier = ${$.identifier} AND version = ${$.version}
           AND ${wasCreatedAt($.createdAt)} FOR UPDATE) AS unchanged))`,
  ),
  // A change of the clients alone changes `updated_at` as well, and with it the version.
  update: statement('resource_servers.update', ($: Omit<Columns, 'created_at' | 'version'>) =>
    tables
      .updateTable('resource_servers')
      .set({
        name: $.name,
        scopes: $.scopes,
        open: $.open,
        token_typ: $.token_typ,
        managed_by: $.managed_by,
        updated_at: $.updated_at,
      })
      .where('identifier', '=', $.identifier),
  ),
  forgetClients: statement(
    'resource_servers.forget_clients',
    ($: ClientsOf) => sql`
      DELETE FROM resource_server_clients
       WHERE resource_server = ${$.identifier} AND client_id <> ALL(${$.clients}::text[])`,
  ),
  addClients: statement(
    'resource_servers.add_clients',
    ($: ClientsOf) => sql`
      INSERT INTO resource_server_clients (resource_server, client_id)
      SELECT ${$.identifier}, id FROM unnest(${$.clients}::text[]) AS id ON CONFLICT DO NOTHING`,
  ),
  // A public client does not authenticate (RFC 7662 §2.1), and a client that registered itself is not trusted.
  findClients: statement(
    'resource_servers.find_clients',
    ($: { ids: readonly string[] }) => sql<{ id: string }>`
      SELECT id FROM clients WHERE id = ANY(${$.ids}::text[]) AND kind = 'operator'
         AND metadata->>'token_endpoint_auth_method' <> 'none' ORDER BY id`,
  ),
  find: statement('resource_servers.find', ($: { identifier: string }) =>
    withClients.where('identifier', '=', $.identifier),
  ),
  withScopes: statement('resource_servers.with_scopes', ($: { scopes: readonly string[]; onlyOpen: boolean }) =>
    tables
      .selectFrom('resource_servers')
      .select('identifier')
      .where(sql<boolean>`scopes @> ${$.scopes}::text[] AND (open OR NOT ${$.onlyOpen}::boolean)`)
      .orderBy('identifier')
      .limit(2),
  ),
  remove: statement('resource_servers.remove', ($: { identifier: string }) =>
    tables.deleteFrom('resource_servers').where('identifier', '=', $.identifier).returning('identifier'),
  ),
  notify: statement(
    'resource_servers.notify',
    ($: { identifier: string }) => sql`SELECT pg_notify(${RESOURCE_SERVERS_CHANNEL}, ${$.identifier})`,
  ),
};

const readTokenTyp = oneOf(TOKEN_TYPS);

const NAME_MAX = 200;
const CLIENTS_MAX = 100;

/** What belongs to Cardea itself. */
export interface ReservedResource {
  /** Without a slash at the end. */
  readonly identifiers: readonly string[];
  /** The beginning of its scopes. */
  readonly scopePrefix: string;
}

export function createResourceServers({
  db,
  now,
  reserved,
}: {
  db: Db;
  now: Clock;
  reserved?: ReservedResource;
}): ResourceServers {
  function checkScopes(value: readonly string[]): string[] {
    const scopes = checkScope('scopes', value);
    const own = scopes.find((scope) => reserved && scope.startsWith(reserved.scopePrefix));
    if (own === undefined) return scopes;
    throw invalidItem(
      'scopes',
      value.indexOf(own),
      `${JSON.stringify(own)} is of the admin API: no other scope may begin with ${reserved?.scopePrefix}`,
    );
  }

  async function find(identifier: string): Promise<ResourceServer | undefined> {
    if (identifier.includes('\0')) return undefined; // Postgres cannot store such a text
    const [row] = await db.query(RESOURCE_SERVER_STATEMENTS.find.bind({ identifier }));
    return row && fromRow(row);
  }

  /** @returns them in the order in which they are read again */
  async function checkClients(ids: readonly string[]): Promise<string[]> {
    const wanted = [...new Set(ids)];
    if (wanted.length > CLIENTS_MAX) throw invalidInput('clients', `must be at most ${CLIENTS_MAX}`);
    const valid = wanted.filter((id) => !id.includes('\0'));
    const existing = (await db.query(RESOURCE_SERVER_STATEMENTS.findClients.bind({ ids: valid }))).map(({ id }) => id);
    const missing = wanted.find((id) => !existing.includes(id));
    if (missing === undefined) return existing;
    throw invalidItem(
      'clients',
      ids.indexOf(missing),
      `${JSON.stringify(missing)} is not a confidential client of yours; see "cardea clients list"`,
    );
  }

  const setClients = (identifier: string, clients: readonly string[]): BoundStatement[] => [
    RESOURCE_SERVER_STATEMENTS.forgetClients.bind({ identifier, clients }),
    RESOURCE_SERVER_STATEMENTS.addClients.bind({ identifier, clients }),
  ];
  const notify = (identifier: string): BoundStatement => RESOURCE_SERVER_STATEMENTS.notify.bind({ identifier });

  async function existing(identifier: string): Promise<ResourceServer> {
    const server = await find(identifier);
    if (!server) throw notFound('resource server', identifier);
    return server;
  }

  const requireAsRead = ({
    identifier,
    version,
    createdAt,
  }: ResourceServer): Pick<PlannedChange, 'statements' | 'refuse'> => ({
    statements: [RESOURCE_SERVER_STATEMENTS.requireVersion.bind({ identifier, version, createdAt })],
    refuse: refusedBy({
      require_as_read: (cause) =>
        new AppError('conflict', `resource server ${identifier} was changed meanwhile; try again`, { cause }),
    }),
  });

  async function creating(input: ResourceServerInput): Promise<PlannedResourceServer> {
    const identifier = checkResourceIdentifier('identifier', input.identifier);
    // In the form that software of others may give it: a token for one would be taken for one of the other.
    const normal = new URL(identifier).href.replace(/\/+$/, '');
    if (reserved?.identifiers.includes(normal)) throw exists(identifier, 'of Cardea itself, which is built in');
    const createdAt = new Date(now());
    const server: ResourceServer = {
      identifier,
      version: 1,
      managedBy: input.managedBy ?? null,
      name: checkName(input.name),
      scopes: checkScopes(input.scopes),
      open: input.open ?? false,
      clients: await checkClients(input.clients ?? []),
      tokenTyp: readTokenTyp('token_typ', input.tokenTyp ?? TOKEN_TYPS[0]),
      createdAt,
      updatedAt: createdAt,
    };
    return {
      before: undefined,
      server,
      statements: [
        RESOURCE_SERVER_STATEMENTS.insert.bind({ ...columnsOf(server), created_at: createdAt }),
        ...(server.clients.length > 0 ? setClients(identifier, server.clients) : []),
        notify(identifier),
      ],
      refuse(cause) {
        return sqlState(cause) === UNIQUE_VIOLATION ? exists(identifier, 'there already', cause) : cause;
      },
    };
  }

  async function updating(identifier: string, change: ResourceServerChange): Promise<PlannedResourceServer> {
    const before = await existing(identifier);
    const changed = {
      ...before,
      ...(change.name === undefined ? {} : { name: checkName(change.name) }),
      ...(change.scopes === undefined ? {} : { scopes: checkScopes(change.scopes) }),
      ...(change.open === undefined ? {} : { open: change.open }),
      ...(change.tokenTyp === undefined ? {} : { tokenTyp: readTokenTyp('token_typ', change.tokenTyp) }),
      ...(change.clients === undefined ? {} : { clients: await checkClients(change.clients) }),
      ...(change.managedBy === undefined ? {} : { managedBy: change.managedBy }),
    };
    const { statements, refuse } = requireAsRead(before);
    if (isDeepStrictEqual(changed, before)) return { before, server: before, statements, refuse };
    const updatedAt = new Date(Math.max(now(), before.updatedAt.getTime() + 1));
    const server = { ...changed, version: before.version + 1, updatedAt };
    return {
      before,
      server,
      statements: [
        ...statements,
        RESOURCE_SERVER_STATEMENTS.update.bind(columnsOf(server)),
        ...setClients(identifier, server.clients),
        notify(identifier),
      ],
      refuse,
    };
  }

  async function removing(identifier: string) {
    const before = await existing(identifier);
    const { statements, refuse } = requireAsRead(before);
    const remove = RESOURCE_SERVER_STATEMENTS.remove.bind({ identifier });
    return { before, statements: [...statements, remove, notify(identifier)], refuse };
  }

  return {
    creating,
    updating,
    removing,
    find,

    async list(request = {}) {
      const page = await RESOURCE_SERVER_LIST.read(db, request);
      return { ...page, items: page.items.map(fromRow) };
    },

    async withScopes(scopes, onlyOpen) {
      const rows = await db.query(RESOURCE_SERVER_STATEMENTS.withScopes.bind({ scopes, onlyOpen }));
      return rows.map(({ identifier }) => identifier);
    },
  };
}

function exists(identifier: string, why: string, cause?: unknown): AppError {
  const field = 'identifier';
  return new AppError('resource_server_exists', `${field}: ${identifier} is ${why}`, { cause, field });
}

function checkName(value: string): string {
  const name = value.trim();
  if (name === '' || name.length > NAME_MAX) throw invalidInput('name', `must have 1 to ${NAME_MAX} characters`);
  return name;
}

function columnsOf(server: ResourceServer) {
  return {
    identifier: server.identifier,
    name: server.name,
    scopes: [...server.scopes],
    open: server.open,
    token_typ: server.tokenTyp,
    managed_by: server.managedBy,
    updated_at: server.updatedAt,
  };
}

function fromRow(row: ResourceServerRow): ResourceServer {
  const { created_at: createdAt, updated_at: updatedAt, token_typ, managed_by, ...others } = row;
  return {
    ...others,
    tokenTyp: readTokenTyp('token_typ', token_typ),
    managedBy: managed_by as ManagedBy,
    createdAt,
    updatedAt,
  };
}
