import type { FastifyReply, FastifyRequest } from 'fastify';
import { NO_ROUTE } from './request_stats.ts';
import type { RequestSpan, Tracing } from './tracing.ts';

/**
 * Begins the span of a request, which ends with its response; undefined when it is not sampled. The header `traceparent` of a trusted proxy alone is believed: a
 * stranger must not choose the trace that a request belongs to.
 */
export function beginSpan(
  tracing: Pick<Tracing, 'request'>,
  isTrusted: (address: string | undefined) => boolean,
  request: FastifyRequest,
  { raw }: FastifyReply,
): RequestSpan | undefined {
  const { traceparent } = request.headers;
  const isTold = typeof traceparent === 'string' && isTrusted(request.raw.socket.remoteAddress);
  const span = tracing.request(isTold ? traceparent : undefined);
  if (!span) return undefined;
  // Not `onResponse`, which is not called without a route or for a client that has disconnected.
  raw.once('close', () => {
    const { id: requestId, method, routeOptions } = request;
    const [route, status, aborted] = [routeOptions.url ?? NO_ROUTE, raw.statusCode, !raw.writableFinished];
    span.end({ method, route, status, requestId, aborted });
  });
  return span;
}
