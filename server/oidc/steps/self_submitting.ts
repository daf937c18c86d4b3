import type { Exchange } from '../exchange.ts';

/** Replaces the provider's page that submits itself by an inline script, which Cardea's Content-Security-Policy forbids. */
export function replaceSelfSubmittingPage({ ctx, services }: Exchange): void {
  services.pages.replaceSelfSubmitting(ctx);
}
