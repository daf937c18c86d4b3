import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { exportJWK, SignJWT } from 'jose';
import { freshSeconds, mayDescribe, readDocument } from '../../server/clients/metadata_documents.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, neighbour, type Party } from '../helpers/deployment.ts';
import { textsOf } from '../helpers/html.ts';
import { message } from '../helpers/messages.ts';
import { authorize, redeem, refresh } from '../helpers/relying_party.ts';
import { begin, errorOn, idTokenOf, post, shown, submitPassword } from './support.ts';

/** draft-ietf-oauth-client-id-metadata-document: clients whose id is the URL of their metadata. */

const scope = { after };
const clock = { ms: Date.now() };
const app = await deployment(scope, { now: () => clock.ms });
const site = await documentSite(scope);
const person = await app.seed.person();

const REDIRECT = `${site.origin}/callback`;
const BASIC = {
  client_name: 'Agent',
  redirect_uris: [REDIRECT],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
};

function documented(
  change: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Party & { path: string } {
  const path = `/${randomUUID()}.json`;
  const id = site.put(path, { ...BASIC, ...change }, headers);
  return { path, id, secret: undefined, redirectUri: REDIRECT, client: undefined as never };
}

async function isRefused(party: Party): Promise<void> {
  const { page } = await begin(app, party);
  assert.deepEqual([shown(page), errorOn(page)], ['error', 'invalid_client']);
}

describe('a client with a metadata document', () => {
  test('signs people in and refreshes without having been registered', async () => {
    const party = documented();
    const granted = await authorize({ issuer: app.issuer, party, person, params: { scope: 'openid offline_access' } });
    const { status, body } = await redeem(app.issuer, party, granted);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(idTokenOf(body).aud, party.id);
    assert.equal((await refresh(app.issuer, party, body.refresh_token ?? '')).status, 200);
    const client = await app.seed.clients.find(party.id);
    assert.deepEqual([client?.kind, client?.firstParty, client?.name], ['document', false, 'Agent']);
    assert.equal(site.hits(party.path), 1, 'the document is fetched once');
  });

  test('is shown on the consent page by its host, not by the name in its document', async () => {
    const party = documented({ client_name: 'Your Bank', client_uri: 'https://bank.example/', first_party: true });
    const { browser, page } = await begin(app, party);
    const consent = await submitPassword(browser, page, person);
    assert.equal(shown(consent), 'consent');
    assert.ok(textsOf(consent, 'bdi').includes(new URL(party.id).host));
    assert.doesNotMatch(consent.body, /bank\.example/);
  });

  test('may authenticate with a key that is in the document', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const party = documented({
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'EdDSA',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] },
    });
    const { code, verifier } = await authorize({ issuer: app.issuer, party, person });
    const fields = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT };
    const bare = await post(app, '/token', { ...fields, client_id: party.id });
    assert.equal(bare.body.error, 'invalid_client');
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
      .setIssuer(party.id)
      .setSubject(party.id)
      .setAudience(app.issuer)
      .setJti(randomUUID())
      .setIssuedAt(Math.floor(clock.ms / 1000))
      .setExpirationTime(Math.floor(clock.ms / 1000) + 60)
      .sign(privateKey);
    const { status, body } = await post(app, '/token', {
      ...fields,
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    assert.equal(status, 200, JSON.stringify(body));
  });

  test('uses the current document after the cached one has become stale (§4.4)', async () => {
    const party = documented({}, { 'cache-control': 'max-age=60' });
    assert.equal(shown((await begin(app, party)).page), 'sign-in');
    site.put(party.path, { ...BASIC, redirect_uris: [`${site.origin}/elsewhere`] }, { 'cache-control': 'max-age=60' });
    clock.ms += 59_000;
    assert.equal(shown((await begin(app, party)).page), 'sign-in');
    clock.ms += 2_000;
    assert.equal(errorOn((await begin(app, party)).page), 'invalid_redirect_uri');
    assert.equal(site.hits(party.path), 2);
  });

  test('ends when its document is gone, but not when its host is unavailable for a while', async () => {
    const party = documented({}, { 'cache-control': 'no-store' });
    assert.equal(shown((await begin(app, party)).page), 'sign-in');
    site.answer(party.path, (_request, response) => void response.writeHead(503).end());
    clock.ms += 31_000;
    assert.equal(shown((await begin(app, party)).page), 'sign-in');
    assert.equal(shown((await begin(app, party)).page), 'sign-in');
    assert.equal(site.hits(party.path), 2, 'an unavailable host is not asked again');
    site.answer(party.path, (_request, response) => void response.writeHead(410).end());
    clock.ms += 31_000;
    await isRefused(party);
  });

  test('is fetched once for parallel requests', async () => {
    const party = documented();
    const pages = await Promise.all(Array.from({ length: 5 }, () => begin(app, party)));
    assert.ok(pages.every(({ page }) => shown(page) === 'sign-in'));
    assert.equal(site.hits(party.path), 1);
  });

  test('is shown by its host, and by the device when the answer goes to a program there (RFC 8252 §8.6)', async () => {
    const shownFor = [
      ['cursor://anysphere.cursor-mcp/oauth/callback', message('client.device.scheme', { scheme: 'cursor:' })],
      ['http://127.0.0.1:33418/', en['client.device']],
    ] as const;
    for (const [redirectUri, text] of shownFor) {
      const party = { ...documented({ redirect_uris: [redirectUri] }), redirectUri };
      const { page } = await begin(app, party, { scope: 'openid' });
      assert.deepEqual(textsOf(page, '.client .identity-detail'), [new URL(party.id).host, text]);
    }
  });

  for (const [why, change] of [
    ['names another client_id (§4.1)', { client_id: 'https://other.example/client' }],
    ['has a secret (§4.1)', { client_secret: 'x' }],
    ['requires a secret (§4.1)', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['redirects to another site', { redirect_uris: ['https://other.example/cb'] }],
    ['redirects to a script', { redirect_uris: ['javascript:alert(1)'] }],
    ['redirects nowhere', { redirect_uris: [] }],
    ['is too long (§6.6)', { client_name: 'x', padding: 'x'.repeat(5 * 1024) }],
    ['requests client credentials', { grant_types: ['client_credentials'] }],
  ] as const) {
    test(`is refused when its document ${why}`, async () => {
      await isRefused(documented(change));
    });
  }

  test('is refused when its URL contains something else', async () => {
    for (const [status, type, body] of [
      [200, 'text/html', '{}'],
      [200, 'application/json', '['],
      [200, 'application/json', 'null'],
      [404, 'application/json', '{}'],
      [204, 'application/json', ''],
    ] as const) {
      const path = `/${randomUUID()}`;
      const id = site.answer(path, (_request, response) => {
        response.writeHead(status, { 'content-type': type }).end(body);
      });
      await isRefused({ ...documented(), id });
    }
  });

  test('is fetched again after half a minute when it was refused, not sooner', async () => {
    const party = documented({ redirect_uris: [] });
    await isRefused(party);
    site.put(party.path, BASIC);
    await isRefused(party);
    clock.ms += 31_000;
    assert.equal(shown((await begin(app, party)).page), 'sign-in');
  });
});

test('discovery says that clients may be documents (§5)', async () => {
  const response = await fetch(`${app.issuer}/.well-known/oauth-authorization-server`);
  const metadata = (await response.json()) as Record<string, unknown>;
  assert.equal(metadata.client_id_metadata_document_supported, true);
});

test('a URL is not a client when the feature is off or limited to other hosts, even if it was one before', async (t) => {
  const party = documented();
  await begin(app, party);
  const again = (env: Record<string, string>) => neighbour(t, app, { env, now: () => clock.ms });
  for (const env of [
    { CARDEA_CLIENT_ID_METADATA_DOCUMENTS: 'false' },
    { CARDEA_CLIENT_ID_METADATA_HOSTS: 'agent.example' },
  ]) {
    const other = await again(env);
    const { page } = await begin(other, party);
    assert.equal(errorOn(page), 'invalid_client');
    await other.close();
  }
});

describe('rules for documents', () => {
  const rules = { hosts: undefined, loopback: false };

  test('a client_id is an https URL with a path, in one spelling (§3)', () => {
    for (const id of ['https://a.example/client', 'https://a.example/c.json?v=1', 'https://a.example:8443/c'])
      assert.equal(mayDescribe(id, rules), true, id);
    for (const id of [
      'https://a.example',
      'https://a.example/',
      'http://a.example/c',
      'http://localhost/c',
      'https://a.example/c#x',
      'https://u:p@a.example/c',
      'https://u@a.example/c',
      'https://a.example/x/../c',
      'https://a.example/./c',
      'https://a.example/%2e%2e/c',
      'https://A.example/c',
      'https://a.example:443/c',
      'HTTPS://a.example/c',
      'https:///a.example/c',
      `https://a.example/${'x'.repeat(300)}`,
    ])
      assert.equal(mayDescribe(id, rules), false, id);
    assert.equal(mayDescribe('http://localhost:3001/c', { ...rules, loopback: true }), true);
    assert.equal(mayDescribe('http://a.example/c', { ...rules, loopback: true }), false);
  });

  test('hosts can be restricted', () => {
    const some = { ...rules, hosts: ['a.example', '*.b.example'] };
    assert.deepEqual(
      ['https://a.example/c', 'https://x.b.example/c', 'https://b.example/c', 'https://xb.example/c'].map((id) =>
        mayDescribe(id, some),
      ),
      [true, true, false, false],
    );
  });

  test('unknown grant types are ignored, and an app on a device may redirect to itself (RFC 8252 §7)', () => {
    const id = 'https://a.example/c';
    const { metadata, host } = readDocument(
      id,
      JSON.stringify({
        client_id: id,
        redirect_uris: ['http://127.0.0.1/cb', 'http://localhost/cb', 'com.example.app:/cb'],
        grant_types: ['authorization_code', 'urn:example:other'],
        response_types: ['code', 'other'],
      }),
    );
    assert.deepEqual(
      [metadata.grant_types, metadata.response_types, metadata.application_type, metadata.token_endpoint_auth_method],
      [['authorization_code'], ['code'], 'native', 'none'],
    );
    assert.equal(host, '127.0.0.1');
  });

  test('takes documents such as those of VS Code and Claude Code', () => {
    const common = { response_types: ['code'], token_endpoint_auth_method: 'none' };
    const documents = [
      {
        ...common,
        client_id: 'https://vscode.dev/oauth/client-metadata.json',
        client_name: 'Visual Studio Code',
        client_uri: 'https://vscode.dev/product',
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        redirect_uris: ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect'],
        application_type: 'native',
      },
      {
        ...common,
        client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
        client_name: 'Claude Code',
        client_uri: 'https://claude.ai',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      },
    ];
    for (const document of documents) {
      const { metadata, name } = readDocument(document.client_id, JSON.stringify(document));
      assert.deepEqual(
        [name, metadata.redirect_uris, metadata.grant_types, metadata.application_type],
        [document.client_name, document.redirect_uris, ['authorization_code', 'refresh_token'], 'native'],
      );
    }
  });

  test('a document stays fresh for half a minute to a day (§4.4, RFC 9111 §5.2.2)', () => {
    assert.deepEqual(
      [null, 'max-age=600', 'public, Max-Age=600', 'max-age=0', 'no-store', 'max-age=999999999', 'max-age=x'].map(
        freshSeconds,
      ),
      [300, 600, 600, 30, 30, 86_400, 300],
    );
  });
});
