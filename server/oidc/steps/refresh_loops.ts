import { AppError } from '../../platform/errors.ts';
import type { Limits } from '../../platform/limits.ts';
import type { Exchange } from '../exchange.ts';

/** A refresh token that is used sooner than this after the refresh that issued it. */
const SOON_SECONDS = 3;
const COUNTED_AS = 'refresh-loop';

/** The limit of such refreshes of one grant. */
export const REFRESH_LOOP = { max: 3, windowMs: 10_000, refusal: 'too many refreshes' } as const;

/**
 * Refuses to refresh in a loop, as clients do whose API refuses each new token: a refresh cannot widen the scope (RFC 6749
 * §6). The refresh token stays valid. `slow_down` (RFC 8628 §3.5) is not `invalid_grant`, so the client keeps it, and the
 * MCP SDK then starts a new authorization. For public clients, and those that registered themselves.
 * @throws AppError 400 `slow_down`
 */
export async function refuseRefreshLoop({ ctx, isReplay, services }: Exchange): Promise<void> {
  const { client, entities } = ctx.oidc;
  const { RotatedRefreshToken: used } = entities;
  if (ctx.status !== 200 || isReplay || !used?.rotations || used.grantId === undefined) return;
  if (services.now() / 1_000 - Number(used.iat) >= SOON_SECONDS) return;
  // The operator's own clients with a secret or key are under their control: what they do was agreed.
  if (client?.clientAuthMethod !== 'none' && (await services.isRegistered(String(client?.clientId)))) return;
  if (await isAllowed(services.refreshLimits, used.grantId)) return;
  throw new AppError(
    'slow_down',
    'a refresh does not change what a token may do: for more scopes send the person to the authorization endpoint',
  );
}

async function isAllowed(limits: Limits, grantId: string): Promise<boolean> {
  try {
    await limits.consume(COUNTED_AS, grantId);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'rate_limited') return false;
    throw error;
  }
}
