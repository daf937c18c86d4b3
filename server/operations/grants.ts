import { type Static, Type } from 'typebox';
import { ofPerson } from '../audit/delivered.ts';
import { notFound } from '../platform/errors.ts';
import type { ListedGrant } from '../records/listings.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { Id, strict, Time } from './schema.ts';
import { assertMayChangeUser } from './user_plans.ts';

const GrantId = Type.String({ minLength: 1, maxLength: 128 });

const Grant = strict(
  {
    id: GrantId,
    user_id: Type.String({ format: 'uuid', description: 'the person' }),
    client_id: Type.String(),
    scopes: Type.Array(Type.String()),
    resources: Type.Record(Type.String(), Type.Array(Type.String()), {
      description: 'scopes by resource server (RFC 8707)',
    }),
    created_at: Time,
    expires_at: Time,
  },
  { title: 'Grant', description: 'without its tokens, which are stored as hashes alone' },
);

const EXAMPLE: Static<typeof Grant> = {
  id: 'g0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6',
  user_id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
  client_id: 'notes',
  scopes: ['openid', 'offline_access'],
  resources: { 'https://api.example.com': ['notes:read'] },
  created_at: '2026-11-01T08:00:00.000Z',
  expires_at: '2026-12-01T08:00:00.000Z',
};

/** What a person allowed a client in one session; all tokens of the client there belong to it. */
export const grants = {
  list: read({
    name: 'grants.list',
    permission: 'grants:read',
    summary: 'List what people have allowed to clients, the latest first',
    description: 'Filter by user_id, client_id, created_at or expires_at.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Grant, 'Grants') },
    example: { input: { query: { filter: 'client_id eq "notes"' } }, output: { items: [EXAMPLE] } },
    run: async ({ accountStores }, { query }) => shownPage(await (await accountStores()).lists.grants(query), shown),
  }),

  show: read({
    name: 'grants.show',
    permission: 'grants:read',
    summary: 'Show a grant',
    schemas: { params: strict({ id: GrantId }), output: Grant },
    example: { input: { params: { id: EXAMPLE.id } }, output: EXAMPLE },
    async run({ accountStores }, { params: { id } }) {
      const grant = await (await accountStores()).lists.findGrant(id);
      if (!grant) throw notFound('grant', id);
      return shown(grant);
    },
  }),

  revoke: change({
    name: 'grants.revoke',
    permission: 'grants:write',
    target: 'grant',
    summary: 'Revoke a grant, with all of its tokens',
    schemas: {
      params: strict({ id: GrantId }),
      output: strict({ id: GrantId, user_id: Id, client_id: Type.String() }, { title: 'RevokedGrant' }),
    },
    example: {
      input: { params: { id: EXAMPLE.id } },
      output: { id: EXAMPLE.id, user_id: EXAMPLE.user_id, client_id: 'notes' },
    },
    async plan(services, { params: { id } }, call) {
      const grant = await (await services.accountStores()).lists.findGrant(id);
      if (grant) await assertMayChangeUser(services, grant.accountId, call);
      const { statements, refuse, target, ended } = await (await services.endings()).grant(id);
      return {
        statements,
        refuse,
        target,
        changes: ofPerson(grant?.accountId),
        result(rows) {
          const { user_id = '', client_id = '' } = ended(rows);
          return { id, user_id, client_id };
        },
      };
    },
  }),
};

function shown(grant: ListedGrant): Static<typeof Grant> {
  return {
    id: grant.id,
    user_id: grant.accountId,
    client_id: grant.clientId,
    scopes: [...grant.scopes],
    resources: Object.fromEntries(Object.entries(grant.resources).map(([name, scopes]) => [name, [...scopes]])),
    created_at: grant.createdAt.toISOString(),
    expires_at: grant.expiresAt.toISOString(),
  };
}
