import { type Static, Type } from 'typebox';
import { checkPolicy } from '../clients/registration_policy.ts';
import type { RegistrationToken } from '../clients/registration_tokens.ts';
import { notFound } from '../platform/errors.ts';
import { changesOf } from './changes.ts';
import { assertMayGive } from './guards.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { permissionOfScope } from './permissions.ts';
import { strict, Time } from './schema.ts';

const TokenId = Type.String({ pattern: '^[0-9a-f]{16}$', description: '16 hex digits' });
const SCOPE = 'the most that clients may request, separated by spaces';
const HOSTS = 'hosts of redirect URIs, *.example.com for all below one';
const Scope = Type.String({ maxLength: 2_048, description: SCOPE });
const Hosts = Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 100, description: HOSTS });
const GrantTypes = Type.Array(Type.String({ maxLength: 100 }), { minItems: 1, maxItems: 20 });
const USES_MAX = 1_000_000;
const WEEK_SECONDS = 7 * 86_400;
const YEAR_SECONDS = 366 * 86_400;

const MEMBERS = {
  id: TokenId,
  uses_left: Type.Integer({ minimum: 0, description: 'clients that may still be registered with it' }),
  grant_types: GrantTypes,
  redirect_hosts: Type.Optional({ ...Hosts, description: `${HOSTS}; absent: any` }),
  scope: Type.Optional({ ...Scope, description: `${SCOPE}; absent: what is open to every client` }),
  created_at: Time,
  expires_at: Time,
};

const Registration = strict(MEMBERS, {
  title: 'Registration',
  description: 'without the token itself, which is stored as a hash and shown only when it is made',
});

const NewRegistration = strict(
  {
    ...MEMBERS,
    token: Type.Optional(
      Type.String({ description: 'the token, which cannot be shown again; not in the result of a dry run' }),
    ),
  },
  { title: 'NewRegistration' },
);

const EXAMPLE: Static<typeof Registration> = {
  id: '5f2b8c1d9e0a7364',
  uses_left: 10,
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_hosts: ['*.apps.example.com'],
  created_at: '2026-11-01T08:00:00.000Z',
  expires_at: '2026-11-08T08:00:00.000Z',
};
const PARAMS = strict({ id: TokenId });

/** Initial access tokens, by which clients register themselves (RFC 7591 §3). */
export const registrations = {
  list: read({
    name: 'registrations.list',
    permission: 'registrations:read',
    summary: 'List initial access tokens, the oldest first',
    description: 'Filter by id, uses_left, created_at or expires_at.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Registration, 'Initial access tokens') },
    example: { output: { items: [EXAMPLE] } },
    run: async ({ registrationTokens }, { query }) => shownPage(await registrationTokens.list(query), shown),
  }),

  show: read({
    name: 'registrations.show',
    permission: 'registrations:read',
    summary: 'Show an initial access token, without its secret value',
    schemas: { params: PARAMS, output: Registration },
    example: { input: { params: { id: EXAMPLE.id } }, output: EXAMPLE },
    async run({ registrationTokens }, { params: { id } }) {
      const found = await registrationTokens.findById(id);
      if (!found) throw notFound('registration token', id);
      return shown(found);
    },
  }),

  create: change({
    name: 'registrations.create',
    permission: 'registrations:write',
    target: 'registration',
    summary: 'Create an initial access token; it is shown only now',
    description: 'Its scope can have no permission of this API that you do not have yourself.',
    schemas: {
      body: strict({
        uses: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: USES_MAX,
            description: 'clients that may be registered with it; 1 by default',
          }),
        ),
        expires_in: Type.Optional(
          Type.Integer({
            minimum: 60,
            maximum: YEAR_SECONDS,
            description: 'its lifetime in seconds; 7 days by default',
          }),
        ),
        redirect_hosts: Type.Optional(Hosts),
        grant_types: Type.Optional(GrantTypes),
        scope: Type.Optional(Scope),
      }),
      output: NewRegistration,
    },
    example: {
      input: { body: { uses: 10, redirect_hosts: ['*.apps.example.com'] } },
      output: { ...EXAMPLE, token: 'V9uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6' },
    },
    async plan({ registrationTokens }, { body }, call) {
      const { uses = 1, expires_in: lifetime = WEEK_SECONDS } = body;
      const policy = checkPolicy({
        redirectHosts: body.redirect_hosts,
        grantTypes: body.grant_types,
        scopes: body.scope,
      });
      // A client that is registered with it may get tokens with these scopes.
      const given = (policy.scopes ?? []).map(permissionOfScope).filter((one) => one !== undefined);
      assertMayGive(call.actor, given);
      const { made, statements, refuse } = registrationTokens.creating({ policy, uses, lifetime });
      const { token, ...registration } = made;
      const after = shown(registration);
      return {
        statements,
        refuse,
        target: { kind: 'registration', id: made.id },
        changes: changesOf({}, after, Object.keys(after)),
        // The token of a dry run would be taken for one that works.
        result: () => ({ ...after, ...(call.dryRun ? {} : { token }) }),
      };
    },
  }),

  remove: change({
    name: 'registrations.delete',
    permission: 'registrations:write',
    target: 'registration',
    summary: 'Delete an initial access token; clients that were registered with it stay',
    schemas: {
      params: PARAMS,
      output: strict({ id: TokenId, revoked: Type.Literal(true) }, { title: 'DeletedRegistration' }),
    },
    example: { input: { params: { id: EXAMPLE.id } }, output: { id: EXAMPLE.id, revoked: true } },
    async plan({ registrationTokens }, { params: { id } }) {
      const { before, statements, refuse } = await registrationTokens.revoking(id);
      return {
        statements,
        refuse,
        target: { kind: 'registration', id },
        changes: { uses_left: { before: before.usesLeft } },
        result: () => ({ id, revoked: true as const }),
      };
    },
  }),
};

function shown({ id, policy, usesLeft, createdAt, expiresAt }: RegistrationToken): Static<typeof Registration> {
  return {
    id,
    uses_left: usesLeft,
    grant_types: [...policy.grantTypes],
    ...(policy.redirectHosts ? { redirect_hosts: [...policy.redirectHosts] } : {}),
    ...(policy.scopes ? { scope: policy.scopes.join(' ') } : {}),
    created_at: createdAt.toISOString(),
    expires_at: expiresAt.toISOString(),
  };
}
