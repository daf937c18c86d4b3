import { isDeepStrictEqual } from 'node:util';
import { type Static, type TSchema, type TUnsafe, Type } from 'typebox';
import { CLAIM_MAPPING_SCHEMA, type ClaimRule } from '../clients/claim_mapping.ts';
import type { Client, ClientChange } from '../clients/client.ts';
import type { ClientMetadata } from '../clients/metadata.ts';
import { COMPLETED, OPTIONAL } from '../clients/metadata_fields.ts';
import { METADATA_PROPERTIES } from '../clients/metadata_schema.ts';
import { neededPkce, PROFILES, profileOf, type ServerPolicy } from '../clients/profiles.ts';
import type { Reader } from '../clients/readers.ts';
import { EXCHANGE_POLICY_MEMBERS, EXCHANGE_POLICY_SCHEMA, type ExchangePolicy } from '../clients/token_exchange.ts';
import { ManagedBy, removable, strict, Time, Version } from './schema.ts';

/**
 * A client as operators read and write it: its metadata in the names of RFC 7591, and what only operators decide. Members
 * without a value are absent.
 */

type Properties = Readonly<Record<string, TSchema>>;

const optional = <const P extends Properties>(properties: P) => Type.Partial(Type.Object(properties)).properties;

function fieldsOf<Table extends Readonly<Record<string, Reader<unknown>>>>(table: Table) {
  const fields = Object.keys(table).map((name) => [name, Type.Unsafe(METADATA_PROPERTIES[name] ?? {})] as const);
  return Object.fromEntries(fields) as { [Name in keyof Table]: TUnsafe<ReturnType<Table[Name]>> };
}

const COMPLETED_FIELDS = fieldsOf(COMPLETED);
const OPTIONAL_FIELDS = fieldsOf(OPTIONAL);

const NAME = {
  client_name: Type.String({ minLength: 1, maxLength: 400, description: 'its name on the sign-in and consent pages' }),
};

const FirstParty = Type.Boolean({ description: 'a client of the operator: people are not asked for consent' });
const SecondFactor = Type.Boolean({ description: 'every sign-in to it needs a second factor' });

/** What operators decide, and a client never says of itself. */
const DECIDED = {
  first_party: FirstParty,
  second_factor_required: SecondFactor,
  introspect: Type.Unsafe<'own' | 'all'>({
    type: 'string',
    enum: ['own', 'all'],
    description: 'access tokens that it may introspect: its own and those for its resource servers (default), or all',
  }),
  opened_scopes: Type.Array(Type.String({ minLength: 1, maxLength: 4_000 }), {
    maxItems: 100,
    description: 'for a client that registered itself: scopes that it may request besides those open to every client',
  }),
  claim_mapping: Type.Unsafe<readonly ClaimRule[]>({
    ...CLAIM_MAPPING_SCHEMA,
    description: 'rules for its additional claims',
  }),
  token_exchange: Type.Unsafe<ExchangePolicy>({
    ...EXCHANGE_POLICY_SCHEMA,
    description: 'what tokens it may exchange (RFC 8693); absent: none',
  }),
};

const SETTABLE = { ...DECIDED, ...COMPLETED_FIELDS, ...OPTIONAL_FIELDS };

/** The body that replaces a client: what is absent gets its default. */
export const ClientDocument = strict({ ...NAME, ...optional(SETTABLE) }, { title: 'ClientDocument' });

export const NewClient = strict(
  {
    client_id: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$',
        description: 'random by default; give one to keep that of another server',
      }),
    ),
    demo: Type.Optional(Type.Boolean({ description: 'for trying out: refused by a server in production' })),
    ...NAME,
    ...optional(SETTABLE),
  },
  { title: 'NewClient' },
);

/** The body of a change (RFC 7396): null removes a member, which then has its default. */
export const ClientPatch = strict(
  { ...optional(NAME), ...optional(removable(SETTABLE)) },
  { minProperties: 1, title: 'ClientPatch' },
);

export const ShownClient = strict(
  {
    client_id: Type.String({ description: 'for one that describes itself in a document, its URL' }),
    version: Version,
    ...NAME,
    kind: Type.Unsafe<Client['kind']>({
      type: 'string',
      enum: ['operator', 'dynamic', 'document'],
      description: 'who made it: an operator, the client itself (RFC 7591), or a document at its client_id',
    }),
    managed_by: ManagedBy,
    first_party: FirstParty,
    demo: Type.Boolean({ description: 'made for trying out; refused in production' }),
    second_factor_required: SecondFactor,
    previous_secret_expires_at: Type.Optional(Time),
    ...optional({
      introspect: DECIDED.introspect,
      opened_scopes: DECIDED.opened_scopes,
      claim_mapping: DECIDED.claim_mapping,
      token_exchange: DECIDED.token_exchange,
    }),
    ...COMPLETED_FIELDS,
    scope: Type.String({ description: String(METADATA_PROPERTIES.scope?.description) }),
    ...optional(OPTIONAL_FIELDS),
    pkce: OPTIONAL_FIELDS.pkce,
    pkce_needed: Type.Unsafe<ReturnType<typeof neededPkce>>({
      type: 'string',
      enum: ['always', 'without_nonce', 'never'],
      description: 'when it must use PKCE, as its profile and `pkce` say together',
    }),
    id_token_claims: OPTIONAL_FIELDS.id_token_claims,
    created_at: Time,
    updated_at: Time,
  },
  { title: 'Client' },
);

/** A client after a change. */
export const ChangedClient = strict(
  {
    ...ShownClient.properties,
    client_secret: Type.Optional(
      Type.String({ description: 'a new secret, which is shown only now; not in the result of a dry run' }),
    ),
    warnings: Type.Array(
      strict({
        code: Type.Unsafe<'unknown_scope'>({ type: 'string', enum: ['unknown_scope'] }),
        field: Type.String(),
        value: Type.String(),
        message: Type.String(),
      }),
      { description: 'what is allowed and probably a mistake' },
    ),
  },
  { title: 'ChangedClient' },
);

export type Document = Partial<Static<typeof ClientDocument>>;

/** The members that only operators decide, as they are by default. */
export const DECIDED_DEFAULTS = {
  first_party: false,
  second_factor_required: false,
  introspect: 'own',
  opened_scopes: [],
  claim_mapping: [],
} as const satisfies Document;

/** The members of a client that a change may name, as they are stored. */
export function documentOf(client: Client): Document {
  const { name, firstParty, secondFactorRequired, introspectsAll, openedScopes, claimMapping, tokenExchange } = client;
  return {
    client_name: name,
    first_party: firstParty,
    second_factor_required: secondFactorRequired,
    introspect: introspectsAll ? 'all' : 'own',
    opened_scopes: [...openedScopes],
    claim_mapping: claimMapping,
    ...(tokenExchange ? { token_exchange: tokenExchange } : {}),
    ...client.metadata,
  };
}

/** The members of `Client` for those of the document; an absent one has its default. */
const MEMBERS: { readonly [Name in keyof typeof DECIDED | 'client_name']: (document: Document) => ClientChange } = {
  client_name: ({ client_name }) => (client_name === undefined ? {} : { name: client_name }),
  first_party: ({ first_party = false }) => ({ firstParty: first_party }),
  second_factor_required: ({ second_factor_required = false }) => ({ secondFactorRequired: second_factor_required }),
  introspect: ({ introspect = 'own' }) => ({ introspectsAll: introspect === 'all' }),
  opened_scopes: ({ opened_scopes = [] }) => ({ openedScopes: opened_scopes }),
  claim_mapping: ({ claim_mapping = [] }) => ({ claimMapping: claim_mapping }),
  token_exchange: ({ token_exchange = null }) => ({ tokenExchange: token_exchange }),
};

const METADATA = Object.keys({ ...COMPLETED, ...OPTIONAL }) as readonly (keyof ClientMetadata)[];

/** The metadata of a document (RFC 7591). */
export function metadataIn(document: Document): Partial<ClientMetadata> {
  const given = METADATA.filter((name) => document[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, document[name]]));
}

/** The change from one document to another. @param before undefined for a new client */
export function changeTo(after: Document, before: Document = {}): ClientChange {
  const valueIn = (document: Document, name: keyof Document) => document[name] ?? (DECIDED_DEFAULTS as Document)[name];
  const isChanged = (name: keyof Document) => !isDeepStrictEqual(valueIn(before, name), valueIn(after, name));
  const metadata = METADATA.filter(isChanged);
  const members = (Object.keys(MEMBERS) as (keyof typeof MEMBERS)[]).filter(isChanged);
  return {
    ...Object.assign({}, ...members.map((name) => MEMBERS[name](after))),
    ...(metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata.map((name) => [name, after[name]])) }),
  };
}

/** A client as operators see it, without its secrets. */
export function shownClient(client: Client, serverPolicy: ServerPolicy): Static<typeof ShownClient> {
  const profile = profileOf(client.metadata, serverPolicy);
  const { previousSecretUntil: until, claimMapping, tokenExchange } = client;
  return {
    client_id: client.id,
    version: client.version,
    client_name: client.name,
    kind: client.kind,
    managed_by: client.managedBy,
    first_party: client.firstParty,
    demo: client.demo,
    second_factor_required: client.secondFactorRequired,
    ...(until ? { previous_secret_expires_at: until.toISOString() } : {}),
    ...(client.introspectsAll ? { introspect: 'all' as const } : {}),
    ...(client.openedScopes.length > 0 ? { opened_scopes: [...client.openedScopes] } : {}),
    ...client.metadata,
    pkce: client.metadata.pkce ?? 'auto',
    pkce_needed: neededPkce(client.metadata, profile),
    id_token_claims: client.metadata.id_token_claims ?? PROFILES[profile].idTokenClaims,
    ...(claimMapping.length > 0 ? { claim_mapping: claimMapping } : {}),
    ...(tokenExchange ? { token_exchange: tokenExchange } : {}),
    created_at: client.createdAt.toISOString(),
    updated_at: client.updatedAt.toISOString(),
  };
}

/** A policy for token exchange as a patch that leaves nothing of the old one. */
export function exchangeOf(policy: unknown): unknown {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) return policy;
  return { ...Object.fromEntries(EXCHANGE_POLICY_MEMBERS.map((name) => [name, null])), ...policy };
}
