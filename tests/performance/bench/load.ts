import { connect, type Socket } from 'node:net';

/** A request in bytes, and the handling of its response. */
export interface Load {
  readonly port: number;
  /** The number of requests. */
  readonly count: number;
  readonly connections: number;
  /** @returns the whole request, head and body, in latin1 */
  request(index: number, connection: number): string;
  /** The expected status; any other one ends the run. */
  readonly expected: number;
  /** Called with each response; omit it when not needed, since it uses the same processor. */
  answered?(index: number, head: string, body: string): void;
  /** Ends the run before all requests are sent. */
  readonly signal?: AbortSignal;
}

export interface Measured {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds, in ascending order. */
  readonly latencies: Float64Array;
}

/**
 * Sends requests over kept-alive connections, one at a time on each. The generator shares two cores with the server, so
 * it parses only as much of HTTP/1.1 as it takes to find the end of a response (RFC 9112 §6.3, Content-Length alone).
 * @throws when a response has an unexpected status, or a connection ends
 */
export async function run(load: Load): Promise<Measured> {
  const sockets = await Promise.all(Array.from({ length: Math.min(load.connections, load.count) }, () => open(load)));
  const latencies = new Float64Array(load.count);
  let sent = 0;
  let answers = 0;
  const began = performance.now();
  try {
    await Promise.all(
      sockets.map(
        (socket, connection) =>
          new Promise<void>((done, failed) => {
            let index = 0;
            let at = 0;
            const received = answerReader(
              (status, head, body) => {
                latencies[answers++] = performance.now() - at;
                if (status !== load.expected) {
                  failed(new Error(`answered ${status} instead of ${load.expected}: ${head}\n\n${body}`));
                  return;
                }
                load.answered?.(index, head, body);
                next();
              },
              load.answered !== undefined,
              load.expected,
            );
            const next = () => {
              if (sent >= load.count || load.signal?.aborted) return done();
              index = sent++;
              at = performance.now();
              socket.write(load.request(index, connection), 'latin1');
            };
            socket.on('data', (chunk) => {
              try {
                received(chunk);
              } catch (error) {
                failed(error);
              }
            });
            socket.on('error', failed);
            socket.on('close', () => failed(new Error('the server closed a connection')));
            next();
          }),
      ),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  const seconds = (performance.now() - began) / 1_000;
  return { requests: answers, seconds, latencies: latencies.subarray(0, answers).sort() };
}

/** @param share of the responses that were at least as fast, 0 to 1 */
export function percentile({ latencies }: Pick<Measured, 'latencies'>, share: number): number {
  return latencies[Math.min(latencies.length - 1, Math.ceil(latencies.length * share) - 1)] ?? Number.NaN;
}

function open({ port }: Load): Promise<Socket> {
  return new Promise((done, failed) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.removeListener('error', failed);
      done(socket);
    });
    socket.once('error', failed);
  });
}

const END_OF_HEAD = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: *(\d+)/i;

/** Joins chunks until a response is complete. */
function answerReader(
  whole: (status: number, head: string, body: string) => void,
  wantsBody: boolean,
  expected: number,
): (chunk: Buffer) => void {
  let pending: Buffer | undefined;
  return (chunk) => {
    const bytes = pending ? Buffer.concat([pending, chunk]) : chunk;
    const end = bytes.indexOf(END_OF_HEAD);
    if (end === -1) {
      pending = bytes;
      return;
    }
    const head = bytes.toString('latin1', 0, end);
    const length = LENGTH.exec(head)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
    const from = end + END_OF_HEAD.length;
    const size = from + Number(length);
    if (bytes.length < size) {
      pending = bytes;
      return;
    }
    if (bytes.length > size) throw new Error('an answer that nobody asked for');
    pending = undefined;
    const status = Number(head.slice(9, 12));
    whole(status, head, wantsBody || status !== expected ? bytes.toString('utf8', from, size) : '');
  };
}
