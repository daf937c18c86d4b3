import { AppError } from '../../platform/errors.ts';
import type { Limit } from '../../platform/limit.ts';
import type { Exchange } from '../exchange.ts';

/** A refresh token that is used sooner than this after the refresh that issued it. */
const SOON_SECONDS = 3;

const REMEDY =
  'a refresh does not change what a token may do: for more scopes send the person to the authorization endpoint';

/**
 * Refuses to refresh in a loop, as clients do whose API refuses each new token: a refresh cannot widen the scope (RFC 6749
 * §6). The refresh token stays valid. `slow_down` (RFC 8628 §3.5) is not `invalid_grant`, so the client keeps it, and the
 * MCP SDK then starts a new authorization. For public clients, and those that registered themselves.
 */
export async function refuseRefreshLoop(exchange: Exchange): Promise<void> {
  const grantId = await grantRefreshedSoon(exchange);
  if (grantId === undefined || (await isAllowed(exchange.services.refreshLimit, grantId))) return;
  const { ctx, unit } = exchange;
  ctx.status = 400;
  ctx.body = { error: 'slow_down', error_description: REMEDY };
  unit.useNothingUp();
}

/** Counts at the end, so that of one refresh that is sent several times at once only the first counts. */
export async function countRefresh(exchange: Exchange): Promise<void> {
  const grantId = await grantRefreshedSoon(exchange);
  if (grantId !== undefined) await exchange.services.refreshLimit.count(grantId);
}

/** @returns the grant, when this is another refresh soon after the last one, by a client that the limit is for */
async function grantRefreshedSoon({ ctx, isReplay, services }: Exchange): Promise<string | undefined> {
  // A request that failed in its first steps has no context of the provider.
  const { client, entities } = (ctx.oidc as Exchange['ctx']['oidc'] | undefined) ?? {};
  const used = entities?.RotatedRefreshToken;
  if (ctx.status !== 200 || isReplay || !used?.rotations) return undefined;
  if (services.now() / 1_000 - Number(used.iat) >= SOON_SECONDS) return undefined;
  // The operator's own clients with a secret or key are under their control: what they do was agreed.
  if (client?.clientAuthMethod !== 'none' && (await services.isRegistered(String(client?.clientId)))) return undefined;
  return used.grantId;
}

async function isAllowed(limit: Limit, grantId: string): Promise<boolean> {
  try {
    await limit.assertAllowed(grantId);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'rate_limited') return false;
    throw error;
  }
}
