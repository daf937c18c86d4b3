import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { servedApi } from '../helpers/streams.ts';
import { until } from '../helpers/waiting.ts';

/** What becomes of the connection of an import that has ended before its input (RFC 9112 §9.6). */
const scope = { after };
const LINGER_MS = 300;
const api = await servedApi(scope, await operatedDatabase(scope), { streams: { idle: 50, linger: LINGER_MS } });
const { host, hostname, port } = new URL(api.url);

const head = (method: string, path: string, ...headers: string[]) =>
  [`${method} /api/v1${path} HTTP/1.1`, `Host: ${host}`, ...headers, '', ''].join('\r\n');

/** Sends an import without its end, and waits until it was answered. */
async function answered() {
  const socket = connect(Number(port), hostname);
  const read: string[] = [];
  socket.setEncoding('utf8').on('data', (text: string) => void read.push(text));
  socket.write(head('POST', '/users/import', 'Content-Type: application/x-ndjson', 'Transfer-Encoding: chunked'));
  await until('nothing came, and the import has ended', async () =>
    /"status":408.*\r\n0\r\n\r\n$/s.test(read.join('')),
  );
  read.length = 0;
  const closed = once(socket, 'close').then(() => 'closed');
  return { socket, read, outcome: () => Promise.race([closed, pause(3 * LINGER_MS, 'open')]) };
}

test('is used for other requests when the input has ended in time', async () => {
  const { socket, read, outcome } = await answered();
  socket.write(`0\r\n\r\n${head('GET', '/groups')}`);
  await until('the next request is answered', async () => read.join('').startsWith('HTTP/1.1 200'));
  assert.equal(await outcome(), 'open');
  socket.destroy();
});

test('is closed when the input goes on', async () => {
  const { outcome } = await answered();
  assert.equal(await outcome(), 'closed');
});
