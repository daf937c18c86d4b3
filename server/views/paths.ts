import type { NameUnder } from './messages.ts';

/** URL paths of pages and documents; pages at `/account` by their name, see `accountPath`. */
export const PATHS = {
  home: '/',
  discovery: '/.well-known/openid-configuration',
  jwks: '/.well-known/jwks.json',
  documentation: '/docs',
  /** RFC 7591 */
  registration: '/register',
  /** The description of these endpoints (OpenAPI 3.1). */
  openapi: '/openapi.json',
  /** A page of both descriptions. */
  apiDocs: '/api/docs',
  configurationSchema: '/schemas/configuration-v1.json',
  /** A sign-in is at `/login/<uid of the interaction>`. */
  login: '/login',
  logout: '/logout',
  /** Where a person types a device's code (RFC 8628 §3.3): short, as it is typed by hand. */
  device: '/device',
  account: '/account',
  /** Redirect URI of the account pages' own sign-in. */
  signedIn: '/account/signed-in',
  forgotPassword: '/account/forgot',
  signUp: '/account/sign-up',
  /** Mailed links lead to `/account/link/<purpose>`. */
  link: '/account/link',
  outbox: '/outbox',
  /** How the server is, for operators. */
  status: '/status',
  demo: '/demo',
  demoCallback: '/demo/callback',
} as const;

/** A page at `/account`, by the name of its title in the catalogues. */
export type AccountPageName = NameUnder<'account', '.title'>;

export function accountPath(name: AccountPageName): string {
  return name === 'overview' ? PATHS.account : `${PATHS.account}/${name}`;
}

export function linkPath(purpose: string): string {
  return `${PATHS.link}/${purpose}`;
}
