import assert from 'node:assert/strict';
import { importJWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { activeKey } from '../../keys/jwks.ts';
import { LINES_TYPE } from '../../server/admin/streams.ts';
import type { BrowserSession } from './browser_session.ts';
import type { Deployment, Party, Person } from './deployment.ts';
import { authorize, redeem, token } from './relying_party.ts';
import { remember } from './secrets.ts';

type Node = Pick<Deployment, 'issuer'>;

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The header `WWW-Authenticate`. */
  readonly challenge: string;
  /** Of a stream: its lines. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it and asserts what it finds
  readonly body: any;
}

/** The identifier of the admin API as a resource server. */
export const apiOf = ({ issuer }: Node): string => `${issuer}/api/v1`;

export const bearer = (access: string): Record<string, string> => ({ authorization: `Bearer ${access}` });

/** Calls the admin API. @param path below it, such as `/me` */
export async function callApi(
  app: Node,
  path: string,
  init: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<ApiAnswer> {
  const response = await fetch(apiOf(app) + path, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    challenge: response.headers.get('www-authenticate') ?? '',
    body: parsedBody(response.headers.get('content-type'), text),
  };
}

export function parsedBody(type: string | null | undefined, text: string): unknown {
  if (type?.startsWith(LINES_TYPE)) return linesIn(text);
  return text === '' ? undefined : JSON.parse(text);
}

/** The values of lines of JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into them and asserts what it finds
export function linesIn(text: string): any[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

/** A client that acts by itself, with these scopes. */
export function machine(app: Deployment, scope: string, metadata: object = {}): Promise<Party> {
  return app.seed.party({
    metadata: { redirect_uris: [], grant_types: ['client_credentials'], scope, ...metadata },
  });
}

/** An app of the operator by which people use the API. */
export function console(app: Deployment, scope: string, metadata: object = {}): Promise<Party> {
  return app.seed.party({ firstParty: true, metadata: { scope, ...metadata } });
}

/** A person with roles. */
export async function operator(app: Deployment, ...roles: string[]): Promise<Person> {
  const person = await app.seed.person();
  await app.seed.accounts.setRoles(person.id, roles);
  return person;
}

/** An access token by client credentials (RFC 6749 §4.4). */
export async function machineToken(app: Node, party: Party, scope: string): Promise<string> {
  const { status, body } = await token(app.issuer, party, { grant_type: 'client_credentials', scope });
  assert.equal(status, 200, JSON.stringify(body));
  return body.access_token ?? '';
}

/** An access token of a person who signs in by an app. */
export async function personToken(
  app: Node,
  party: Party,
  person: Person,
  scope: string,
  browser?: BrowserSession,
): Promise<string> {
  const granted = await authorize({
    issuer: app.issuer,
    party,
    person,
    params: { scope },
    ...(browser ? { browser } : {}),
  });
  const { status, body } = await redeem(app.issuer, party, granted);
  assert.equal(status, 200, JSON.stringify(body));
  return body.access_token ?? '';
}

/** A JWT with the key that the server itself signs with. */
export async function signAsServer(
  { app }: Pick<Deployment, 'app'>,
  claims: Readonly<Record<string, unknown>>,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const jwk = activeKey(await app.keyRing.load(), 'RS256');
  if (!jwk) throw new Error('there is no key');
  const jwt = new SignJWT(JSON.parse(JSON.stringify(claims))).setProtectedHeader({
    alg: 'RS256',
    typ: 'at+jwt',
    ...(jwk.kid === undefined ? {} : { kid: jwk.kid }),
    ...header,
  });
  return remember('access_token', await jwt.sign(await importJWK(jwk, 'RS256')));
}
