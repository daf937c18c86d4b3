import { createServer } from 'node:http';
import type { Scope } from './scope.ts';
import { remember } from './secrets.ts';
import { listen } from './ssrf_cases.ts';

/** A relying party's back-channel logout endpoint: records logout tokens, and responds as the test sets it. */
export interface LogoutListener {
  readonly uri: string;
  readonly received: { readonly method: string; readonly type: string; readonly token: string }[];
  /** The response status; 0 closes the connection. */
  status: number;
}

export async function logoutListener(scope: Scope): Promise<LogoutListener> {
  const received: LogoutListener['received'] = [];
  const listener = { uri: '', received, status: 200 };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const token = remember('other', new URLSearchParams(body).get('logout_token') ?? '');
    received.push({ method: request.method ?? '', type: request.headers['content-type'] ?? '', token });
    if (listener.status === 0) response.destroy();
    else response.writeHead(listener.status).end();
  });
  listener.uri = `http://127.0.0.1:${await listen(scope, server, '127.0.0.1')}/logged-out?tenant=1`;
  return listener;
}
