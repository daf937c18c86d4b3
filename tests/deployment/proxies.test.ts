import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { parse } from 'yaml';
import { ROOT } from '../helpers/artifacts.ts';
import { type Identity, makeIdentity } from '../helpers/certificates.ts';
import { deployment } from '../helpers/deployment.ts';
import { MINUTE_MS } from '../helpers/limits.ts';
import {
  checkProxy,
  PROXIED_HOST,
  PROXIES,
  type ProxyName,
  type RunningProxy,
  startProxy,
} from '../helpers/proxies.ts';
import { authorization } from '../helpers/relying_party.ts';
import { freePort, until } from '../helpers/waiting.ts';

/**
 * The configurations of ops/proxies, as nginx, HAProxy and Caddy run them in front of Cardea: nothing that a client says of itself
 * reaches a node, and what the proxy knows does (RFC 7239 §8.1, RFC 9440 §4, CVE-2023-36456).
 */
const scope = { after };
const NAMES = Object.keys(PROXIES) as ProxyName[];
let at = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;
const app = await deployment(scope, {
  env: {
    CARDEA_TRUSTED_PROXIES: '127.0.0.1',
    CARDEA_CLIENT_CERTIFICATE_HEADER: 'X-SSL-Client-Cert',
    CARDEA_RATE_LIMIT: '3',
  },
  now: () => at,
});
const serving = await makeIdentity({ names: [{ type: 'dns', value: PROXIED_HOST }] });
const identity = await makeIdentity({ subject: 'CN=client', key: 'rsa' });
const bySecret = await app.seed.party();
const byCertificate = await app.seed.party({
  metadata: { token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys: [identity.jwk] } },
});
/** What has reached the node. */
const arrived: IncomingMessage[] = [];
app.app.http.server.prependListener('request', (received: IncomingMessage) => {
  arrived.push({ ...received, headers: { ...received.headers } } as IncomingMessage);
});
const port = Number(new URL(app.issuer).port);
const started = new Map<ProxyName, RunningProxy>();
for (const name of NAMES) {
  // The second node is down: nothing listens there.
  const nodes = [port, await freePort()] as const;
  started.set(name, await startProxy(scope, name, { nodes, certificate: serving.pem, key: serving.keyPem }));
}

interface Sent {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly as?: Identity;
  /** The client's own address. Default: 127.0.0.2, which is no trusted proxy. */
  readonly from?: string;
}

function send(name: ProxyName, { path, method = 'GET', headers = {}, body, as, from = '127.0.0.2' }: Sent) {
  return new Promise<{ status: number; body: string; requestId: string }>((done, failed) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: started.get(name)?.https,
        servername: PROXIED_HOST,
        localAddress: from,
        ca: serving.pem,
        agent: false,
        ...(as ? { cert: as.pem, key: as.keyPem } : {}),
        path,
        method,
        headers: { host: PROXIED_HOST, ...(body ? { 'content-length': String(body.length) } : {}), ...headers },
      },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += String(chunk);
        });
        answer.on('end', () =>
          done({ status: answer.statusCode ?? 0, body: text, requestId: String(answer.headers['x-request-id']) }),
        );
      },
    );
    asked.on('error', failed);
    asked.end(body);
  });
}

function askToken(name: ProxyName, fields: Record<string, string>, more: Omit<Sent, 'path'> = {}) {
  return send(name, {
    ...more,
    path: '/token',
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...more.headers },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...fields }).toString(),
  });
}

const SECRET = 'told-to-none';
const WITH_SECRETS = {
  cookie: `a=${SECRET}`,
  authorization: `Basic ${btoa(`${bySecret.id}:${SECRET}`)}`,
  referer: `https://${PROXIED_HOST}/?code=${SECRET}`,
};

function assertNoSecret(proxy: RunningProxy): void {
  const lines = proxy.logged().split('\n');
  for (const value of [SECRET, WITH_SECRETS.authorization, 'code=', 'state='])
    assert.deepEqual(
      lines.filter((line) => line.includes(value)),
      [],
    );
}

const CLAIM = '198.51.100.7';
const pem = identity.pem;
/** What a client must not say, each with a value that would be believed. */
const SPOOFED: Readonly<Record<string, string>> = {
  'X-Forwarded-For': CLAIM,
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'spoofed',
  'X-Forwarded-Port': '64999',
  Forwarded: `for=${CLAIM};host=evil.example`,
  'X-Real-IP': CLAIM,
  'True-Client-IP': CLAIM,
  'CF-Connecting-IP': CLAIM,
  'X-Original-URL': '/evil',
  'X-Rewrite-URL': '/evil',
  Proxy: 'http://evil.example',
  'X-Request-Id': 'evil',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'evil=1',
  baggage: 'evil=1',
  'X-SSL-Client-Cert': encodeURIComponent(pem),
  'Client-Cert': `:${identity.certificate.raw.toString('base64')}:`,
  'Client-Cert-Chain': `:${identity.certificate.raw.toString('base64')}:`,
  'X-Forwarded-Tls-Client-Cert': encodeURIComponent(pem),
  'X-Forwarded-Tls-Client-Cert-Info': 'Subject="CN=client"',
};

type Middleware = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Headers that Traefik always replaces by its own values. */
const OF_TRAEFIK = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Real-IP'];

test('traefik, which is not run here: its routers remove what a client says of itself, before they say what they know', () => {
  const read = (file: string) => parse(readFileSync(join(ROOT, 'ops/proxies/traefik', file), 'utf8'));
  const { routers, middlewares } = read('dynamic.yaml').http;
  const { 'cardea-strip': strip, 'cardea-certificate': certificate } = middlewares as Record<string, Middleware>;
  const removed = Object.entries(strip?.headers?.customRequestHeaders ?? {});
  assert.ok(removed.every(([, value]) => value === ''));
  const names = [...removed.map(([name]) => name), ...OF_TRAEFIK].map((name) => name.toLowerCase());
  assert.deepEqual(
    Object.keys(SPOOFED).filter((name) => !names.includes(name.toLowerCase())),
    [],
  );
  assert.deepEqual(certificate, { passTLSClientCert: { pem: true } });
  const used = Object.values<{ middlewares: string[] }>(routers).map((router) => router.middlewares);
  for (const list of used) assert.deepEqual(list.slice(-2), ['cardea-strip', 'cardea-certificate']);
  assert.deepEqual(new Set(used.flat()), new Set(Object.keys(middlewares)));
  const { entryPoints, accessLog } = read('static.yaml');
  assert.ok(
    Object.values<object>(entryPoints).every((one) => !('forwardedHeaders' in one)),
    'it believes no client',
  );
  const { defaultMode, names: logged, headers } = accessLog.fields;
  assert.deepEqual([defaultMode, headers], ['drop', { defaultMode: 'drop', names: { 'X-Request-Id': 'keep' } }]);
  assert.deepEqual(
    Object.keys(logged).filter((name) => /Path|Request(?!Method)|User|Addr(?!$)/.test(name)),
    [],
  );
});

for (const name of NAMES) {
  test(`${name}: the program accepts the configuration`, () => {
    const { status, output } = checkProxy(name, started.get(name) as RunningProxy);
    assert.equal(status, 0, output);
  });

  test(`${name}: no header by which a client says who it is reaches a node`, async () => {
    arrived.length = 0;
    // To a node that is there: a proxy may have to find out first that the other is not.
    assert.equal((await send(name, { path: '/healthz', headers: SPOOFED })).status, 200);
    const [got] = arrived.filter(({ url }) => url === '/healthz');
    assert.ok(got);
    for (const [header, value] of Object.entries(SPOOFED)) {
      assert.ok(![got.headers[header.toLowerCase()]].flat().some((one) => one?.includes(value)), header);
    }
    assert.equal(got.headers['x-forwarded-for'], '127.0.0.2');
    assert.equal(got.headers['x-forwarded-proto'], 'https');
    assert.match(String(got.headers['x-request-id']), /^[0-9a-f-]{32,36}$/);
  });

  test(`${name}: its log has the id of the response, and nothing secret of the request`, async () => {
    const proxy = started.get(name) as RunningProxy;
    for (const path of [`/healthz?code=${SECRET}`, `/account/link/${SECRET}`, `/authorize?state=${SECRET}`]) {
      const { requestId } = await send(name, { path, headers: WITH_SECRETS });
      await until('the request is logged', () => proxy.logged().includes(requestId));
    }
    assertNoSecret(proxy);
  });

  test(`${name}: the redirect to https logs no secret either`, async () => {
    const proxy = started.get(name) as RunningProxy;
    const ask = (path: string) =>
      new Promise((done, failed) => {
        const options = { host: '127.0.0.1', port: proxy.http, path, headers: { host: PROXIED_HOST }, agent: false };
        get(options, (answer) => done(answer.resume().statusCode)).on('error', failed);
      });
    for (const path of [`/plain?code=${SECRET}`, `/plain/account/link/${SECRET}`]) assert.equal(await ask(path), 308);
    await until('the second is logged', () => proxy.logged().includes('/plain/account/link/'));
    assertNoSecret(proxy);
  });

  test(`${name}: limits count the client's own address, whatever it claims`, async () => {
    at += MINUTE_MS;
    const guess = (claim: string, from?: string) =>
      askToken(
        name,
        {},
        {
          headers: { ...authorization({ ...bySecret, secret: 'wrong' }), 'X-Forwarded-For': claim },
          ...(from ? { from } : {}),
        },
      );
    const statuses: number[] = [];
    for (const end of [1, 2, 3, 4]) statuses.push((await guess(`192.0.2.${end}`)).status);
    assert.deepEqual(statuses, [401, 401, 401, 429]);
    assert.equal((await guess('192.0.2.9', '127.0.0.3')).status, 401, 'another client');
  });

  test(`${name}: the certificate of the connection counts, and none that a header has (RFC 8705 §6.5)`, async () => {
    at += MINUTE_MS;
    const fields = { client_id: byCertificate.id };
    assert.equal((await askToken(name, fields, { as: identity })).status, 200);
    const { 'X-SSL-Client-Cert': header, ...others } = SPOOFED;
    assert.equal((await askToken(name, fields, { headers: { 'X-SSL-Client-Cert': header ?? '' } })).status, 401);
    assert.equal((await askToken(name, fields, { headers: others })).status, 401);
  });

  test(`${name}: a request that is too large is refused by the proxy`, async () => {
    arrived.length = 0;
    const { status } = await askToken(name, { code: 'x'.repeat(65_536) });
    // Caddy 2.6 passes the head on, and ends the request in the middle of its body, unless the node refuses the length before that.
    if (name === 'caddy') return assert.ok(status === 502 || status === 413, String(status));
    assert.equal(status, 413);
    assert.ok(!arrived.some(({ url }) => url === '/token'));
  });

  test(`${name}: serves HTTP/2, and no TLS before 1.2 (RFC 9325 §3.1.1)`, async () => {
    const place = started.get(name) as RunningProxy;
    const handshake = (options: object) =>
      new Promise<string | false>((done) => {
        const socket = connect(
          { host: '127.0.0.1', port: place.https, servername: PROXIED_HOST, ca: serving.pem, ...options },
          () => {
            done(socket.alpnProtocol || 'none');
            socket.destroy();
          },
        );
        socket.once('error', () => done(false));
      });
    assert.equal(await handshake({ ALPNProtocols: ['h2', 'http/1.1'] }), 'h2');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    assert.equal(await handshake(old), false);
  });
}

test('nginx: its log has nothing secret of a request for which the disk has no room', async () => {
  const proxy = started.get('nginx') as RunningProxy;
  // The folder for bodies is gone, which nginx meets as it meets a full disk.
  rmSync(join(proxy.folder, 'temp'), { recursive: true });
  const body = 'x'.repeat(60_000);
  const { status } = await send('nginx', { path: `/full?code=${SECRET}`, method: 'POST', headers: WITH_SECRETS, body });
  assert.equal(status, 500);
  await until('it is logged', () => / \/full 500 /.test(proxy.logged()));
  assertNoSecret(proxy);
});

describe('when no node is there', () => {
  before(() => {
    app.app.http.server.close();
    app.app.http.server.closeAllConnections();
  });

  for (const name of NAMES) {
    test(`${name}: says so, and has nothing secret of the request in any log`, async () => {
      const proxy = started.get(name) as RunningProxy;
      // A request that may not be repeated: Caddy does not wait for a node that comes back.
      const ask = (path: string) =>
        send(name, { path, method: 'POST', headers: WITH_SECRETS, body: `code=${SECRET}` }).then(
          ({ status }) => status,
        );
      const statuses = await Promise.all([ask(`/down?code=${SECRET}`), ask(`/down/account/link/${SECRET}`)]);
      for (const status of statuses) assert.ok(status === 502 || status === 503, String(status));
      await until('both are logged', () =>
        [/\/down(?!\/)/, /\/down\/account\/link\//].every((path) => path.test(proxy.logged())),
      );
      assertNoSecret(proxy);
    });
  }
});
