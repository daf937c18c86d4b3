import type { Server } from 'node:net';
import { addressTest } from './addresses.ts';
import { subnet } from './limits.ts';

/**
 * Limits the open connections of one address (for IPv6, one /64 network): each uses a file descriptor, and a process
 * has a limited number. Further connections are closed without a response; open ones continue.
 * @param options.exempt addresses or ranges of proxies, whose connections carry requests of many clients
 */
export function boundConnections(
  server: Server,
  { most, exempt }: { readonly most: number; readonly exempt: readonly string[] },
): void {
  const open = new Map<string, number>();
  const isExempt = addressTest(exempt);
  server.on('connection', (socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || isExempt(remoteAddress)) return;
    const share = subnet(remoteAddress);
    const count = (open.get(share) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      return;
    }
    open.set(share, count);
    socket.once('close', () => {
      const rest = (open.get(share) ?? 0) - 1;
      if (rest > 0) open.set(share, rest);
      else open.delete(share);
    });
  });
}
