import { type InferResult, type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { ResourceServers as ResourceServersTable } from '../platform/database.ts';
import { type BoundStatement, type Db, sqlState, transactIfChanged, UNIQUE_VIOLATION } from '../platform/db.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { statement, tables } from '../platform/statement.ts';
import { checkScope, oneOf } from './readers.ts';
import { checkResourceIdentifier } from './uris.ts';
import { TOKEN_TYPS, type TokenTyp } from './vocabulary.ts';

/** An API that gets JWT access tokens (RFC 9068) when a client names it as `resource` (RFC 8707). */
export interface ResourceServer {
  /** The resource indicator, and the tokens' `aud`. */
  readonly identifier: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Clients that the operator did not make may request access to it. */
  readonly open: boolean;
  /** Clients that it uses for introspection: they may introspect tokens for it, issued to any client (RFC 7662 §4). */
  readonly clients: readonly string[];
  /** The `typ` header of its tokens. */
  readonly tokenTyp: TokenTyp;
  readonly createdAt: Date;
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
}

/** Members that are present replace the old values. */
export type ResourceServerChange = Partial<Omit<ResourceServerInput, 'identifier'>>;

export interface ResourceServers {
  /** @throws AppError 400 `invalid_input` with the field, 409 `resource_server_exists` */
  create(input: ResourceServerInput): Promise<ResourceServer>;
  /** @throws AppError 400 `invalid_input` with the field, 404 `not_found` */
  update(identifier: string, change: ResourceServerChange): Promise<ResourceServer>;
  find(identifier: string): Promise<ResourceServer | undefined>;
  list(): Promise<ResourceServer[]>;
  /** Identifiers of resource servers that have all of these scopes, at most two. @param onlyOpen see `open` */
  withScopes(scopes: readonly string[], onlyOpen: boolean): Promise<string[]>;
  /** @throws AppError 404 `not_found` */
  remove(identifier: string): Promise<void>;
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
    sql<string[]>`ARRAY(${row
      .selectFrom('resource_server_clients as c')
      .select('c.client_id')
      .whereRef('c.resource_server', '=', 'identifier')
      .orderBy('c.client_id')})`.as('clients'),
  ]);

type ResourceServerRow = InferResult<typeof withClients>[number];

interface ClientsOf {
  readonly identifier: string;
  readonly clients: readonly string[];
}

export const RESOURCE_SERVER_STATEMENTS = {
  insert: statement('resource_servers.insert', ($: Columns) =>
    tables.insertInto('resource_servers').values({
      identifier: $.identifier,
      name: $.name,
      scopes: $.scopes,
      open: $.open,
      token_typ: $.token_typ,
      created_at: $.created_at,
    }),
  ),
  update: statement('resource_servers.update', ($: Omit<Columns, 'created_at'>) =>
    tables
      .updateTable('resource_servers')
      .set({ name: $.name, scopes: $.scopes, open: $.open, token_typ: $.token_typ })
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
         AND metadata->>'token_endpoint_auth_method' <> 'none'`,
  ),
  find: statement('resource_servers.find', ($: { identifier: string }) =>
    withClients.where('identifier', '=', $.identifier),
  ),
  list: statement('resource_servers.list', () => withClients.orderBy('created_at').orderBy('identifier')),
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

/** What belongs to a resource server that is built in. */
export interface ReservedResource {
  readonly identifier: string;
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
    throw invalidInput(
      'scopes',
      `${JSON.stringify(own)} is of the admin API: no other scope may begin with ${reserved?.scopePrefix}`,
    );
  }

  async function find(identifier: string): Promise<ResourceServer | undefined> {
    if (identifier.includes('\0')) return undefined; // Postgres cannot store such a text
    const [row] = await db.query(RESOURCE_SERVER_STATEMENTS.find.bind({ identifier }));
    return row && fromRow(row);
  }

  async function checkClients(ids: readonly string[]): Promise<string[]> {
    const wanted = [...new Set(ids)];
    if (wanted.length > CLIENTS_MAX) throw invalidInput('client', `must be at most ${CLIENTS_MAX}`);
    const valid = wanted.filter((id) => !id.includes('\0'));
    const existing = (await db.query(RESOURCE_SERVER_STATEMENTS.findClients.bind({ ids: valid }))).map(({ id }) => id);
    const missing = wanted.find((id) => !existing.includes(id));
    if (missing === undefined) return wanted;
    throw invalidInput(
      'client',
      `${JSON.stringify(missing)} is not a confidential client of yours; see "cardea clients list"`,
    );
  }

  const setClients = (identifier: string, clients: readonly string[]): BoundStatement[] => [
    RESOURCE_SERVER_STATEMENTS.forgetClients.bind({ identifier, clients }),
    RESOURCE_SERVER_STATEMENTS.addClients.bind({ identifier, clients }),
  ];
  const notify = (identifier: string): BoundStatement => RESOURCE_SERVER_STATEMENTS.notify.bind({ identifier });

  return {
    async create(input) {
      const identifier = checkResourceIdentifier('identifier', input.identifier);
      if (identifier === reserved?.identifier) throw exists(identifier, 'the admin API, which is built in');
      const scopes = checkScopes(input.scopes);
      const name = checkName(input.name);
      const clients = await checkClients(input.clients ?? []);
      const { open = false } = input;
      const tokenTyp = readTokenTyp('token_typ', input.tokenTyp ?? TOKEN_TYPS[0]);
      const createdAt = new Date(now());
      try {
        await db.transact([
          RESOURCE_SERVER_STATEMENTS.insert.bind({
            identifier,
            name,
            scopes,
            open,
            token_typ: tokenTyp,
            created_at: createdAt,
          }),
          ...(clients.length > 0 ? setClients(identifier, clients) : []),
          notify(identifier),
        ]);
      } catch (cause) {
        if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
        throw exists(identifier, 'there already', cause);
      }
      return { identifier, name, scopes, open, clients, tokenTyp, createdAt };
    },

    async update(identifier, change) {
      const before = await find(identifier);
      if (!before) throw notFound('resource server', identifier);
      const after = {
        ...before,
        ...(change.name === undefined ? {} : { name: checkName(change.name) }),
        ...(change.scopes === undefined ? {} : { scopes: checkScopes(change.scopes) }),
        ...(change.open === undefined ? {} : { open: change.open }),
        ...(change.tokenTyp === undefined ? {} : { tokenTyp: readTokenTyp('token_typ', change.tokenTyp) }),
        ...(change.clients === undefined ? {} : { clients: await checkClients(change.clients) }),
      };
      await db.transact([
        RESOURCE_SERVER_STATEMENTS.update.bind({
          identifier,
          name: after.name,
          scopes: [...after.scopes],
          open: after.open,
          token_typ: after.tokenTyp,
        }),
        ...(change.clients === undefined ? [] : setClients(identifier, after.clients)),
        notify(identifier),
      ]);
      return after;
    },

    find,

    async list() {
      return (await db.query(RESOURCE_SERVER_STATEMENTS.list.bind())).map(fromRow);
    },

    async withScopes(scopes, onlyOpen) {
      const rows = await db.query(RESOURCE_SERVER_STATEMENTS.withScopes.bind({ scopes, onlyOpen }));
      return rows.map(({ identifier }) => identifier);
    },

    async remove(identifier) {
      await transactIfChanged(db, [RESOURCE_SERVER_STATEMENTS.remove.bind({ identifier }), notify(identifier)], () =>
        notFound('resource server', identifier),
      );
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

function fromRow({ created_at: createdAt, token_typ, ...row }: ResourceServerRow): ResourceServer {
  return { ...row, tokenTyp: readTokenTyp('token_typ', token_typ), createdAt };
}
