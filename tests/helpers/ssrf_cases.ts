import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { defer, type Scope } from './scope.ts';

/** A URL that a client may register and that must not be fetched. */
export interface SsrfCase {
  readonly name: string;
  readonly url: string;
}

/**
 * URLs that must not be fetched, with real listeners. For each setting that takes a client's URL: run the application
 * with `env`, register each of `cases`, expect a refusal, and assert that the victim is `untouched`.
 */
export interface Ssrf {
  /** Allows connections to 127.0.0.1, and to no other special address. */
  readonly env: Readonly<Record<string, string>>;
  readonly cases: readonly SsrfCase[];
  /** A URL that is fetched, and responds with `answer`: the control of the experiment. */
  readonly reachable: string;
  /** Requests to the reachable URL. */
  readonly arrived: { readonly method: string; readonly body: string }[];
  /** The response of the reachable URL. */
  answer: { status: number; body: string; type?: string };
  /** The number of connections to forbidden addresses. */
  connections(): number;
  /** The number of bytes of the endless body that were sent before the connection was cut. */
  bytesOfEndless(): number;
}

export async function ssrf(scope: Scope): Promise<Ssrf> {
  let connections = 0;
  let endless = 0;
  const arrived: { method: string; body: string }[] = [];
  const victim = await listen(
    scope,
    createServer((socket) => {
      connections += 1;
      socket.destroy();
    }),
    '::',
  );

  const routes: Readonly<Record<string, (answer: ServerResponse) => void>> = {
    '/redirect': (answer) => void answer.writeHead(302, { location: `http://[::1]:${victim}/` }).end(),
    '/redirect-keeping-the-method': (answer) =>
      void answer.writeHead(307, { location: `http://127.0.0.2:${victim}/` }).end(),
    '/silent': () => {},
    '/slow': (answer) => {
      answer.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => answer.write(' '), 100);
      answer.on('close', () => clearInterval(timer));
    },
    '/endless': (answer) => {
      const { socket } = answer;
      answer.writeHead(200, { 'content-type': 'application/json' });
      const more = () => {
        while (!answer.destroyed && answer.write(' '.repeat(16_384)));
      };
      answer.on('drain', more).on('close', () => {
        endless = Math.max(endless, socket?.bytesWritten ?? 0);
      });
      more();
    },
  };
  const result = { answer: { status: 200, body: '{}', type: 'application/json' } as Ssrf['answer'] };
  const http = createHttpServer(async (request, response) => {
    const route = routes[request.url ?? ''];
    if (route) return route(response);
    arrived.push({ method: request.method ?? '', body: await bodyOf(request) });
    const { status, body, type = 'application/json' } = result.answer;
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  const port = await listen(scope, http, '127.0.0.1');
  const at = `http://127.0.0.1:${port}`;

  return Object.assign(result, {
    env: { CARDEA_OUTBOUND_ALLOW: '127.0.0.1' },
    cases: [
      ...addressCases(victim),
      ...Object.keys(routes).map((path) => ({ name: path.slice(1).replaceAll('-', ' '), url: at + path })),
      { name: 'a port of the system', url: 'http://127.0.0.1:22/' },
    ],
    reachable: `${at}/reachable`,
    arrived,
    connections: () => connections,
    bytesOfEndless: () => endless,
  });
}

/** Hosts that all mean this machine or its network, some of them in unusual spellings. */
export function addressCases(port: number): SsrfCase[] {
  return [
    ...[
      ['loopback', '127.0.0.2'],
      ['loopback, in IPv6', '[::1]'],
      ['loopback, in decimal', '2130706434'],
      ['loopback, in hexadecimal', '0x7f000002'],
      ['loopback, in octal', '0177.0.0.2'],
      ['loopback, cut short', '127.2'],
      ['loopback, IPv4-mapped', '[::ffff:127.0.0.1]'],
      ['loopback, IPv4-mapped, in hexadecimal', '[::ffff:7f00:1]'],
      ['loopback, by NAT64', '[64:ff9b::127.0.0.1]'],
      ['loopback, by 6to4', '[2002:7f00:1::]'],
      ['this network', '0.0.0.0'],
      ['the unspecified address', '[::]'],
      ['a private network', '10.0.0.1'],
      ['a carrier’s network', '100.64.0.1'],
      ['the metadata service of a cloud', '169.254.169.254'],
      ['link-local, in IPv6', '[fe80::1]'],
      ['unique local', '[fd00:ec2::254]'],
      ['multicast', '224.0.0.1'],
      ...ownAddresses().map((host) => ['an address of this very machine', host] as const),
    ].map(([name = '', host = '']) => ({ name, url: `https://${host}:${port}/` })),
  ];
}

/** The addresses of this machine in a private network. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .filter(({ internal, family, address }) => !internal && family === 'IPv4' && /^(10|172|192)\./.test(address))
    .map(({ address }) => address)
    .slice(0, 1);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

/** @returns the port; `::` means all interfaces of both families, where they exist */
export async function listen(scope: Scope, server: Server, host: string): Promise<number> {
  const open = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((ready, failed) => {
    server.once('error', (error) => (host === '::' ? server.listen(0, '0.0.0.0', ready) : failed(error)));
    server.listen(0, host, ready);
  });
  defer(scope, () => {
    for (const socket of open) socket.destroy();
    return new Promise<void>((closed) => void server.close(() => closed()));
  });
  return (server.address() as AddressInfo).port;
}
