import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Deployment } from '../helpers/deployment.ts';
import { defer, type Scope } from '../helpers/scope.ts';

/** A response as it was transmitted. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface WireRequest {
  readonly method?: string;
  /** The request target, byte for byte; `fetch` would normalise it. */
  readonly target: string;
  /** Each character is one byte. Host and Connection are added when they are missing. */
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  /** Each character of a string is one byte; an array is sent as chunks, without Content-Length. */
  readonly body?: string | readonly string[];
}

const ANSWER_WITHIN_MS = 10_000;

/** Sends a request that client libraries would not send, and reads until the server closes. */
export async function send(issuer: string, request: WireRequest): Promise<WireAnswer> {
  return parse(await sendRaw(issuer, bytesOf(issuer, request, 'close')));
}

/** @returns one character for each byte */
function bytesOf(issuer: string, request: WireRequest, connection: 'close' | 'keep-alive'): string {
  const { method = 'GET', target, body = '' } = request;
  const given = Array.isArray(request.headers) ? request.headers : Object.entries(request.headers ?? {});
  const has = (name: string) => given.some(([one]) => one.toLowerCase() === name);
  const headers = [...given];
  if (!has('host')) headers.push(['host', new URL(issuer).host]);
  if (!has('connection')) headers.push(['connection', connection]);
  const framed = typeof body === 'string' ? body : `${body.map(chunk).join('')}0\r\n\r\n`;
  if (typeof body !== 'string') headers.push(['transfer-encoding', 'chunked']);
  else if (body !== '' && !has('content-length')) headers.push(['content-length', String(body.length)]);
  const head = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return `${head.join('\r\n')}\r\n\r\n${framed}`;
}

/**
 * Sends requests as `send` does, one after the other on one connection, for tests with many of them. It is opened again
 * when the server has closed it.
 */
export function openWire(scope: Scope, issuer: string): (request: WireRequest) => Promise<WireAnswer> {
  let open: Socket | undefined;
  defer(scope, () => void open?.destroy());

  async function connected(): Promise<Socket> {
    const socket = connect(Number(new URL(issuer).port), '127.0.0.1');
    await once(socket, 'connect');
    // An error is followed by 'close', which tells the request in progress.
    socket.on('error', () => {});
    socket.once('close', () => {
      if (open === socket) open = undefined;
    });
    return socket;
  }

  /** @returns nothing if the server closed the connection without a response */
  async function answerOn(socket: Socket, bytes: string): Promise<string> {
    let received = '';
    // Long responses come in many parts, and reading all of them again with each part takes most of the time.
    let expected = 0;
    const finished = Promise.withResolvers<void>();
    const onData = (data: Buffer) => {
      received += data.toString('latin1');
      if (received.length < expected) return;
      const missing = missingFrom(received);
      if (missing === 0) finished.resolve();
      else expected = received.length + missing;
    };
    const onClose = () => finished.resolve();
    const timer = setTimeout(() => {
      finished.reject(new Error(`no end of the answer to ${bytes.slice(0, 80)}`));
      socket.destroy();
    }, ANSWER_WITHIN_MS);
    socket.on('data', onData).once('close', onClose);
    socket.write(Buffer.from(bytes, 'latin1'));
    try {
      await finished.promise;
    } finally {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
    }
    return received;
  }

  return async (request) => {
    const bytes = bytesOf(issuer, request, 'keep-alive');
    const used = open;
    // The server may close a connection that nothing was sent on for a while.
    let received = used ? await answerOn(used, bytes) : '';
    if (received === '') {
      open = await connected();
      received = await answerOn(open, bytes);
    }
    return parse(received);
  };
}

/**
 * @returns how many bytes are missing from this response, or 1 where that is not known: of a response that ends with the
 * connection, until that has happened
 */
function missingFrom(received: string): number {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return 1;
  const head = received.slice(0, end).toLowerCase();
  if (head.includes('\r\nconnection: close')) return 1;
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length === undefined) return /^http\/1\.1 (204|304)/.test(head) || received.endsWith('\r\n0\r\n\r\n') ? 0 : 1;
  const missing = end + 4 + Number(length) - received.length;
  assert.ok(missing >= 0, `${-missing} bytes follow the response`);
  return missing;
}

/**
 * @param bytes one for each character
 * @returns everything that was received before the server closed the connection
 */
export function sendRaw(issuer: string, bytes: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect(Number(new URL(issuer).port), '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
    const timer = setTimeout(
      () => socket.destroy(new Error(`no end of the answer to ${bytes.slice(0, 80)}`)),
      ANSWER_WITHIN_MS,
    );
    let received = '';
    let broken: Error | undefined;
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    // A server that refuses a long body closes while this side still writes; the response before that counts.
    socket.on('error', (error) => {
      broken = error;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      if (received === '' && broken) failed(broken);
      else done(received);
    });
  });
}

export function parse(received: string): WireAnswer {
  const [head = '', ...rest] = received.split('\r\n\r\n');
  const [start = '', ...lines] = head.split('\r\n');
  const headers = new Headers(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return {
    status: Number(start.split(' ')[1]),
    headers,
    body: Buffer.from(rest.join('\r\n\r\n'), 'latin1').toString(),
  };
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A stack frame, a source file, or an error name of Node or Postgres. */
export const INSIDES =
  /\n\s+at |node_modules|\.[tj]s:\d+|\b(?:FST|HPE)_[A-Z]{3}|TypeError|SyntaxError|ECONNREFUSED|relation "|invalid byte sequence/;

/** Asserts what every response must contain, and must not contain. */
export function assertOrderly(answer: WireAnswer, what: string): void {
  assert.ok(answer.status >= 200 && answer.status < 500, `${what}: ${answer.status} ${answer.body.slice(0, 300)}`);
  assert.match(answer.headers.get('x-request-id') ?? '', UUID, `${what}: request id`);
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', what);
  assert.match(answer.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, what);
  assert.doesNotMatch(answer.body, INSIDES, what);
}

/**
 * Asserts an error in the form of its endpoint: RFC 6749 §5.2 for clients, RFC 9457 under /api/, a page for browsers.
 */
export function assertRefusal(
  answer: WireAnswer,
  expected: { status: number; error?: string; shape: 'oauth' | 'problem' | 'page' },
  what: string,
): void {
  assertOrderly(answer, what);
  assert.equal(answer.status, expected.status, `${what}: ${answer.body.slice(0, 300)}`);
  assert.equal(answer.headers.get('cache-control'), 'no-store', what);
  const type = answer.headers.get('content-type') ?? '';
  if (expected.shape === 'page') {
    assert.match(type, /^text\/html\b/, what);
    assert.ok(
      answer.body.includes(answer.headers.get('x-request-id') ?? '-'),
      `${what}: the page names the request id`,
    );
    if (expected.error) assert.ok(answer.body.includes(`<code>${expected.error}</code>`), `${what}: ${expected.error}`);
    return;
  }
  assert.match(type, expected.shape === 'problem' ? /^application\/problem\+json\b/ : /^application\/json\b/, what);
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  if (expected.shape === 'problem') {
    assert.equal(body.status, expected.status, what);
    assert.equal(body.request_id, answer.headers.get('x-request-id'), what);
    if (expected.error) assert.equal(body.type?.toString().split('/problems/')[1], expected.error, what);
    return;
  }
  // RFC 6749 §5.2: the characters allowed in `error` and `error_description`
  assert.match(String(body.error), /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/, what);
  assert.match(String(body.error_description), /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/, what);
  if (expected.error) assert.equal(body.error, expected.error, what);
}

export interface Route {
  readonly path: string;
  readonly methods: readonly string[];
}

/** Every route of the server, so that a test's table cannot miss one. */
export function routesOf({ app }: Pick<Deployment, 'app'>): Route[] {
  const stack: string[] = [];
  return app.http
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const found = /^((?:│ {3}| {4})*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line);
      if (!found) return [];
      const [, indent = '', segment = '', methods = ''] = found;
      stack.length = indent.length / 4;
      stack.push(segment);
      return methods === '' ? [] : [{ path: stack.join(''), methods: methods.split(', ') }];
    });
}

/** True for routes that clients call, not browsers. */
export function isOAuth({ path }: Route): boolean {
  return /^\/(token|userinfo|introspect|revoke|par|device_authorization|backchannel_authentication|register.*|openapi\.json|schemas\/.*|status-lists\/.*|\.well-known\/(?!change-password|passkey-endpoints).*)$/.test(
    path,
  );
}

/** Replaces the parameters of a route with suitable values. */
export function concrete({ path }: Route): string {
  return path.replace(/:[a-z_]+/g, 'abc');
}
