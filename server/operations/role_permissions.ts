import type { Roles } from '../accounts/named.ts';
import { isBuiltinRole, type Permission, permissionsAmong, permissionsOfBuiltinRoles } from './permissions.ts';

/** The permissions that roles have now, together: those that are built in, and the operator's own. */
export type PermissionsOfRoles = (names: readonly string[]) => Promise<ReadonlySet<Permission>>;

/** One statement, and none for roles that are built in. */
export function createPermissionsOfRoles(roles: Pick<Roles, 'findAll'>): PermissionsOfRoles {
  return async (names) => {
    const builtin = permissionsOfBuiltinRoles(names);
    const own = names.filter((name) => !isBuiltinRole(name));
    if (own.length === 0) return builtin;
    const stored = await roles.findAll(own);
    return new Set([...builtin, ...permissionsAmong(stored.flatMap(({ permissions }) => permissions))]);
  };
}
