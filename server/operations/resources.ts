import { type Static, Type } from 'typebox';
import { RESOURCE_SERVER_LIST } from '../clients/listings.ts';
import type { PlannedResourceServer, ResourceServer, ResourceServerChange } from '../clients/resource_servers.ts';
import { TOKEN_TYPS, type TokenTyp } from '../clients/vocabulary.ts';
import { notFound } from '../platform/errors.ts';
import { changesOf } from './changes.ts';
import { mergePatch } from './merge_patch.ts';
import { type Call, change, type Plan, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { assertAsRead, assertNotManaged, assertVersion, managedAfter } from './preconditions.ts';
import { ManagedBy, removable, strict, Time, Version } from './schema.ts';
import type { Services } from './services.ts';

const Identifier = Type.String({
  minLength: 1,
  maxLength: 2_000,
  description: 'its resource indicator (RFC 8707), an absolute URI; the audience of its tokens',
});
const Name = Type.String({ minLength: 1, maxLength: 400, description: 'its name on the consent page' });

const SETTABLE = {
  scopes: Type.Array(Type.String({ minLength: 1, maxLength: 4_000 }), { maxItems: 1_000, description: 'its scopes' }),
  open: Type.Boolean({ description: 'clients that registered themselves, such as agents, may request access to it' }),
  clients: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
    maxItems: 100,
    description: 'the clients as which it introspects tokens (RFC 7662): they may introspect all tokens for it',
  }),
  token_typ: Type.Unsafe<TokenTyp>({
    type: 'string',
    enum: [...TOKEN_TYPS],
    description:
      'the typ header of its access tokens: at+jwt (RFC 9068, default), or JWT for a library that refuses at+jwt',
  }),
};

const optional = Type.Partial(Type.Object(SETTABLE)).properties;

const Resource = strict(
  {
    identifier: Identifier,
    version: Version,
    name: Name,
    managed_by: ManagedBy,
    ...SETTABLE,
    created_at: Time,
    updated_at: Time,
  },
  { title: 'ResourceServer' },
);

/** The body that replaces one: what is absent gets its default. */
export const ResourceServerDocument = strict({ name: Name, ...optional }, { title: 'ResourceServerDocument' });

type Document = Static<typeof ResourceServerDocument>;

const NAMED = strict({ identifier: Identifier });

const EXAMPLE: Static<typeof Resource> = {
  identifier: 'https://orders.example/',
  version: 1,
  name: 'Orders',
  managed_by: null,
  scopes: ['orders:read', 'orders:write'],
  open: false,
  clients: [],
  token_typ: 'at+jwt',
  created_at: '2026-11-01T08:00:00.000Z',
  updated_at: '2026-11-01T08:00:00.000Z',
};

const PARAMS = { identifier: EXAMPLE.identifier };

/** APIs that get JWT access tokens when a client names them as `resource` (RFC 8707). */
export const resources = {
  list: read({
    name: 'resources.list',
    permission: 'resources:read',
    summary: 'List resource servers, the oldest first',
    description: `Filters: ${RESOURCE_SERVER_LIST.possible.filters.map(({ name }) => name).join(', ')}. Sorts: ${RESOURCE_SERVER_LIST.possible.sorts.join(', ')}.`,
    schemas: { query: strict(LIST_QUERY), output: pageOf(Resource, 'Resource servers') },
    example: { input: { query: { filter: 'scopes eq "orders:read"' } }, output: { items: [EXAMPLE] } },
    run: async ({ resourceServers }, { query }) => shownPage(await resourceServers.list(query), shown),
  }),

  show: read({
    name: 'resources.show',
    permission: 'resources:read',
    summary: 'Show a resource server',
    schemas: { params: NAMED, output: Resource },
    example: { input: { params: PARAMS }, output: EXAMPLE },
    run: async (services, { params }) => shown(await existing(services, params.identifier)),
  }),

  create: change({
    name: 'resources.create',
    permission: 'resources:write',
    target: 'resource_server',
    summary: 'Create a resource server',
    schemas: { body: strict({ identifier: Identifier, name: Name, ...optional }), output: Resource },
    example: {
      input: { body: { ...PARAMS, name: 'Orders', scopes: ['orders:read', 'orders:write'] } },
      output: EXAMPLE,
    },
    async plan({ resourceServers }, { body: { identifier, ...document } }, call) {
      const managedBy = managedAfter(null, call);
      return resultOf(await resourceServers.creating({ identifier, ...wholeOf(document), managedBy }));
    },
  }),

  update: change({
    name: 'resources.update',
    permission: 'resources:write',
    target: 'resource_server',
    summary: 'Change a resource server',
    description: 'By JSON Merge Patch (RFC 7396). Existing tokens lose removed scopes at once.',
    schemas: {
      params: NAMED,
      body: strict(
        { name: Type.Optional(Name), ...Type.Partial(Type.Object(removable(SETTABLE))).properties },
        { minProperties: 1, title: 'ResourceServerPatch' },
      ),
      output: Resource,
    },
    example: {
      input: { params: PARAMS, body: { scopes: ['orders:read'] } },
      output: { ...EXAMPLE, scopes: ['orders:read'], version: 2 },
    },
    plan: (services, { params, body }, call) =>
      updating(services, params.identifier, call, (before) => mergePatch(before, body) as Document),
  }),

  replace: change({
    name: 'resources.replace',
    permission: 'resources:write',
    target: 'resource_server',
    summary: 'Replace a resource server',
    description: 'What the body leaves out gets its default.',
    schemas: { params: NAMED, body: ResourceServerDocument, output: Resource },
    example: {
      input: { params: PARAMS, body: { name: 'Orders', scopes: ['orders:read'] } },
      output: { ...EXAMPLE, scopes: ['orders:read'], version: 2 },
    },
    plan: (services, { params, body }, call) => updating(services, params.identifier, call, () => body),
  }),

  remove: change({
    name: 'resources.delete',
    permission: 'resources:write',
    target: 'resource_server',
    summary: 'Delete a resource server',
    description: 'Existing tokens for it stay valid until they expire.',
    schemas: {
      params: NAMED,
      output: strict({ identifier: NAMED.properties.identifier, deleted: Type.Literal(true) }),
    },
    example: { input: { params: PARAMS }, output: { ...PARAMS, deleted: true } },
    async plan(services, { params: { identifier } }, call) {
      const before = await changeable(services, identifier, call);
      const planned = await services.resourceServers.removing(identifier);
      assertAsRead('resource server', before, planned.before, call);
      return {
        ...planned,
        target: { kind: 'resource_server', id: identifier },
        changes: changesOf(shown(before), {}, VISIBLE),
        result: () => ({ identifier, deleted: true as const }),
      };
    },
  }),
};

const VISIBLE = Object.keys(Resource.properties);

async function existing(services: Services, identifier: string): Promise<ResourceServer> {
  const server = await services.resourceServers.find(identifier);
  if (!server) throw notFound('resource server', identifier);
  return server;
}

/** @throws AppError 404, 409, 412 */
async function changeable(services: Services, identifier: string, call: Call): Promise<ResourceServer> {
  const before = await existing(services, identifier);
  assertVersion('resource server', before, call);
  assertNotManaged('resource server', before.managedBy, call);
  return before;
}

/** @param changed the document as it should be, from what it is */
async function updating(
  services: Services,
  identifier: string,
  call: Call,
  changed: (before: Document) => Document,
): Promise<Plan<Static<typeof Resource>>> {
  const before = await changeable(services, identifier, call);
  const { name, scopes, open, clients, tokenTyp: token_typ } = before;
  const document = { name, scopes: [...scopes], open, clients: [...clients], token_typ };
  const planned = await services.resourceServers.updating(identifier, {
    ...wholeOf(changed(document)),
    managedBy: managedAfter(before.managedBy, call),
  });
  assertAsRead('resource server', before, planned.before, call);
  return resultOf(planned);
}

/** A document with the defaults of what it leaves out. */
export function wholeDocument({ name, scopes = [], open = false, clients = [], token_typ = TOKEN_TYPS[0] }: Document) {
  return { name, scopes, open, clients, token_typ } satisfies Document;
}

/** The members of a resource server for those of a document. */
function wholeOf(document: Document) {
  const { token_typ: tokenTyp, ...rest } = wholeDocument(document);
  return { ...rest, tokenTyp } satisfies ResourceServerChange;
}

function resultOf({ before, server, statements, refuse }: PlannedResourceServer): Plan<Static<typeof Resource>> {
  return {
    statements,
    refuse,
    target: { kind: 'resource_server', id: server.identifier },
    changes: changesOf(before ? shown(before) : {}, shown(server), VISIBLE),
    result: () => shown(server),
  };
}

function shown(server: ResourceServer): Static<typeof Resource> {
  return {
    identifier: server.identifier,
    version: server.version,
    name: server.name,
    managed_by: server.managedBy,
    scopes: [...server.scopes],
    open: server.open,
    clients: [...server.clients],
    token_typ: server.tokenTyp,
    created_at: server.createdAt.toISOString(),
    updated_at: server.updatedAt.toISOString(),
  };
}
