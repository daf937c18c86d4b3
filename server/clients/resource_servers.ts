import type { Clock } from '../platform/clock.ts';
import { type Db, sqlState, UNIQUE_VIOLATION } from '../platform/db.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { checkScope } from './readers.ts';
import { checkResourceIdentifier } from './uris.ts';

/** An API that gets JWT access tokens (RFC 9068) when a client names it as `resource` (RFC 8707). */
export interface ResourceServer {
  /** The resource indicator, and the tokens' `aud`. */
  readonly identifier: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Clients that nobody at the operator's made may ask people for access to it. */
  readonly open: boolean;
  readonly createdAt: Date;
}

export interface ResourceServerInput {
  readonly identifier: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Default: no. */
  readonly open?: boolean;
}

export interface ResourceServers {
  /** @throws AppError 400 `invalid_input` with the field, 409 `resource_server_exists` */
  create(input: ResourceServerInput): Promise<ResourceServer>;
  find(identifier: string): Promise<ResourceServer | undefined>;
  list(): Promise<ResourceServer[]>;
  /** @throws AppError 404 `not_found` */
  remove(identifier: string): Promise<void>;
}

/** Every change is told here, with the identifier. */
export const RESOURCE_SERVERS_CHANNEL = 'cardea_resource_servers';

interface ResourceServerRow {
  identifier: string;
  name: string;
  scopes: string[];
  open: boolean;
  created_at: Date;
}

const COLUMNS = 'identifier, name, scopes, open, created_at';

const SQL = {
  insert: {
    name: 'resource_servers.insert',
    text: `INSERT INTO resource_servers (${COLUMNS}) VALUES ($1, $2, $3, $4, $5)`,
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

export function createResourceServers({ db, now }: { db: Db; now: Clock }): ResourceServers {
  return {
    async create(input) {
      const identifier = checkResourceIdentifier('identifier', input.identifier);
      const scopes = checkScope('scopes', input.scopes);
      const name = input.name.trim();
      if (name === '' || name.length > NAME_MAX) throw invalidInput('name', `must have 1 to ${NAME_MAX} characters`);
      const { open = false } = input;
      const createdAt = new Date(now());
      try {
        await db.transact([
          { statement: SQL.insert, values: [identifier, name, scopes, open, createdAt] },
          { statement: SQL.notify, values: [identifier] },
        ]);
      } catch (cause) {
        if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
        throw new AppError('resource_server_exists', 409, `identifier: ${identifier} exists already`, {
          cause,
          field: 'identifier',
        });
      }
      return { identifier, name, scopes, open, createdAt };
    },

    async find(identifier) {
      if (identifier.includes('\0')) return undefined; // Postgres has no such text
      const [row] = await db.run<ResourceServerRow>(SQL.find, [identifier]);
      return row && fromRow(row);
    },

    async list() {
      return (await db.run<ResourceServerRow>(SQL.list, [])).map(fromRow);
    },

    async remove(identifier) {
      const [removed] = await db.transact([
        { statement: SQL.remove, values: [identifier] },
        { statement: SQL.notify, values: [identifier] },
      ]);
      if (!removed?.length) throw notFound('resource server', identifier);
    },
  };
}

function fromRow(row: ResourceServerRow): ResourceServer {
  return { identifier: row.identifier, name: row.name, scopes: row.scopes, open: row.open, createdAt: row.created_at };
}
