/**
 * A bare oidc-provider on its own in-memory adapter, which the bench compares Cardea with. Its configuration is
 * Cardea's, except for the adapter and the sign-in pages, so that both do the same work for a request.
 * BARE='{…}' node tests/performance/bench/bare.ts
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Adapter, type Configuration, Provider } from 'oidc-provider';
import { generateKey } from '../../../keys/generate.ts';
import { NO_DETAILS_TYPES } from '../../../server/clients/authorization_details.ts';
import { DEFAULT_SERVER_POLICY } from '../../../server/clients/profiles.ts';
import { loadConfig } from '../../../server/config.ts';
import { createClientCertificates } from '../../../server/oidc/client_certificates.ts';
import { createConfiguration, SCOPES } from '../../../server/oidc/configuration.ts';
import { createDevicePages } from '../../../server/oidc/device_pages.ts';
import { createPages } from '../../../server/oidc/pages.ts';
import { readIssuer } from '../../../server/platform/issuer.ts';
import type { Units } from '../../../server/records/unit.ts';
import { PATHS } from '../../../server/views/paths.ts';
import { createViews } from '../../../server/views/views.ts';

/** The configuration that the bench passes to this process. */
export interface BareSpec {
  readonly port: number;
  readonly client: { readonly id: string; readonly secret: string; readonly redirectUri: string };
  /** The client's scope, including that of the resource server. */
  readonly scope: readonly string[];
  readonly resource: { readonly identifier: string; readonly scopes: readonly string[] };
  readonly people: readonly { readonly id: string; readonly email: string }[];
}

const spec = JSON.parse(process.env.BARE ?? '') as BareSpec;
const issuer = readIssuer(`http://localhost:${spec.port}`);
const people = new Map(spec.people.map((person) => [person.id, person]));

const unused = (): never => {
  throw new Error('the in-memory adapter knows no unit of work');
};
const units: Units = { run: unused, current: unused };

const views = createViews();
const pages = createPages(views);
const configuration = createConfiguration({
  uiLocales: ['en'],
  issuer,
  jwks: [JSON.parse((await generateKey('RS256', 2048)).secret.toString())],
  cookieKeys: [randomBytes(32)],
  serverPolicy: DEFAULT_SERVER_POLICY,
  pairwiseKey: randomBytes(32),
  publicSubjectOf: async (accountId) => accountId,
  accountOf: async (publicSubject) => publicSubject,
  lifetimes: loadConfig({}).lifetimes,
  units,
  userCodes: { register: unused, find: unused, claim: unused, tie: unused },
  pages,
  devicePages: createDevicePages({ views, pages, findPerson: async () => undefined }),
  fetching: { configuration: { fetch: unused }, guard: () => {} },
  dpop: { nonceSecrets: [randomBytes(32)], nonceRequired: false },
  confirmLogout: false,
  isRedirectAllowed: async () => true,
  certificates: createClientCertificates({
    requestsCertificates: false,
    header: undefined,
    trustedProxies: [],
    authorities: [],
    now: Date.now,
  }),
  jwtAccessTokens: {
    addClaims: async () => {},
    present: (value) => value,
    isPresented: () => false,
    find: async () => undefined,
    revoke: () => false,
  },
  async findAccount(id) {
    const person = people.get(id);
    if (!person) return undefined;
    return { accountId: id, claims: () => ({ sub: id, updated_at: 0, email: person.email, email_verified: true }) };
  },
  findResourceServer: async (identifier) =>
    identifier === spec.resource.identifier ? { ...spec.resource, tokenTyp: 'at+jwt' } : undefined,
  resourceScopes: async () => spec.resource.scopes.filter((scope) => spec.scope.includes(scope)),
  audienceParameter: false,
  isRegistered: async () => true,
  resourcesWithScopes: async () => [],
  registeredScope: async () => spec.scope,
  registeredDetails: async () => [],
  mayIntrospect: async () => false,
  registration: { endpoint: undefined, documents: false },
  isFirstParty: async () => true,
  claimMapping: async () => [],
  detailsTypes: NO_DETAILS_TYPES,
  ciba: {
    units,
    waiting: { register: unused, of: unused, claim: unused },
    hintLimit: { consume: unused, refund: unused },
    findPerson: unused,
    notify: unused,
  },
  mustAcceptTexts: async () => false,
  requiredAcr: async () => 'urn:cardea:acr:1fa',
  now: Date.now,
});

const provider = new Provider(issuer.identifier, {
  ...configuration,
  adapter: await largeMemoryAdapter(),
  clients: [
    {
      client_id: spec.client.id,
      profile: DEFAULT_SERVER_POLICY.profile,
      client_secret: spec.client.secret,
      redirect_uris: [spec.client.redirectUri],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: spec.scope.filter((scope) => (SCOPES as readonly string[]).includes(scope)).join(' '),
    },
  ],
} as unknown as Configuration);

const handle = provider.callback();
createServer((request, response) => {
  if (request.url?.startsWith(PATHS.login)) void signIn(request, response);
  else void handle(request, response);
}).listen(spec.port, '127.0.0.1', () => console.log('listening'));

// Exits by itself instead of by the signal, so that a profile is written.
process.once('SIGTERM', () => process.exit(0));

/** Signs in the person in `login_hint`, since the sign-in is not measured. */
async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { params } = await provider.interactionDetails(request, response);
    await provider.interactionFinished(request, response, { login: { accountId: String(params.login_hint) } });
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
}

/**
 * The library's in-memory adapter. By default it keeps only the last thousand entries, fewer than one round creates.
 */
async function largeMemoryAdapter(): Promise<(model: string) => Adapter> {
  const load = async (path: string) => ((await import(`oidc-provider/lib/${path}`)) as { default: unknown }).default;
  const Lru = (await load('helpers/lru.js')) as new (options: { maxSize: number }) => unknown;
  const MemoryAdapter = (await load('adapters/memory_adapter.js')) as new (model: string, store: unknown) => Adapter;
  const store = new Lru({ maxSize: 1e6 });
  return (model) => new MemoryAdapter(model, store);
}
