import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createSilentServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { NoSuchName } from '../../server/platform/lookup.ts';
import { createOutbound, OutboundError, type OutboundOptions } from '../../server/platform/outbound.ts';
import { createOutboundTls } from '../../server/platform/outbound_tls.ts';
import { createIsReachable, LOOPBACK } from '../../server/platform/reachable.ts';
import { makeIdentity } from '../helpers/certificates.ts';
import { listen, ssrf } from '../helpers/ssrf_cases.ts';
import { freePort, until } from '../helpers/waiting.ts';

const scope = { after };
const hostile = await ssrf(scope);

/** A server that responds, on 127.0.0.1. */
async function answering(handler: RequestListener): Promise<number> {
  return listen(scope, createServer(handler), '127.0.0.1');
}

/** @returns why it was refused */
async function refusal(url: string, options: Partial<OutboundOptions> = {}): Promise<string> {
  try {
    const answer = await createOutbound({ allow: ['127.0.0.1'], timeoutMs: 5_000, ...options }).fetch(url);
    return `answered with ${answer.status}`;
  } catch (error) {
    assert.ok(error instanceof OutboundError, String(error));
    assert.equal(error.code, 'outbound_failed');
    assert.equal(error.message, 'there was no usable answer from the URL that the client names');
    return error.reason;
  }
}

describe('addresses', () => {
  const isReachable = createIsReachable([]);
  const special = `0.0.0.0 0.1.2.3 10.255.255.255 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
    172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
    239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ::ffff:8.8.8.8 ::ffff:10.0.0.1 64:ff9b::8.8.8.8
    64:ff9b:1::1 100::1 2001::1 2001:20::1 2001:db8::1 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
    febf::1 fec0::1 ff02::1 fe80::1%lo nonsense`.split(/\s+/);
  for (const address of special) {
    test(`${address} is not connected to (RFC 6890)`, () => assert.equal(isReachable(address), false));
  }
  for (const address of [
    '1.1.1.1',
    '9.255.255.255',
    '100.128.0.0',
    '172.32.0.1',
    '223.255.255.255',
    '2606:4700::1111',
  ]) {
    test(`${address} is`, () => assert.equal(isReachable(address), true));
  }
  test('addresses that the operator configured are connected to, and no others', () => {
    const allowed = createIsReachable(['10.1.0.0/16', 'fd00::5', '192.168.7.7']);
    assert.deepEqual(['10.1.2.3', 'fd00::5', '192.168.7.7'].map(allowed), [true, true, true]);
    assert.deepEqual(['10.2.0.1', 'fd00::6', '192.168.7.8', '::ffff:10.1.2.3'].map(allowed), [
      false,
      false,
      false,
      false,
    ]);
  });
});

test('public and allowed addresses get requests with method, headers and body, and without cookies', async () => {
  const port = await answering(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { host, cookie, ...headers } = request.headers;
    response
      .writeHead(201, { 'x-two': ['a', 'b'] })
      .end(JSON.stringify([request.method, request.url, host, cookie, body, headers['x-one']]));
  });
  const outbound = createOutbound({ allow: LOOPBACK });
  const answer = await outbound.fetch(`http://localhost:${port}/path?query`, {
    method: 'POST',
    headers: { 'x-one': '1', cookie: 'a=b' },
    body: new URLSearchParams({ a: 'ü&' }),
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('x-two'), 'a, b');
  assert.deepEqual(await answer.json(), ['POST', '/path?query', `localhost:${port}`, null, 'a=%C3%BC%26', '1']);
});

describe('refuses', () => {
  for (const { name, url } of hostile.cases) {
    test(`${name} (${new URL(url).hostname})`, async () => {
      assert.match(await refusal(url, { timeoutMs: 400 }), /^(address|redirect|time|size|url)$/);
      assert.equal(hostile.connections(), 0);
    });
  }

  test('loopback unless it is allowed', async () => {
    assert.equal(await refusal(hostile.reachable, { allow: [] }), 'address');
    assert.deepEqual(hostile.arrived, []);
    assert.equal(await refusal(hostile.reachable), 'answered with 200');
  });

  test('a name of which one address is forbidden', async () => {
    const port = new URL(hostile.reachable).port;
    const both = [
      { address: '127.0.0.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
    for (const answer of [both, both.toReversed()])
      assert.equal(await refusal(`http://rp.example.com:${port}/`, { resolve: async () => answer }), 'address');
  });

  test('a name without addresses, and one that cannot be resolved', async () => {
    assert.equal(await refusal('https://rp.example.com/', { resolve: async () => [] }), 'address');
    assert.equal(await refusal('https://rp.example.com/', { resolve: () => Promise.reject(new NoSuchName()) }), 'name');
  });

  test('http outside this machine, even where https is allowed', async () => {
    assert.equal(await refusal('http://10.0.0.1/', { allow: ['10.0.0.0/8'] }), 'url');
    assert.equal(await refusal('http://1.1.1.1/'), 'url');
  });

  for (const url of ['ftp://127.0.0.1/', 'file:///etc/passwd', 'data:,x', 'http://user:pw@127.0.0.1:8080/', 'nonsense'])
    test(`${url}`, async () => assert.equal(await refusal(url), 'url'));

  test('a port without a listener, with the same error', async () => {
    assert.equal(await refusal(`http://127.0.0.1:${await freePort()}/`), 'connection');
  });
});

describe('TLS', () => {
  test('a certificate must match the requested host name and have a trusted issuer (RFC 9110 §4.3.4)', async () => {
    const authority = await makeIdentity({ ca: true });
    const identity = await makeIdentity({ by: authority, names: [{ type: 'dns', value: 'rp.example.com' }] });
    const server = createTlsServer({ cert: identity.pem, key: identity.keyPem }, (_request, response) =>
      response.end('{}'),
    );
    const port = await listen(scope, server, '127.0.0.1');
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const ca = authority.pem;
    assert.equal(await refusal(`https://rp.example.com:${port}/`, { resolve, ca }), 'answered with 200');
    assert.equal(await refusal(`https://rp.example.com:${port}/`, { resolve }), 'connection');
    assert.equal(await refusal(`https://other.example.com:${port}/`, { resolve, ca }), 'connection');
    assert.equal(await refusal(`https://127.0.0.1:${port}/`, { resolve, ca }), 'connection');
  });
});

test('DNS rebinding: a name is resolved once, and the connection goes to that address', async () => {
  const before = hostile.arrived.length;
  const answers = ['127.0.0.1', '127.0.0.2', '::1'];
  let asked = 0;
  const resolve = async () => [{ address: answers[asked++] ?? '::1', family: asked === 1 ? 4 : 6 }];
  const outbound = createOutbound({ allow: ['127.0.0.1'], resolve });
  const { port } = new URL(hostile.reachable);
  assert.equal((await outbound.fetch(`http://rebinding.example:${port}/`)).status, 200);
  assert.equal(asked, 1, 'a second look-up would get another address');
  assert.equal(hostile.arrived.length, before + 1);
  await assert.rejects(outbound.fetch(`http://rebinding.example:${port}/`), { reason: 'address' });
  assert.equal(hostile.connections(), 0);
});

describe('limits', () => {
  test('a body without an end is cut off while it is read', async () => {
    const url = hostile.cases.find(({ name }) => name === 'endless')?.url ?? '';
    assert.equal(await refusal(url, { maxBytes: 1_000 }), 'size');
    // Socket buffers on both sides hold some bytes.
    await until('the cut', () => hostile.bytesOfEndless() > 0);
    assert.ok(hostile.bytesOfEndless() < 16_000_000, `${hostile.bytesOfEndless()} bytes`);
  });

  test('a body may have exactly the maximum length, in any number of chunks', async () => {
    let bytes = 1_000;
    const port = await answering((_request, response) => {
      response.write('x'.repeat(500));
      response.end('x'.repeat(bytes - 500));
    });
    assert.equal(await refusal(`http://127.0.0.1:${port}/`, { maxBytes: 1_000 }), 'answered with 200');
    bytes += 1;
    assert.equal(await refusal(`http://127.0.0.1:${port}/`, { maxBytes: 1_000 }), 'size');
  });

  test('a compressed body is not decompressed, as it could fill the memory', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const port = await answering((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    const answer = await createOutbound({ allow: LOOPBACK }).fetch(`http://127.0.0.1:${port}/`);
    assert.equal((await answer.arrayBuffer()).byteLength, bomb.length);
  });

  test('one time limit covers the look-up and the response', async () => {
    const began = performance.now();
    const at = hostile.reachable.replace('/reachable', '');
    for (const path of ['/slow', '/silent']) assert.equal(await refusal(at + path, { timeoutMs: 120 }), 'time');
    assert.equal(
      await refusal(`http://slow.example/`, { timeoutMs: 120, resolve: () => new Promise(() => {}) }),
      'lookup',
    );
    assert.ok(performance.now() - began < 5_000);
  });

  test('a caller can set a shorter time limit', async () => {
    const outbound = createOutbound({ allow: LOOPBACK });
    const url = hostile.reachable.replace('/reachable', '/silent');
    await assert.rejects(outbound.fetch(url, { signal: AbortSignal.timeout(50) }), { reason: 'time' });
    await assert.rejects(outbound.fetch(url, { signal: AbortSignal.abort() }), { reason: 'time' });
  });
});

describe('parallel requests', () => {
  const turn = (share: string, chosenBy: 'operator' | 'stranger' = 'stranger') => ({ turn: { chosenBy, share } });
  const { port } = new URL(hostile.reachable);

  /**
   * An outbound whose look-ups of `.slow.example` and `slow-….example` never end, and the number of look-ups that have
   * begun.
   */
  function stuck() {
    const begun: string[] = [];
    const resolve = (hostname: string) => {
      if (!hostname.includes('slow')) return Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
      begun.push(hostname);
      return new Promise<never>(() => {});
    };
    return { begun, ...createOutbound({ allow: LOOPBACK, resolve, timeoutMs: 5_000 }) };
  }

  const reasonOf = (fetched: Promise<unknown>) =>
    fetched.then(
      () => 'answered',
      (error: OutboundError) => error.reason,
    );

  test('of one address or to one host have a share, and leave the rest to others', async () => {
    const { begun, fetch } = stuck();
    const { signal, abort } = withAbort();
    const slow = Array.from({ length: 80 }, (_, n) => [
      reasonOf(fetch(`https://slow-${n}.example/`, { signal, ...turn('one') })),
      reasonOf(fetch(`https://n${n}.slow.example/`, { signal, ...turn(`other ${n}`) })),
    ]).flat();
    for (const chosenBy of ['stranger', 'operator'] as const) {
      const answer = await fetch(`http://rp.example.com:${port}/reachable`, turn('healthy', chosenBy));
      assert.equal(answer.status, 200);
    }
    assert.equal(begun.length, 16);
    abort();
    const reasons = await Promise.all(slow);
    assert.deepEqual(new Set(reasons), new Set(['lookup', 'busy']));
    assert.equal(reasons.filter((reason) => reason === 'lookup').length, 16);
    assert.equal(begun.length, 16, 'a look-up that was given up does not start later');
  });

  test('of clients do not delay those of the operator, in any number', async () => {
    const { fetch } = stuck();
    const { signal, abort } = withAbort();
    const slow = Array.from({ length: 400 }, (_, n) =>
      reasonOf(fetch(`https://slow-${n}.example/`, { signal, ...turn(`from ${n}`) })),
    );
    const own = `http://rp.example.com:${port}/reachable`;
    assert.equal((await fetch(own, turn('healthy', 'operator'))).status, 200);
    assert.equal(await reasonOf(fetch(own, turn('late'))), 'busy');
    abort();
    await Promise.all(slow);
  });

  function withAbort() {
    const controller = new AbortController();
    return { signal: controller.signal, abort: () => controller.abort() };
  }
});

test('a name whose look-up has taken all of the time is given up, though its server is silent', async (t) => {
  const silent = createSilentServer();
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  t.after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const resolve = async (_host: string, signal: AbortSignal) => {
    await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
    return [{ address: '127.0.0.1', family: 4 }];
  };
  const outbound = createOutboundTls({ allow: ['127.0.0.1'], timeoutMs: 5, resolve });
  const sent = outbound.send({ host: 'silent.example', port }, Buffer.from('line'));
  await assert.rejects(sent, (error) => error instanceof OutboundError && error.reason === 'time');
});
