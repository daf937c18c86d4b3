import type { LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { getDomain } from 'tldts';
import { AppError } from './errors.ts';
import { createFairQueue, type FairQueue, QueueFullError } from './fair_queue.ts';
import { createLookup, createSystemLookup, type Lookup, NoSuchName } from './lookup.ts';
import { createIsReachable, isLoopbackAddress } from './reachable.ts';

export interface OutboundOptions {
  /** Addresses or CIDR ranges that may be reached although they are not public. http is for loopback among these alone. */
  readonly allow: readonly string[];
  /** For everything together: name, connection, and the last byte of the answer. */
  readonly timeoutMs?: number;
  /** Of an answer's body; a longer one is an error. */
  readonly maxBytes?: number;
  /** Resolves names, for operators' and strangers' URLs alike. */
  readonly resolve?: Lookup;
  /** Name servers to ask instead of the system's. */
  readonly nameServers?: readonly string[] | undefined;
  /** Certificates, in PEM, to trust instead of those that come with Node. */
  readonly ca?: string;
}

/**
 * Requests to URLs that a client has named: `jwks_uri`, `backchannel_logout_uri` and so on.
 *
 * `fetch` has the shape of the global one, and of the provider's `fetch` option. It fails with `OutboundError` alone.
 */
export interface Outbound {
  fetch(url: string | URL, init?: OutboundInit): Promise<Response>;
}

export interface OutboundInit {
  readonly method?: string | undefined;
  readonly headers?: Headers | Readonly<Record<string, string>> | undefined;
  readonly body?: string | URLSearchParams | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** Default: a stranger's. */
  readonly turn?: OutboundTurn | undefined;
}

/** Whose part of what is shared a request takes. */
export interface OutboundTurn {
  /**
   * Who has chosen the URL, each with a part of its own: the operator; `stranger`, which is anybody at all; `delivery`
   * is for what nobody waits for.
   */
  readonly chosenBy: 'operator' | 'stranger' | 'delivery';
  /** At whose wish it is made: an address, a client, an account. */
  readonly share?: string;
}

/**
 * `busy`: too much was under way; `lookup`: no name server answered; `name`: there is no such name.
 */
export type OutboundReason =
  | 'busy'
  | 'url'
  | 'lookup'
  | 'name'
  | 'address'
  | 'redirect'
  | 'size'
  | 'time'
  | 'connection';

/**
 * The same words whatever happened, as they may reach whoever named the URL: who could tell "refused" from "timed out"
 * could search our network with it. `reason` is for the operator.
 */
export class OutboundError extends AppError {
  readonly reason: OutboundReason;
  constructor(reason: OutboundReason) {
    super('outbound_failed', 'there was no usable answer from the URL that the client names');
    this.reason = reason;
  }

  /** Nobody was asked at all, for reasons that are ours or our name servers': that is no verdict on the URL. */
  get isUntried(): boolean {
    return this.reason === 'busy' || this.reason === 'lookup';
  }

  /** It may well work the next time. */
  get isTemporary(): boolean {
    return this.isUntried || this.reason === 'time' || this.reason === 'connection';
  }
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 64 * 1024;

/** Requests under way, and waiting, for each of those who choose URLs; and of one site, or at one's wish. */
const BOUNDS = {
  operator: { concurrency: 64, concurrencyPerShare: 8, waiting: 256, waitingPerShare: 32 },
  stranger: { concurrency: 64, concurrencyPerShare: 8, waiting: 256, waitingPerShare: 32 },
  // The queue of deliveries bounds what is under way (jobs/deliveries.ts).
  delivery: { concurrency: 256, concurrencyPerShare: 64, waiting: 256, waitingPerShare: 64 },
} as const;

/**
 * The one way out to places that others name (server-side request forgery, OWASP ASVS 5.0 §1.3.6). https alone, but for
 * loopback in development; no credentials in URLs, no redirects, no cookies. A name is resolved once, each of its
 * addresses must be reachable, and the connection goes to those very addresses: a name that changes its mind in between
 * (DNS rebinding) changes nothing.
 */
export function createOutbound(options: OutboundOptions): Outbound {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, ca, nameServers: servers } = options;
  const isReachable = createIsReachable(options.allow);
  const strangers = options.resolve ?? createLookup({ servers });
  const operators = options.resolve ?? createSystemLookup({ servers });
  const name = 'fetching what clients name';
  const queues: Readonly<Record<OutboundTurn['chosenBy'], FairQueue>> = {
    operator: createFairQueue({ name, ...BOUNDS.operator }),
    stranger: createFairQueue({ name, ...BOUNDS.stranger }),
    delivery: createFairQueue({ name, ...BOUNDS.delivery }),
  };

  async function attempt(url: URL, init: OutboundInit, lookup: Lookup, signal: AbortSignal): Promise<Response> {
    const addresses = await addressesOf(url, lookup, signal);
    if (addresses.length === 0 || !addresses.every(({ address }) => isReachable(address)))
      throw new OutboundError('address');
    if (url.protocol === 'http:' && !addresses.every(({ address }) => isLoopbackAddress(address)))
      throw new OutboundError('url');
    const answer = await send(url, { init, addresses, signal, ca });
    try {
      return await read(answer, maxBytes);
    } finally {
      answer.destroy();
    }
  }

  return {
    async fetch(href, init = {}) {
      const limits = [AbortSignal.timeout(timeoutMs), ...(init.signal ? [init.signal] : [])];
      const signal = AbortSignal.any(limits);
      const { chosenBy, share } = init.turn ?? { chosenBy: 'stranger' };
      let hasBegun = signal.aborted;
      try {
        const url = readUrl(href);
        const site = siteOf(url);
        return await queues[chosenBy].run({ shares: [share ?? site, site], signal }, () => {
          hasBegun = true;
          return attempt(url, init, chosenBy === 'operator' ? operators : strangers, signal);
        });
      } catch (error) {
        if (error instanceof OutboundError) throw error;
        if (error instanceof QueueFullError || (signal.aborted && !hasBegun)) throw new OutboundError('busy');
        throw new OutboundError(signal.aborted ? 'time' : 'connection');
      }
    },
  };
}

/**
 * What belongs to one owner, as far as a name tells: the domain that was registered. On this machine each port is
 * something else.
 */
function siteOf({ hostname, host }: URL): string {
  const domain = getDomain(hostname, { allowPrivateDomains: true });
  return `site:${domain ?? host}`;
}

/** A port below 1024 belongs to some other service, which might take a request for its own. */
function readUrl(href: string | URL): URL {
  const url = URL.parse(String(href));
  const port = Number(url?.port ?? 0);
  if (
    !url ||
    !['https:', 'http:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    (port !== 0 && port < 1024 && port !== 443)
  )
    throw new OutboundError('url');
  return url;
}

/** What a URL's host stands for: itself when it is an address, since Node asks no resolver then. */
async function addressesOf(url: URL, lookup: Lookup, signal: AbortSignal): Promise<readonly LookupAddress[]> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return await within(signal, lookup(host, signal));
  } catch (error) {
    throw new OutboundError(error instanceof NoSuchName ? 'name' : 'lookup');
  }
}

function send(
  url: URL,
  parts: {
    init: OutboundInit;
    addresses: readonly LookupAddress[];
    signal: AbortSignal;
    ca: string | undefined;
  },
): Promise<http.IncomingMessage> {
  const { init, addresses, signal, ca } = parts;
  const body = init.body === undefined ? undefined : Buffer.from(String(init.body));
  const headers = new Headers(init.headers);
  headers.set('accept-encoding', 'identity');
  headers.delete('cookie');
  if (body) headers.set('content-length', String(body.length));
  if (init.body instanceof URLSearchParams && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded');
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(
      url,
      {
        method: init.method ?? 'GET',
        headers: Object.fromEntries(headers),
        // No agent: a connection is for one request, and no proxy out of the environment resolves the name again.
        agent: false,
        lookup: createPinnedLookup(addresses),
        signal,
        ...(ca === undefined ? {} : { ca }),
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Answers with the addresses that were checked, whatever it is asked. */
function createPinnedLookup(addresses: readonly LookupAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first = { address: '', family: 4 }] = addresses;
    if (options.all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

async function read(answer: http.IncomingMessage, maxBytes: number): Promise<Response> {
  const status = answer.statusCode ?? 0;
  if (status >= 300 && status < 400) throw new OutboundError('redirect');
  if (status < 200 || status > 599) throw new OutboundError('connection');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new OutboundError('size');
    chunks.push(chunk);
  }
  const headers = new Headers();
  for (const [name, values] of Object.entries(answer.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  const hasNoBody = status === 204 || status === 205;
  return new Response(hasNoBody ? null : Buffer.concat(chunks), { status, headers });
}

/** @throws when the time is up; the result of the work is then ignored */
async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new OutboundError('time'));
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, late]);
  } finally {
    signal.removeEventListener('abort', giveUp);
    work.catch(() => {});
  }
}
