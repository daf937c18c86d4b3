import { createHash, randomBytes } from 'node:crypto';
import { type BrowserSession, browserSession, formOf, type Page } from './browser_session.ts';
import type { Party, Person } from './deployment.ts';
import { has } from './html.ts';
import { remember } from './secrets.ts';

/** An authorization request that was granted. */
export interface Granted {
  readonly code: string;
  readonly verifier: string;
  readonly browser: BrowserSession;
  /** The redirect that carried the code. */
  readonly callback: URL;
}

export interface AuthorizeOptions {
  readonly issuer: string;
  /** The address that requests are sent to, when that is another node of the issuer. */
  readonly reach?: string;
  readonly party: Party;
  readonly person: Person;
  readonly browser?: BrowserSession;
  /** Additional or different parameters of the authorization request; undefined drops one. */
  readonly params?: Readonly<Record<string, string | undefined>>;
}

export interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & {
    access_token?: string;
    refresh_token?: string;
    id_token?: string;
    error?: string;
  };
}

/** The URL of an authorization request with PKCE (RFC 7636). */
export function authorizeUrl(options: Pick<AuthorizeOptions, 'issuer' | 'party' | 'params'>, verifier: string): string {
  const url = new URL(`${options.issuer}/authorize`);
  const params = {
    client_id: options.party.id,
    redirect_uri: options.party.redirectUri,
    response_type: 'code',
    scope: 'openid profile email',
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...options.params,
  };
  for (const [name, value] of Object.entries(params)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

/** Signs in, consents and accepts texts if asked, and returns the code. */
export async function authorize(options: AuthorizeOptions): Promise<Granted> {
  const verifier = randomBytes(32).toString('base64url');
  const browser = options.browser ?? browserSession(options.issuer, options.reach);
  const page = await signIn(
    browser,
    await browser.follow(await browser.get(authorizeUrl(options, verifier))),
    options.person,
  );
  const callback = new URL(page.location ?? 'about:blank');
  const code = callback.searchParams.get('code');
  if (!code) throw new Error(`no code: ${page.status} ${page.location ?? page.body.slice(0, 400)}`);
  for (const value of browser.cookies()) remember('cookie', value);
  return { code: remember('code', code), verifier, browser, callback };
}

/** Completes the sign-in pages until the issuer redirects the browser to another site. */
export async function signIn(browser: BrowserSession, start: Page, person: Person): Promise<Page> {
  let page = start;
  for (let steps = 0; page.location === undefined; steps += 1) {
    if (page.status !== 200 || steps > 5)
      throw new Error(`sign-in stopped at ${page.status}: ${page.body.slice(0, 600)}`);
    const { action, fields } = formOf(page);
    const answer = has(page, '[name="password"]')
      ? { identifier: person.email, password: person.password, action: 'signin' }
      : { action: has(page, '#accept') ? 'accept' : 'allow' };
    page = await browser.follow(await browser.post(action, { ...fields, ...answer }));
  }
  return page;
}

/** POST /token as a client would: with Basic when it has a secret, with `client_id` alone when it is public. */
export async function token(
  issuer: string,
  party: Party,
  fields: Readonly<Record<string, string>>,
  reach: string = issuer,
): Promise<TokenAnswer> {
  const response = await fetch(new URL(`${reach}/token`), {
    method: 'POST',
    headers: { ...authorization(party) },
    body: new URLSearchParams({ ...(party.secret === undefined ? { client_id: party.id } : {}), ...fields }),
  });
  const body = (await response.json()) as TokenAnswer['body'];
  for (const name of ['access_token', 'refresh_token', 'id_token'] as const) {
    const value = body[name];
    if (value !== undefined) remember(name, value);
  }
  return { status: response.status, headers: response.headers, body };
}

export function redeem(
  issuer: string,
  party: Party,
  granted: Pick<Granted, 'code' | 'verifier'>,
  reach?: string,
): Promise<TokenAnswer> {
  return token(
    issuer,
    party,
    {
      grant_type: 'authorization_code',
      code: granted.code,
      redirect_uri: party.redirectUri,
      code_verifier: granted.verifier,
    },
    reach,
  );
}

export function refresh(issuer: string, party: Party, refreshToken: string, reach?: string): Promise<TokenAnswer> {
  return token(issuer, party, { grant_type: 'refresh_token', refresh_token: refreshToken }, reach);
}

/** RFC 7662 */
export async function introspect(
  issuer: string,
  party: Party,
  value: string,
  reach: string = issuer,
): Promise<Record<string, unknown>> {
  const response = await fetch(new URL(`${reach}/introspect`), {
    method: 'POST',
    headers: authorization(party),
    body: new URLSearchParams({ token: value, ...(party.secret === undefined ? { client_id: party.id } : {}) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

export async function userinfo(
  issuer: string,
  accessToken: string,
  reach: string = issuer,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(new URL(`${reach}/userinfo`), { headers: { authorization: `Bearer ${accessToken}` } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
export function authorization(party: Party): Record<string, string> {
  if (party.secret === undefined) return {};
  const credentials = `${encodeURIComponent(party.id)}:${encodeURIComponent(party.secret)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
