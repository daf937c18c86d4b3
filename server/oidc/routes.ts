/** Where everything is. The discovery document and the mount follow this table. */
export const ROUTES = {
  authorization: '/authorize',
  pushed_authorization_request: '/par',
  token: '/token',
  userinfo: '/userinfo',
  introspection: '/introspect',
  revocation: '/revoke',
  end_session: '/logout',
  jwks: '/.well-known/jwks.json',
} as const;
