import { Type } from 'typebox';
import type { Account } from '../accounts/account.ts';
import type { Named, Store } from '../accounts/named.ts';
import { normaliseName } from '../accounts/profile.ts';
import type { Changes } from '../audit/entries.ts';
import type { BoundStatement, Row } from '../platform/db.ts';
import { AppError, notFound } from '../platform/errors.ts';
import { changesOf } from './changes.ts';
import { administratorGuard, assertMayChange, assertMayGive, assertNotSelf } from './guards.ts';
import type { Call, Plan } from './operation.ts';
import { type Permission, permissionsAmong, scopeOf } from './permissions.ts';
import { assertVersion } from './preconditions.ts';
import { createPermissionsOfRoles } from './role_permissions.ts';
import { strict } from './schema.ts';
import type { AccountStores, Services } from './services.ts';
import { shownUser, type User } from './user_schema.ts';

/* Shared by all changes of users. */

/** The path of a user. A text that is no id names no user, so the answer is 404 and not 400. */
export const OF_USER = strict({
  id: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'the id of the user, and no e-mail address or username: POST /users/search finds it by those',
  }),
});

/** @throws AppError 404 */
export async function existingUser({ accounts }: Pick<AccountStores, 'accounts'>, id: string): Promise<Account> {
  const account = await accounts.findById(id);
  if (!account) throw noUser(id);
  return account;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A path names a user by the id alone: an e-mail address or a username would be in access logs. */
function noUser(id: string): AppError {
  const error = notFound('user', id);
  if (UUID.test(id)) return error;
  const how = 'it is not an id, and users are named by nothing else here; POST /users/search finds the id of one';
  return new AppError('not_found', `${error.message}: ${how} by a filter, such as username eq "…" or email eq "…"`);
}

/** A user whom an actor is about to change, as read. */
export interface Changeable {
  readonly stores: AccountStores;
  readonly before: Account;
}

/**
 * Reads the user of a change. Every change of a user begins here: whoever can change a person's password, address or sessions could
 * act as that person.
 * @param options `self`: the change may be one of the actor's own account. Credentials and addresses may not: at `/account` such
 *   changes need a fresh sign-in, and an access token is none
 * @throws AppError 404, 412, 403 `beyond_own_permissions`, 409 `own_account`
 */
export async function changeableUser(
  services: Services,
  id: string,
  call: Call,
  { self }: { readonly self: boolean },
): Promise<Changeable> {
  const stores = await services.accountStores();
  const before = await existingUser(stores, id);
  assertVersion('user', before, call);
  assertMayChange(call.actor, await createPermissionsOfRoles(services.roles)(before.roles));
  if (!self) assertNotSelf(call.actor, before.id);
  return { stores, before };
}

/**
 * For a change of something that belongs to a user, such as a session, on a path of its own.
 * @throws AppError 403 `beyond_own_permissions`
 */
export async function assertMayChangeUser(services: Services, id: string, { actor }: Call): Promise<void> {
  const account = await (await services.accountStores()).accounts.findById(id);
  if (account) assertMayChange(actor, await createPermissionsOfRoles(services.roles)(account.roles));
}

/** The members whose values the audit has; the others are personal. */
const VISIBLE = [
  'email_verified',
  'phone_number_verified',
  'has_password',
  'password_temporary',
  'second_factors',
  'groups',
  'roles',
  'disabled',
  'deletion_due_at',
  'deletion_by',
  'restricted_at',
  'restriction_reason',
];

export const userChanges = (before: User | Record<string, never>, after: User): Changes =>
  changesOf(before, after, VISIBLE);

interface UserChange<Output> {
  readonly statements: readonly BoundStatement[];
  /** Decides if an administrator is lost. Default: as before. */
  readonly after?: Partial<Pick<Account, 'roles' | 'standing'>>;
  readonly changes: Changes;
  /** @param rows of each of the statements */
  readonly counted?: (rows: readonly Row[][]) => Changes;
  readonly result: (account: Account, rows: readonly Row[][]) => Output;
  readonly refuse?: (error: unknown) => unknown;
}

/** A change of a user as it was read: it is refused when somebody else changed the user meanwhile. Its result is read at its end. */
export function userPlan<Output>({ stores, before }: Changeable, change: UserChange<Output>): Plan<Output> {
  const { plans, fromRow } = stores.accounts;
  const { id } = before;
  const { statements, after = {}, changes, counted, result, refuse } = change;
  return {
    statements: [
      plans.requireVersion(before),
      ...statements,
      ...administratorGuard(before, { ...before, ...after }),
      plans.reading(id),
    ],
    target: { kind: 'user', id },
    owner: stores.accounts.ownerOf(before),
    changes,
    ...(counted ? { counted: (rows: readonly Row[][]) => counted(rows.slice(1)) } : {}),
    result(rows) {
      const account = fromRow(rows.at(-1)?.[0] ?? {});
      if (!account) throw notFound('user', id);
      return result(account, rows.slice(1));
    },
    ...(refuse ? { refuse } : {}),
  };
}

/** The change whose result is the user. */
export function shownPlan(changeable: Changeable, change: Omit<UserChange<User>, 'result'>): Plan<User> {
  return userPlan(changeable, { ...change, result: shownUser });
}

/** @throws AppError 403 `insufficient_scope` for a part of a change that needs a permission of its own */
export function assertAlsoPermitted({ actor }: Call, permission: Permission, what: string): void {
  if (actor.permissions.has(permission)) return;
  throw new AppError('insufficient_scope', `${what} needs the permission ${permission} (scope ${scopeOf(permission)})`);
}

export interface Names {
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
}

/**
 * Checks groups and roles that a person is about to have.
 * @param before undefined for a new person
 * @returns the names as they are stored, and conditions for the transaction
 * @throws AppError 400 for one that does not exist, 403 for a role with permissions that the actor does not have
 */
export async function checkedNames(
  services: Services,
  { groups, roles }: Names,
  before: Pick<Account, 'id' | 'groups' | 'roles'> | undefined,
  call: Call,
): Promise<Names & { readonly statements: readonly BoundStatement[] }> {
  const statements: BoundStatement[] = [];
  if (groups !== undefined) {
    assertAlsoPermitted(call, 'groups:write', 'to set groups');
    await added(services.groups, 'groups', groups, before?.groups ?? [], statements);
  }
  if (roles !== undefined) {
    assertAlsoPermitted(call, 'roles:write', 'to set roles');
    const given = await added(services.roles, 'roles', roles, before?.roles ?? [], statements);
    assertMayGive(call.actor, permissionsAmong(given.flatMap(({ permissions }) => permissions)));
    // Taking a role away from oneself shuts oneself out.
    if (before?.roles.some((name) => !roles.includes(name))) assertNotSelf(call.actor, before.id);
  }
  return {
    ...(groups === undefined ? {} : { groups: groups.map(normaliseName) }),
    ...(roles === undefined ? {} : { roles: roles.map(normaliseName) }),
    statements,
  };
}

async function added(
  store: Store,
  field: 'groups' | 'roles',
  names: readonly string[],
  held: readonly string[],
  statements: BoundStatement[],
): Promise<readonly Named[]> {
  const wanted = names.map(normaliseName).filter((name) => !held.includes(name));
  if (wanted.length === 0) return [];
  const found = await store.findAll(wanted);
  const missing = wanted.flatMap((name, i) => (found.some((one) => one.name === name) ? [] : [{ name, i }]));
  const [first] = missing;
  if (first) {
    const errors = missing.map(({ name }) => ({
      pointer: `/${field}/${names.findIndex((one) => normaliseName(one) === name)}`,
      detail: `there is no ${JSON.stringify(name)}; create it first`,
    }));
    throw new AppError('invalid_input', `${field}: there is no ${JSON.stringify(first.name)}; create it first`, {
      field,
      errors,
    });
  }
  statements.push(store.requireAll([...new Set(wanted)]));
  return found;
}
