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

/** What the provider fetches from wherever a client says: keys at a `jwks_uri`, as things are. */
export interface Fetching {
  readonly configuration: Pick<Configuration, 'fetch' | 'fetchResponseBodyLimits'>;
  /**
   * Lets the keys of a client be fetched in the part of whoever asks, and sees to it that nobody is judged by keys that
   * could not be fetched.
   * @param chosenBy who has said where they are
   */
  guard(client: Client, chosenBy: OutboundTurn['chosenBy']): void;
}

/** A client of which the operator has been told is not told of again before that. */
const TOLD_EVERY_MS = 60_000;

export function createFetching(parts: { outbound: Outbound; units: Units; log: Logger; now: Clock }): Fetching {
  const { outbound, units, log, now } = parts;
  const turns = new AsyncLocalStorage<OutboundTurn>();
  const wasTold = createRecently({ everyMs: TOLD_EVERY_MS, now });

  function logFailure(clientId: string, reason: string): void {
    if (!wasTold(clientId)) log.warn({ clientId, reason }, 'the keys of a client could not be fetched');
  }

  return {
    configuration: {
      /**
       * The provider's own guard is a dispatcher of undici that looks at a socket after it has connected; ours never
       * connects, so the dispatcher that it puts into the options is left alone.
       */
      async fetch(url, { method, headers, body, signal } = {}) {
        const answer = await outbound.fetch(url instanceof Request ? url.url : url, {
          method,
          headers: new Headers(headers),
          body: body instanceof URLSearchParams || typeof body === 'string' ? body : undefined,
          signal,
          turn: turns.getStore(),
        });
        // The provider would keep to the old keys for a minute, whatever has changed. This is no key set, not even a bad one.
        if (answer.status >= 500 || answer.status === 429) throw new OutboundError('connection');
        return answer;
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
          // Each of those who wait for the same fetch fails by itself, not the one that began it alone.
          await units.current().trackRead(Promise.reject(unavailable('the key set of the client', cause)));
        }
      };
    },
  };
}
