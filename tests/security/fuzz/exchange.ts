import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { parse, type WireAnswer } from '../wire.ts';

/** One request as it is transmitted. */
export interface Shot {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A text is sent in UTF-8. */
  readonly body: string | Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8, maxFreeSockets: 8 });
const GIVE_UP_MS = 60_000;

/** Closes the kept-alive connections. */
export function hangUp(): void {
  agent.destroy();
}

/** Sends a request and reads the whole response, without following redirects. */
export function exchange(issuer: string, shot: Shot): Promise<WireAnswer> {
  const { port } = new URL(issuer);
  const body = typeof shot.body === 'string' ? Buffer.from(shot.body) : shot.body;
  const headers = { ...shot.headers, ...(body.length > 0 ? { 'content-length': String(body.length) } : {}) };
  return new Promise((done, failed) => {
    const options = { agent, host: '127.0.0.1', port, method: shot.method, path: shot.target, headers };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', failed);
      response.on('end', () => {
        const received = new Headers();
        for (const [name, values] of Object.entries(response.headersDistinct))
          for (const value of values ?? []) received.append(name, Buffer.from(value, 'latin1').toString('latin1'));
        done({ status: response.statusCode ?? 0, headers: received, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.setTimeout(GIVE_UP_MS, () => sent.destroy(new Error('no answer')));
    sent.on('error', failed);
    sent.end(body);
  });
}

/**
 * Sends bytes, ends the writing side, and reads until the server closes.
 * @returns undefined for no response
 */
export function exchangeRaw(issuer: string, bytes: string): Promise<WireAnswer | undefined> {
  return new Promise((done, failed) => {
    let received = '';
    const socket = connect(Number(new URL(issuer).port), '127.0.0.1', () => socket.end(Buffer.from(bytes, 'latin1')));
    socket.setTimeout(GIVE_UP_MS, () => failed(new Error('no end of the answer')));
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    // A server that refuses early resets the connection while this side still writes; the response before that counts.
    socket.on('error', () => {});
    // RFC 9110 §15.2: interim responses are skipped.
    socket.on('close', () =>
      done(received === '' ? undefined : parse(received.replace(/^(HTTP\/1\.1 1\d\d [^\r]*\r\n\r\n)+/, ''))),
    );
  });
}
