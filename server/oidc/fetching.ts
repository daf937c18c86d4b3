import type { Configuration } from 'oidc-provider';
import type { Outbound } from '../platform/outbound.ts';

/**
 * What the provider fetches from wherever a client says goes through the one way out. The provider's own guard is a
 * dispatcher of undici that looks at a socket after it has connected; ours never connects, so the dispatcher that it
 * puts into the options is left alone.
 */
export function createFetching(outbound: Outbound): Pick<Configuration, 'fetch' | 'fetchResponseBodyLimits'> {
  return {
    fetch: (url, { method, headers, body, signal } = {}) =>
      outbound.fetch(url instanceof Request ? url.url : url, {
        method,
        headers: new Headers(headers),
        body: body instanceof URLSearchParams || typeof body === 'string' ? body : undefined,
        signal,
      }),
    fetchResponseBodyLimits: {
      'client_id metadata document': 5 * 1024,
      jwks_uri: 64 * 1024,
      sector_identifier_uri: 64 * 1024,
    },
  };
}
