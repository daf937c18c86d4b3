import type { Exchange } from '../exchange.ts';

const COUNTED_AS = 'client-authentication';

/** @throws AppError 429 for an address from which too many clients have failed to authenticate */
export async function limitFailedAuthentications({ ctx, services }: Exchange): Promise<void> {
  await services.authenticationLimits.assertAllowed(COUNTED_AS, ctx.ip);
}

export async function countFailedAuthentication({ ctx, services }: Exchange): Promise<void> {
  if (ctx.status === 401) await services.authenticationLimits.count(COUNTED_AS, ctx.ip);
}
