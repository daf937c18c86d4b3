import { PATHS } from '../views/paths.ts';

/** The paths of the endpoints, for the mount and for the discovery document. */
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
