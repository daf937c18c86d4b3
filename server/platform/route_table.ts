import type { FastifyRequest } from 'fastify';

/** A path of the server. */
export interface RouteEntry {
  readonly methods: Set<string>;
  readonly oauth: boolean;
}

/**
 * The route of a path for any method; a parameter matches one segment. A path that is also the value of another route's
 * parameter has the methods of both.
 */
export function routeAt(routes: ReadonlyMap<string, RouteEntry>, request: FastifyRequest): RouteEntry | undefined {
  const segments = pathOf(request).split('/');
  const found = [...routes].flatMap(([pattern, route]) => {
    const wanted = pattern.split('/');
    const fits = wanted.every((one, i) => one === segments[i] || (one.startsWith(':') && segments[i] !== ''));
    return fits && wanted.length === segments.length ? [route] : [];
  });
  const [first] = found;
  return first && { ...first, methods: new Set(found.flatMap(({ methods }) => [...methods])) };
}

/** The path of a request, also of one that names its host (RFC 9112 §3.2.2). */
export function pathOf(request: FastifyRequest): string {
  return request.url.replace(/^https?:\/\/[^/]*/i, '').split('?', 1)[0] ?? '';
}
