import { type Static, Type } from 'typebox';
import type { Named } from '../accounts/named.ts';
import { notFound } from '../platform/errors.ts';
import { changesOf } from './changes.ts';
import { REMOVE_MEMBERS, Removed, removalOf } from './named.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { assertNotManaged, assertVersion, managedAfter } from './preconditions.ts';
import { ManagedBy, patch, strict, Time, Version } from './schema.ts';
import type { Services } from './services.ts';

const Name = Type.String({ minLength: 1, maxLength: 256, description: 'its name, which tokens of members have' });
const Description = Type.String({ maxLength: 500, description: 'for operators' });

const Group = strict(
  {
    name: Name,
    description: Description,
    managed_by: ManagedBy,
    version: Version,
    created_at: Time,
    updated_at: Time,
  },
  { title: 'Group' },
);

const NAMED = strict({ name: Name });
const VISIBLE = Object.keys(Group.properties);
const EXAMPLE: Static<typeof Group> = {
  name: 'staff',
  description: 'Everybody who works here',
  managed_by: null,
  version: 1,
  created_at: '2026-11-01T08:00:00.000Z',
  updated_at: '2026-11-01T08:00:00.000Z',
};

/** Groups of people. Apps read the names of a person's groups in tokens. */
export const groups = {
  list: read({
    name: 'groups.list',
    permission: 'groups:read',
    summary: 'List groups by name',
    description: 'Who is in a group: `GET /users` with the filter `groups eq "NAME"`.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Group, 'Groups by name') },
    example: { output: { items: [EXAMPLE] } },
    run: async ({ groups: store }, { query }) => shownPage(await store.list(query), shown),
  }),

  show: read({
    name: 'groups.show',
    permission: 'groups:read',
    summary: 'Show a group',
    schemas: { params: NAMED, output: Group },
    example: { output: EXAMPLE },
    run: async (services, { params: { name } }) => shown(await existing(services, name)),
  }),

  create: change({
    name: 'groups.create',
    permission: 'groups:write',
    target: 'group',
    summary: 'Create a group',
    schemas: { body: strict({ name: Name, description: Type.Optional(Description) }), output: Group },
    example: { input: { body: { name: 'staff', description: 'Everybody who works here' } }, output: EXAMPLE },
    async plan({ groups: store }, { body: { name, description = '' } }, call) {
      const { after, ...planned } = store.creating(name, { description, managedBy: managedAfter(null, call) });
      return {
        ...planned,
        target: { kind: 'group', id: after.name },
        changes: changesOf({}, shown(after), VISIBLE),
        result: () => shown(after),
      };
    },
  }),

  update: change({
    name: 'groups.update',
    permission: 'groups:write',
    target: 'group',
    summary: 'Change a group',
    schemas: { params: NAMED, body: patch({ description: Description }), output: Group },
    example: {
      input: { body: { description: 'Employees' } },
      output: { ...EXAMPLE, description: 'Employees', version: 2 },
    },
    async plan(services, { params: { name }, body }, call) {
      const before = await existing(services, name);
      assertVersion('group', before, call);
      assertNotManaged('group', before.managedBy, call);
      const { after, ...planned } = services.groups.updating(before, {
        ...body,
        managedBy: managedAfter(before.managedBy, call),
      });
      return {
        ...planned,
        target: { kind: 'group', id: name },
        changes: changesOf(shown(before), shown(after), VISIBLE),
        result: () => shown(after),
      };
    },
  }),

  remove: change({
    name: 'groups.delete',
    permission: 'groups:write',
    target: 'group',
    summary: 'Delete a group',
    description:
      'A group with members is deleted with `remove_members` alone: they then leave it, those of a large one in batches of 500 before ' +
      'it is deleted. That takes minutes for a million; a request that was interrupted is repeated, and goes on.',
    schemas: { params: NAMED, query: REMOVE_MEMBERS, output: Removed },
    example: { output: { name: 'staff', members_removed: 0 } },
    async plan(services, { params: { name }, query: { remove_members: removeMembers = false } }, call) {
      const before = await existing(services, name);
      assertVersion('group', before, call);
      assertNotManaged('group', before.managedBy, call);
      return removalOf('group', services.groups, before, removeMembers, call);
    },
  }),
};

async function existing({ groups: store }: Pick<Services, 'groups'>, name: string): Promise<Named> {
  const group = await store.find(name);
  if (!group) throw notFound('group', name);
  return group;
}

function shown({ name, description, managedBy, version, createdAt, updatedAt }: Named): Static<typeof Group> {
  return {
    name,
    description,
    managed_by: managedBy,
    version,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}
