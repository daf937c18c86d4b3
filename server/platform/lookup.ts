import { promises as dns, type LookupAddress } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createFairQueue } from './fair_queue.ts';

/**
 * The addresses of a host name.
 * @throws NoSuchName when there are certainly none; any other error when the lookup failed
 */
export type Lookup = (hostname: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>;

export class NoSuchName extends Error {}

/** True for a name that means this machine, about which no name server is asked (RFC 6761 §6.3). */
export const isLocalhost = (hostname: string): boolean => /(^|\.)localhost\.?$/i.test(hostname);

export interface LookupOptions {
  /** Name servers, as `dns.Resolver.setServers` takes them. Default: those of the system. */
  readonly servers?: readonly string[] | undefined;
  /** Default: that of the system. */
  readonly hostsFile?: string | undefined;
}

/** A server that has not responded in this time is asked once more, with twice the time. */
const TRY_MS = 1_000;
const TRIES = 2;
const HOSTS_FILE = '/etc/hosts';
/** libuv has few threads, which signing shares: slow names must never use them all. */
const SYSTEM_LOOKUPS = 2;
const SYSTEM_LOOKUPS_WAITING = 64;
/** Error codes of name servers for a name that does not exist, has no address, or is invalid. */
const NONE = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME', 'EFORMERR']);

/**
 * Asks the name servers directly. The system's lookup (`dns.lookup`) occupies one of libuv's few threads until it is
 * done, which takes tens of seconds when a server does not respond, and cannot be cancelled: strangers could occupy all
 * threads with names of their own. This one ends when the signal aborts. The hosts file is used, search domains are
 * not.
 */
export function createLookup({ servers, hostsFile = HOSTS_FILE }: LookupOptions = {}): Lookup {
  return async (hostname, signal) => {
    const local = await inHostsFile(hostsFile, hostname);
    if (local.length > 0) return local;
    // RFC 6761 §6.3: these are not sent to a name server.
    if (isLocalhost(hostname)) return [{ address: '127.0.0.1', family: 4 }];
    signal.throwIfAborted();
    const resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES });
    if (servers) resolver.setServers(servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return addressesIn(await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]));
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/**
 * The same, but names that the name servers do not know are looked up by the system: search domains, mDNS. For names
 * that the operator has chosen; a few at a time, and one lookup for each name, since they cannot be cancelled.
 */
export function createSystemLookup(options: LookupOptions = {}): Lookup {
  const lookup = createLookup(options);
  const queue = createFairQueue({
    name: 'looking up names',
    concurrency: SYSTEM_LOOKUPS,
    concurrencyPerShare: 1,
    waiting: SYSTEM_LOOKUPS_WAITING,
  });
  return async (hostname, signal) => {
    try {
      return await lookup(hostname, signal);
    } catch (error) {
      if (!(error instanceof NoSuchName)) throw error;
      return queue.run({ shares: [hostname], signal }, () => systemLookup(hostname));
    }
  };
}

async function systemLookup(hostname: string): Promise<readonly LookupAddress[]> {
  try {
    return await dns.lookup(hostname, { all: true });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOTFOUND' ? new NoSuchName() : error;
  }
}

function addressesIn(results: readonly [PromiseSettledResult<string[]>, PromiseSettledResult<string[]>]) {
  const addresses = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  if (addresses.length > 0) return addresses.map((address) => ({ address, family: isIP(address) }));
  const failure = results.find((result) => result.status === 'rejected' && !NONE.has(result.reason?.code));
  throw failure?.status === 'rejected' ? failure.reason : new NoSuchName();
}

async function inHostsFile(file: string, hostname: string): Promise<LookupAddress[]> {
  const name = hostname.replace(/\.$/, '').toLowerCase();
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    return family !== 0 && names.some((one) => one.toLowerCase() === name) ? [{ address, family }] : [];
  });
}
