import { AsyncLocalStorage } from 'node:async_hooks';
import { type Client, type Configuration, Provider } from 'oidc-provider';
import type { Clock } from '../platform/clock.ts';
import { unavailable } from '../platform/errors.ts';
import { shareOfAddress } from '../platform/limits.ts';
import type { Logger } from '../platform/log.ts';
import { type Outbound, OutboundError, type OutboundTurn } from '../platform/outbound.ts';
import { createRecently } from '../platform/recently.ts';
import type { Units } from '../records/unit.ts';
import { clientKeysOf } from './seams.ts';

/** The provider's requests to URLs that clients have chosen. Only `jwks_uri` is such a URL. */
export interface Fetching {
  readonly configuration: Pick<Configuration, 'fetch' | 'fetchResponseBodyLimits'>;
  /**
   * Counts the requests for a client's keys towards the share of the address that causes them. When they fail for a reason
   * that is temporary, the response is 503 and not a verdict about the client.
   * @param chosenBy who has chosen the URL
   */
  guard(client: Client, chosenBy: OutboundTurn['chosenBy']): void;
}

/** A client whose keys cannot be fetched is logged once in this time. */
const LOGGED_EVERY_MS = 60_000;

export function createFetching(parts: { outbound: Outbound; units: Units; log: Logger; now: Clock }): Fetching {
  const { outbound, units, log, now } = parts;
  const turns = new AsyncLocalStorage<OutboundTurn>();
  const wasLogged = createRecently({ everyMs: LOGGED_EVERY_MS, now });

  function logFailure(clientId: string, reason: string): void {
    if (!wasLogged(clientId)) log.warn({ clientId, reason }, 'the keys of a client could not be fetched');
  }

  return {
    configuration: {
      /**
       * The provider passes a dispatcher of undici that checks the address after it has connected. It is not used:
       * `outbound` checks addresses before it connects.
       */
      async fetch(url, { method, headers, body, signal } = {}) {
        const response = await outbound.fetch(url instanceof Request ? url.url : url, {
          method,
          headers: new Headers(headers),
          body: body instanceof URLSearchParams || typeof body === 'string' ? body : undefined,
          signal,
          turn: turns.getStore(),
        });
        // The provider would count these statuses as a refresh, and not try again for a minute.
        if (response.status >= 500 || response.status === 429) throw new OutboundError('connection');
        return response;
      },
      fetchResponseBodyLimits: {
        'client_id metadata document': 5 * 1024,
        jwks_uri: 64 * 1024,
        sector_identifier_uri: 64 * 1024,
      },
    },

    guard(client, chosenBy) {
      if (client.jwksUri === undefined) return;
      const keys = clientKeysOf(client);
      const refresh = keys.refresh.bind(keys);
      keys.refresh = async () => {
        const address = Provider.ctx?.ip;
        const share = chosenBy === 'stranger' && address ? { share: shareOfAddress(address) } : {};
        try {
          await turns.run({ chosenBy, ...share }, refresh);
        } catch (error) {
          const cause = (error as Error).cause;
          logFailure(client.clientId, cause instanceof OutboundError ? cause.reason : 'not a key set');
          if (!(cause instanceof OutboundError) || !cause.isTemporary) throw error;
          // Several requests can wait for one fetch, and the unit of work of each has to fail.
          await units.current().trackRead(Promise.reject(unavailable('the key set of the client', cause)));
        }
      };
    },
  };
}
