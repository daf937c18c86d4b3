import type { Issuer } from '../platform/issuer.ts';
import { PATHS } from '../views/paths.ts';

/** The paths of the endpoints below the issuer. */
export const ROUTES = {
  authorization: '/authorize',
  pushed_authorization_request: '/par',
  token: '/token',
  userinfo: '/userinfo',
  introspection: '/introspect',
  revocation: '/revoke',
  end_session: PATHS.logout,
  // RFC 8628 §3.1: for the device
  device_authorization: '/device_authorization',
  // CIBA Core 1.0 §7
  backchannel_authentication: '/backchannel_authentication',
  code_verification: PATHS.device,
  jwks: PATHS.jwks,
} as const;

/** The paths at which the provider sees the requests: it makes its URLs of them. */
export function routesOf(issuer: Issuer): Record<keyof typeof ROUTES, string> {
  const below = Object.entries(ROUTES).map(([name, path]) => [name, issuer.path(path)]);
  return Object.fromEntries(below) as Record<keyof typeof ROUTES, string>;
}

/** The routes of the provider, by its own names for them. */
export type Route =
  | keyof typeof ROUTES
  | 'resume'
  | 'device_resume'
  | 'end_session_confirm'
  | 'end_session_success'
  | 'discovery'
  | `cors.${'pushed_authorization_request' | 'token' | 'userinfo' | 'introspection' | 'revocation'}`
  | `cors.${'device_authorization' | 'jwks' | 'discovery'}`
  // For a path that the provider does not have.
  | 'not_found';
