import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AppError } from '../platform/errors.ts';
import { HEALTH_PATHS } from '../platform/issuer.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from './metrics.ts';

/** Milliseconds for a request to arrive, and for a connection to be idle. */
const TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 50;
const HEADERS_MAX_BYTES = 8 * 1_024;

export interface AdminPort {
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, and `/healthz`, which says that the process runs; nothing else. A listener of its own, so that what
 * is true of the public port (limits, proxies, TLS) cannot let anybody in here.
 * @throws AppError 500 `invalid_configuration` when it cannot listen
 */
export async function openAdminPort(parts: {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Logger;
}): Promise<AdminPort> {
  const { host, port, metrics, log } = parts;
  const server = createServer(
    { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS, maxHeaderSize: HEADERS_MAX_BYTES },
    (request, response) => {
      answer(request, response, metrics).catch((error) => {
        log.error({ error }, 'the metrics could not be collected');
        send(response, 500, 'text/plain; charset=utf-8', 'the metrics could not be collected: see the log\n');
      });
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.keepAliveTimeout = TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    const problem = `CARDEA_METRICS_PORT: ${host} port ${port} cannot be listened on (${error.code}); set another port, or CARDEA_METRICS_HOST`;
    throw new AppError('invalid_configuration', problem, { cause: error });
  });
  log.info({ host, port }, 'metrics are served');
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: Metrics): Promise<void> {
  request.resume(); // a body is not read
  const path = request.url?.split('?', 1)[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return send(response, 405, 'text/plain; charset=utf-8', 'GET and HEAD are possible here\n');
  }
  if (path === '/metrics') return send(response, 200, metrics.contentType, await metrics.scrape());
  if (path === HEALTH_PATHS.alive) return send(response, 200, 'application/json', '{"status":"ok"}');
  return send(response, 404, 'text/plain; charset=utf-8', 'there are /metrics and /healthz here\n');
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
