import { randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { type BoundStatement, type Db, sqlState, transactIfChanged, UNIQUE_VIOLATION } from '../platform/db.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { type Outbound, OutboundError, type OutboundTurn } from '../platform/outbound.ts';
import { hashToken } from '../platform/sealing.ts';
import { type ClaimRule, checkClaimMapping } from './claim_mapping.ts';
import { type ClientMetadata, checkMetadata, type MetadataInput } from './metadata.ts';
import { checkPublishedKeys } from './needed_keys.ts';
import { checkServerPolicy, DEFAULT_SERVER_POLICY, type ServerPolicy } from './profiles.ts';
import { checkScope } from './readers.ts';
import { newSecret } from './secrets.ts';
import { checkSector } from './sector_identifier.ts';
import { checkExchangePolicy, type ExchangePolicy } from './token_exchange.ts';
import { type AuthMethod, rowOf } from './vocabulary.ts';

/** A client (relying party). */
export interface Client {
  readonly id: string;
  /** The name on the consent page. */
  readonly name: string;
  /** SHA-256; null when it authenticates in another way or not at all. */
  readonly secretHash: Buffer | null;
  /** An app of the operator: people are not asked for consent. */
  readonly firstParty: boolean;
  readonly demo: boolean;
  /** Cardea's own pages: created and updated at start; the operator cannot change it. */
  readonly builtin: boolean;
  /** Each sign-in to it needs a second factor. */
  readonly secondFactorRequired: boolean;
  /** The origin of the client: the operator, itself (RFC 7591), or a document at the URL that is its id. */
  readonly kind: ClientKind;
  /** It registered itself without a scope: it may use all resource servers that are open to its kind. */
  readonly openScope: boolean;
  /** For a document: when it must be fetched again. */
  readonly freshUntil: Date | null;
  readonly metadata: ClientMetadata;
  readonly claimMapping: readonly ClaimRule[];
  /** Null: it may not exchange tokens. */
  readonly tokenExchange: ExchangePolicy | null;
  /** It may introspect access tokens of all clients, for all resource servers. */
  readonly introspectsAll: boolean;
  /**
   * For a client that the operator did not make: scopes that the operator has opened to it, or to its registration
   * token.
   */
  readonly openedScopes: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type ClientKind = 'operator' | 'dynamic' | 'document';

export interface ClientInput {
  readonly name: string;
  readonly metadata?: MetadataInput;
  readonly firstParty?: boolean;
  readonly secondFactorRequired?: boolean;
  /** For demos and tests; refused in production. */
  readonly demo?: boolean;
  /** Default: random. */
  readonly id?: string;
}

/** Members that are present replace the old values; `metadata` field by field, where undefined means the default. */
export type ClientChange = Pick<ClientInput, 'metadata' | 'firstParty' | 'secondFactorRequired'> & {
  readonly name?: string;
  /** See `Client`; for a client that registered itself. */
  readonly openScope?: boolean;
  /** See claim_mapping.ts; an empty list for none. */
  readonly claimMapping?: unknown;
  /** See token_exchange.ts; null for none. */
  readonly tokenExchange?: unknown;
  /** See `Client`; for a confidential client that the operator made. */
  readonly introspectsAll?: boolean;
  /** Scopes that are open to it besides those that are open to all; for clients that the operator did not make. */
  readonly openedScopes?: readonly string[];
};

export interface Clients {
  /**
   * @returns the client, and its secret, which is not stored
   * @throws AppError 400 `invalid_input` with the field, 409 `client_exists`
   */
  create(input: ClientInput): Promise<{ client: Client; secret?: string }>;
  /** Creates one of Cardea's own clients, or updates it. Safe at every start. */
  ensureBuiltin(input: { id: string; name: string; metadata: MetadataInput }): Promise<void>;
  /** Hot path: one statement. */
  find(id: string): Promise<Client | undefined>;
  /** Oldest first, without Cardea's own. */
  list(): Promise<Client[]>;
  /**
   * A change of `token_endpoint_auth_method` to one without a secret drops the secret; to one with a secret makes one.
   * @throws AppError 400 `invalid_input` with the field, 404 `not_found`
   */
  update(id: string, change: ClientChange): Promise<{ client: Client; secret?: string }>;
  /** @returns the new secret; the old one ends at once. @throws AppError 404 `not_found`, 409 `no_secret` */
  rotateSecret(id: string): Promise<string>;
  /**
   * Removes it with everything that was issued to it.
   * @param also statements for the same transaction, so that nothing comes back when another client gets its id
   * @throws AppError 404 `not_found`
   */
  remove(id: string, also?: readonly BoundStatement[]): Promise<void>;
}

/** Receives the id of each changed client: caches drop it. */
export const CLIENTS_CHANNEL = 'cardea_clients';

export interface ClientRow {
  id: string;
  name: string;
  secret_hash: Buffer | null;
  first_party: boolean;
  demo: boolean;
  builtin: boolean;
  second_factor_required: boolean;
  kind: ClientKind;
  open_scope: boolean;
  fresh_until: Date | null;
  metadata: ClientMetadata;
  claim_mapping: ClaimRule[];
  token_exchange: ExchangePolicy | null;
  introspects_all: boolean;
  opened_scopes: string[];
  policy_scopes: string[] | null;
  created_at: Date;
  updated_at: Date;
}

const INSERTED = 'id, name, secret_hash, first_party, demo, metadata, created_at, updated_at, second_factor_required';
/** The columns of a client; `clientOf` reads them. */
export const COLUMNS = `${INSERTED}, builtin, kind, open_scope, fresh_until, claim_mapping, token_exchange,
                                    introspects_all, opened_scopes, policy->'scopes' AS policy_scopes`;

export const STORE_STATEMENTS = {
  insert: {
    name: 'clients.insert',
    text: `INSERT INTO clients (${INSERTED}) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) RETURNING ${COLUMNS}`,
  },
  ensureBuiltin: {
    name: 'clients.ensure_builtin',
    text: `INSERT INTO clients AS c (id, name, first_party, builtin, metadata, created_at, updated_at)
           VALUES ($1, $2, true, true, $3, $4, $4)
           ON CONFLICT (id) DO UPDATE
              SET name = excluded.name, metadata = excluded.metadata, updated_at = excluded.updated_at, builtin = true
            WHERE (c.name, c.metadata) IS DISTINCT FROM (excluded.name, excluded.metadata)`,
  },
  find: { name: 'clients.find', text: `SELECT ${COLUMNS} FROM clients WHERE id = $1` },
  list: { name: 'clients.list', text: `SELECT ${COLUMNS} FROM clients WHERE NOT builtin ORDER BY created_at, id` },
  // Only over the row that was read: of two changes at the same time the second is refused instead of undoing the
  // first.
  update: {
    name: 'clients.update',
    text: `UPDATE clients SET name = $2, secret_hash = $3, first_party = $4, metadata = $5, updated_at = $6,
                  second_factor_required = $8, open_scope = $9
           WHERE id = $1 AND updated_at = $7 AND NOT builtin RETURNING ${COLUMNS}`,
  },
  setPolicies: {
    name: 'clients.set_policies',
    text: `UPDATE clients SET claim_mapping = coalesce($2, claim_mapping),
                  token_exchange = CASE WHEN $3 THEN $4 ELSE token_exchange END,
                  introspects_all = coalesce($6, introspects_all),
                  opened_scopes = coalesce($7, opened_scopes)
           WHERE id = $1 AND updated_at = $5 AND NOT builtin RETURNING ${COLUMNS}`,
  },
  rotate: {
    name: 'clients.rotate_secret',
    text: `UPDATE clients SET secret_hash = $2, updated_at = $3
           WHERE id = $1 AND secret_hash IS NOT NULL AND NOT builtin RETURNING id`,
  },
  remove: { name: 'clients.remove', text: 'DELETE FROM clients WHERE id = $1 AND NOT builtin RETURNING id' },
  // Grants and their tokens are deleted by foreign keys; these are tokens that the client got for itself.
  removeRecords: {
    name: 'clients.remove_records',
    text: 'DELETE FROM records WHERE client_id = $1 AND grant_id IS NULL',
  },
  notify: { name: 'clients.notify', text: `SELECT pg_notify('${CLIENTS_CHANNEL}', $1)` },
};

export interface ClientsParts {
  readonly db: Db;
  readonly now: Clock;
  /** What the server supports. Default: what it supports without configuration. */
  readonly serverPolicy?: ServerPolicy;
  /**
   * Requests to documents that clients name. Default: none: a sector identifier is refused, and keys are not fetched.
   */
  readonly outbound?: Outbound;
}

const NO_WAY_OUT: Outbound = {
  fetch: () => Promise.reject(new OutboundError('connection')),
};

const NAME_MAX = 200;
const ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/;
const hasSecret = (method: AuthMethod) => rowOf.authentication(method).secret === true;

/** The URL of a document as a client id; `metadata_documents.ts` checks it. */
const DOCUMENT_ID = /^https?:\/\/[\x21-\x7e]{1,240}$/;

function isClientId(id: string): boolean {
  return ID.test(id) || isDocumentId(id);
}

export function isDocumentId(id: string): boolean {
  return DOCUMENT_ID.test(id);
}

export function createClients({ db, now, serverPolicy = DEFAULT_SERVER_POLICY, outbound }: ClientsParts): Clients {
  const notify = (id: string): BoundStatement => ({ statement: STORE_STATEMENTS.notify, values: [id] });

  async function find(id: string): Promise<Client | undefined> {
    // An invalid id is not looked up: a NUL character would make Postgres refuse the statement.
    if (!isClientId(id)) return undefined;
    const [row] = await db.run<ClientRow>(STORE_STATEMENTS.find, [id]);
    return row && clientOf(row);
  }

  /** Checks that need a request to a URL of the client. */
  async function checkPlaces(metadata: ClientMetadata, chosenBy: OutboundTurn['chosenBy']): Promise<void> {
    await checkSector(metadata, outbound ?? NO_WAY_OUT, { chosenBy });
    if (outbound) await checkPublishedKeys(metadata, outbound, { chosenBy });
  }

  async function existing(id: string): Promise<Client> {
    const client = await find(id);
    if (!client) throw notFound('client', id);
    return client;
  }

  return {
    async create(input) {
      const id = input.id ?? randomBytes(16).toString('hex');
      if (!ID.test(id)) throw invalidInput('client_id', 'must be letters, digits and ._~-');
      const metadata = checkMetadata(input.metadata ?? {});
      checkServerPolicy(metadata, serverPolicy);
      await checkPlaces(metadata, 'operator');
      const secret = hasSecret(metadata.token_endpoint_auth_method) ? newSecret() : undefined;
      const values = [
        id,
        checkName(input.name),
        secret === undefined ? null : hashToken(secret),
        input.firstParty ?? false,
        input.demo ?? false,
        JSON.stringify(metadata),
        new Date(now()),
        input.secondFactorRequired ?? false,
      ];
      try {
        const [rows] = await db.transact([{ statement: STORE_STATEMENTS.insert, values }, notify(id)]);
        return { client: only(rows, id), ...(secret === undefined ? {} : { secret }) };
      } catch (cause) {
        if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
        throw new AppError('client_exists', `client_id: ${id} exists already`, { cause, field: 'client_id' });
      }
    },

    async ensureBuiltin({ id, name, metadata }) {
      await db.run(STORE_STATEMENTS.ensureBuiltin, [
        id,
        checkName(name),
        JSON.stringify(checkMetadata(metadata)),
        new Date(now()),
      ]);
    },

    find,

    async list() {
      return (await db.run<ClientRow>(STORE_STATEMENTS.list, [])).map(clientOf);
    },

    async update(id, change) {
      const before = await existing(id);
      if (before.kind === 'document' && (change.name !== undefined || change.metadata !== undefined)) {
        throw invalidInput('client_id', 'is the URL of a document: the client can only be changed there');
      }
      if (before.kind !== 'operator' && change.firstParty) {
        throw invalidInput('first_party', 'is for clients that you have made');
      }
      const metadata = checkMetadata({ ...before.metadata, ...change.metadata });
      if (change.introspectsAll && (before.kind !== 'operator' || metadata.token_endpoint_auth_method === 'none')) {
        throw invalidInput('introspect', 'all is only for confidential clients that the operator made');
      }
      if (change.openedScopes !== undefined && before.kind === 'operator') {
        throw invalidInput('open_scope', 'is for clients that you have not made: yours have a scope');
      }
      checkServerPolicy(metadata, serverPolicy);
      if (Object.keys(change.metadata ?? {}).length > 0) {
        await checkPlaces(metadata, before.kind === 'operator' ? 'operator' : 'stranger');
      }
      const needsSecret = hasSecret(metadata.token_endpoint_auth_method);
      const secret = needsSecret && !before.secretHash ? newSecret() : undefined;
      const secretHash = secret === undefined ? before.secretHash : hashToken(secret);
      const updatedAt = new Date(Math.max(now(), before.updatedAt.getTime() + 1));
      const values = [
        id,
        checkName(change.name ?? before.name),
        needsSecret ? secretHash : null,
        change.firstParty ?? before.firstParty,
        JSON.stringify(metadata),
        updatedAt,
        before.updatedAt,
        change.secondFactorRequired ?? before.secondFactorRequired,
        change.openScope ?? before.openScope,
      ];
      const more = policiesOf(id, change, updatedAt);
      const [rows, policies] = await transactIfChanged(
        db,
        [{ statement: STORE_STATEMENTS.update, values }, ...more, notify(id)],
        () => new AppError('conflict', `client ${id} was changed meanwhile; try again`),
      );
      const client = only(more.length > 0 ? policies : rows, id);
      return { client, ...(secret === undefined ? {} : { secret }) };
    },

    async rotateSecret(id) {
      const before = await existing(id);
      const secret = newSecret();
      const values = [id, hashToken(secret), new Date(Math.max(now(), before.updatedAt.getTime() + 1))];
      await transactIfChanged(
        db,
        [{ statement: STORE_STATEMENTS.rotate, values }, notify(id)],
        () => new AppError('no_secret', `client ${id} has no secret`),
      );
      return secret;
    },

    async remove(id, also = []) {
      if (!isClientId(id)) throw notFound('client', id);
      await transactIfChanged(
        db,
        [
          { statement: STORE_STATEMENTS.remove, values: [id] },
          { statement: STORE_STATEMENTS.removeRecords, values: [id] },
          ...also,
          notify(id),
        ],
        () => notFound('client', id),
      );
    },
  };
}

/**
 * Changes of members that only the operator decides; in one statement with the change of `updatedAt`, or not at all.
 */
function policiesOf(id: string, change: ClientChange, updatedAt: Date): BoundStatement[] {
  const { claimMapping, tokenExchange, introspectsAll, openedScopes } = change;
  if ([claimMapping, tokenExchange, introspectsAll, openedScopes].every((one) => one === undefined)) return [];
  const rules = claimMapping === undefined ? null : JSON.stringify(checkClaimMapping(claimMapping));
  const policy = tokenExchange === undefined ? null : checkExchangePolicy(tokenExchange);
  const opened = openedScopes === undefined ? null : checkScope('open_scope', openedScopes);
  const exchange = policy === null ? null : JSON.stringify(policy);
  const values = [id, rules, tokenExchange !== undefined, exchange, updatedAt, introspectsAll ?? null, opened];
  return [{ statement: STORE_STATEMENTS.setPolicies, values }];
}

export function clientOf(row: ClientRow): Client {
  return {
    id: row.id,
    name: row.name,
    secretHash: row.secret_hash,
    firstParty: row.first_party,
    demo: row.demo,
    builtin: row.builtin,
    secondFactorRequired: row.second_factor_required,
    kind: row.kind,
    openScope: row.open_scope,
    freshUntil: row.fresh_until,
    metadata: row.metadata,
    claimMapping: row.claim_mapping,
    tokenExchange: row.token_exchange,
    introspectsAll: row.introspects_all,
    openedScopes: [...row.opened_scopes, ...(row.policy_scopes ?? [])],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function only(rows: readonly unknown[] | undefined, id: string): Client {
  const row = rows?.[0];
  if (!row) throw notFound('client', id);
  return clientOf(row as ClientRow);
}

export function checkName(value: unknown, field = 'name'): string {
  const name = typeof value === 'string' ? value.trim() : '';
  if (name === '' || [...name].length > NAME_MAX) throw invalidInput(field, `must have 1 to ${NAME_MAX} characters`);
  // The name on the consent page must be readable as it is: no controls, no bidirectional overrides.
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name)) throw invalidInput(field, 'must not contain invisible characters');
  return name;
}
