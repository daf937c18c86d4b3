import type { Static } from 'typebox';
import type { Account } from '../accounts/account.ts';
import { change, read } from './operation.ts';
import { entityTag } from './preconditions.ts';
import { EtagOfUser, Id, strict } from './schema.ts';
import { changeableUser, checkedNames, existingUser, OF_USER, userChanges, userPlan } from './user_plans.ts';
import { EXAMPLE_USER, Groups, Roles, shownUser } from './user_schema.ts';

const GroupsOfUser = strict({ id: Id, groups: Groups, etag: EtagOfUser }, { title: 'GroupsOfUser' });
const RolesOfUser = strict({ id: Id, roles: Roles, etag: EtagOfUser }, { title: 'RolesOfUser' });

const ETAG = '"1-mvxji0w0"';

const groupsOf = (user: Account): Static<typeof GroupsOfUser> => ({
  id: user.id,
  groups: [...user.groups],
  etag: entityTag(user),
});
const rolesOf = (user: Account): Static<typeof RolesOfUser> => ({
  id: user.id,
  roles: [...user.roles],
  etag: entityTag(user),
});

/** Groups and roles of users. */
export const userNames = {
  groups: read({
    name: 'users.groups',
    permission: 'groups:read',
    summary: 'Show the groups of a user',
    schemas: { params: OF_USER, output: GroupsOfUser },
    example: { output: { id: EXAMPLE_USER.id, groups: ['staff'], etag: ETAG } },
    async run(services, { params: { id } }) {
      return groupsOf(await existingUser(await services.accountStores(), id));
    },
  }),

  setGroups: change({
    name: 'users.set_groups',
    permission: 'groups:write',
    target: 'user',
    summary: 'Set the groups of a user',
    description: 'The list replaces the one before. The ETag is that of the user, as `GET /users/{id}` answers it too.',
    schemas: { params: OF_USER, body: strict({ groups: Groups }), output: GroupsOfUser },
    example: { input: { body: { groups: ['staff'] } }, output: { id: EXAMPLE_USER.id, groups: ['staff'], etag: ETAG } },
    async plan(services, { params: { id }, body }, call) {
      const changeable = await changeableUser(services, id, call, { self: true });
      const { stores, before } = changeable;
      const { statements, groups = [] } = await checkedNames(services, body, before, call);
      return userPlan(changeable, {
        statements: [...statements, stores.accounts.plans.settingGroups(id, groups)],
        changes: userChanges(shownUser(before), shownUser({ ...before, groups })),
        result: groupsOf,
      });
    },
  }),

  roles: read({
    name: 'users.roles',
    permission: 'roles:read',
    summary: 'Show the roles of a user',
    schemas: { params: OF_USER, output: RolesOfUser },
    example: { output: { id: EXAMPLE_USER.id, roles: ['support'], etag: ETAG } },
    async run(services, { params: { id } }) {
      return rolesOf(await existingUser(await services.accountStores(), id));
    },
  }),

  setRoles: change({
    name: 'users.set_roles',
    permission: 'roles:write',
    target: 'user',
    summary: 'Set the roles of a user',
    description:
      'The list replaces the one before. You need all permissions of the roles that the person has and gets. The ETag is that of the user, as `GET /users/{id}` answers it too.',
    schemas: { params: OF_USER, body: strict({ roles: Roles }), output: RolesOfUser },
    example: {
      input: { body: { roles: ['support'] } },
      output: { id: EXAMPLE_USER.id, roles: ['support'], etag: ETAG },
    },
    async plan(services, { params: { id }, body }, call) {
      const changeable = await changeableUser(services, id, call, { self: true });
      const { stores, before } = changeable;
      const { statements, roles = [] } = await checkedNames(services, body, before, call);
      return userPlan(changeable, {
        statements: [...statements, stores.accounts.plans.settingRoles(id, roles)],
        after: { roles },
        changes: userChanges(shownUser(before), shownUser({ ...before, roles })),
        result: rolesOf,
      });
    },
  }),
};
