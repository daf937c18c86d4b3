import type { Draw } from './draw.ts';

const HEADS = [
  'GET / HTTP/1.1',
  'GET /token HTTP/1.0',
  'POST /token HTTP/1.1',
  'POST /authorize HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'CONNECT localhost:443 HTTP/1.1',
  'TRACE / HTTP/1.1',
  'GET http://other.test/authorize HTTP/1.1',
  'GET //authorize HTTP/1.1',
  'GET /../token HTTP/1.1',
  'GET /%00 HTTP/1.1',
  'GET /\xff HTTP/1.1',
  'GET  /  HTTP/1.1',
  'GET / HTTP/2.0',
  'PRI * HTTP/2.0',
  'BREW / HTTP/1.1',
  '\x16\x03\x01\x02\x00\x01',
  '',
];

const LINES = [
  'Host: localhost',
  'Host: other.test',
  'Host: ',
  'Host: a b',
  'Host : localhost',
  'Expect: 100-continue',
  'Expect: x',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Connection: upgrade',
  'Content-Length: 3',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Content-Length: 99999999999999999999',
  'Content-Type: application/x-www-form-urlencoded',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: chunked, identity',
  'X: \x00',
  'X\x01: y',
  ' folded: y',
  ': no name',
  'no colon',
  'DPoP: a',
  'Authorization: Basic a',
  `X: ${'a'.repeat(17_000)}`,
];

const BODIES = [
  '',
  'abc',
  '3\r\nabc\r\n0\r\n\r\n',
  'zz\r\n',
  '0\r\nTrailer: x\r\n\r\n',
  '\x00\xff',
  '3;a=b\r\nabc\r\n0\r\n\r\n',
];

/** Bytes that are nearly an HTTP request. */
export function drawRaw(draw: Draw): string {
  const lines = Array.from({ length: draw.int(5) }, () => draw.pick(LINES));
  const host = draw.chance(0.8) ? ['Host: localhost'] : [];
  const head = [draw.pick(HEADS), ...host, ...lines, 'Connection: close'].join(draw.chance(0.95) ? '\r\n' : '\n');
  return `${head}\r\n\r\n${draw.pick(BODIES)}`;
}
