import { PATHS } from '../views/paths.ts';

/** Where everything is. The discovery document and the mount follow this table. */
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
  jwks: '/.well-known/jwks.json',
} as const;
