import type { AddressInfo } from 'node:net';
import { createMcpServer } from '../../ops/examples/mcp-server/server.ts';
import type { Scope } from './scope.ts';

/** Starts the example server with the given issuer. @returns its identifier */
export async function mcpServer(scope: Scope, issuer: string): Promise<string> {
  let server = createMcpServer({ issuer, resource: 'http://localhost/mcp' });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  const resource = `http://localhost:${port}/mcp`;
  server = createMcpServer({ issuer, resource });
  await new Promise<void>((ready) => server.listen(port, '127.0.0.1', ready));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return resource;
}
