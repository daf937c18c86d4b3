import { ROUTES, type Route } from '../../server/admin/routes.ts';
import { LINES_TYPE } from '../../server/admin/streams.ts';
import { ANY_CALLER, changesSomething } from '../../server/operations/operation.ts';
import type { Permission } from '../../server/operations/permissions.ts';
import { type ApiAnswer, callApi } from './admin_api.ts';
import type { Deployment } from './deployment.ts';

/** Names the route in messages. */
export const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

/** The routes that need a permission. */
export const PERMITTED: readonly (Route & { readonly permission: Permission })[] = ROUTES.flatMap((route) => {
  const { permission } = route.operation;
  return permission === ANY_CALLER ? [] : [{ ...route, permission }];
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
