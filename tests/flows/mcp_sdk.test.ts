import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { decodeJwt } from 'jose';
import { browserSession } from '../helpers/browser_session.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { mcpServer } from '../helpers/mcp_server.ts';
import { signIn } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';

/** The official SDK with the example in ops/examples/mcp-server: what an app gives it is to store, and to open a browser. */
const scope = { after };
const app = await deployment(scope, { env: { CARDEA_REGISTRATION: 'open' } });
const site = await documentSite(scope);
const resource = await mcpServer(scope, app.issuer);
await app.seed.resourceServer({
  identifier: resource,
  name: 'Notes',
  scopes: ['notes:read', 'notes:write'],
  open: true,
});
const person = await app.seed.person();
const redirectUrl = 'http://127.0.0.1/callback';
const clientMetadata = {
  client_name: 'Agent',
  redirect_uris: [redirectUrl],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

/** What an app stores for the SDK, as the SDK's own example does. */
class Storage implements OAuthClientProvider {
  readonly redirectUrl = redirectUrl;
  readonly clientMetadata = clientMetadata;
  /** The authorization requests to which the person was sent. */
  readonly requests: URL[] = [];
  #client: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = '';

  constructor(client?: OAuthClientInformationMixed) {
    this.#client = client;
  }

  clientInformation = () => this.#client;
  saveClientInformation = (client: OAuthClientInformationMixed) => {
    this.#client = rememberAll(client);
  };
  tokens = () => this.#tokens;
  saveTokens = (tokens: OAuthTokens) => {
    this.#tokens = rememberAll(tokens);
  };
  saveCodeVerifier = (verifier: string) => {
    this.#verifier = verifier;
  };
  codeVerifier = () => this.#verifier;
  redirectToAuthorization = (url: URL) => void this.requests.push(url);
}

/** Runs a call; when the SDK sends the person to Cardea, they sign in and allow it, and the call is repeated. */
async function asPerson<T>(
  { requests }: Storage,
  transport: () => StreamableHTTPClientTransport,
  who: Person,
  call: () => Promise<T>,
): Promise<T> {
  const before = requests.length;
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  assert.equal(requests.length, before + 1, 'one authorization request');
  const browser = browserSession(app.issuer);
  const page = await signIn(browser, await browser.follow(await browser.get(requests.at(-1)?.href ?? '')), who);
  const code = remember('code', new URL(page.location ?? '').searchParams.get('code') ?? '');
  await transport().finishAuth(code);
  return call();
}

const document = site.put('/sdk.json', clientMetadata);

for (const [how, provider] of [
  ['by its metadata document', new Storage({ client_id: document })],
  ['after registering itself (RFC 7591)', new Storage()],
] as const) {
  test(`the MCP SDK signs in ${how}, and steps up for a tool that needs more (RFC 6750 §3.1)`, async (t) => {
    let transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider });
    let client = new Client({ name: 'agent', version: '1.0.0' });
    t.after(() => client.close());
    await asPerson(
      provider,
      () => transport,
      person,
      async () => {
        if (provider.requests.length > 0) {
          transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider });
          client = new Client({ name: 'agent', version: '1.0.0' });
        }
        await client.connect(transport as Parameters<Client['connect']>[0]);
      },
    );
    const scopeOf = () => decodeJwt(provider.tokens()?.access_token ?? '').scope;
    assert.equal(scopeOf(), 'notes:read');
    assert.ok(provider.tokens()?.refresh_token, 'the SDK refreshes before it asks the person');
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['list_notes', 'add_note'],
    );
    const note = { name: 'add_note', arguments: { text: how } };
    await asPerson(
      provider,
      () => transport,
      person,
      () => client.callTool(note),
    );
    assert.equal(provider.requests.length, 2);
    assert.equal(provider.requests[1]?.searchParams.get('scope'), 'notes:read notes:write');
    assert.equal(scopeOf(), 'notes:read notes:write');
    const { content } = await client.callTool({ name: 'list_notes' });
    assert.ok(JSON.stringify(content).includes(how));
  });
}
