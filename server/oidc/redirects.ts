import type { Provider } from 'oidc-provider';
import { responseModesOf } from './seams.ts';

/**
 * Adds parameters to a URI and leaves it as it is, byte for byte (RFC 6749 §3.1.2). A URL parser would rewrite its query:
 * `?flag` to `?flag=`, `%20` to `+`.
 * @param uri without a fragment, as registered redirect URIs are
 */
export function withParameters(
  uri: string,
  parameters: Readonly<Record<string, unknown>>,
  part: 'query' | 'fragment' = 'query',
): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  if (text === '') return uri;
  if (part === 'fragment') return `${uri}#${text}`;
  if (!uri.includes('?')) return `${uri}?${text}`;
  return /[?&]$/.test(uri) ? `${uri}${text}` : `${uri}&${text}`;
}

/** Replaces the provider's redirects to clients, which it makes by a URL parser, by exact ones. */
export function keepRedirectUris(provider: Provider): void {
  const responseModes = responseModesOf(provider);
  for (const [mode, send] of [...responseModes]) {
    responseModes.set(mode, async (ctx, redirectUri, parameters) => {
      await send(ctx, redirectUri, parameters);
      const location = ctx.response.get('location');
      if (!location) return;
      const { hash, searchParams } = new URL(location);
      const part = hash === '' ? 'query' : 'fragment';
      const sent = part === 'query' ? searchParams : new URLSearchParams(hash.slice(1));
      // JARM §2.3: one parameter, which the provider has made of the others.
      const isSigned = mode.endsWith('jwt');
      ctx.set(
        'location',
        withParameters(redirectUri, isSigned ? { response: sent.get('response') } : parameters, part),
      );
    });
  }
}
