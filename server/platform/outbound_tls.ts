import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { createSystemLookup, type Lookup, NoSuchName } from './lookup.ts';
import { OutboundError } from './outbound.ts';
import { createIsReachable } from './reachable.ts';

export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** Authorities in PEM, in place of those of Node. */
  readonly ca?: string | undefined;
}

/** Sends bytes to a server by TLS. It fails only with `OutboundError`. */
export interface OutboundTls {
  /** @returns when the server has read all and has closed the connection */
  send(target: TlsTarget, bytes: Uint8Array): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/**
 * The same protection as of `createOutbound` (server-side request forgery), for what is not HTTP: a name is resolved once, all its
 * addresses must be allowed, and the certificate must be one of the host.
 */
export function createOutboundTls(options: {
  readonly allow: readonly string[];
  readonly timeoutMs?: number;
  readonly resolve?: Lookup;
  readonly nameServers?: readonly string[] | undefined;
}): OutboundTls {
  const { timeoutMs = TIMEOUT_MS } = options;
  const isReachable = createIsReachable(options.allow);
  const lookup = options.resolve ?? createSystemLookup({ servers: options.nameServers });

  async function addressOf(host: string, signal: AbortSignal): Promise<LookupAddress> {
    const family = isIP(host);
    const found = family !== 0 ? [{ address: host, family }] : await resolved(host, signal);
    const [first] = found;
    if (!first || !found.every(({ address }) => isReachable(address))) throw new OutboundError('address');
    return first;
  }

  async function resolved(host: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
    try {
      return await lookup(host, signal);
    } catch (error) {
      throw new OutboundError(error instanceof NoSuchName ? 'name' : 'lookup');
    }
  }

  return {
    async send({ host, port, ca }, bytes) {
      const signal = AbortSignal.timeout(timeoutMs);
      const { address } = await addressOf(host, signal);
      const socket = connect({
        host: address,
        port,
        // The certificate is checked against the name, or against the address where there is none.
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(ca === undefined ? {} : { ca }),
        minVersion: 'TLSv1.2',
      });
      try {
        await written(socket, bytes, signal);
      } catch {
        throw new OutboundError(signal.aborted ? 'time' : 'connection');
      } finally {
        socket.destroy();
      }
    },
  };
}

/** Resolves when the server has answered the end of what was sent by its own end (`close_notify`, RFC 5425 §4.4). */
function written(socket: TLSSocket, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const fail = () => failed(new Error('the connection ended early'));
    let [isWritten, isAnswered] = [false, false];
    // The look-up of the name may have taken all of the time.
    if (signal.aborted) fail();
    signal.addEventListener('abort', fail, { once: true });
    socket.once('error', failed);
    socket.once('secureConnect', () =>
      socket.end(bytes, () => {
        isWritten = true;
      }),
    );
    socket.once('end', () => {
      isAnswered = isWritten;
    });
    // Later than the end: a server that has not read all resets the connection.
    socket.once('close', (hasFailed) => (isAnswered && !hasFailed ? done() : fail()));
    socket.resume();
  });
}
