import { Type } from 'typebox';
import type { AccountListRequest } from '../accounts/listing.ts';
import { invalidInput } from '../platform/errors.ts';
import { shownAccepted } from './accepted_texts.ts';
import { maySeeInFull } from './full_reads.ts';
import { type Call, change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { Id, strict } from './schema.ts';
import type { Services } from './services.ts';
import {
  assertAlsoPermitted,
  changeableUser,
  checkedNames,
  existingUser,
  OF_USER,
  shownPlan,
  userChanges,
} from './user_plans.ts';
import { profileStatements } from './user_profile.ts';
import {
  EXAMPLE_USER,
  NEW_USER,
  Password,
  PasswordTemporary,
  profileChanges,
  profileIn,
  shownLocks,
  shownUser,
  User,
  UserPatch,
  UserWithLocks,
} from './user_schema.ts';

const SEARCH = {
  ...LIST_QUERY,
  search: Type.Optional(
    Type.String({ maxLength: 254, description: 'the beginning of an e-mail address, a username or a name' }),
  ),
};

const FILTERS =
  'Filters: id, email, username, name, given_name, family_name (eq, sw), groups, roles, second_factors, disabled, has_password, deletion_planned, restricted (eq), deletion_due_at (gt, ge, lt, le), created_at, updated_at (eq, gt, ge, lt, le). Sorts: created_at, updated_at. ' +
  'Without users:read:pii the people are masked, and found by a whole e-mail address, username or full name alone (eq; `search` as well). ' +
  'A page can have fewer items than `limit` although there is a `next`: the list goes on until there is none.';

async function listed(services: Services, asked: AccountListRequest, call: Call) {
  const { accounts } = await services.accountStores();
  return shownPage(await accounts.listing.read({ ...asked, whole: !maySeeInFull(call) }), shownUser);
}

/** People: their profiles and state. */
export const users = {
  list: read({
    name: 'users.list',
    permission: 'users:read',
    summary: 'List users, the newest first',
    description: `${FILTERS} To filter or search by an e-mail address or a name use \`POST /users/search\`: a query is in access logs.`,
    schemas: { query: strict(SEARCH), output: pageOf(User, 'Users') },
    example: { input: { query: { filter: 'groups eq "staff"', limit: 20 } }, output: { items: [EXAMPLE_USER] } },
    run: (services, { query }, call) => listed(services, query, call),
  }),

  search: read({
    name: 'users.search',
    permission: 'users:read',
    summary: 'Search users',
    description: `The same as \`GET /users\` with the request in the body. Proxies and servers write URLs into their access logs, so no e-mail address or name belongs there. ${FILTERS}`,
    schemas: { body: strict(SEARCH), output: pageOf(User, 'Users') },
    example: { input: { body: { filter: 'email eq "ada@example.com"' } }, output: { items: [EXAMPLE_USER] } },
    run: (services, { body }, call) => listed(services, body, call),
  }),

  resolve: read({
    name: 'users.resolve',
    permission: 'users:read',
    summary: 'Find the id of a user by e-mail address, username, subject or id',
    schemas: { body: strict({ user: Type.String({ minLength: 1, maxLength: 255 }) }), output: strict({ id: Id }) },
    example: { input: { body: { user: 'ada@example.com' } }, output: { id: EXAMPLE_USER.id } },
    async run(services, { body: { user } }) {
      const { id } = await (await services.accountStores()).accounts.resolve(user);
      return { id };
    },
  }),

  show: read({
    name: 'users.show',
    permission: 'users:read',
    summary: 'Show a user',
    schemas: { params: OF_USER, output: UserWithLocks },
    example: {
      output: {
        ...EXAMPLE_USER,
        locked: [],
        accepted_texts: [{ kind: 'terms', version: '2026-11', accepted_at: '2026-11-01T08:00:00.000Z' }],
      },
    },
    async run(services, { params: { id } }) {
      const stores = await services.accountStores();
      const account = await existingUser(stores, id);
      const accepted = await services.texts.acceptedBy(account.id);
      return {
        ...shownUser(account),
        locked: shownLocks(await stores.attempts.locksOf(account.id)),
        accepted_texts: accepted.map(shownAccepted),
      };
    },
  }),

  create: change({
    name: 'users.create',
    permission: 'users:write',
    target: 'user',
    summary: 'Create a user',
    description:
      'Without a password the person cannot sign in by one; `POST /users/invite` mails a link to set one. A password needs ' +
      'credentials:write, groups need groups:write, and roles roles:write. You know this password, so the person has to choose another ' +
      'one at the first sign-in, unless `password_temporary` is false.',
    schemas: {
      body: strict(
        { ...NEW_USER, password: Type.Optional(Password), password_temporary: PasswordTemporary },
        { title: 'NewUser' },
      ),
      output: User,
    },
    example: {
      input: {
        body: {
          email: 'ada@example.com',
          email_verified: true,
          username: 'ada',
          name: 'Ada Lovelace',
          groups: ['staff'],
        },
      },
      output: { ...EXAMPLE_USER, has_password: false, second_factors: [] },
    },
    async plan(services, { body }, call) {
      const { password, password_temporary: temporary = true } = body;
      if (password === undefined && body.password_temporary !== undefined) {
        throw invalidInput('password_temporary', 'is for a password, and there is none');
      }
      if (password !== undefined) assertAlsoPermitted(call, 'credentials:write', 'a password');
      const profile = profileIn(body);
      const { statements: conditions, ...names } = await checkedNames(services, body, undefined, call);
      const { accounts } = await services.accountStores();
      const checked = accounts.check(profile);
      const passwordHash =
        password === undefined
          ? null
          : await (await services.passwords()).change.hashFirst({ ...profile, ...checked }, password);
      const { account, statements, refuse } = accounts.plans.creating({
        ...profile,
        ...names,
        passwordHash,
        hasTemporaryPassword: passwordHash !== null && temporary,
      });
      return {
        statements: [...conditions, ...statements],
        refuse,
        target: { kind: 'user', id: account.id },
        owner: accounts.ownerOf(account),
        changes: userChanges({}, shownUser(account)),
        result: () => shownUser(account),
      };
    },
  }),

  update: change({
    name: 'users.update',
    permission: 'users:write',
    target: 'user',
    summary: 'Change a user',
    description:
      'A JSON Merge Patch (RFC 7396): null removes a member. A new e-mail address is not verified unless the patch says so; links ' +
      'that were mailed to the old one end, and the person gets a mail at both addresses. Groups need groups:write, and roles roles:write.',
    schemas: { params: OF_USER, body: UserPatch, output: User },
    example: {
      input: { body: { given_name: 'Ada', nickname: null } },
      output: { ...EXAMPLE_USER, given_name: 'Ada', version: 2 },
    },
    async plan(services, { params: { id }, body }, call) {
      const changeable = await changeableUser(services, id, call, { self: !('email' in body || 'username' in body) });
      const { stores, before } = changeable;
      const profile = profileChanges(body, before);
      const { statements: conditions, groups, roles } = await checkedNames(services, body, before, call);
      const { statements, after, refuse } = profileStatements(stores, before, profile);
      const { plans } = stores.accounts;
      return shownPlan(changeable, {
        statements: [
          ...conditions,
          ...statements,
          ...(groups ? [plans.settingGroups(id, groups)] : []),
          ...(roles ? [plans.settingRoles(id, roles)] : []),
        ],
        after: roles ? { roles } : {},
        changes: userChanges(
          shownUser(before),
          shownUser({ ...after, ...(groups ? { groups } : {}), ...(roles ? { roles } : {}) }),
        ),
        refuse,
      });
    },
  }),
};
