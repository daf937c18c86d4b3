import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { EXPOSED_HEADERS } from '../platform/cors.ts';
import type { Route } from './routes.ts';

/** The routes that scripts may call. The others are for browsers that are sent there, or for confidential clients alone. */
const CALLED_BY_SCRIPTS: ReadonlySet<Route> = new Set([
  'token',
  'userinfo',
  'revocation',
  'introspection',
  'pushed_authorization_request',
  'device_authorization',
]);

/** CORS: the origins of a client's redirect URIs are allowed, for clients that run in browsers and for userinfo. */
export function clientBasedCORS(ctx: KoaContextWithOIDC, origin: string, client: Client): boolean {
  if (ctx.oidc.route !== 'userinfo' && client.tokenEndpointAuthMethod !== 'none') return false;
  return (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin && origin !== 'null');
}

/**
 * Lets a script read an error that Cardea presents in place of the provider, as it may read those of the provider. Once the client
 * is known its origins alone may: the provider has set the header for them, and removed it for others.
 */
export function exposeError(ctx: KoaContextWithOIDC, route: Route): void {
  const origin = ctx.get('origin');
  if (origin === '' || !CALLED_BY_SCRIPTS.has(route)) return;
  // The first steps run before the provider has made its own context.
  const { client } = (ctx.oidc as KoaContextWithOIDC['oidc'] | undefined) ?? {};
  if (client && !ctx.response.get('access-control-allow-origin')) return;
  ctx.vary('Origin');
  ctx.set('access-control-allow-origin', origin);
  ctx.set('access-control-expose-headers', EXPOSED_HEADERS);
}
