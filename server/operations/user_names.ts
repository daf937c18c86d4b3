import { change, read } from './operation.ts';
import { Id, strict } from './schema.ts';
import { changeableUser, checkedNames, existingUser, OF_USER, userChanges, userPlan } from './user_plans.ts';
import { EXAMPLE_USER, Groups, Roles, shownUser } from './user_schema.ts';

const GroupsOfUser = strict({ id: Id, groups: Groups }, { title: 'GroupsOfUser' });
const RolesOfUser = strict({ id: Id, roles: Roles }, { title: 'RolesOfUser' });

/** Groups and roles of users. */
export const userNames = {
  groups: read({
    name: 'users.groups',
    permission: 'groups:read',
    summary: 'Show the groups of a user',
    schemas: { params: OF_USER, output: GroupsOfUser },
    example: { output: { id: EXAMPLE_USER.id, groups: ['staff'] } },
    async run(services, { params: { id } }) {
      const { groups } = await existingUser(await services.accountStores(), id);
      return { id, groups: [...groups] };
    },
  }),

  setGroups: change({
    name: 'users.set_groups',
    permission: 'groups:write',
    target: 'user',
    summary: 'Set the groups of a user',
    description:
      'The list replaces the one before. `If-Match` has the ETag of the user, which `GET /users/{id}` answers.',
    schemas: { params: OF_USER, body: strict({ groups: Groups }), output: GroupsOfUser },
    example: { input: { body: { groups: ['staff'] } }, output: { id: EXAMPLE_USER.id, groups: ['staff'] } },
    async plan(services, { params: { id }, body }, call) {
      const changeable = await changeableUser(services, id, call, { self: true });
      const { stores, before } = changeable;
      const { statements, groups = [] } = await checkedNames(services, body, before, call);
      return userPlan(changeable, {
        statements: [...statements, stores.accounts.plans.settingGroups(id, groups)],
        changes: userChanges(shownUser(before), shownUser({ ...before, groups })),
        result: (after) => ({ id, groups: [...after.groups] }),
      });
    },
  }),

  roles: read({
    name: 'users.roles',
    permission: 'roles:read',
    summary: 'Show the roles of a user',
    schemas: { params: OF_USER, output: RolesOfUser },
    example: { output: { id: EXAMPLE_USER.id, roles: ['support'] } },
    async run(services, { params: { id } }) {
      const { roles } = await existingUser(await services.accountStores(), id);
      return { id, roles: [...roles] };
    },
  }),

  setRoles: change({
    name: 'users.set_roles',
    permission: 'roles:write',
    target: 'user',
    summary: 'Set the roles of a user',
    description:
      'The list replaces the one before. You need all permissions of the roles that the person has and gets. `If-Match` has the ETag of the user, which `GET /users/{id}` answers.',
    schemas: { params: OF_USER, body: strict({ roles: Roles }), output: RolesOfUser },
    example: { input: { body: { roles: ['support'] } }, output: { id: EXAMPLE_USER.id, roles: ['support'] } },
    async plan(services, { params: { id }, body }, call) {
      const changeable = await changeableUser(services, id, call, { self: true });
      const { stores, before } = changeable;
      const { statements, roles = [] } = await checkedNames(services, body, before, call);
      return userPlan(changeable, {
        statements: [...statements, stores.accounts.plans.settingRoles(id, roles)],
        after: { roles },
        changes: userChanges(shownUser(before), shownUser({ ...before, roles })),
        result: (after) => ({ id, roles: [...after.roles] }),
      });
    },
  }),
};
