import type { Exchange } from '../exchange.ts';

/** Limits the records of requests without a sign-in (unfinished_limits.ts). @throws AppError 429, 400 */
export async function limitUnfinished({ ctx, unit, services }: Exchange): Promise<void> {
  await services.unfinishedLimits.enforce(ctx, unit);
}

/** Records when and from where the browser of a session was last seen. */
export async function recordSession({ ctx, unit, services }: Exchange): Promise<void> {
  const { session } = ctx.oidc;
  if (!session?.accountId || (session as { destroyed?: boolean }).destroyed) return;
  const { uid, accountId } = session;
  const userAgent = ctx.get('user-agent') || undefined;
  for (const statement of await services.sessionStatements({ uid, accountId, userAgent, address: ctx.ip }))
    unit.addStatement(statement);
}

/** Records that a client has got tokens. */
export async function recordClientUse({ ctx, unit, services }: Exchange): Promise<void> {
  const { client } = ctx.oidc;
  if (ctx.status !== 200 || !client) return;
  for (const statement of await services.clientUseStatements(client.clientId)) unit.addStatement(statement);
}
