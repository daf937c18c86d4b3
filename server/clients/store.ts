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
import { CLIENT_STATEMENTS, type ClientKind, type ClientRow } from './statements.ts';
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

export interface ClientsParts {
  readonly db: Db;
  readonly now: Clock;
  /** A statement that ends the stored tokens that a client got for itself. Others end with their grants. */
  readonly endRecordsOf: (clientId: string) => BoundStatement;
  /** The profile and algorithms of the server. Default: those of a server without configuration. */
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

export function createClients(parts: ClientsParts): Clients {
  const { db, now, endRecordsOf, serverPolicy = DEFAULT_SERVER_POLICY, outbound } = parts;
  const notify = (id: string): BoundStatement => CLIENT_STATEMENTS.notify.bind({ id });

  async function find(id: string): Promise<Client | undefined> {
    // An invalid id is not looked up: a NUL character would make Postgres refuse the statement.
    if (!isClientId(id)) return undefined;
    const [row] = await db.query(CLIENT_STATEMENTS.find.bind({ id }));
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
      const insert = CLIENT_STATEMENTS.insert.bind({
        id,
        name: checkName(input.name),
        secret_hash: secret === undefined ? null : hashToken(secret),
        first_party: input.firstParty ?? false,
        demo: input.demo ?? false,
        metadata: JSON.stringify(metadata),
        second_factor_required: input.secondFactorRequired ?? false,
        created_at: new Date(now()),
      });
      try {
        const [rows] = await db.transact([insert, notify(id)]);
        return { client: only(rows, id), ...(secret === undefined ? {} : { secret }) };
      } catch (cause) {
        if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
        throw new AppError('client_exists', `client_id: ${id} exists already`, { cause, field: 'client_id' });
      }
    },

    async ensureBuiltin({ id, name, metadata }) {
      const builtin = {
        id,
        name: checkName(name),
        metadata: JSON.stringify(checkMetadata(metadata)),
        now: new Date(now()),
      };
      await db.query(CLIENT_STATEMENTS.ensureBuiltin.bind(builtin));
    },

    find,

    async list() {
      return (await db.query(CLIENT_STATEMENTS.list.bind())).map(clientOf);
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
      const bound = CLIENT_STATEMENTS.update.bind({
        id,
        name: checkName(change.name ?? before.name),
        secret_hash: needsSecret ? secretHash : null,
        first_party: change.firstParty ?? before.firstParty,
        metadata: JSON.stringify(metadata),
        updated_at: updatedAt,
        before: before.updatedAt,
        second_factor_required: change.secondFactorRequired ?? before.secondFactorRequired,
        open_scope: change.openScope ?? before.openScope,
      });
      const [rows, , policies] = await transactIfChanged(
        db,
        [bound, notify(id), ...policiesOf(id, change, updatedAt)],
        () => new AppError('conflict', `client ${id} was changed meanwhile; try again`),
      );
      const client = only(policies ?? rows, id);
      return { client, ...(secret === undefined ? {} : { secret }) };
    },

    async rotateSecret(id) {
      const before = await existing(id);
      const secret = newSecret();
      const updatedAt = new Date(Math.max(now(), before.updatedAt.getTime() + 1));
      const rotate = CLIENT_STATEMENTS.rotateSecret.bind({ id, secretHash: hashToken(secret), updatedAt });
      await transactIfChanged(db, [rotate, notify(id)], () => new AppError('no_secret', `client ${id} has no secret`));
      return secret;
    },

    async remove(id, also = []) {
      if (!isClientId(id)) throw notFound('client', id);
      await transactIfChanged(db, [CLIENT_STATEMENTS.remove.bind({ id }), endRecordsOf(id), ...also, notify(id)], () =>
        notFound('client', id),
      );
    },
  };
}

/**
 * Changes of members that only the operator decides; in one statement with the change of `updatedAt`, or not at all.
 */
function policiesOf(id: string, change: ClientChange, updatedAt: Date): BoundStatement<ClientRow>[] {
  const { claimMapping, tokenExchange, introspectsAll, openedScopes } = change;
  if ([claimMapping, tokenExchange, introspectsAll, openedScopes].every((one) => one === undefined)) return [];
  const rules = claimMapping === undefined ? null : JSON.stringify(checkClaimMapping(claimMapping));
  const policy = tokenExchange === undefined ? null : checkExchangePolicy(tokenExchange);
  const opened = openedScopes === undefined ? null : checkScope('open_scope', openedScopes);
  const exchange = policy === null ? null : JSON.stringify(policy);
  const bound = CLIENT_STATEMENTS.setPolicies.bind({
    id,
    updatedAt,
    claimMapping: rules,
    changesExchange: tokenExchange !== undefined,
    exchange,
    introspectsAll: introspectsAll ?? null,
    openedScopes: opened,
  });
  return [bound];
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

function only([row]: readonly ClientRow[], id: string): Client {
  if (!row) throw notFound('client', id);
  return clientOf(row);
}

export function checkName(value: unknown, field = 'name'): string {
  const name = typeof value === 'string' ? value.trim() : '';
  if (name === '' || [...name].length > NAME_MAX) throw invalidInput(field, `must have 1 to ${NAME_MAX} characters`);
  // The name on the consent page must be readable as it is: no controls, no bidirectional overrides.
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name)) throw invalidInput(field, 'must not contain invisible characters');
  return name;
}
