import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { auth, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { decodeJwt } from 'jose';
import { Agent, clientOf } from '../clients_of_others/mcp_sdk.ts';
import { setUp } from '../clients_of_others/setting.ts';
import { CLIENTS } from '../clients_of_others/table.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { documentSite } from '../helpers/client_documents.ts';
import type { Person } from '../helpers/deployment.ts';
import { mcpServer } from '../helpers/mcp_server.ts';
import { signIn } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';

/** The official SDK with the example in ops/examples/mcp-server. */
const scope = { after };
const setting = await setUp(scope, { CARDEA_REGISTRATION: 'open' });
const { cardea: app, person } = setting;
const site = await documentSite(scope);
const resource = await mcpServer(scope, app.issuer);
await setting.register(CLIENTS.mcpSdk, new URL(resource).origin);

/** Runs a call; when the SDK sends the person to Cardea, they sign in and allow it, and the call is repeated. */
async function asPerson<T>(
  agent: Agent,
  transport: () => StreamableHTTPClientTransport,
  who: Person,
  call: () => Promise<T>,
): Promise<T> {
  const { requests } = agent;
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
  rememberAll(agent.tokens() ?? {});
  return call();
}

const document = site.put('/sdk.json', new Agent().clientMetadata);

for (const [how, provider] of [
  ['by its metadata document', new Agent({ client_id: document })],
  ['after registering itself (RFC 7591)', new Agent()],
] as const) {
  test(`the MCP SDK signs in ${how}, and steps up for a tool that needs more (RFC 6750 §3.1)`, async (t) => {
    let { transport, client } = clientOf(resource, provider);
    t.after(() => client.close());
    await asPerson(
      provider,
      () => transport,
      person,
      async () => {
        if (provider.requests.length > 0) ({ transport, client } = clientOf(resource, provider));
        await client.connect(transport as Parameters<Client['connect']>[0]);
      },
    );
    const scopeOf = () => decodeJwt(provider.tokens()?.access_token ?? '').scope;
    assert.equal(scopeOf(), 'notes:read');
    const { access_token: first } = provider.tokens() ?? {};
    assert.equal(await auth(provider, { serverUrl: resource }), 'AUTHORIZED');
    rememberAll(provider.tokens() ?? {});
    assert.notEqual(provider.tokens()?.access_token, first, 'it has refreshed');
    assert.equal(provider.requests.length, 1);
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
