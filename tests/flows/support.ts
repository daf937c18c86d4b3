import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import type { Deployment, Party, Person } from '../helpers/deployment.ts';
import { documentOf, textsOf } from '../helpers/html.ts';
import { authorize, authorizeUrl, redeem, type TokenAnswer } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';

/** An authorization request in progress: the page that the browser shows, or the redirect. */
export interface Begun {
  readonly browser: BrowserSession;
  readonly verifier: string;
  readonly page: Page;
}

/** Parameters of an authorization request; undefined drops a default one. */
export type Params = Readonly<Record<string, string | undefined>>;

/** Sends a browser to /authorize and stops at the first page that needs input. */
export async function begin(
  app: Pick<Deployment, 'issuer'>,
  party: Party,
  params: Params = {},
  browser: BrowserSession = browserSession(app.issuer),
): Promise<Begun> {
  const verifier = randomBytes(32).toString('base64url');
  const page = await browser.follow(await browser.get(authorizeUrl({ issuer: app.issuer, party, params }, verifier)));
  rememberCallback(page);
  return { browser, verifier, page };
}

/** Submits the page's form with the given button, as a browser would. */
export async function submit(browser: BrowserSession, page: Page, fields: Record<string, string>): Promise<Page> {
  const { action, fields: hidden } = formOf(page);
  const next = await browser.follow(await browser.post(action, { ...hidden, ...fields }));
  rememberCallback(next);
  return next;
}

export function submitPassword(browser: BrowserSession, page: Page, person: Person): Promise<Page> {
  return submit(browser, page, { identifier: person.email, password: person.password, action: 'signin' });
}

/** A browser in which a person has already signed in to one app. */
export async function signedIn(app: Deployment, party: Party, person: Person): Promise<BrowserSession> {
  const { browser } = await authorize({ issuer: app.issuer, party, person });
  return browser;
}

/** From /authorize to tokens. */
export async function tokensFor(
  app: Deployment,
  party: Party,
  person: Person,
  options: { params?: Params; browser?: BrowserSession } = {},
): Promise<{
  browser: BrowserSession;
  tokens: Required<Pick<TokenAnswer['body'], 'access_token' | 'id_token'>> & TokenAnswer['body'];
}> {
  const granted = await authorize({ issuer: app.issuer, party, person, ...options });
  const { status, body } = await redeem(app.issuer, party, granted);
  assert.equal(status, 200, JSON.stringify(body));
  return {
    browser: granted.browser,
    tokens: { ...body, access_token: body.access_token ?? '', id_token: body.id_token ?? '' },
  };
}

export type Shown =
  | 'second-factor'
  | 'enrol'
  | 'recovery-codes'
  | 'sign-in'
  | 'new-password'
  | 'consent'
  | 'select-account'
  | 'sign-out'
  | 'unusable'
  | 'signed-out'
  | 'error'
  | 'callback';

/** The ids of controls that only one page has. */
const MARKS: readonly (readonly [string, Shown])[] = [
  ['password', 'sign-in'],
  ['totp-secret', 'enrol'],
  ['recovery-codes', 'recovery-codes'],
  ['use-recovery-code', 'second-factor'],
  ['new-password', 'new-password'],
  ['allow', 'consent'],
  ['another', 'select-account'],
  ['logout-yes', 'sign-out'],
  ['keep', 'unusable'],
];

/** Recognizes a page by the names of its controls. */
export function shown(page: Page): Shown {
  if (page.location !== undefined) return 'callback';
  const ids = new Set(
    documentOf(page)
      .querySelectorAll('[id]')
      .map(({ id }) => id),
  );
  const mark = MARKS.find(([id]) => ids.has(id));
  if (mark) return mark[1];
  if (errorOn(page) !== undefined) return 'error';
  if (page.status === 200 && page.url.includes('/logout/success')) return 'signed-out';
  throw new Error(`an unknown page: ${page.status} ${page.url}\n${page.body.slice(0, 1_500)}`);
}

/** The parameters of the redirect to the client. */
export function callbackOf(page: Page): Record<string, string> {
  assert.ok(page.location, `not a redirect: ${page.status} ${page.body.slice(0, 600)}`);
  const url = new URL(page.location);
  // In the fragment for response types that would carry tokens there (OAuth 2.0 Multiple Response Types §5).
  return Object.fromEntries([...url.searchParams, ...new URLSearchParams(url.hash.slice(1))]);
}

/** The error code on an error page. */
export function errorOn(page: Page): string | undefined {
  return textsOf(page, 'dt + dd > code').find((text) => /^[a-z_]+$/.test(text));
}

/** The claims of an ID token; its signature is checked elsewhere. */
export function idTokenOf(answer: { id_token?: string }): Record<string, unknown> {
  assert.ok(answer.id_token, 'no ID token');
  return decodeJwt(answer.id_token);
}

/** POSTs a form to an endpoint, with the given client authentication. */
export async function post(
  app: Pick<Deployment, 'issuer'>,
  path: string,
  fields: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  const response = await fetch(new URL(path, app.issuer), {
    method: 'POST',
    headers,
    body: new URLSearchParams(pairs.map(([name, value]) => [name, value] as [string, string])),
  });
  const text = await response.text();
  const body = text === '' ? {} : (JSON.parse(text) as TokenAnswer['body']);
  return { status: response.status, headers: response.headers, body: rememberAll(body) };
}

/** `Authorization: Basic …` (RFC 6749 §2.3.1) from halves that are already encoded. */
export function basic(id: string, secret: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

/** Status and error code of a refused request; messages are not compared. */
export function refusal({ status, body }: TokenAnswer): { status: number; error: unknown } {
  return { status, error: body.error };
}

function rememberCallback(page: Page): void {
  const code = page.location === undefined ? null : new URL(page.location).searchParams.get('code');
  if (code) remember('code', code);
}
