import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { sqlState, UNIQUE_VIOLATION } from '../platform/db_errors.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { type Outbound, OutboundError, type OutboundTurn } from '../platform/outbound.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import { hashToken } from '../platform/sealing.ts';
import { checkClaimMapping } from './claim_mapping.ts';
import {
  CLIENT_ID,
  type Client,
  type ClientChange,
  type ClientInput,
  checkName,
  clientOf,
  isClientId,
} from './client.ts';
import { type ClientMetadata, checkMetadata } from './metadata.ts';
import { checkPublishedKeys } from './needed_keys.ts';
import { checkServerPolicy, DEFAULT_SERVER_POLICY, type ServerPolicy } from './profiles.ts';
import { checkScope } from './readers.ts';
import { OWN_SCOPES } from './scopes.ts';
import { newSecret } from './secrets.ts';
import { checkSector } from './sector_identifier.ts';
import { CLIENT_STATEMENTS, type ClientRow } from './statements.ts';
import { checkExchangePolicy } from './token_exchange.ts';
import { type AuthMethod, rowOf } from './vocabulary.ts';

/** Something that is allowed and probably a mistake. */
export interface Warning {
  readonly code: 'unknown_scope';
  readonly field: string;
  /** The part of the field's value that it is about. */
  readonly value: string;
  readonly message: string;
}

export interface PlannedClient extends PlannedChange {
  /** Undefined for a new one. */
  readonly before: Client | undefined;
  /** As it will be. */
  readonly client: Client;
  /** A new secret, which is not stored. */
  readonly secret?: string;
  readonly warnings: readonly Warning[];
}

/** Which of two secrets ends: the one before the rotation, or the one that it made. */
export type EndedSecret = 'old' | 'new';

/**
 * Throws for a change that its caller may not make. It is called before anything is fetched that the client names, so that a
 * refused change makes this server send no request.
 */
export type Permit = (planned: Pick<PlannedClient, 'before' | 'client'>) => void;

/** Checks a change of a client, and says what it does; changes nothing. */
export interface ClientPlans {
  /**
   * @param permit default: everybody may
   * @throws AppError 400 `invalid_input` with the field; refuses with 409 `client_exists`
   */
  creating(input: ClientInput, permit?: Permit): Promise<PlannedClient>;
  /**
   * A change of `token_endpoint_auth_method` to one without a secret drops the secrets; to one with a secret makes one.
   * @param permit default: everybody may
   * @throws AppError 400 `invalid_input` with the field, 404 `not_found`; refuses with 409 `conflict` after another change
   */
  updating(id: string, change: ClientChange, permit?: Permit): Promise<PlannedClient>;
  /**
   * The old secret works for `overlapSeconds` more, by default not at all. A client has two secrets at most: while an old
   * one works, only a rotation without an overlap is possible, which ends both.
   * @throws AppError 400 `invalid_input`, 404 `not_found`, 409 `no_secret`, 409 `rotation_under_way`
   */
  rotatingSecret(
    id: string,
    options?: { readonly overlapSeconds?: number },
  ): Promise<PlannedClient & { secret: string }>;
  /**
   * Replaces all its secrets by one that the operator has made.
   * @throws AppError 400 `invalid_input` for one that is too short, 404 `not_found`, 409 `no_secret`
   */
  declaringSecret(id: string, secret: string): Promise<PlannedClient>;
  /**
   * Ends one of two secrets at once: the old one, or the new one, so that the old one is the only one again.
   * @throws AppError 404 `not_found`, 409 `no_rotation` when it has one secret only
   */
  endingOverlap(id: string, ended?: EndedSecret): Promise<PlannedClient>;
  /**
   * Removes it with everything that was issued to it.
   * @param also statements for the same transaction, so that nothing comes back when another client gets its id
   * @throws AppError 404 `not_found`
   */
  removing(id: string, also?: readonly BoundStatement[]): Promise<PlannedChange & { readonly before: Client }>;
}

export interface ClientPlanParts {
  readonly db: Pick<Db, 'query'>;
  readonly now: Clock;
  /** A statement that ends the stored tokens that a client got for itself. Others end with their grants. */
  readonly endRecordsOf: (clientId: string) => BoundStatement;
  /** The profile and algorithms of the server. Default: those of a server without configuration. */
  readonly serverPolicy?: ServerPolicy;
  /** Scopes that no resource server has, and that are known nevertheless. Default: those of OpenID Connect, groups and roles. */
  readonly ownScopes?: readonly string[];
  /**
   * Requests to documents that clients name. Default: none: a sector identifier is refused, and keys are not fetched.
   */
  readonly outbound?: Outbound;
}

const NO_WAY_OUT: Outbound = {
  fetch: () => Promise.reject(new OutboundError('connection')),
};

/** Longer than any roll-out takes; an old secret that works forever is one that nobody replaces. */
export const OVERLAP_SECONDS_MOST = 90 * 86_400;

/** A secret is stored as a plain hash, which only a random one withstands: 32 characters of base64 have 192 bits. */
export const DECLARED_SECRET_MIN = 32;

const hasSecret = (method: AuthMethod) => rowOf.authentication(method).secret === true;

export function createClientPlans(parts: ClientPlanParts): ClientPlans {
  const { db, now, endRecordsOf, serverPolicy = DEFAULT_SERVER_POLICY, ownScopes = OWN_SCOPES, outbound } = parts;

  /** Checks that need a request to a URL of the client. */
  async function checkPlaces(metadata: ClientMetadata, chosenBy: OutboundTurn['chosenBy']): Promise<void> {
    await checkSector(metadata, outbound ?? NO_WAY_OUT, { chosenBy });
    if (outbound) await checkPublishedKeys(metadata, outbound, { chosenBy });
  }

  async function existing(id: string): Promise<ClientRow> {
    const [row] = isClientId(id) ? await db.query(CLIENT_STATEMENTS.find.bind({ id })) : [];
    if (!row || row.builtin) throw notFound('client', id);
    return row;
  }

  /** A scope that does not exist may be one of a resource server that is registered later, or a typing error. */
  async function warningsOf(scope: string, earlier = ''): Promise<Warning[]> {
    const known = new Set([...ownScopes, ...earlier.split(' ')]);
    const others = scope.split(' ').filter((one) => one !== '' && !known.has(one));
    if (others.length === 0) return [];
    const rows = await db.query(CLIENT_STATEMENTS.scopesOfServers.bind({ scopes: others }));
    const found = new Set(rows.map((row) => row.scope));
    return others
      .filter((one) => !found.has(one))
      .map((value) => ({
        code: 'unknown_scope',
        field: 'scope',
        value,
        message: `scope: no resource server has ${JSON.stringify(value)}, so no token gets it`,
      }));
  }

  /** The change from one row to the next, which is stored unless nothing changes. */
  function changing(before: ClientRow, changed: Partial<ClientRow>): Omit<PlannedClient, 'warnings'> {
    const { id, version, created_at: createdAt } = before;
    const merged = { ...before, ...changed };
    const isChanged = !isDeepStrictEqual(merged, before);
    const after = isChanged
      ? {
          ...merged,
          version: version + 1,
          updated_at: new Date(Math.max(now(), before.updated_at.getTime() + 1)),
        }
      : before;
    const update = CLIENT_STATEMENTS.update.bind({ ...after, ...jsonOf(after) });
    return {
      before: clientOf(before),
      client: clientOf(after),
      statements: [
        CLIENT_STATEMENTS.requireVersion.bind({ id, version, createdAt }),
        ...(isChanged ? [update, CLIENT_STATEMENTS.notify.bind({ id })] : []),
      ],
      refuse: refusedBy({ require_as_read: changedMeanwhile(id) }),
    };
  }

  return {
    async creating(input, permit = () => {}) {
      const id = input.id ?? randomBytes(16).toString('hex');
      if (!CLIENT_ID.test(id)) throw invalidInput('client_id', 'must be letters, digits and ._~-');
      const metadata = checkMetadata(input.metadata ?? {});
      checkServerPolicy(metadata, serverPolicy);
      checkIntrospection(input, { kind: 'operator' }, metadata);
      checkOpenedScopes(input, { kind: 'operator' });
      const secret = hasSecret(metadata.token_endpoint_auth_method) ? newSecret() : undefined;
      const at = new Date(now());
      const row: ClientRow = {
        ...NEW,
        id,
        name: checkName(input.name, 'client_name'),
        secret_hash: secret === undefined ? null : hashToken(secret),
        demo: input.demo ?? false,
        metadata,
        ...policiesOf(input),
        created_at: at,
        updated_at: at,
      };
      const client = clientOf(row);
      permit({ before: undefined, client });
      await checkPlaces(metadata, 'operator');
      return {
        before: undefined,
        client,
        ...(secret === undefined ? {} : { secret }),
        warnings: await warningsOf(metadata.scope),
        statements: [CLIENT_STATEMENTS.insert.bind({ ...row, ...jsonOf(row) }), CLIENT_STATEMENTS.notify.bind({ id })],
        refuse(cause) {
          if (sqlState(cause) !== UNIQUE_VIOLATION) return cause;
          return new AppError('client_exists', `client_id: ${id} exists already`, { cause, field: 'client_id' });
        },
      };
    },

    async updating(id, change, permit = () => {}) {
      const before = await existing(id);
      if (before.kind === 'document' && (change.name !== undefined || change.metadata !== undefined)) {
        throw invalidInput('client_id', 'is the URL of a document: the client can only be changed there');
      }
      if (before.kind !== 'operator' && change.firstParty) {
        throw invalidInput('first_party', 'is for clients that you have made');
      }
      const metadata = checkMetadata({ ...before.metadata, ...change.metadata });
      checkIntrospection(change, before, metadata);
      checkOpenedScopes(change, before);
      checkServerPolicy(metadata, serverPolicy);
      const needsSecret = hasSecret(metadata.token_endpoint_auth_method);
      const secret = needsSecret && !before.secret_hash ? newSecret() : undefined;
      const planned = changing(before, {
        name: checkName(change.name ?? before.name, 'client_name'),
        metadata,
        ...(needsSecret ? {} : { secret_hash: null, ...NO_PREVIOUS }),
        ...(secret === undefined ? {} : { secret_hash: hashToken(secret) }),
        ...policiesOf(change),
        ...(change.openScope === undefined ? {} : { open_scope: change.openScope }),
        ...(change.openedScopes === undefined
          ? {}
          : { opened_scopes: checkScope('opened_scopes', change.openedScopes) }),
      });
      permit(planned);
      if (Object.keys(change.metadata ?? {}).length > 0) {
        await checkPlaces(metadata, before.kind === 'operator' ? 'operator' : 'stranger');
      }
      return {
        ...planned,
        ...(secret === undefined ? {} : { secret }),
        // Clients that the operator did not make ask for what they like, and get what is open to them.
        warnings: before.kind === 'operator' ? await warningsOf(metadata.scope, before.metadata.scope) : [],
      };
    },

    async rotatingSecret(id, { overlapSeconds = 0 } = {}) {
      if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > OVERLAP_SECONDS_MOST) {
        throw invalidInput('overlap_seconds', `must be a whole number from 0 to ${OVERLAP_SECONDS_MOST}`);
      }
      const before = await existing(id);
      if (!before.secret_hash) throw new AppError('no_secret', `client ${id} has no secret`);
      const until = before.previous_secret_until;
      if (overlapSeconds > 0 && until && until.getTime() > now()) {
        throw new AppError(
          'rotation_under_way',
          `client ${id} has two secrets until ${until.toISOString()}: end one of them first, or rotate without an overlap, which ends both`,
        );
      }
      const secret = newSecret();
      const previous =
        overlapSeconds === 0
          ? NO_PREVIOUS
          : {
              previous_secret_hash: before.secret_hash,
              previous_secret_until: new Date(now() + overlapSeconds * 1_000),
            };
      return { ...changing(before, { secret_hash: hashToken(secret), ...previous }), secret, warnings: [] };
    },

    async declaringSecret(id, secret) {
      if (secret.length < DECLARED_SECRET_MIN || !/^[\x21-\x7e]+$/.test(secret)) {
        throw invalidInput('client_secret', `must have at least ${DECLARED_SECRET_MIN} visible ASCII characters`);
      }
      const before = await existing(id);
      if (!before.secret_hash) throw new AppError('no_secret', `client ${id} has no secret`);
      return { ...changing(before, { secret_hash: hashToken(secret), ...NO_PREVIOUS }), warnings: [] };
    },

    async endingOverlap(id, ended = 'old') {
      const before = await existing(id);
      const { previous_secret_hash: previous, previous_secret_until: until } = before;
      if (!previous || !until || until.getTime() <= now()) {
        throw new AppError('no_rotation', `client ${id} has no second secret`);
      }
      return {
        ...changing(before, { ...(ended === 'new' ? { secret_hash: previous } : {}), ...NO_PREVIOUS }),
        warnings: [],
      };
    },

    async removing(id, also = []) {
      const before = await existing(id);
      const { version, created_at: createdAt } = before;
      return {
        before: clientOf(before),
        statements: [
          CLIENT_STATEMENTS.requireVersion.bind({ id, version, createdAt }),
          // They lose a client.
          CLIENT_STATEMENTS.touchServersOf.bind({ id, now: new Date(now()) }),
          CLIENT_STATEMENTS.remove.bind({ id }),
          endRecordsOf(id),
          ...also,
          CLIENT_STATEMENTS.notify.bind({ id }),
        ],
        refuse: refusedBy({ require_as_read: changedMeanwhile(id) }),
      };
    },
  };
}

const NO_PREVIOUS = { previous_secret_hash: null, previous_secret_until: null };

/** The columns of a new client that are the same for each. */
const NEW = {
  version: 1,
  managed_by: null,
  ...NO_PREVIOUS,
  first_party: false,
  builtin: false,
  second_factor_required: false,
  kind: 'operator',
  open_scope: false,
  fresh_until: null,
  claim_mapping: [],
  token_exchange: null,
  introspects_all: false,
  opened_scopes: [],
  policy_scopes: null,
} as const satisfies Partial<ClientRow>;

function jsonOf({ metadata, claim_mapping, token_exchange }: ClientRow) {
  return {
    metadata: JSON.stringify(metadata),
    claim_mapping: JSON.stringify(claim_mapping),
    token_exchange: token_exchange === null ? null : JSON.stringify(token_exchange),
  };
}

/** The columns that only the operator sets: those that are given. */
function policiesOf(given: ClientChange): Partial<ClientRow> {
  const { firstParty, secondFactorRequired, claimMapping, tokenExchange, introspectsAll, managedBy } = given;
  return {
    ...(firstParty === undefined ? {} : { first_party: firstParty }),
    ...(secondFactorRequired === undefined ? {} : { second_factor_required: secondFactorRequired }),
    ...(claimMapping === undefined ? {} : { claim_mapping: checkClaimMapping(claimMapping) }),
    ...(tokenExchange === undefined ? {} : { token_exchange: checkExchangePolicy(tokenExchange) }),
    ...(introspectsAll === undefined ? {} : { introspects_all: introspectsAll }),
    ...(managedBy === undefined ? {} : { managed_by: managedBy }),
  };
}

/** @throws AppError 400 `invalid_input` */
function checkIntrospection(
  { introspectsAll }: Pick<ClientChange, 'introspectsAll'>,
  { kind }: Pick<ClientRow, 'kind'>,
  metadata: ClientMetadata,
): void {
  if (introspectsAll && (kind !== 'operator' || metadata.token_endpoint_auth_method === 'none')) {
    throw invalidInput('introspect', 'all is only for confidential clients that the operator made');
  }
}

/** @throws AppError 400 `invalid_input` */
function checkOpenedScopes(
  { openedScopes }: Pick<ClientChange, 'openedScopes'>,
  { kind }: Pick<ClientRow, 'kind'>,
): void {
  if (openedScopes !== undefined && kind === 'operator') {
    throw invalidInput('opened_scopes', 'is for clients that you have not made: yours have a scope');
  }
}

const changedMeanwhile = (id: string) => (cause: unknown) =>
  new AppError('conflict', `client ${id} was changed meanwhile; try again`, { cause });
