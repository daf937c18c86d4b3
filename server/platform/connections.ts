import type { Server } from 'node:net';
import { addressTest } from './addresses.ts';
import { subnet } from './limits.ts';

/**
 * Bounds how many connections one address (of IPv6, one network of 64 bits) may have open: each is a file descriptor,
 * of which a process has so many. What is too much is closed without an answer; what is open goes on.
 * @param options.exempt addresses or ranges of proxies, whose connections are everybody's
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
