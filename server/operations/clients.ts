import { type Static, Type } from 'typebox';
import { isAccountId } from '../accounts/identifiers.ts';
import { DECLARED_SECRET_MIN, OVERLAP_SECONDS_MOST, type PlannedClient } from '../clients/changes.ts';
import type { Client } from '../clients/client.ts';
import { CLIENT_LIST } from '../clients/listings.ts';
import { serverPolicyOf } from '../config.ts';
import { invalidInput, notFound } from '../platform/errors.ts';
import { endStatelessTokensOfClient } from '../records/ended.ts';
import { changesOf } from './changes.ts';
import {
  ChangedClient,
  ClientDocument,
  ClientPatch,
  changeTo,
  type Document,
  documentOf,
  NewClient,
  ShownClient,
  shownClient,
} from './client_document.ts';
import { assertGainsNothing, assertKnownScopes, assertMayChangeClient, assertMayGiveClient } from './client_power.ts';
import { assertNotOwnClient } from './guards.ts';
import { mergePatch } from './merge_patch.ts';
import { type Call, change, type Plan, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { SCOPE_PREFIX } from './permissions.ts';
import { assertAsRead, assertNotManaged, assertVersion, managedAfter } from './preconditions.ts';
import { strict } from './schema.ts';
import type { Services } from './services.ts';

const NAMED = strict({
  client_id: Type.String({ minLength: 1, maxLength: 256, description: 'its client_id, percent-encoded' }),
});

const EXAMPLE: Static<typeof ShownClient> = {
  client_id: '8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92',
  version: 1,
  client_name: 'Shop',
  kind: 'operator',
  managed_by: null,
  first_party: false,
  demo: false,
  second_factor_required: false,
  redirect_uris: ['https://shop.example/callback'],
  post_logout_redirect_uris: [],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_basic',
  application_type: 'web',
  scope: 'openid profile email',
  pkce: 'auto',
  pkce_needed: 'without_nonce',
  id_token_claims: 'full',
  created_at: '2026-11-01T08:00:00.000Z',
  updated_at: '2026-11-01T08:00:00.000Z',
};
const SECRET = 'N4ZhH0sGmq0oZ0xw3iRyvSgkZ5mS9qJ0rB8cUuWf3dE';
const changedExample = (rest: Partial<Static<typeof ChangedClient>>) => ({
  ...EXAMPLE,
  version: 2,
  warnings: [],
  ...rest,
});
const DOCUMENT = {
  client_name: 'Shop',
  redirect_uris: ['https://shop.example/callback'],
  grant_types: ['authorization_code' as const, 'refresh_token' as const],
  scope: 'openid profile email',
};

export { OVERLAP_SECONDS_MOST };

/** The members whose values the audit has: all but secrets, and what may be the data of a person. */
const VISIBLE = Object.keys(ShownClient.properties).filter((name) => name !== 'tls_client_auth_san_email');

/** Apps and services that get tokens (OAuth 2.0 clients). */
export const clients = {
  list: read({
    name: 'clients.list',
    permission: 'clients:read',
    summary: 'List clients, the oldest first',
    description: `Filters: ${CLIENT_LIST.possible.filters.map(({ name }) => name).join(', ')}. Sorts: ${CLIENT_LIST.possible.sorts.join(', ')}.`,
    schemas: { query: strict(LIST_QUERY), output: pageOf(ShownClient, 'Clients') },
    example: { input: { query: { filter: 'client_name sw "Sh"', limit: 50 } }, output: { items: [EXAMPLE] } },
    run: async (services, { query }) =>
      shownPage(await services.clients.list(query), (client) => shown(services, client)),
  }),

  show: read({
    name: 'clients.show',
    permission: 'clients:read',
    summary: 'Show a client',
    schemas: { params: NAMED, output: ShownClient },
    example: { output: EXAMPLE },
    run: async (services, { params }) => shown(services, await existing(services, params.client_id)),
  }),

  create: change({
    name: 'clients.create',
    permission: 'clients:write',
    target: 'client',
    summary: 'Create a client',
    description: 'The answer has its secret, if it authenticates by one; it is shown only now.',
    schemas: { body: NewClient, output: ChangedClient },
    example: { input: { body: DOCUMENT }, output: changedExample({ version: 1, client_secret: SECRET }) },
    async plan(services, { body }, call) {
      const { client_id: id, client_name: name, demo = false, ...rest } = body;
      if (demo && services.config.production)
        throw invalidInput('demo', 'is for development: this server is in production');
      if (id !== undefined) await assertNobodysSubject(services, id, call);
      const input = {
        name,
        ...changeTo(rest),
        demo,
        managedBy: managedAfter(null, call),
        ...(id === undefined ? {} : { id }),
      };
      const planned = await services.clients.creating(input, ({ client }) => {
        assertKnownScopes(client, SCOPE_PREFIX);
        assertMayGiveClient(call.actor, client);
      });
      return resultOf(services, planned, call);
    },
  }),

  update: change({
    name: 'clients.update',
    permission: 'clients:write',
    target: 'client',
    summary: 'Change a client',
    description:
      'By JSON Merge Patch (RFC 7396). A change of token_endpoint_auth_method to one with a secret makes one, which the answer has.',
    schemas: { params: NAMED, body: ClientPatch, output: ChangedClient },
    example: {
      input: { params: { client_id: EXAMPLE.client_id }, body: { client_name: 'Web shop' } },
      output: changedExample({ client_name: 'Web shop' }),
    },
    plan: (services, { params, body }, call) =>
      updating(services, params.client_id, call, (before) => mergePatch(before, body) as Document),
  }),

  replace: change({
    name: 'clients.replace',
    permission: 'clients:write',
    target: 'client',
    summary: 'Replace all metadata of a client',
    description: 'What the body leaves out gets its default. The client keeps its secret.',
    schemas: { params: NAMED, body: ClientDocument, output: ChangedClient },
    example: {
      input: { params: { client_id: EXAMPLE.client_id }, body: DOCUMENT },
      output: changedExample({}),
    },
    plan: (services, { params, body }, call) => updating(services, params.client_id, call, () => body),
  }),

  remove: change({
    name: 'clients.delete',
    permission: 'clients:write',
    target: 'client',
    summary: 'Delete a client, and end its grants and tokens',
    schemas: {
      params: NAMED,
      output: strict({ client_id: NAMED.properties.client_id, deleted: Type.Literal(true) }),
    },
    example: { output: { client_id: EXAMPLE.client_id, deleted: true } },
    async plan(services, { params: { client_id: id } }, call) {
      const before = await changeable(services, id, call);
      assertNotOwnClient(call.actor, id);
      const also = [endStatelessTokensOfClient(id, new Date(services.now()), await services.signedUntil())];
      const planned = await services.clients.removing(id, also);
      assertAsRead('client', before, planned.before, call);
      return {
        ...planned,
        target: { kind: 'client', id },
        changes: changesOf(shown(services, before), {}, VISIBLE),
        result: () => ({ client_id: id, deleted: true as const }),
      };
    },
  }),

  rotateSecret: change({
    name: 'clients.rotate_secret',
    permission: 'clients:write',
    target: 'client',
    summary: 'Replace the secret of a client',
    description:
      'The answer has the new one, which is shown only now. The old one can go on for a while, so that none is refused.',
    schemas: {
      params: NAMED,
      body: strict({
        overlap_seconds: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: OVERLAP_SECONDS_MOST,
            description: 'how long the old secret works as well; 0 by default',
          }),
        ),
      }),
      output: ChangedClient,
    },
    example: {
      input: { params: { client_id: EXAMPLE.client_id }, body: { overlap_seconds: 86_400 } },
      output: changedExample({ client_secret: SECRET, previous_secret_expires_at: '2026-11-03T08:00:00.000Z' }),
    },
    async plan(services, { params: { client_id: id }, body: { overlap_seconds: overlapSeconds = 0 } }, call) {
      const before = await changeable(services, id, call);
      const planned = await services.clients.rotatingSecret(id, { overlapSeconds });
      assertAsRead('client', before, planned.before, call);
      return resultOf(services, planned, call);
    },
  }),

  declareSecret: change({
    name: 'clients.declare_secret',
    permission: 'clients:write',
    target: 'client',
    summary: 'Set the secret of a client to one that the operator has made',
    schemas: {
      params: NAMED,
      body: strict({
        client_secret: Type.String({
          minLength: DECLARED_SECRET_MIN,
          maxLength: 512,
          pattern: '^[\\x21-\\x7e]+$',
          description: 'random, such as of "openssl rand -hex 32"',
        }),
      }),
      output: ChangedClient,
    },
    example: {
      input: { params: { client_id: EXAMPLE.client_id }, body: { client_secret: SECRET } },
      output: changedExample({}),
    },
    async plan(services, { params: { client_id: id }, body: { client_secret: secret } }, call) {
      const before = await changeable(services, id, call);
      const planned = await services.clients.declaringSecret(id, secret);
      assertAsRead('client', before, planned.before, call);
      return resultOf(services, planned, call);
    },
  }),

  endSecret: change({
    name: 'clients.end_secret',
    permission: 'clients:write',
    target: 'client',
    summary: 'End one of the two secrets that a client has after a rotation',
    schemas: {
      params: NAMED,
      body: strict({
        secret: Type.Unsafe<'old' | 'new'>({
          type: 'string',
          enum: ['old', 'new'],
          description: 'old: the rotation is complete; new: it is taken back',
        }),
      }),
      output: ChangedClient,
    },
    example: {
      input: { params: { client_id: EXAMPLE.client_id }, body: { secret: 'old' } },
      output: changedExample({ version: 3 }),
    },
    async plan(services, { params: { client_id: id }, body: { secret } }, call) {
      const before = await changeable(services, id, call);
      const planned = await services.clients.endingOverlap(id, secret);
      assertAsRead('client', before, planned.before, call);
      return resultOf(services, planned, call);
    },
  }),
};

async function existing({ clients: store }: Pick<Services, 'clients'>, id: string): Promise<Client> {
  const client = await store.find(id);
  if (!client || client.builtin) throw notFound('client', id);
  return client;
}

/**
 * RFC 9068 §5: the `sub` of a client's own token is its id, and must not be taken for a person.
 * @throws AppError 400 `invalid_input`
 */
async function assertNobodysSubject({ accountStores }: Services, id: string, { fromFile }: Call): Promise<void> {
  if (isAccountId(id)) throw invalidInput('client_id', 'must not be a UUID, which is the sub of a person in tokens');
  // A file has many of them, and is written by those who operate the server.
  if (fromFile) return;
  const { accounts } = await accountStores();
  if (await accounts.findBySubject(id)) throw invalidInput('client_id', 'must not be the sub of a person');
}

/** @throws AppError 403, 404, 409, 412 */
async function changeable(services: Services, id: string, call: Call): Promise<Client> {
  const before = await existing(services, id);
  assertMayChangeClient(call.actor, before);
  assertVersion('client', before, call);
  assertNotManaged('client', before.managedBy, call);
  return before;
}

/** @param changed the client's document as it should be, from what it is */
async function updating(services: Services, id: string, call: Call, changed: (before: Document) => Document) {
  const before = await changeable(services, id, call);
  const document = documentOf(before);
  const change = {
    ...changeTo(changed(document), document),
    managedBy: managedAfter(before.managedBy, call),
  };
  const planned = await services.clients.updating(id, change, ({ before: again, client }) => {
    assertAsRead('client', before, again, call);
    assertKnownScopes(client, SCOPE_PREFIX, before);
    assertMayGiveClient(call.actor, client);
    assertGainsNothing(call.actor, before, client);
  });
  return resultOf(services, planned, call);
}

const shown = ({ config }: Pick<Services, 'config'>, client: Client) => shownClient(client, serverPolicyOf(config));

function resultOf(
  services: Services,
  { before, client, secret, warnings, statements, refuse }: PlannedClient,
  { dryRun }: Call,
): Plan<Static<typeof ChangedClient>> {
  const { secretHash = null, previousSecretHash = null } = before ?? {};
  const hasOtherSecrets = secretHash !== client.secretHash || previousSecretHash !== client.previousSecretHash;
  return {
    statements,
    refuse,
    target: { kind: 'client', id: client.id },
    changes: {
      ...changesOf(before ? shown(services, before) : {}, shown(services, client), VISIBLE),
      ...(hasOtherSecrets ? { client_secret: {} } : {}),
    },
    result: () => ({
      ...shown(services, client),
      // The secret of a dry run would be taken for one that works.
      ...(secret === undefined || dryRun ? {} : { client_secret: secret }),
      warnings: [...warnings],
    }),
  };
}
