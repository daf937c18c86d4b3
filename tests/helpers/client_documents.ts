import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defer, type Scope } from './scope.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A site with client metadata documents on this machine; a test can change them. */
export interface DocumentSite {
  readonly origin: string;
  /**
   * Adds a document with its own URL as `client_id` unless it contains another.
   * @returns that URL
   */
  put(path: string, document: Record<string, unknown>, headers?: Record<string, string>): string;
  /**
   * Sets another response for a path.
   * @returns the URL
   */
  answer(path: string, answer: Answer): string;
  /** The number of requests for a path. */
  hits(path: string): number;
}

export async function documentSite(scope: Scope): Promise<DocumentSite> {
  const answers = new Map<string, Answer>();
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    counts.set(path, (counts.get(path) ?? 0) + 1);
    const answer = answers.get(path);
    if (answer) return answer(request, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  defer(scope, () => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const answer = (path: string, how: Answer) => {
    answers.set(path, how);
    return origin + path;
  };
  return {
    origin,
    answer,
    put(path, document, headers = {}) {
      const body = JSON.stringify({ client_id: origin + path, ...document });
      return answer(path, (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
      });
    },
    hits: (path) => counts.get(path) ?? 0,
  };
}
