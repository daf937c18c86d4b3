import type { Clock } from '../platform/clock.ts';
import { AppError, RETRY_AFTER_SECONDS, unavailable } from '../platform/errors.ts';
import { createExpiring } from '../platform/expiring.ts';
import { shareOfAddress } from '../platform/limits.ts';
import { type Outbound, OutboundError } from '../platform/outbound.ts';
import { ROW_BYTES } from '../platform/write_bounds.ts';
import type { Client } from './client.ts';
import { type DocumentRules, freshSeconds, mayDescribe, readDocument } from './metadata_documents.ts';
import type { ServerPolicy } from './profiles.ts';
import type { Registrations } from './registrations.ts';

export interface DocumentClientsOptions {
  readonly rules: DocumentRules;
  readonly serverPolicy: ServerPolicy;
  readonly outbound: Outbound;
  readonly registrations: Registrations;
  /** Reads without a cache. */
  find(id: string): Promise<Client | undefined>;
  readonly now: Clock;
  /** Counts a document that is fetched for an address. @returns false when there have been too many */
  admits(address: string): Promise<boolean>;
  /** @throws AppError 429, 503 when requests without a sign-in have stored too much */
  charge(address: string, bytes: number): void;
  /** Logs why a document is not a valid client: the browser only gets `invalid_client`. */
  onRefused(id: string, reason: string): void;
}

/** How long a URL without a usable document is not fetched again. */
const REST_MS = 30_000;
const FAILURES_MAX = 1_000;
const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;
/** How long the last document is still used when its host fails or cannot be reached. */
const STALE_MS = 86_400_000;

type Failure = 'unusable' | 'unreachable' | 'untried';
type Fetched = { readonly text: string; readonly fresh: number };

/**
 * Clients whose id is the URL of a document. Each becomes a row when it is first used, since grants reference it; the
 * row is updated when the document is fetched again.
 */
export function createDocumentClients(options: DocumentClientsOptions) {
  const { rules, outbound, registrations, now } = options;
  const running = new Map<string, Promise<Client | undefined>>();
  const failures = createExpiring<Failure>({ max: FAILURES_MAX, now });
  // By address as well: a refused fetch for one address does not affect others. After an error the provider looks the
  // client up again, and each lookup would take seconds and a turn in the queue.
  const untried = createExpiring<true>({ max: FAILURES_MAX, now });

  async function refresh(id: string, address: string): Promise<Client | undefined> {
    // Another request, or another node, may have done it.
    const stored = await options.find(id);
    if (isFresh(stored)) return stored;
    const failure = failures.get(id);
    if (failure) return afterFailure(failure, stored);
    const attempt = keyOf(id, address);
    if (untried.get(attempt)) return afterFailure('untried', stored);
    if (!(await options.admits(address))) throw unavailable('fetching client metadata documents');
    const fetched = await fetchDocument(id, address);
    if (fetched === 'untried') {
      untried.set(attempt, true, now() + RETRY_AFTER_SECONDS * 1_000);
      return afterFailure(fetched, stored);
    }
    if (typeof fetched === 'string') return fail(id, stored, fetched, 'there is no JSON document at that URL');
    try {
      const description = readDocument(id, fetched.text, options.serverPolicy);
      if (!stored) options.charge(address, Buffer.byteLength(fetched.text) + ROW_BYTES);
      return await registrations.saveDocument({ id, description, freshUntil: new Date(now() + fetched.fresh * 1000) });
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 429) throw error;
      return fail(id, stored, 'unusable', error.message);
    }
  }

  async function fetchDocument(id: string, address: string): Promise<Fetched | Failure> {
    try {
      const response = await outbound.fetch(id, {
        headers: { accept: 'application/json' },
        turn: { chosenBy: 'stranger', share: shareOfAddress(address) },
      });
      if (response.status >= 500 || response.status === 429) return 'unreachable';
      const type = response.headers.get('content-type') ?? '';
      if (response.status !== 200 || !JSON_TYPE.test(type)) return 'unusable';
      return { text: await response.text(), fresh: freshSeconds(response.headers.get('cache-control')) };
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return error.isUntried ? 'untried' : 'unreachable';
    }
  }

  function fail(id: string, stored: Client | undefined, failure: Failure, reason: string): Client | undefined {
    failures.set(id, failure, now() + REST_MS);
    options.onRefused(id, reason);
    return afterFailure(failure, stored);
  }

  /**
   * A host that cannot be reached does not remove the client; one that responds with something else does. When no
   * request was sent, nothing is known.
   */
  function afterFailure(failure: Failure, stored: Client | undefined): Client | undefined {
    const isRecent = stored?.freshUntil && now() - stored.freshUntil.getTime() < STALE_MS;
    if (failure !== 'unusable' && isRecent) return stored;
    if (failure === 'untried') throw unavailable('fetching client metadata documents');
    return undefined;
  }

  function isFresh(client: Client | undefined): boolean {
    return client?.freshUntil != null && client.freshUntil.getTime() > now();
  }

  return {
    /**
     * @param stored the stored client
     * @param address of the request
     * @returns undefined when the id is not a client, by these rules or by the document
     */
    async resolve(id: string, stored: Client | undefined, address: string): Promise<Client | undefined> {
      if (!mayDescribe(id, rules)) return undefined;
      if (isFresh(stored)) return stored;
      // For each address separately: an address with many waiting fetches must not make others wait.
      const key = keyOf(id, address);
      const current = running.get(key) ?? refresh(id, address).finally(() => running.delete(key));
      running.set(key, current);
      return current;
    },
  };
}

function keyOf(id: string, address: string): string {
  return `${shareOfAddress(address)} ${id}`;
}
