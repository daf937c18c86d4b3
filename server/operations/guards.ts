import type { Account } from '../accounts/account.ts';
import { isAdministrator, requireAdministrator } from '../accounts/administrators.ts';
import type { BoundStatement } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type { Actor } from './actor.ts';
import { type Permission, permissionOfScope, permissionsAmong } from './permissions.ts';

/*
 * The limits of every operator, with any permissions: they must not give more than they have, act on somebody who has more, shut
 * themselves out, or end the last administrator. Operations on people, roles and clients call these.
 */

/** The most permissions that an error names. */
const NAMED_MAX = 5;

/**
 * For roles, groups with roles, and scopes of clients: to give permissions, an operator needs each of them.
 * @param permissions all that somebody has afterwards and does not have now
 * @throws AppError 403 `beyond_own_permissions`
 */
export function assertMayGive(
  { permissions: own }: Pick<Actor, 'permissions'>,
  permissions: Iterable<Permission>,
): void {
  const beyond = missingIn(own, permissions);
  if (beyond !== undefined) throw beyondOwn(`this would give ${beyond}, which you do not have yourself`);
}

/**
 * For credentials, factors, sessions and secrets: with the password of somebody one has all that they may do.
 * @param permissions of the person or the client that is changed
 * @throws AppError 403 `beyond_own_permissions`
 */
export function assertMayChange(
  { permissions: own }: Pick<Actor, 'permissions'>,
  permissions: Iterable<Permission>,
): void {
  const beyond = missingIn(own, permissions);
  if (beyond !== undefined) throw beyondOwn(`what you want to change has ${beyond}, which you do not have yourself`);
}

/**
 * For what would shut an operator out, such as disabling or deleting the account or taking a role away.
 * @throws AppError 409 `own_account`
 */
export function assertNotSelf(actor: Pick<Actor, 'kind' | 'id'>, accountId: string): void {
  if (actor.kind !== 'person' || actor.id !== accountId) return;
  throw new AppError('own_account', 'this is your own account: another operator has to do this');
}

/**
 * An operator who acts by a role must not take its permissions away from themselves.
 * @param roles of the operator
 * @throws AppError 409 `own_account`
 */
export function assertNotOwnRole(roles: readonly string[], name: string): void {
  if (roles.includes(name))
    throw new AppError('own_account', 'you act by this role yourself: another operator has to do this');
}

/** A client must not delete itself, or change what it may do. @throws AppError 409 `own_account` */
export function assertNotOwnClient(
  { kind, id, clientId }: Pick<Actor, 'kind' | 'id' | 'clientId'>,
  other: string,
): void {
  const own = kind === 'client' ? id : clientId;
  if (own === other) throw new AppError('own_account', 'this is the client by which you act: use another one');
}

type Acting = Pick<Account, 'roles' | 'standing'>;
type Removed = Acting & Pick<Account, 'passwordHash' | 'secondFactors'>;

/**
 * The statements at the end of a transaction that changes an account; `last_administrator` when they refuse it.
 * @param after undefined for one that is deleted
 */
export function administratorGuard(before: Removed, after: Acting | undefined): BoundStatement[] {
  return isAdministrator(before) && !(after && isAdministrator(after)) ? requireAdministrator(before) : [];
}

/** The permissions that the scopes of a client give. */
export function permissionsOfScopes(scopes: readonly string[]): Permission[] {
  return permissionsAmong(scopes.flatMap((scope) => permissionOfScope(scope) ?? []));
}

function missingIn(own: ReadonlySet<Permission>, permissions: Iterable<Permission>): string | undefined {
  const beyond = [...new Set(permissions)].filter((one) => !own.has(one));
  if (beyond.length === 0) return undefined;
  return beyond.length > NAMED_MAX ? `${beyond.slice(0, NAMED_MAX).join(', ')} and more` : beyond.join(', ');
}

const beyondOwn = (message: string) => new AppError('beyond_own_permissions', message);
