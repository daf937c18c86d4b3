import type { Clock } from '../platform/clock.ts';
import { type BoundStatement, type Db, sqlState, transactIfChanged, UNIQUE_VIOLATION } from '../platform/db.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { checkScope } from './readers.ts';
import { checkResourceIdentifier } from './uris.ts';

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
  /** @throws AppError 404 `not_found` */
  remove(identifier: string): Promise<void>;
}

/** Receives the identifier of each changed resource server. */
export const RESOURCE_SERVERS_CHANNEL = 'cardea_resource_servers';

interface ResourceServerRow {
  identifier: string;
  name: string;
  scopes: string[];
  open: boolean;
  clients: string[];
  created_at: Date;
}

const INSERTED = 'identifier, name, scopes, open, created_at';
const COLUMNS = `${INSERTED}, ARRAY(SELECT c.client_id FROM resource_server_clients c
                                    WHERE c.resource_server = identifier ORDER BY c.client_id) AS clients`;

export const RESOURCE_SERVER_STATEMENTS = {
  insert: {
    name: 'resource_servers.insert',
    text: `INSERT INTO resource_servers (${INSERTED}) VALUES ($1, $2, $3, $4, $5)`,
  },
  update: {
    name: 'resource_servers.update',
    text: `UPDATE resource_servers SET name = $2, scopes = $3, open = $4 WHERE identifier = $1`,
  },
  forgetClients: {
    name: 'resource_servers.forget_clients',
    text: 'DELETE FROM resource_server_clients WHERE resource_server = $1 AND client_id <> ALL($2::text[])',
  },
  addClients: {
    name: 'resource_servers.add_clients',
    text: `INSERT INTO resource_server_clients (resource_server, client_id)
           SELECT $1, id FROM unnest($2::text[]) AS id ON CONFLICT DO NOTHING`,
  },
  // A public client does not authenticate (RFC 7662 §2.1), and a client that registered itself is not trusted.
  findClients: {
    name: 'resource_servers.find_clients',
    text: `SELECT id FROM clients WHERE id = ANY($1::text[]) AND kind = 'operator'
              AND metadata->>'token_endpoint_auth_method' <> 'none'`,
  },
  find: { name: 'resource_servers.find', text: `SELECT ${COLUMNS} FROM resource_servers WHERE identifier = $1` },
  list: {
    name: 'resource_servers.list',
    text: `SELECT ${COLUMNS} FROM resource_servers ORDER BY created_at, identifier`,
  },
  remove: {
    name: 'resource_servers.remove',
    text: 'DELETE FROM resource_servers WHERE identifier = $1 RETURNING identifier',
  },
  notify: { name: 'resource_servers.notify', text: `SELECT pg_notify('${RESOURCE_SERVERS_CHANNEL}', $1)` },
};

const NAME_MAX = 200;
const CLIENTS_MAX = 100;

export function createResourceServers({ db, now }: { db: Db; now: Clock }): ResourceServers {
  async function find(identifier: string): Promise<ResourceServer | undefined> {
    if (identifier.includes('\0')) return undefined; // Postgres cannot store such a text
    const [row] = await db.run<ResourceServerRow>(RESOURCE_SERVER_STATEMENTS.find, [identifier]);
    return row && fromRow(row);
  }

  async function checkClients(ids: readonly string[]): Promise<string[]> {
    const wanted = [...new Set(ids)];
    if (wanted.length > CLIENTS_MAX) throw invalidInput('client', `must be at most ${CLIENTS_MAX}`);
    const valid = wanted.filter((id) => !id.includes('\0'));
    const existing = (await db.run<{ id: string }>(RESOURCE_SERVER_STATEMENTS.findClients, [valid])).map(
      ({ id }) => id,
    );
    const missing = wanted.find((id) => !existing.includes(id));
    if (missing === undefined) return wanted;
    throw invalidInput(
      'client',
      `${JSON.stringify(missing)} is not a confidential client of yours; see "cardea clients list"`,
    );
  }

  const setClients = (identifier: string, clients: readonly string[]): BoundStatement[] => [
    { statement: RESOURCE_SERVER_STATEMENTS.forgetClients, values: [identifier, clients] },
    { statement: RESOURCE_SERVER_STATEMENTS.addClients, values: [identifier, clients] },
  ];
  const notify = (identifier: string): BoundStatement => ({
    statement: RESOURCE_SERVER_STATEMENTS.notify,
    values: [identifier],
  });

  return {
    async create(input) {
      const identifier = checkResourceIdentifier('identifier', input.identifier);
      const scopes = checkScope('scopes', input.scopes);
      const name = checkName(input.name);
      const clients = await checkClients(input.clients ?? []);
      const { open = false } = input;
      const createdAt = new Date(now());
      try {
        await db.transact([
          { statement: RESOURCE_SERVER_STATEMENTS.insert, values: [identifier, name, scopes, open, createdAt] },
          ...(clients.length > 0 ? setClients(identifier, clients) : []),
          notify(identifier),
        ]);
      } catch (cause) {
        if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
        throw new AppError('resource_server_exists', `identifier: ${identifier} exists already`, {
          cause,
          field: 'identifier',
        });
      }
      return { identifier, name, scopes, open, clients, createdAt };
    },

    async update(identifier, change) {
      const before = await find(identifier);
      if (!before) throw notFound('resource server', identifier);
      const after = {
        ...before,
        ...(change.name === undefined ? {} : { name: checkName(change.name) }),
        ...(change.scopes === undefined ? {} : { scopes: checkScope('scopes', change.scopes) }),
        ...(change.open === undefined ? {} : { open: change.open }),
        ...(change.clients === undefined ? {} : { clients: await checkClients(change.clients) }),
      };
      await db.transact([
        { statement: RESOURCE_SERVER_STATEMENTS.update, values: [identifier, after.name, after.scopes, after.open] },
        ...(change.clients === undefined ? [] : setClients(identifier, after.clients)),
        notify(identifier),
      ]);
      return after;
    },

    find,

    async list() {
      return (await db.run<ResourceServerRow>(RESOURCE_SERVER_STATEMENTS.list, [])).map(fromRow);
    },

    async remove(identifier) {
      await transactIfChanged(
        db,
        [{ statement: RESOURCE_SERVER_STATEMENTS.remove, values: [identifier] }, notify(identifier)],
        () => notFound('resource server', identifier),
      );
    },
  };
}

function checkName(value: string): string {
  const name = value.trim();
  if (name === '' || name.length > NAME_MAX) throw invalidInput('name', `must have 1 to ${NAME_MAX} characters`);
  return name;
}

function fromRow({ created_at: createdAt, ...row }: ResourceServerRow): ResourceServer {
  return { ...row, createdAt };
}
