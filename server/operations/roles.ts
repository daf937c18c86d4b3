import { type Static, Type } from 'typebox';
import type { Named } from '../accounts/named.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import type { Actor } from './actor.ts';
import { changesOf } from './changes.ts';
import { assertMayChange, assertMayGive, assertNotOwnRole } from './guards.ts';
import { REMOVE_MEMBERS, Removed, removalOf } from './named.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { isBuiltinRole, PERMISSIONS, permissionsAmong } from './permissions.ts';
import { assertNotManaged, assertVersion, managedAfter } from './preconditions.ts';
import { ManagedBy, patch, strict, Time, Version } from './schema.ts';
import type { Services } from './services.ts';

const Name = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'its name, which clients get by scope or claim mapping',
});
const Description = Type.String({ maxLength: 500, description: 'for operators' });
const Permissions = Type.Array(Type.Enum([...PERMISSIONS]), {
  uniqueItems: true,
  maxItems: PERMISSIONS.length,
  description: 'what people with the role may do in this API; nobody can give more than they have',
});

const Role = strict(
  {
    name: Name,
    description: Description,
    permissions: Permissions,
    builtin: Type.Boolean({ description: 'part of the program: it cannot be changed or deleted' }),
    managed_by: ManagedBy,
    version: Version,
    created_at: Type.Union([Time, Type.Null()], { description: 'null for a builtin one' }),
    updated_at: Type.Union([Time, Type.Null()]),
  },
  { title: 'Role' },
);

const BUILTIN_PREFIX = 'cardea-';
const BUILTIN_NAMES = new RegExp(`^\\s*${BUILTIN_PREFIX}`, 'i');

const NAMED = strict({ name: Name });
const VISIBLE = Object.keys(Role.properties);
const EXAMPLE: Static<typeof Role> = {
  name: 'support',
  description: 'The people at the telephone',
  permissions: ['users:read', 'lockouts:write'],
  builtin: false,
  managed_by: null,
  version: 1,
  created_at: '2026-11-01T08:00:00.000Z',
  updated_at: '2026-11-01T08:00:00.000Z',
};

/**
 * A later version may have a builtin role of such a name, which would then give its permissions.
 * @throws AppError 400 `invalid_input`
 */
export function assertOwnRole(name: string): void {
  if (!BUILTIN_NAMES.test(name) || isBuiltinRole(name)) return;
  throw invalidInput('name', `must not begin with ${BUILTIN_PREFIX}: builtin roles do`);
}

/** Roles of people: names for apps, and lists of permissions in the admin API. Some are builtin (permissions.ts). */
export const roles = {
  list: read({
    name: 'roles.list',
    permission: 'roles:read',
    summary: 'List roles by name',
    description: 'Who has a role: `GET /users` with the filter `roles eq "NAME"`.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Role, 'Roles by name') },
    example: { output: { items: [EXAMPLE] } },
    run: async ({ roles: store }, { query }) => shownPage(await store.list(query), shown),
  }),

  show: read({
    name: 'roles.show',
    permission: 'roles:read',
    summary: 'Show a role',
    schemas: { params: NAMED, output: Role },
    example: { output: EXAMPLE },
    run: async (services, { params: { name } }) => shown(await existing(services, name)),
  }),

  create: change({
    name: 'roles.create',
    permission: 'roles:write',
    target: 'role',
    summary: 'Create a role',
    description: 'It can have no permission that you do not have yourself.',
    schemas: {
      body: strict({ name: Name, description: Type.Optional(Description), permissions: Type.Optional(Permissions) }),
      output: Role,
    },
    example: {
      input: { body: { name: 'support', permissions: ['users:read', 'lockouts:write'] } },
      output: { ...EXAMPLE, description: '' },
    },
    async plan({ roles: store }, { body: { name, description = '', permissions = [] } }, call) {
      assertMayGive(call.actor, permissions);
      assertOwnRole(name);
      const { after, ...planned } = store.creating(name, {
        description,
        permissions: permissionsAmong(permissions),
        managedBy: managedAfter(null, call),
      });
      return {
        ...planned,
        target: { kind: 'role', id: after.name },
        changes: changesOf({}, shown(after), VISIBLE),
        result: () => shown(after),
      };
    },
  }),

  update: change({
    name: 'roles.update',
    permission: 'roles:write',
    target: 'role',
    summary: 'Change a role',
    description: 'You need all permissions that it has and will have.',
    schemas: { params: NAMED, body: patch({ description: Description, permissions: Permissions }), output: Role },
    example: {
      input: { body: { permissions: ['users:read'] } },
      output: { ...EXAMPLE, permissions: ['users:read'], version: 2 },
    },
    async plan(services, { params: { name }, body }, call) {
      const before = await changeable(services, name);
      assertVersion('role', before, call);
      assertNotManaged('role', before.managedBy, call);
      assertMayChange(call.actor, permissionsAmong(before.permissions));
      const { permissions = before.permissions } = body;
      assertMayGive(call.actor, permissionsAmong(permissions));
      const isReduced = before.permissions.some((one) => !(permissions as readonly string[]).includes(one));
      if (isReduced) assertNotOwnRole(await rolesOf(services, call.actor), name);
      const { after, ...planned } = services.roles.updating(before, {
        ...body,
        permissions: permissionsAmong(permissions),
        managedBy: managedAfter(before.managedBy, call),
      });
      return {
        ...planned,
        target: { kind: 'role', id: name },
        changes: changesOf(shown(before), shown(after), VISIBLE),
        result: () => shown(after),
      };
    },
  }),

  remove: change({
    name: 'roles.delete',
    permission: 'roles:write',
    target: 'role',
    summary: 'Delete a role',
    description:
      'A role that people have is deleted with `remove_members` alone: it is then taken from them, from very many in batches of 500 ' +
      'before it is deleted. That takes minutes for a million; a request that was interrupted is repeated, and goes on.',
    schemas: { params: NAMED, query: REMOVE_MEMBERS, output: Removed },
    example: { output: { name: 'support', members_removed: 0 } },
    async plan(services, { params: { name }, query: { remove_members: removeMembers = false } }, call) {
      const before = await changeable(services, name);
      assertVersion('role', before, call);
      assertNotManaged('role', before.managedBy, call);
      assertMayChange(call.actor, permissionsAmong(before.permissions));
      assertNotOwnRole(await rolesOf(services, call.actor), name);
      return removalOf('role', services.roles, before, removeMembers, call);
    },
  }),
};

async function existing({ roles: store }: Pick<Services, 'roles'>, name: string): Promise<Named> {
  const role = await store.find(name);
  if (!role) throw notFound('role', name);
  return role;
}

/** Those by which a person acts. */
async function rolesOf({ accountStores }: Services, { kind, id }: Actor): Promise<readonly string[]> {
  if (kind !== 'person') return [];
  const { accounts } = await accountStores();
  return (await accounts.findById(id))?.roles ?? [];
}

async function changeable(services: Pick<Services, 'roles'>, name: string): Promise<Named> {
  if (isBuiltinRole(name)) throw new AppError('builtin_role', `${name} is builtin: it cannot be changed or deleted`);
  return existing(services, name);
}

function shown(role: Named): Static<typeof Role> {
  const builtin = isBuiltinRole(role.name);
  return {
    name: role.name,
    description: role.description,
    permissions: permissionsAmong(role.permissions),
    builtin,
    managed_by: role.managedBy,
    version: role.version,
    created_at: builtin ? null : role.createdAt.toISOString(),
    updated_at: builtin ? null : role.updatedAt.toISOString(),
  };
}
