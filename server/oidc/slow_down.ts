import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Polls } from '../records/polls.ts';

/**
 * A client that asks more often than it may what became of a request, whichever nodes it asks, is told so (RFC 8628 §3.5,
 * CIBA Core 1.0 §11).
 */
export async function slowDown(ctx: KoaContextWithOIDC, polls: Polls): Promise<void> {
  const { route, params } = ctx.oidc ?? {};
  const body = ctx.body as { error?: unknown } | undefined;
  if (route !== 'token' || body?.error !== 'authorization_pending') return;
  if (!(await polls.isTooSoon(String(params?.device_code ?? params?.auth_req_id)))) return;
  ctx.body = { error: 'slow_down', error_description: 'wait five seconds longer between requests from now on' };
}
