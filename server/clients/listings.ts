import type { Selectable } from 'kysely';
import type { RegistrationTokens, ResourceServers } from '../platform/database.ts';
import { createListing } from '../platform/listing.ts';
import { type Client, clientOf } from './client.ts';
import type { RegistrationPolicy } from './registration_policy.ts';
import { CLIENT_COLUMNS, type ClientRow } from './statements.ts';

/* What operators can filter and sort lists by. A column that a list is sorted by has an index together with the id. */

const TIMES = ['gt', 'ge', 'lt', 'le'] as const;

/** Without Cardea's own: the caller adds `NOT_BUILTIN`. */
export const CLIENT_LIST = createListing<ClientRow, Client>({
  name: 'clients',
  select: CLIENT_COLUMNS,
  from: 'clients',
  id: { sql: 'id', type: 'text' },
  fields: {
    client_id: { type: 'text', operators: ['eq', 'ne', 'sw'], sql: 'id' },
    client_name: { type: 'text', operators: ['eq', 'ne', 'sw', 'co'], sql: 'name' },
    kind: { type: 'text', operators: ['eq', 'ne'], sql: 'kind' },
    first_party: { type: 'boolean', operators: ['eq', 'ne'], sql: 'first_party' },
    managed_by: { type: 'text', operators: ['eq', 'ne', 'pr'], nullable: true, sql: 'managed_by' },
    token_endpoint_auth_method: {
      type: 'text',
      operators: ['eq', 'ne'],
      sql: "metadata->>'token_endpoint_auth_method'",
    },
    // `?`: the list has this text
    grant_types: {
      type: 'text',
      operators: ['eq', 'ne'],
      sql: (_op, value, add) => `metadata->'grant_types' ? ${add(value, 'text')}`,
    },
    redirect_uris: {
      type: 'text',
      operators: ['eq', 'ne'],
      sql: (_op, value, add) => `metadata->'redirect_uris' ? ${add(value, 'text')}`,
    },
    scope: { type: 'texts', operators: ['eq', 'ne', 'sw'], sql: "string_to_array(metadata->>'scope', ' ')" },
    created_at: { type: 'time', operators: TIMES, sql: 'created_at' },
    updated_at: { type: 'time', operators: TIMES, sql: 'updated_at' },
  },
  sorts: {
    created_at: { sql: 'created_at', type: 'time' },
    updated_at: { sql: 'updated_at', type: 'time' },
    client_name: { sql: 'name', type: 'text' },
  },
  defaultSort: 'created_at',
  item: clientOf,
});

export const NOT_BUILTIN = { where: () => 'NOT builtin' };

export type ResourceServerRow = Selectable<ResourceServers> & { readonly clients: string[] };

export const RESOURCE_SERVER_LIST = createListing<ResourceServerRow, ResourceServerRow>({
  name: 'resource_servers',
  select: `identifier, name, scopes, open, token_typ, created_at, updated_at, version, managed_by,
           ARRAY(SELECT c.client_id FROM resource_server_clients c
                  WHERE c.resource_server = identifier ORDER BY c.client_id) AS clients`,
  from: 'resource_servers',
  id: { sql: 'identifier', type: 'text' },
  fields: {
    identifier: { type: 'text', operators: ['eq', 'ne', 'sw'], sql: 'identifier' },
    name: { type: 'text', operators: ['eq', 'ne', 'sw', 'co'], sql: 'name' },
    scopes: { type: 'texts', operators: ['eq', 'ne', 'sw'], sql: 'scopes' },
    open: { type: 'boolean', operators: ['eq', 'ne'], sql: 'open' },
    clients: {
      type: 'text',
      operators: ['eq', 'ne'],
      sql: (_op, value, add) => `EXISTS (SELECT 1 FROM resource_server_clients c
         WHERE c.resource_server = identifier AND c.client_id = ${add(value, 'text')})`,
    },
    managed_by: { type: 'text', operators: ['eq', 'ne', 'pr'], nullable: true, sql: 'managed_by' },
    created_at: { type: 'time', operators: TIMES, sql: 'created_at' },
    updated_at: { type: 'time', operators: TIMES, sql: 'updated_at' },
  },
  sorts: {
    created_at: { sql: 'created_at', type: 'time' },
    updated_at: { sql: 'updated_at', type: 'time' },
    name: { sql: 'name', type: 'text' },
  },
  defaultSort: 'created_at',
  item: (row) => row,
});

export type RegistrationTokenRow = Omit<Selectable<RegistrationTokens>, 'policy' | 'token_hash'> & {
  readonly policy: RegistrationPolicy;
};

export const REGISTRATION_TOKEN_LIST = createListing<RegistrationTokenRow, RegistrationTokenRow>({
  name: 'registration_tokens',
  select: 'id, policy, uses_left, created_at, expires_at',
  from: 'registration_tokens',
  id: { sql: 'id', type: 'text' },
  fields: {
    id: { type: 'text', operators: ['eq'], sql: 'id' },
    uses_left: { type: 'number', operators: ['eq', 'gt'], sql: 'uses_left' },
    created_at: { type: 'time', operators: TIMES, sql: 'created_at' },
    expires_at: { type: 'time', operators: TIMES, sql: 'expires_at' },
  },
  sorts: { created_at: { sql: 'created_at', type: 'time' } },
  defaultSort: 'created_at',
  item: (row) => row,
});
