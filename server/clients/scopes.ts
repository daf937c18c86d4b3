import type { Client } from './client.ts';
import { DEFAULT_SCOPE } from './metadata.ts';

const OPEN_TO_ALL = DEFAULT_SCOPE.split(' ');

/** They reveal what the operator knows about people: a client gets them only when they were granted to it by name. */
const RESERVED = ['groups', 'roles'];

/** Scopes of Cardea itself, which no resource server has. */
export const OWN_SCOPES: readonly string[] = [...OPEN_TO_ALL, ...RESERVED];

/** The scope of a client that registers itself. @param opened by its registration policy */
export function withoutReserved(scope: string, opened: readonly string[] = []): string {
  return scope
    .split(' ')
    .filter((one) => !RESERVED.includes(one) || opened.includes(one))
    .join(' ');
}

/**
 * True when a client registered scopes of APIs. Agents register those of the first challenge that they met, and need
 * others later (step-up); as they could register again, this is no limit for them. The person decides.
 */
export function namesApiScopes(scope: string): boolean {
  return scope.split(' ').some((one) => one !== '' && !OPEN_TO_ALL.includes(one) && !RESERVED.includes(one));
}

/**
 * Scopes that a client may have. A client that the operator did not make has the scopes that are open to all, and those
 * that the operator has opened for it by name, such as groups and roles. (For resource servers, the resource server
 * says whether it is open.)
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
