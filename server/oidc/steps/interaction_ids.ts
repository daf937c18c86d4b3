import { randomUUID } from 'node:crypto';
import type { Exchange } from '../exchange.ts';

const NAME = 'x-fapi-interaction-id';
/** RFC 9562 §4. Nothing else of what the client sends is echoed. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * FAPI 1.0 Baseline §6.2.1 (11), which FAPI 2.0 clients send too: a resource answers with the id of the request, or with one
 * of its own, so that both sides find the request in their logs. Before all checks: errors have it as well.
 */
export function echoInteractionId({ ctx }: Exchange): void {
  const given = ctx.get(NAME);
  ctx.set(NAME, UUID.test(given) ? given : randomUUID());
}
