import { type Static, Type } from 'typebox';
import { checkGroupOrRole } from '../../accounts/profile.ts';
import { isBuiltinRole, PERMISSIONS, permissionsAmong } from '../../operations/permissions.ts';
import { assertOwnRole, roles } from '../../operations/roles.ts';
import { strict } from '../../operations/schema.ts';
import { Key, type Kind } from '../kind.ts';
import { namedThings } from './named.ts';

const RoleEntry = strict({
  description: Type.Optional(Type.String({ maxLength: 500, description: 'for operators' })),
  permissions: Type.Optional(
    Type.Array(Type.Enum([...PERMISSIONS]), { description: 'what people with the role may do in the admin API' }),
  ),
});

export const ROLES: Kind = {
  name: 'roles',
  section: Type.Record(Key, RoleEntry, { description: 'Roles of people, by name; builtin ones are not declared' }),
  desired(name, entry) {
    checkGroupOrRole('roles', name);
    assertOwnRole(name);
    const { description = '', permissions = [] } = entry as Static<typeof RoleEntry>;
    return { description, permissions: permissionsAmong(permissions) };
  },
  entryOf: (_, { description, permissions }) => ({
    ...(description === '' ? {} : { description }),
    ...((permissions as readonly string[]).length === 0 ? {} : { permissions }),
  }),
  async read({ roles: store }) {
    const found = await namedThings(store, ({ description, permissions }) => ({
      description,
      permissions: permissionsAmong(permissions),
    }));
    return new Map([...found].filter(([name]) => !isBuiltinRole(name)));
  },
  create: (name, members) => [{ operation: roles.create, body: { name, ...members } }],
  update: (name, members) => [{ operation: roles.update, params: { name }, body: members }],
  remove: (name) => [{ operation: roles.remove, params: { name }, query: {} }],
};
