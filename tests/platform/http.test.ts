import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AppError } from '../../server/platform/errors.ts';
import { createHttp } from '../../server/platform/http.ts';
import { createLog } from '../../server/platform/log.ts';
import { deployment } from '../helpers/deployment.ts';
import { until } from '../helpers/waiting.ts';
import { assertOrderly, assertRefusal, concrete, isOAuth, parse, routesOf, send, sendRaw } from '../security/wire.ts';

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_DEMO: 'true' } });
const { issuer } = app;
const routes = routesOf(app);
const HTML = { accept: 'text/html,application/xhtml+xml' };
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'SEARCH'];
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

test('the routes are read from the server', () => {
  const paths = routes.map(({ path }) => path);
  for (const path of [
    '/',
    '/authorize',
    '/authorize/:uid',
    '/token',
    '/logout/confirm',
    '/login/:uid',
    '/demo/callback',
  ]) {
    assert.ok(paths.includes(path), path);
  }
  assert.deepEqual(routes.find(({ path }) => path === '/token')?.methods.toSorted(), ['OPTIONS', 'POST']);
});

/** True when a path is one of a route's. */
function fits(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((one, i) => one.startsWith(':') || one === given[i]);
}

test('every route answers 405 with Allow to each method that it does not support (RFC 9110 §15.5.6)', async () => {
  for (const route of routes) {
    const target = concrete(route);
    // A parameter of another route may have the value that a path has here.
    const methods = [...new Set(routes.filter((one) => fits(one.path, target)).flatMap((one) => one.methods))];
    for (const method of METHODS.filter((one) => !methods.includes(one))) {
      const what = `${method} ${route.path}`;
      const answer = await send(issuer, { method, target, headers: HTML });
      assertOrderly(answer, what);
      assert.equal(answer.headers.get('allow'), methods.toSorted().join(', '), what);
      if (method === 'HEAD') {
        assert.equal(answer.status, 405, what);
        continue;
      }
      const shape = route.path.startsWith('/api/') ? 'problem' : isOAuth(route) ? 'oauth' : 'page';
      assertRefusal(answer, { status: 405, error: 'method_not_allowed', shape }, what);
    }
  }
});

test('an unsupported method is refused before the body is read', async () => {
  for (const headers of [
    { 'content-type': 'text/xml' },
    { 'content-type': '\xff' },
    { 'content-type': 'application/json' },
  ]) {
    const put = await send(issuer, { method: 'PUT', target: '/token', headers, body: '{\xff\x00' });
    assertRefusal(put, { status: 405, shape: 'oauth' }, 'PUT /token');
    const nowhere = await send(issuer, { method: 'POST', target: '/nowhere', headers, body: '{\xff\x00' });
    assertRefusal(nowhere, { status: 404, error: 'not_found', shape: 'oauth' }, 'POST /nowhere');
  }
});

test('an unknown route is 404: a page for browsers, problem+json under /api/ (RFC 9457), JSON otherwise', async () => {
  for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'QUERY']) {
    const json = await send(issuer, { method, target: '/nowhere?code=abc' });
    assertRefusal(json, { status: 404, error: 'not_found', shape: 'oauth' }, method);
    assert.equal((JSON.parse(json.body) as { request_id?: string }).request_id, json.headers.get('x-request-id'));
    const page = await send(issuer, { method, target: '/nowhere', headers: HTML });
    assertRefusal(page, { status: 404, error: 'not_found', shape: 'page' }, method);
    const api = await send(issuer, { method, target: '/api/v1/nowhere', headers: HTML });
    assertRefusal(api, { status: 404, error: 'not_found', shape: 'problem' }, method);
  }
});

test('HEAD on a document has the headers of GET without the body (RFC 9110 §9.3.2)', async () => {
  for (const route of routes.filter(({ path, methods }) => methods.includes('HEAD') && !/login|demo/.test(path))) {
    const get = await send(issuer, { target: route.path });
    const head = await send(issuer, { method: 'HEAD', target: route.path });
    assert.equal(head.status, get.status, route.path);
    assert.equal(head.body, '');
    for (const name of ['content-type', 'content-length', 'cache-control', 'etag']) {
      assert.equal(head.headers.get(name), get.headers.get(name), `${route.path} ${name}`);
    }
  }
});

test('HEAD never reaches the provider, where it would use up codes', () => {
  for (const path of ['/authorize', '/authorize/:uid', '/userinfo', '/logout', '/logout/success']) {
    assert.equal(routes.find((route) => route.path === path)?.methods.includes('HEAD'), false, path);
  }
});

test('OPTIONS without CORS headers returns the allowed methods (RFC 9110 §9.3.7)', async () => {
  for (const route of routes.filter(({ methods }) => methods.includes('OPTIONS'))) {
    const answer = await send(issuer, { method: 'OPTIONS', target: route.path });
    assertOrderly(answer, route.path);
    assert.equal(answer.status, 204);
    assert.deepEqual(answer.headers.get('allow')?.split(', ').toSorted(), route.methods.toSorted(), route.path);
  }
});

test('request ids are generated, unique, and never taken from the request', async () => {
  const mine = '00000000-0000-4000-8000-000000000000';
  const headers = { 'x-request-id': mine, 'request-id': mine, 'x-correlation-id': mine };
  const ids = await Promise.all(
    ['/', '/token', '/authorize', '/nowhere', '/%'].map(async (target) => {
      const { headers: answered } = await send(issuer, { target, headers });
      return answered.get('x-request-id');
    }),
  );
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(!ids.includes(mine));
});

test('a request target that is not a URL is refused without being quoted', async () => {
  for (const target of ['/%', '/%zz', '/login/%ff', '/authorize/%e0%a4', '/%c0%af', '/token%']) {
    const answer = await send(issuer, { target, headers: HTML });
    assertRefusal(answer, { status: 400, error: 'invalid_request', shape: 'page' }, target);
    assert.ok(!answer.body.includes(target), target);
    assertRefusal(await send(issuer, { target }), { status: 400, shape: 'oauth' }, target);
  }
});

test('a path that is too long is 414, headers that are too long are 431', async () => {
  const long = 'a'.repeat(6_001);
  for (const target of [`/login/${long}`, `/authorize/${long}`]) {
    assertRefusal(await send(issuer, { target }), { status: 414, error: 'uri_too_long', shape: 'oauth' }, target);
  }
  const huge = 'a'.repeat(20_000);
  for (const request of [{ target: `/authorize?state=${huge}` }, { target: '/', headers: { cookie: huge } }]) {
    assertRefusal(await send(issuer, request), { status: 431, error: 'headers_too_large', shape: 'oauth' }, 'huge');
  }
});

test('bytes that are not HTTP get an error response of Cardea', async () => {
  const messages = [
    'BREW /token HTTP/1.1\r\nHost: a\r\n\r\n',
    '\x00\x01\x02\x03\r\n\r\n',
    'GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /a\x00b HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/9.9\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n',
    // RFC 9112 §6.1: a body must not be framed in both ways, or requests can be smuggled
    'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    'POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n',
  ];
  for (const message of messages) {
    const answer = parse(await sendRaw(issuer, message));
    assertRefusal(answer, { status: 400, error: 'invalid_request', shape: 'oauth' }, JSON.stringify(message));
  }
});

test('CONNECT, an unknown expectation, and a missing or repeated Host get an error response of Cardea', async () => {
  for (const [status, message] of [
    [405, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    // RFC 9110 §10.1.1
    [417, 'GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n'],
    [417, 'POST /token HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 3\r\n\r\nabc'],
    // RFC 9112 §3.2
    [400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: close\r\n\r\n'],
    [400, 'GET /authorize HTTP/1.1\r\nHost: a\r\nhOST: b\r\nConnection: close\r\n\r\n'],
    [400, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ] as const) {
    const answer = parse(await sendRaw(issuer, message));
    assertRefusal(answer, { status, shape: 'oauth' }, JSON.stringify(message));
    assert.equal((JSON.parse(answer.body) as { request_id?: string }).request_id, answer.headers.get('x-request-id'));
  }
  const old = parse(await sendRaw(issuer, 'GET /healthz HTTP/1.0\r\n\r\n'));
  assert.equal(old.status, 200, 'HTTP/1.0 has no Host');
});

test('a request that does not arrive in time gets 408', async (t) => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
  const timeouts = { headers: 100, request: 200, checkEvery: 20 };
  const http = createHttp({ log, secure: false, trustedProxies: [], renderError: () => '', timeouts });
  http.post('/', () => 'here');
  await http.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => http.close());
  const { port } = http.server.address() as { port: number };
  for (const message of [
    'POST / HTTP/1.1\r\nHost: a\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  ]) {
    const answer = parse(await sendRaw(`http://localhost:${port}`, message));
    assertRefusal(answer, { status: 408, error: 'request_timeout', shape: 'oauth' }, message);
  }
  assert.equal(lines.filter((line) => line.includes('"status":408')).length, 2);
});

test('the timeouts for headers and for the whole request are checked often', () => {
  const { headersTimeout, requestTimeout, connectionsCheckingInterval } = app.app.http.server as Server & {
    connectionsCheckingInterval: number;
  };
  assert.ok(headersTimeout <= requestTimeout && requestTimeout <= 30_000, `${headersTimeout} ${requestTimeout}`);
  // The refusal may come later by this interval.
  assert.ok(connectionsCheckingInterval <= requestTimeout / 4, `${connectionsCheckingInterval}`);
});

test('errors that clients cause are not logged as errors, and faults are, with their request id', async (t) => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
  const http = createHttp({ log, secure: false, trustedProxies: [], renderError: () => '' });
  t.after(() => http.close());
  const cases = [
    [new AppError('not_implemented', 'there are no lists of the past'), [501, 'info']],
    [new AppError('temporarily_unavailable', 'later'), [503, 'info']],
    [new Error('inner words'), [500, 'error', 'info']],
  ] as const;
  for (const [index, [error]] of cases.entries()) {
    http.get(`/${index}`, () => {
      throw error;
    });
  }
  for (const [index, [, expected]] of cases.entries()) {
    lines.length = 0;
    const { statusCode } = await http.inject(`/${index}`);
    const entries = lines.map((line) => JSON.parse(line) as { level: string; requestId?: string });
    assert.deepEqual([statusCode, ...entries.map(({ level }) => level)], expected);
    assert.ok(entries.every(({ requestId }) => requestId !== undefined));
  }
});

test('a body of 56 KiB is accepted and one more byte is 413, with or without Content-Length', async () => {
  const limit = 56 * 1024;
  for (const target of ['/token', '/introspect', '/revoke']) {
    const request = { method: 'POST', target, headers: FORM };
    const fits = await send(issuer, { ...request, body: `a=${'b'.repeat(limit - 2)}` });
    assertRefusal(fits, { status: 401, error: 'invalid_client', shape: 'oauth' }, target);
    const over = await send(issuer, { ...request, body: `a=${'b'.repeat(limit - 1)}` });
    assertRefusal(over, { status: 413, error: 'invalid_request', shape: 'oauth' }, target);
    const chunks = await send(issuer, { ...request, body: [`a=${'b'.repeat(limit)}`, 'c'.repeat(limit)] });
    assertOrderly(chunks, target);
    assert.ok([400, 413].includes(chunks.status), `${target}: ${chunks.status}`);
  }
  for (const target of ['/authorize', '/logout', '/login/abc', '/demo']) {
    for (const body of [`a=${'b'.repeat(65 * 1024)}`, ['a=', 'b'.repeat(65 * 1024)]]) {
      const answer = await send(issuer, { method: 'POST', target, headers: { ...FORM, ...HTML }, body });
      assertRefusal(answer, { status: 413, error: 'request_too_large', shape: 'page' }, target);
    }
  }
});

test('a compressed body is refused before it is read, also by the admin API (RFC 9110 §15.5.16)', async () => {
  for (const path of ['/token', '/api/v1/users', '/api/v1/users/import', '/login/x']) {
    const headers = { ...FORM, 'content-encoding': 'gzip' };
    const response = await fetch(issuer + path, { method: 'POST', headers, body: 'x' });
    assert.deepEqual([response.status, response.headers.get('accept-encoding')], [415, 'identity'], path);
  }
  const plain = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { ...FORM, 'content-encoding': 'identity' },
    body: 'x=y',
  });
  assert.notEqual(plain.status, 415);
});

test('each request is logged in one line without its URL, also one without a route', async () => {
  app.logLines.length = 0;
  await send(issuer, { target: '/%zz?code=swordfish' });
  await send(issuer, { target: '/nowhere?code=swordfish' });
  await sendRaw(issuer, 'BREW /authorize?code=swordfish HTTP/1.1\r\nHost: a\r\n\r\n');
  const lines = app.logLines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === 'request');
  assert.deepEqual(lines.map(({ status }) => status).toSorted(), [400, 400, 404]);
  assert.ok(lines.every(({ route, requestId }) => route === '(none)' && typeof requestId === 'string'));
  assert.ok(!app.logLines.join('').includes('swordfish'));
});

test('a fault gets a 500 with one fixed text, for any thrown value', async () => {
  const log = createLog({ level: 'silent' });
  const http = createHttp({ log, secure: false, trustedProxies: [], renderError: (error) => JSON.stringify(error) });
  const thrown = [new AppError('sealed_value_unreadable', 'inner words'), new Error('inner words'), 'inner words'];
  for (const [i, error] of thrown.entries()) {
    for (const [path, oauth] of [
      ['/page', false],
      ['/oauth', true],
      ['/api/thing', false],
    ] as const) {
      http.get(`${path}${i}`, { config: { oauth } }, () => {
        throw error;
      });
    }
  }
  for (const i of thrown.keys()) {
    for (const path of ['/page', '/oauth', '/api/thing']) {
      for (const accept of ['text/html, */*;q=0.8', 'application/json']) {
        const { statusCode, body } = await http.inject({ url: `${path}${i}`, headers: { accept } });
        assert.equal(statusCode, 500);
        assert.match(body, /server_error/);
        assert.doesNotMatch(body, /inner|sealed|at /, `${path}${i} ${accept}`);
      }
    }
  }
  await http.close();
});

test('a request without an address is refused, since it could not be counted', async (t) => {
  const log = createLog({ level: 'silent' });
  const http = createHttp({ log, secure: false, trustedProxies: [], renderError: () => '' });
  let reached = false;
  http.get('/', () => {
    reached = true;
    return 'here';
  });
  // When the peer has hung up, the address of a Unix socket is unknown.
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-http-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, 'socket');
  await http.listen({ path: socketPath });
  t.after(() => http.close());
  const status = await new Promise((done, failed) => {
    get({ socketPath, path: '/' }, (response) => done(response.resume().statusCode)).on('error', failed);
  });
  assert.deepEqual([status, reached], [400, false]);
});

test('a server that stops waits for the requests under way, and not for their connections', async () => {
  const http = createHttp({
    log: createLog({ level: 'silent' }),
    secure: false,
    trustedProxies: [],
    renderError: () => '',
  });
  let arrived = () => {};
  const isThere = new Promise<void>((there) => {
    arrived = there;
  });
  let respond = () => {};
  const released = new Promise<void>((release) => {
    respond = release;
  });
  http.get('/', async () => {
    arrived();
    await released;
    return 'here';
  });
  const url = await http.listen({ host: '127.0.0.1', port: 0 });
  const agent = new Agent({ keepAlive: true });
  const status = new Promise((done, failed) => {
    get(url, { agent }, (response) => done(response.resume().statusCode)).on('error', failed);
  });
  await isThere;
  const closed = http.close();
  await until('it takes no more connections', () => !http.server.listening);
  respond();
  assert.equal(await status, 200);
  const late = setTimeout(5_000, 'late', { ref: false });
  assert.notEqual(await Promise.race([closed, late]), 'late');
  agent.destroy();
});

describe('connections of an address', () => {
  /** A server that allows two connections for each address, and those of `count` connections that stayed open. */
  async function connections(count: number, trustedProxies: readonly string[]) {
    const log = createLog({ level: 'silent' });
    const server = createHttp({ log, secure: false, trustedProxies, connectionsPerAddress: 2, renderError: () => '' });
    server.get('/', async () => 'here');
    const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
    const open: Socket[] = [];
    let refused = 0;
    const more = async (times: number) => {
      for (let n = 0; n < times; n += 1) {
        const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
        const answered = await new Promise<boolean>((entries) => {
          socket.once('data', () => entries(true)).once('close', () => entries(false));
        });
        if (answered) open.push(socket);
        else refused += 1;
      }
    };
    await more(count);
    return {
      more,
      outcome: () => ({ open: open.length, refused }),
      async hangUp() {
        open.pop()?.end();
        const count = () => new Promise<number>((entries) => server.server.getConnections((_error, n) => entries(n)));
        await until('the server to see it', async () => (await count()) === open.length);
      },
      async close() {
        for (const socket of open) socket.destroy();
        await server.close();
      },
    };
  }

  test('are limited; closing one allows another', async () => {
    const { more, outcome, hangUp, close } = await connections(3, []);
    assert.deepEqual(outcome(), { open: 2, refused: 1 });
    await hangUp();
    await more(2);
    assert.deepEqual(outcome(), { open: 2, refused: 2 });
    await close();
  });

  test('are not limited for a trusted proxy', async () => {
    const { outcome, close } = await connections(5, ['127.0.0.1']);
    assert.deepEqual(outcome(), { open: 5, refused: 0 });
    await close();
  });
});
