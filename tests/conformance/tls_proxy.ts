import { createServer, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Identity } from '../helpers/certificates.ts';
import type { Scope } from '../helpers/scope.ts';
import { listen } from '../helpers/ssrf_cases.ts';

/**
 * Stands in front of the suite, for its modules that look at how a server connects to them: they read the version of TLS
 * and the cipher suite from headers, which the suite's own deployment gets from its proxy.
 * @returns its URL
 */
export async function tlsProxy(scope: Scope, suite: string, { pem, keyPem }: Identity): Promise<string> {
  const server = createServer({ cert: pem, key: keyPem }, (incoming, outgoing) => {
    const socket = incoming.socket as TLSSocket;
    const headers = {
      ...incoming.headers,
      host: new URL(suite).host,
      'x-ssl-protocol': socket.getProtocol() ?? '',
      'x-ssl-cipher': socket.getCipher().name,
    };
    const passed = request(new URL(incoming.url ?? '/', suite), { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  const port = await listen(scope, server, '127.0.0.1');
  return `https://localhost:${port}`;
}
