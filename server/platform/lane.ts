import type { Writable } from 'node:stream';
import type pg from 'pg';

/** In flight on one connection: beyond these another is opened, so one slow statement holds few others up. */
const MAX_IN_FLIGHT = 16;
/** In all, before a connection goes back to the pool: whoever waits there gets a turn. */
const MAX_SENT = 256;

interface Lane {
  readonly client: Promise<pg.PoolClient>;
  inFlight: number;
  sent: number;
  isBroken: boolean;
  isCorked: boolean;
}

/**
 * Runs reads of many requests over one connection of the pool, each sent without waiting for the others' answers
 * (pipelining): those of one turn of the event loop leave in one write and come back in few. Not for statements that
 * commit: on one connection each of them would wait for the other's turn at the disk, on several they share it.
 *
 * @param isConnectionError whether an error means that the connection can't be used any more
 */
export function createLane(
  pool: pg.Pool,
  isConnectionError: (error: unknown) => boolean,
): (query: pg.QueryConfig) => Promise<pg.QueryResult> {
  let open: Lane | undefined;

  return async function send(query) {
    open ??= { client: pool.connect(), inFlight: 0, sent: 0, isBroken: false, isCorked: false };
    const lane = open;
    lane.inFlight += 1;
    lane.sent += 1;
    if (lane.inFlight >= MAX_IN_FLIGHT || lane.sent >= MAX_SENT) open = undefined;
    try {
      const client = await lane.client;
      holdBack(lane, client);
      return await client.query(query);
    } catch (error) {
      lane.isBroken ||= isConnectionError(error);
      throw error;
    } finally {
      lane.inFlight -= 1;
      if (open === lane && (lane.isBroken || lane.inFlight === 0)) open = undefined;
      if (lane.inFlight === 0) await release(lane);
    }
  };
}

/** Collects what is written until all events at hand have been looked at. */
function holdBack(lane: Lane, client: pg.PoolClient): void {
  if (lane.isCorked) return;
  // pg corks its stream for each query itself; corks nest, so this one holds several queries together.
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  lane.isCorked = true;
  stream.cork();
  setImmediate(() => {
    lane.isCorked = false;
    stream.uncork();
  });
}

async function release(lane: Lane): Promise<void> {
  // There is none to give back when connecting is what failed.
  const client = await lane.client.catch(() => undefined);
  client?.release(lane.isBroken);
}
