import { invalidInput } from '../platform/errors.ts';
import type { ManagedBy } from '../platform/types.ts';
import type { ClaimRule } from './claim_mapping.ts';
import type { ClientMetadata, MetadataInput } from './metadata.ts';
import type { ClientKind, ClientRow } from './statements.ts';
import type { ExchangePolicy } from './token_exchange.ts';

/** A client (relying party). */
export interface Client {
  readonly id: string;
  /** Raised by each change of what operators see. */
  readonly version: number;
  readonly managedBy: ManagedBy;
  /** The name on the consent page. */
  readonly name: string;
  /** SHA-256; null when it authenticates in another way or not at all. */
  readonly secretHash: Buffer | null;
  /** SHA-256 of the secret before the last rotation, and until when it works; null where there is none. */
  readonly previousSecretHash: Buffer | null;
  readonly previousSecretUntil: Date | null;
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

/** What only the operator decides; checked when it is used. */
interface Policies {
  /** See claim_mapping.ts; an empty list for none. */
  readonly claimMapping?: unknown;
  /** See token_exchange.ts; null for none. */
  readonly tokenExchange?: unknown;
  /** See `Client`; for a confidential client that the operator made. */
  readonly introspectsAll?: boolean;
  readonly firstParty?: boolean;
  readonly secondFactorRequired?: boolean;
  /** Scopes that are open to it besides those that are open to all; for clients that the operator did not make. */
  readonly openedScopes?: readonly string[];
  readonly managedBy?: ManagedBy;
}

export interface ClientInput extends Policies {
  readonly name: string;
  readonly metadata?: MetadataInput;
  /** For demos and tests; refused in production. */
  readonly demo?: boolean;
  /** Default: random. */
  readonly id?: string;
}

/** Members that are present replace the old values; `metadata` field by field, where undefined means the default. */
export interface ClientChange extends Policies {
  readonly name?: string;
  readonly metadata?: MetadataInput;
  /** See `Client`; for a client that registered itself. */
  readonly openScope?: boolean;
}

const NAME_MAX = 200;
export const CLIENT_ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/;

/** The URL of a document as a client id; `metadata_documents.ts` checks it. */
const DOCUMENT_ID = /^https?:\/\/[\x21-\x7e]{1,240}$/;

export function isClientId(id: string): boolean {
  return CLIENT_ID.test(id) || isDocumentId(id);
}

export function isDocumentId(id: string): boolean {
  return DOCUMENT_ID.test(id);
}

export function clientOf(row: ClientRow): Client {
  return {
    id: row.id,
    version: row.version,
    managedBy: row.managed_by,
    name: row.name,
    secretHash: row.secret_hash,
    previousSecretHash: row.previous_secret_hash,
    previousSecretUntil: row.previous_secret_until,
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

export function checkName(value: unknown, field = 'name'): string {
  const name = typeof value === 'string' ? value.trim() : '';
  if (name === '' || [...name].length > NAME_MAX) throw invalidInput(field, `must have 1 to ${NAME_MAX} characters`);
  // The name on the consent page must be readable as it is: no controls, no bidirectional overrides.
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name)) throw invalidInput(field, 'must not contain invisible characters');
  return name;
}
