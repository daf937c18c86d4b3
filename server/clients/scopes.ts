import { DEFAULT_SCOPE } from './metadata.ts';
import type { Client } from './store.ts';

const OPEN_TO_ALL = DEFAULT_SCOPE.split(' ');

/** They tell what the operator knows of people: no client has them that was not given them by name. */
const RESERVED = ['groups', 'roles'];

/** The scope that a client registers itself with. @param opened by the policy that it registers under */
export function withoutReserved(scope: string, opened: readonly string[] = []): string {
  return scope
    .split(' ')
    .filter((one) => !RESERVED.includes(one) || opened.includes(one))
    .join(' ');
}

/**
 * Scopes that a client may have. Those that nobody at the operator's made have what is open to all, and what the operator
 * has opened for them by name: groups and roles, say, are the operator's knowledge of people. (At resource servers the
 * server says itself whether it is open.)
 */
export function scopesOf({
  kind,
  metadata,
  openedScopes,
}: Pick<Client, 'kind' | 'metadata' | 'openedScopes'>): string[] {
  const registered = metadata.scope.split(' ').filter((one) => one !== '');
  if (kind === 'operator') return registered;
  return [...new Set([...registered.filter((one) => OPEN_TO_ALL.includes(one)), ...openedScopes])];
}
