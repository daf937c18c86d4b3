import { randomUUID } from 'node:crypto';
import type { Client, Configuration, Provider } from 'oidc-provider';
import type { Outbound } from '../platform/outbound.ts';
import type { Units } from '../records/unit.ts';
import { replaceMethod } from './seams.ts';
import type { Serving } from './serving.ts';

/** OpenID Connect Back-Channel Logout 1.0, for discovery, client metadata and the `sid` of ID tokens (§2.1). */
export const BACKCHANNEL_LOGOUT = { enabled: true } as const satisfies NonNullable<
  Configuration['features']
>['backchannelLogout'];

/** §2.4 */
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/**
 * The provider would send logout tokens only from its own logout page, once, while the person waits. Instead, each session
 * that ends puts them into the queue of deliveries (records/deliveries.ts).
 */
export function disableProviderLogoutCalls(provider: Provider): void {
  replaceMethod(provider, 'Client.prototype.backchannelLogout', () => async () => {});
}

export interface LogoutNotice {
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly sid: string | undefined;
}

/**
 * Sends a logout request to a client (§2.5). Each attempt gets a new logout token, which is valid for two minutes and
 * signed by the current key.
 *
 * @returns `needless` when the client is gone or has removed its URI; `refused` when the client says that the request is
 *   invalid (§2.8), which it would say again
 * @throws Error when another attempt may succeed
 */
export function createLogoutSender(parts: {
  serving: Serving;
  units: Units;
  outbound: Outbound;
  /** @throws when this node may have missed that its key was withdrawn */
  assertCanSign(): void;
}): (notice: LogoutNotice) => Promise<'done' | 'needless' | 'refused'> {
  const { serving, units, outbound, assertCanSign } = parts;
  return async ({ clientId, accountId, sid }) => {
    assertCanSign();
    const { provider } = serving.current();
    const request = await units.run(async () => {
      const client = await provider.Client.find(clientId);
      if (!client?.backchannelLogoutUri || accountId === undefined) return undefined;
      return { uri: client.backchannelLogoutUri, token: await logoutToken(provider, client, accountId, sid) };
    });
    if (!request) return 'needless';
    const { ok, status } = await outbound.fetch(request.uri, {
      method: 'POST',
      turn: { chosenBy: 'delivery', share: `account:${accountId}` },
      body: new URLSearchParams({ logout_token: request.token }),
    });
    if (ok) return 'done';
    if (status === 400) return 'refused';
    throw new Error(`the client responded with ${status}`);
  };
}

/** §2.4: `iss`, `aud`, `iat`, `exp`, `jti`, `events` and `sub`; `sid` for clients that require it; never a `nonce`. */
async function logoutToken(
  provider: Provider,
  client: Client,
  accountId: string,
  sid: string | undefined,
): Promise<string> {
  const token = new provider.IdToken({ sub: accountId }, { client, ctx: undefined });
  Object.assign(token, { mask: { sub: null } });
  token.set('events', { [EVENT]: {} });
  token.set('jti', randomUUID());
  if (client.backchannelLogoutSessionRequired && sid !== undefined) token.set('sid', sid);
  return token.issue({ use: 'logout' });
}
