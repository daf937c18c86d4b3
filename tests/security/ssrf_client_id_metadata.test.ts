import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { begin, errorOn } from '../flows/support.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { defer } from '../helpers/scope.ts';

/**
 * A client_id that is a URL makes Cardea fetch it, and anyone can cause that with a link: only public addresses are
 * fetched (OWASP ASVS 5.0 §1.3.6, draft-ietf-oauth-client-id-metadata-document §6.5). The rules for all outbound
 * requests are in tests/platform/outbound.test.ts; this file tests that documents follow them.
 */

const scope = { after };
const site = await documentSite(scope);
const guarded = await deployment(scope, { env: { CARDEA_OUTBOUND_ALLOW: '' } });
const open = await deployment(scope, { env: { CARDEA_OUTBOUND_ALLOW: '127.0.0.1' } });

const partyAt = (id: string): Party => ({
  id,
  secret: undefined,
  redirectUri: `${site.origin}/cb`,
  client: undefined as never,
});

async function errorFor(app: typeof open, id: string): Promise<string | undefined> {
  return errorOn((await begin(app, partyAt(id))).page);
}

test('no name of the machine itself is requested', async (t) => {
  const connections: unknown[] = [];
  const listener = createServer((socket) => void connections.push(socket.destroy())).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  defer(t, () => void listener.close());
  const { port } = listener.address() as { port: number };
  for (const host of ['localhost', '127.0.0.1', '[::1]', '127.1.2.3', '0.0.0.0', '[::ffff:7f00:1]']) {
    for (const scheme of ['http', 'https']) {
      assert.equal(await errorFor(guarded, `${scheme}://${host}:${port}/client.json`), 'invalid_client', host);
    }
  }
  assert.deepEqual(connections, []);
});

test('no private or link-local network and no cloud metadata service is requested', async () => {
  for (const host of ['10.0.0.1', '172.16.0.1', '192.168.0.1', '169.254.169.254', '[fd00::1]', '[fe80::1]']) {
    const began = performance.now();
    assert.equal(await errorFor(guarded, `https://${host}/latest/meta-data/`), 'invalid_client', host);
    assert.ok(performance.now() - began < 3_000, 'no connection was attempted');
  }
});

test('a redirect is not followed', async () => {
  const inside = site.put('/inside.json', { redirect_uris: [`${site.origin}/cb`] });
  const id = site.answer('/moved.json', (_request, response) => {
    response.writeHead(302, { location: inside }).end();
  });
  assert.equal(await errorFor(open, id), 'invalid_client');
  assert.deepEqual([site.hits('/moved.json'), site.hits('/inside.json')], [1, 0]);
});

test('an endless body is cut off', async () => {
  let sent = 0;
  const id = site.answer('/endless.json', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = () => {
      while (!response.destroyed && sent < 64 * 1024 * 1024) {
        sent += 16 * 1024;
        if (!response.write(Buffer.alloc(16 * 1024, 32))) return void response.once('drain', more);
      }
    };
    more();
  });
  assert.equal(await errorFor(open, id), 'invalid_client');
  assert.ok(sent < 16 * 1024 * 1024, `${sent} bytes were read`);
});

test('the response is the same for every failed URL, and the log tells only the reason', async () => {
  const said = new Set<string>();
  const ids = [
    site.answer('/a', (_request, response) => void response.writeHead(200).end('secret-content')),
    site.answer('/b', (_request, response) => void response.writeHead(404).end()),
    site.answer('/c', (request) => void request.socket.destroy()),
    'http://localhost:1025/nobody-listens',
  ];
  for (const id of ids) {
    const { page } = await begin(open, partyAt(id));
    said.add(page.body.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '').replaceAll(/(href|src)="[^"]*"/g, ''));
  }
  assert.equal(said.size, 1);
  assert.doesNotMatch(open.logLines.join(''), /secret-content/);
});

test('an address can cause a limited number of fetches a minute', async (t) => {
  const app = await deployment(t, { env: { CARDEA_RATE_LIMIT: '3' } });
  const paths = Array.from({ length: 5 }, (_, n) => `/many-${n}.json`);
  const ids = paths.map((path) => site.put(path, { redirect_uris: ['https://elsewhere.example/'] }));
  const errors = [];
  for (const id of ids) errors.push(await errorFor(app, id));
  assert.deepEqual(errors, [...Array(3).fill('invalid_client'), ...Array(2).fill('temporarily_unavailable')]);
  assert.deepEqual(
    paths.map((path) => site.hits(path)),
    [1, 1, 1, 0, 0],
  );
});
