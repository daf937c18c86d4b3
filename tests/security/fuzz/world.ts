import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccount } from '../../helpers/account.ts';
import type { BrowserSession } from '../../helpers/browser_session.ts';
import { CIBA_GRANT } from '../../helpers/ciba.ts';
import { type DocumentSite, documentSite } from '../../helpers/client_documents.ts';
import { type Deployment, deployment, type Party, type Person, REDIRECT_URI } from '../../helpers/deployment.ts';
import { DEVICE_GRANT } from '../../helpers/device.ts';
import { fieldValue } from '../../helpers/html.ts';
import { defer, type Scope } from '../../helpers/scope.ts';
import { type Route, routesOf } from '../wire.ts';
import type { Draw } from './draw.ts';
import { type Key, keyOf, makeKeys } from './keys.ts';

export const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const API = 'https://api.example.com';

/** A client that authenticates with its keys, and those keys. */
export interface Keyed {
  readonly party: Party;
  readonly keys: readonly { readonly key: Key; readonly alg: string; readonly kid: string }[];
}

/** The server under test, and the values that earlier responses contained. */
export interface World {
  readonly app: Deployment;
  readonly routes: readonly Route[];
  readonly keys: readonly Key[];
  readonly site: DocumentSite;
  readonly person: Person;
  readonly session: Session;
  readonly secret: Party;
  readonly open: Party;
  readonly keyed: Keyed;
  /** The latest of each kind: tokens, codes, ids. */
  readonly seen: Seen;
}

/** A browser with a session, until a generated request ends it. */
export interface Session {
  readonly browser: BrowserSession;
  /** The CSRF token of the account forms. */
  readonly csrf: string;
}

/** Signs in anew. */
export async function renewSession(world: World): Promise<World> {
  return { ...world, session: await signIn(world.app, world.person) };
}

async function signIn(app: Deployment, person: Person): Promise<Session> {
  const { browser, page } = await openAccount(app, person, '/account/password');
  return { browser, csrf: fieldValue(page, 'csrf') };
}

const KEPT = 20;

/** Values from responses, by the name of their member. */
export class Seen {
  readonly #values = new Map<string, string[]>();

  add(name: string, value: string): void {
    const list = this.#values.get(name) ?? [];
    list.push(value);
    if (list.length > KEPT) list.shift();
    this.#values.set(name, list);
  }

  /** @returns one of the latest values, or an invalid one */
  one(draw: Draw, name: string): string {
    const list = this.#values.get(name) ?? [];
    return list.length === 0 || draw.chance(0.1) ? draw.text() : draw.pick(list);
  }
}

/** The trusted issuer of software statements. */
export const VOUCHER = 'https://vouches.example';

const DETAILS = {
  payment: {
    schema: { properties: { amount: { type: 'string' }, to: { type: 'string' } }, required: ['amount'] },
    consent: { en: 'Pay {amount} to {to}', de: '{amount} an {to} zahlen', ar: '{amount} {to}' },
  },
};

/** A server with every feature on, clients of each kind, a person with a session, and a site with odd responses. */
export async function createWorld(scope: Scope): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-fuzz-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: object) => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const keys = makeKeys();
  const app = await deployment(scope, {
    env: {
      CARDEA_AUTHORIZATION_DETAILS_TYPES: file('details.json', DETAILS),
      CARDEA_KEY_RINGS: 'RS256,ES256,EdDSA',
      CARDEA_PROFILE: 'oidc',
      CARDEA_RATE_LIMIT: '1000000',
      CARDEA_REGISTRATION: 'open',
      CARDEA_SIGN_UP: 'true',
      CARDEA_SOFTWARE_STATEMENT_ISSUERS: file('issuers.json', { [VOUCHER]: { keys: [keyOf(keys, 'P-256').jwk] } }),
      CARDEA_TOKEN_STATUS_LIST: 'true',
      // The limits of one address are low, so the requests come from many addresses.
      CARDEA_TRUSTED_PROXIES: '127.0.0.1',
    },
  });
  const site = await oddSite(scope);
  const person = await app.seed.person({ name: 'Ada', username: 'ada' });
  await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'], open: true });
  return {
    app,
    routes: routesOf(app),
    keys,
    site,
    person,
    session: await signIn(app, person),
    secret: await app.seed.party({ metadata: { grant_types: EVERY_GRANT, response_types: EVERY_RESPONSE, ...WIDE } }),
    open: await app.seed.party({ public: true, metadata: { scope: WIDE.scope } }),
    keyed: await createKeyed(app, keys),
    seen: new Seen(),
  };
}

const SCOPE = 'openid profile email phone address offline_access groups roles api:read';
const WIDE = { scope: SCOPE, backchannel_token_delivery_mode: 'poll', authorization_details_types: ['payment'] };
const EVERY_GRANT = [
  'authorization_code',
  'implicit',
  'refresh_token',
  'client_credentials',
  DEVICE_GRANT,
  CIBA_GRANT,
  EXCHANGE_GRANT,
];
const EVERY_RESPONSE = ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'];

async function createKeyed(app: Deployment, keys: readonly Key[]): Promise<Keyed> {
  const own = (['RSA', 'P-256', 'Ed25519'] as const).map((name, index) => {
    return { key: keyOf(keys, name), alg: (['RS256', 'ES256', 'EdDSA'] as const)[index] ?? '', kid: `s${index}` };
  });
  const jwks = {
    keys: [
      ...own.map(({ key, kid }) => ({ ...key.jwk, kid, use: 'sig' })),
      { ...own[0]?.key.jwk, kid: 'e', use: 'enc', alg: 'RSA-OAEP-256' },
    ],
  };
  const party = await app.seed.party({
    metadata: {
      token_endpoint_auth_method: 'private_key_jwt',
      grant_types: EVERY_GRANT,
      response_types: EVERY_RESPONSE,
      ...WIDE,
      jwks,
      id_token_encrypted_response_alg: 'RSA-OAEP-256',
      id_token_encrypted_response_enc: 'A128CBC-HS256',
      introspection_encrypted_response_alg: 'RSA-OAEP-256',
      introspection_encrypted_response_enc: 'A128CBC-HS256',
    },
  });
  return { party, keys: own };
}

/** Documents that are invalid, and a valid one. */
async function oddSite(scope: Scope): Promise<DocumentSite> {
  const site = await documentSite(scope);
  const bodies: Record<string, string | Buffer> = {
    '/null': 'null',
    '/array': '[]',
    '/text': '"x"',
    '/broken': '{"keys":[',
    '/nul': '{"keys":[{"kty":"RSA","kid":"\\u0000\\ud800","n":"AQAB","e":"AQAB"}]}',
    '/types': '{"keys":[{"kty":["RSA"],"n":{},"e":1}]}',
    '/no-keys': '{"keys":{}}',
    '/utf8': Buffer.from([0x7b, 0x22, 0xff, 0xc0, 0x22, 0x3a, 0x31, 0x7d]),
    '/large': `{"keys":[],"a":"${'a'.repeat(70_000)}"}`,
    '/deep': '['.repeat(20_000),
  };
  for (const [path, body] of Object.entries(bodies)) {
    site.answer(path, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
  }
  site.answer('/500', (_request, response) => response.writeHead(500).end());
  site.answer('/moved', (_request, response) => response.writeHead(302, { location: '/null' }).end());
  site.answer('/hang-up', (request) => request.socket.destroy());
  site.put('/client', { redirect_uris: ['http://localhost/cb'], client_name: 'Odd' });
  return site;
}

export const SITE_PATHS: readonly string[] = [
  '/null',
  '/array',
  '/text',
  '/broken',
  '/nul',
  '/types',
  '/no-keys',
  '/utf8',
  '/large',
  '/deep',
  '/500',
  '/moved',
  '/hang-up',
  '/client',
  '/nothing',
];

export { REDIRECT_URI };
