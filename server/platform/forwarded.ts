import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { addressTest } from './addresses.ts';
import { subnet } from './limits.ts';
import type { Logger } from './log.ts';
import type { Probe } from './probe.ts';

/** Loopback, RFC 1918, RFC 3927, RFC 4193, RFC 4291 §2.5.6: the usual networks of an operator's proxies. */
const PRIVATE = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

/** Headers by which a proxy names the client. */
const FORWARDED = ['x-forwarded-for', 'forwarded'];

/** The parts of a request that are needed. */
interface Arrived {
  readonly headers: IncomingMessage['headers'];
  readonly socket: Pick<Socket, 'remoteAddress'>;
}

/**
 * Warns about a proxy that is not in CARDEA_TRUSTED_PROXIES: without that setting all clients behind it have one
 * address, and share one limit. One warning for peers in private networks, and one for all others: a stranger who sends
 * such a header cannot use up the warning about the proxy.
 * @returns a function to call with each request
 */
export function createForwardedWatch(options: {
  readonly trustedProxies: readonly string[];
  readonly log: Pick<Logger, 'warn'>;
  /** Default: no request is one of `cardea doctor`. */
  readonly isProbe?: Probe['isProbe'] | undefined;
}): (request: Arrived) => void {
  const isTrusted = addressTest(options.trustedProxies);
  const isPrivate = addressTest(PRIVATE);
  const warned = { private: false, public: false };
  return ({ headers, socket: { remoteAddress } }) => {
    if (warned.private && warned.public) return;
    if (!FORWARDED.some((name) => headers[name] !== undefined)) return;
    if (remoteAddress === undefined || isTrusted(remoteAddress)) return;
    const kind = isPrivate(remoteAddress) ? 'private' : 'public';
    if (warned[kind] || options.isProbe?.(headers)) return;
    warned[kind] = true;
    options.log.warn(
      { peer: kind === 'private' ? remoteAddress.replace(/^::ffff:/i, '') : networkOf(remoteAddress) },
      'a forwarded address was ignored, because its sender is not in CARDEA_TRUSTED_PROXIES; if it is your proxy, add it there, or all clients behind it count as one address',
    );
  };
}

/** A public address may be a person's: the log gets only its network. */
function networkOf(address: string): string {
  const network = subnet(address);
  return network.includes(':') ? network : network.replace(/\.\d+$/, '.0/24');
}
