import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AccessOptions, createAccess, metadataPath, resourceMetadata } from './access.ts';

/**
 * An MCP server (streamable HTTP, one JSON answer a request) that Cardea protects. What matters is access.ts; what it
 * can do is to remember notes, each person's their own.
 */
export const SCOPES = ['notes:read', 'notes:write'];

const PROTOCOL_VERSION = '2025-06-18';
const BODY_MAX = 64 * 1024;

interface Call {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: { readonly text?: unknown } };
}

const TOOLS = [
  { name: 'list_notes', description: 'All your notes', inputSchema: { type: 'object', properties: {} } },
  {
    name: 'add_note',
    description: 'Remembers a note',
    inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  },
];

export function createMcpServer(options: Pick<AccessOptions, 'resource' | 'issuer'>): Server {
  const access = { ...options, scopes: SCOPES };
  const judge = createAccess(access);
  const endpoint = new URL(options.resource).pathname;
  const notes = new Map<string, string[]>();

  return createServer((request, response) => {
    handle(request, response).catch((error) => {
      console.error(error);
      if (!response.headersSent) send(response, 503, { error: 'temporarily_unavailable' }, { 'retry-after': '5' });
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0];
    if (request.method === 'GET' && path === metadataPath(options.resource)) {
      return send(response, 200, resourceMetadata(access), { 'access-control-allow-origin': '*' });
    }
    if (path !== endpoint) return send(response, 404, { error: 'not_found' });
    if (request.method !== 'POST') return send(response, 405, { error: 'method_not_allowed' }, { allow: 'POST' });
    const call = await read(request);
    if (!call) return send(response, 400, { error: 'invalid_request' });
    const verdict = await judge(request.headers.authorization, scopeFor(call));
    if ('challenge' in verdict) {
      const error = verdict.status === 403 ? 'insufficient_scope' : 'invalid_token';
      return send(response, verdict.status, { error }, { 'www-authenticate': verdict.challenge });
    }
    if (call.id === undefined) return void response.writeHead(202).end(); // a notification
    send(response, 200, { jsonrpc: '2.0', id: call.id, ...answer(call, verdict.claims.sub) });
  }

  function answer(call: Call, person: string): Record<string, unknown> {
    const own = notes.get(person) ?? [];
    switch (call.method) {
      case 'initialize':
        return {
          result: {
            protocolVersion: PROTOCOL_VERSION,
            capabilities: { tools: {} },
            serverInfo: { name: 'cardea-example', version: '1.0.0' },
          },
        };
      case 'ping':
        return { result: {} };
      case 'tools/list':
        return { result: { tools: TOOLS } };
      case 'tools/call': {
        const { name, arguments: { text } = {} } = call.params ?? {};
        if (name === 'list_notes') return { result: { content: own.map(textOf) } };
        if (name === 'add_note' && typeof text === 'string') {
          notes.set(person, [...own, text]);
          return { result: { content: [textOf('Noted.')] } };
        }
        return { error: { code: -32602, message: 'unknown tool, or its arguments are wrong' } };
      }
      default:
        return { error: { code: -32601, message: 'method not found' } };
    }
  }
}

/** Least privilege, by what is called: a client learns from the challenge what it has to ask for. */
function scopeFor(call: Call): string {
  return call.method === 'tools/call' && call.params?.name === 'add_note' ? 'notes:write' : 'notes:read';
}

const textOf = (text: string) => ({ type: 'text', text });

async function read(request: IncomingMessage): Promise<Call | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX) return undefined;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}
