import type { Client } from '../clients/client.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import type { Actor } from './actor.ts';
import { assertMayChange, assertMayGive, permissionsOfScopes } from './guards.ts';
import { type Permission, permissionOfScope } from './permissions.ts';

/**
 * A client is power: who decides its redirect URIs, keys or secret gets its tokens. So only one who has all of its permissions
 * can make or change it.
 */

type Powerful = Pick<
  Client,
  'id' | 'kind' | 'metadata' | 'firstParty' | 'tokenExchange' | 'introspectsAll' | 'openedScopes'
>;

/** What a client can do to others, each with the permission by which an operator could do it. */
const POWERS: readonly (readonly [permission: Permission, has: (client: Powerful) => boolean])[] = [
  // Nobody is asked: it is as if everybody had allowed it everything.
  ['grants:write', ({ firstParty }) => firstParty],
  // It gets tokens of people from those of other clients (RFC 8693).
  ['tokens:write', ({ tokenExchange }) => tokenExchange !== null],
  ['tokens:read', ({ introspectsAll }) => introspectsAll],
];

const scopesIn = ({ metadata, openedScopes }: Powerful) => [...metadata.scope.split(' '), ...openedScopes];

/** The scopes of a client that registered itself are what it asks for, and open nothing of the admin API. */
const apiPermissions = (client: Powerful): Permission[] =>
  client.kind === 'operator' ? permissionsOfScopes(scopesIn(client)) : [];

/** The permissions that somebody needs to make, change or remove a client. */
export function powerOf(client: Powerful): Permission[] {
  return [...apiPermissions(client), ...POWERS.filter(([, has]) => has(client)).map(([permission]) => permission)];
}

/** @throws AppError 403 `beyond_own_permissions` */
export function assertMayChangeClient(actor: Actor, client: Powerful): void {
  assertMayChange(actor, powerOf(client));
}

/**
 * @param after as it will be
 * @throws AppError 403 `beyond_own_permissions`
 */
export function assertMayGiveClient(actor: Actor, after: Powerful): void {
  assertMayGive(actor, powerOf(after));
}

/**
 * Nobody gives the client by which they act more than it has, also not what they may give to others: a token of it that is
 * stolen must not be worth more than it was.
 * @throws AppError 403 `beyond_own_permissions`
 */
export function assertGainsNothing(actor: Actor, before: Powerful, after: Powerful): void {
  const { kind, id, clientId } = actor;
  if ((kind === 'client' ? id : clientId) !== before.id) return;
  const had: ReadonlySet<string> = new Set([...scopesIn(before), ...powerOf(before)]);
  const gained = [...scopesIn(after), ...powerOf(after)].filter((one) => one !== '' && !had.has(one));
  if (gained.length === 0) return;
  throw new AppError(
    'beyond_own_permissions',
    `this is the client by which you act: another one has to give it ${[...new Set(gained)].join(', ')}`,
  );
}

/**
 * Scopes of the admin API are few and known: one that does not exist may exist in a later version, and would then be given
 * without anybody's decision.
 * @throws AppError 400 `invalid_input`
 */
export function assertKnownScopes(client: Powerful, prefix: string, before?: Powerful): void {
  const had = new Set(before ? scopesIn(before) : []);
  const added = scopesIn(client).filter((one) => one.startsWith(prefix) && !had.has(one));
  const unknown = added.find((one) => permissionOfScope(one) === undefined);
  if (unknown !== undefined) throw invalidInput('scope', `${unknown} is no scope of the admin API`);
  if (client.kind !== 'operator' && added.length > 0) {
    throw invalidInput('opened_scopes', 'scopes of the admin API are for clients that an operator has made');
  }
}
