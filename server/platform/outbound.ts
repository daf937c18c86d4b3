import type { LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { getDomain } from 'tldts';
import { AppError } from './errors.ts';
import { createFairQueue, type FairQueue, QueueFullError } from './fair_queue.ts';
import { createLookup, createSystemLookup, type Lookup, NoSuchName } from './lookup.ts';
import { hostOf, problemOfAddresses, problemOfUrl } from './outbound_targets.ts';
import { createIsReachable } from './reachable.ts';
import { NO_TRACING, type Note, type Tracing } from './tracing.ts';

export interface OutboundOptions {
  readonly tracing?: Pick<Tracing, 'asks'> | undefined;
  /**
   * Addresses or CIDR ranges that are allowed although they are not public. http is allowed only for loopback addresses
   * among these.
   */
  readonly allow: readonly string[];
  /** Timeout for everything: name, connection, and the last byte of the response. */
  readonly timeoutMs?: number;
  /** Maximum length of a response body; a longer one is an error. */
  readonly maxBytes?: number;
  /** Resolves names, in URLs of operators and of strangers. */
  readonly resolve?: Lookup;
  /** Name servers to use instead of the system's. */
  readonly nameServers?: readonly string[] | undefined;
  /** Certificates, in PEM, to trust instead of Node's built-in ones. */
  readonly ca?: string;
}

/**
 * Requests to URLs of client metadata: `jwks_uri`, `backchannel_logout_uri` and so on.
 *
 * `fetch` has the signature of the global one, and of the provider's `fetch` option. It fails only with
 * `OutboundError`.
 */
export interface Outbound {
  fetch(url: string | URL, init?: OutboundInit): Promise<Response>;
}

export interface OutboundInit {
  readonly method?: string | undefined;
  readonly headers?: Headers | Readonly<Record<string, string>> | undefined;
  readonly body?: string | URLSearchParams | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** Default: a URL chosen by a stranger. */
  readonly turn?: OutboundTurn | undefined;
}

/** The share of capacity that a request uses. */
export interface OutboundTurn {
  /**
   * Each has its own capacity: `operator` chose the URL; `stranger`: another party chose it; `delivery`: no request waits
   * for the response.
   */
  readonly chosenBy: 'operator' | 'stranger' | 'delivery';
  /** The cause of the request: an address, a client or an account. */
  readonly share?: string;
}

/** `busy`: too many requests were running; `lookup`: no name server responded; `name`: the name does not exist. */
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
 * The message is always the same, since the owner of the URL may see it: by telling "refused" from "timed out" they
 * could scan the internal network. `reason` is for the operator.
 */
export class OutboundError extends AppError {
  readonly reason: OutboundReason;
  constructor(reason: OutboundReason) {
    super('outbound_failed', 'there was no usable answer from the URL that the client names');
    this.reason = reason;
  }

  /** No request was sent, because this server or its name servers were overloaded: that says nothing about the URL. */
  get isUntried(): boolean {
    return this.reason === 'busy' || this.reason === 'lookup';
  }

  /** A retry may succeed. */
  get isTemporary(): boolean {
    return this.isUntried || this.reason === 'time' || this.reason === 'connection';
  }
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 64 * 1024;

/** Maximum numbers of running and waiting requests, for each value of `chosenBy`, and for one site or cause. */
const BOUNDS = {
  operator: { concurrency: 64, concurrencyPerShare: 8, waiting: 256, waitingPerShare: 32 },
  stranger: { concurrency: 64, concurrencyPerShare: 8, waiting: 256, waitingPerShare: 32 },
  // The queue of deliveries limits what runs (jobs/deliveries.ts).
  delivery: { concurrency: 256, concurrencyPerShare: 64, waiting: 256, waitingPerShare: 64 },
} as const;

/**
 * All requests to URLs that others name (server-side request forgery, OWASP ASVS 5.0 §1.3.6). Only https, except for
 * loopback in development; no credentials in URLs, no redirects, no cookies. A name is resolved once, each of its
 * addresses must be allowed, and the connection goes to those addresses: a name that resolves differently later (DNS
 * rebinding) has no effect.
 */
export function createOutbound(options: OutboundOptions): Outbound {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, ca, nameServers: servers, tracing = NO_TRACING } = options;
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
    const all = addresses.map(({ address }) => address);
    const problem = problemOfAddresses(url.protocol === 'https:', all, isReachable);
    if (problem) throw new OutboundError(problem === 'address' ? 'address' : 'url');
    const response = await send(url, { init, addresses, signal, ca });
    try {
      return await read(response, maxBytes);
    } finally {
      response.destroy();
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
          const { method = 'GET' } = init;
          const about = { 'http.request.method': method, 'cardea.outbound.chosen_by': chosenBy };
          return tracing.asks(`outbound ${method}`, about, async (note: Note) => {
            try {
              const response = await attempt(url, init, chosenBy === 'operator' ? operators : strangers, signal);
              note({ 'http.response.status_code': response.status });
              return response;
            } catch (error) {
              note({ 'error.type': reasonOf(error, signal) });
              throw error;
            }
          });
        });
      } catch (error) {
        if (error instanceof OutboundError) throw error;
        if (error instanceof QueueFullError || (signal.aborted && !hasBegun)) throw new OutboundError('busy');
        throw new OutboundError(reasonOf(error, signal));
      }
    },
  };
}

function reasonOf(error: unknown, signal: AbortSignal): OutboundReason {
  if (error instanceof OutboundError) return error.reason;
  return signal.aborted ? 'time' : 'connection';
}

/**
 * The owner of a host, as far as the name shows: the registered domain. On this machine each port is a site of its own.
 */
function siteOf({ hostname, host }: URL): string {
  const domain = getDomain(hostname, { allowPrivateDomains: true });
  return `site:${domain ?? host}`;
}

function readUrl(href: string | URL): URL {
  if (problemOfUrl(href) !== undefined) throw new OutboundError('url');
  return new URL(href);
}

/** The addresses of a URL's host: itself when it is an address, since Node uses no resolver then. */
async function addressesOf(url: URL, lookup: Lookup, signal: AbortSignal): Promise<readonly LookupAddress[]> {
  const host = hostOf(url.hostname);
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
        // No agent: one connection for each request, and no proxy from the environment that resolves the name again.
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

/** A resolver that always returns the addresses that were checked. */
function createPinnedLookup(addresses: readonly LookupAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first = { address: '', family: 4 }] = addresses;
    if (options.all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

async function read(response: http.IncomingMessage, maxBytes: number): Promise<Response> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) throw new OutboundError('redirect');
  if (status < 200 || status > 599) throw new OutboundError('connection');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new OutboundError('size');
    chunks.push(chunk);
  }
  const headers = new Headers();
  for (const [name, values] of Object.entries(response.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  const hasNoBody = status === 204 || status === 205;
  return new Response(hasNoBody ? null : Buffer.concat(chunks), { status, headers });
}

/** @throws at the timeout; the result of the work is then ignored */
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
