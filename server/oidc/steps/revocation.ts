import type { Exchange } from '../exchange.ts';

/** RFC 7009 §2.2: the response has no content. The provider calls it text, which clients that expect JSON refuse. */
export function sendNoType({ ctx }: Exchange): void {
  if (ctx.status === 200 && ctx.body === '') ctx.remove('content-type');
}
