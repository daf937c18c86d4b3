import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from './log.ts';
import { NO_ROUTE } from './request_stats.ts';

/** Status by Node's error code for requests that it cannot parse; 400 for other codes. */
const UNREADABLE: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Responses to requests that reach neither a route nor a hook. */
const MESSAGES: Readonly<Record<number, readonly [error: string, description: string]>> = {
  400: ['invalid_request', 'the request could not be understood'],
  405: ['method_not_allowed', 'this is not a proxy'],
  408: ['request_timeout', 'the request took too long to arrive'],
  417: ['expectation_failed', 'Expect can be 100-continue alone (RFC 9110 10.1.1)'],
  431: ['headers_too_large', 'the request could not be understood'],
};

export interface RawResponses {
  /** Responds to bytes that Node cannot parse as HTTP: there is no request yet, so no hook or handler runs. */
  refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void;
  /** Responds to requests that Node would answer without a body, or drop: expectations (RFC 9110 §10.1.1) and CONNECT. */
  attach(server: Pick<Server, 'on'>): void;
}

export function createRawResponses(parts: {
  readonly log: Logger;
  /** Of all responses, except the request id. */
  readonly headers: Readonly<Record<string, string>>;
  readonly count: (status: number) => void;
}): RawResponses {
  const { log, headers, count } = parts;
  function compose(status: number, reason?: string | undefined): { head: Record<string, string>; body: string } {
    const requestId = randomUUID();
    const [error, description] = MESSAGES[status] ?? MESSAGES[400] ?? [];
    const body = JSON.stringify({ error, error_description: description, request_id: requestId });
    const head = {
      ...headers,
      'x-request-id': requestId,
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    };
    count(status);
    log.info({ requestId, route: NO_ROUTE, status, reason }, 'request');
    return { head, body };
  }

  function send(socket: Duplex, status: number, reason?: string | undefined, more: Record<string, string> = {}): void {
    const { head, body } = compose(status, reason);
    const lines = Object.entries({ ...head, ...more }).map(([name, value]) => `${name}: ${value}`);
    socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
  }

  return {
    refuseUnreadable(error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
      send(socket, UNREADABLE[error.code ?? ''] ?? 400, error.code);
    },
    attach(server) {
      server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
        const { head, body } = compose(417);
        response.writeHead(417, head).end(body);
      });
      server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
        // No other listener is left.
        socket.on('error', () => socket.destroy());
        // RFC 9110 §10.2.1: a target that is not a path here has no methods.
        send(socket, 405, 'CONNECT', { allow: '' });
      });
    },
  };
}
