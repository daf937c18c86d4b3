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
 * The provider would tell relying parties while the person waits, once, and only at its own logout page. Here a session
 * that ends, in whatever way, has queued what there is to tell (records/deliveries.ts).
 */
export function leaveLogoutToTheQueue(provider: Provider): void {
  replaceMethod(provider, 'Client.prototype.backchannelLogout', () => async () => {});
}

export interface LogoutNotice {
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly sid: string | undefined;
}

/**
 * Tells a relying party that somebody has signed out (§2.5), with a token that is made anew for each attempt: it lives
 * for two minutes, and is signed by the key that is current then.
 *
 * @returns `done` also when the client is gone or does not want to know any more; `refused` when it finds the request
 *   invalid (§2.8), as it would the next time
 * @throws when it may work later
 */
export function createLogoutSender(parts: {
  serving: Serving;
  units: Units;
  outbound: Outbound;
  /** @throws when this node may have missed that its key was withdrawn */
  assertCanSign(): void;
}): (notice: LogoutNotice) => Promise<'done' | 'refused'> {
  const { serving, units, outbound, assertCanSign } = parts;
  return async ({ clientId, accountId, sid }) => {
    assertCanSign();
    const { provider } = serving.current();
    const request = await units.run(async () => {
      const client = await provider.Client.find(clientId);
      if (!client?.backchannelLogoutUri || accountId === undefined) return undefined;
      return { uri: client.backchannelLogoutUri, token: await logoutToken(provider, client, accountId, sid) };
    });
    if (!request) return 'done';
    const { ok, status } = await outbound.fetch(request.uri, {
      method: 'POST',
      turn: { chosenBy: 'delivery', share: `account:${accountId}` },
      body: new URLSearchParams({ logout_token: request.token }),
    });
    if (ok) return 'done';
    if (status === 400) return 'refused';
    throw new Error(`the relying party answered with ${status}`);
  };
}

/** §2.4: `iss`, `aud`, `iat`, `exp`, `jti`, `events` and `sub`; `sid` for who has learnt of it; never a `nonce`. */
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
