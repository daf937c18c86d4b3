import { ROUTES, type Route } from '../../server/admin/routes.ts';
import { LINES_TYPE } from '../../server/admin/streams.ts';
import { permissionsOf } from '../../server/operations/full_reads.ts';
import { changesSomething } from '../../server/operations/operation.ts';
import type { Permission } from '../../server/operations/permissions.ts';
import { type ApiAnswer, callApi } from './admin_api.ts';
import type { Deployment } from './deployment.ts';

/** Names the route in messages. */
export const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

/** The routes that need a permission, with all that each needs; `permission` is the first of them. */
export const PERMITTED: readonly (Route & { readonly permission: Permission; readonly all: Permission[] })[] =
  ROUTES.flatMap((route) => {
    const all = permissionsOf(route.operation);
    return all[0] === undefined ? [] : [{ ...route, permission: all[0], all }];
  });

/**
 * Calls a route about something that does not exist, with a body that is empty unless given.
 * @param query default: a change is a dry run, so that no call disturbs the next one
 */
export function callRoute(
  app: Pick<Deployment, 'issuer'>,
  { method, path, operation }: Route,
  headers: Readonly<Record<string, string>>,
  body: unknown = {},
  query = changesSomething(operation) ? '?dryRun=true' : '',
): Promise<ApiAnswer> {
  const concrete = path.replaceAll(/:[a-z_]+/g, '00000000-0000-7000-8000-000000000000');
  const isSent = method !== 'GET' && method !== 'DELETE';
  const type = operation.kind === 'stream' ? LINES_TYPE : 'application/json';
  return callApi(app, concrete + query, {
    method,
    headers: { 'if-match': '*', ...(isSent ? { 'content-type': type } : {}), ...headers },
    ...(isSent ? { body: JSON.stringify(body) } : {}),
  });
}
