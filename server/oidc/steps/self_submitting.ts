import type { Exchange } from '../exchange.ts';

/** Replaces a page of the provider's that submits itself by an inline script, which our policy forbids. */
export async function replaceSelfSubmittingPage({ ctx, services }: Exchange): Promise<void> {
  services.pages.replaceSelfSubmitting(ctx);
}
