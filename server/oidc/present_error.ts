import { AppError } from '../platform/errors.ts';
import { retryHeaders } from '../platform/rate_limit_headers.ts';
import { exposeError } from './cors.ts';
import { errorResponse } from './error_responses.ts';
import type { Exchange } from './exchange.ts';

/** Headers of the response that the error replaces. */
const REPLACED = ['location', 'set-cookie', 'www-authenticate', 'content-type', 'content-length'];

/** Responds with an error: JSON for a client (RFC 6749 §5.2), a page for a browser. */
export function presentError({ ctx, route, services }: Exchange, error: unknown): void {
  services.logFailure(ctx, error);
  const { status, body, challenge } = errorResponse(error, route);
  for (const name of REPLACED) ctx.remove(name);
  ctx.status = status;
  ctx.set('cache-control', 'no-store');
  if (challenge !== undefined) ctx.set('www-authenticate', challenge);
  ctx.set(retryHeaders({ status, limit: error instanceof AppError ? error.limit : undefined }));
  exposeError(ctx, route);
  if (ctx.accepts('json', 'html') === 'html') services.pages.error(ctx, body);
  else ctx.body = body;
}
