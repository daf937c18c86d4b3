import type pg from 'pg';
import type { Db } from './db.ts';
import { isDatabaseAway } from './db_errors.ts';
import type { Logger } from './log.ts';

/**
 * Messages between nodes by Postgres: NOTIFY arrives after the change has committed. While the connection is down
 * messages are lost, so a cache checks `isListening` first and forgets everything when `onGap` reports that the
 * connection is back.
 */
export interface Messenger {
  isListening(): boolean;
  /** @throws Error for a channel that the messenger was not started with */
  on(channel: string, handler: (payload: string) => void): void;
  onGap(handler: () => void): void;
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

export async function startMessenger(options: {
  db: Db;
  log: Logger;
  channels: readonly string[];
}): Promise<Messenger> {
  const { db, log, channels } = options;
  const handlers = new Map<string, ((payload: string) => void)[]>();
  const gapHandlers: (() => void)[] = [];
  let client: pg.Client | undefined;
  /** The reconnection, which may be running when the messenger is closed. */
  let connecting: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function connect(): Promise<void> {
    const fresh = await db.connect();
    fresh.on('notification', ({ channel, payload = '' }) => {
      for (const handler of handlers.get(channel) ?? []) handler(payload);
    });
    fresh.once('end', () => {
      if (client === fresh) client = undefined;
      reconnectLater();
    });
    for (const channel of channels) await fresh.query(`LISTEN ${channel}`);
    client = fresh;
    for (const handler of gapHandlers) handler();
  }

  function reconnectLater(): void {
    if (closed || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      connecting = connect().catch((error) => {
        // The outage was logged once; the connection is tried twice a second.
        const level = isDatabaseAway(error) ? 'debug' : 'warn';
        log[level]({ error }, 'the connection for notifications cannot be opened; it is tried again');
        reconnectLater();
      });
    }, RECONNECT_MS);
    timer.unref();
  }

  await connect();
  return {
    isListening: () => client !== undefined,
    on(channel, handler) {
      if (!channels.includes(channel)) throw new Error(`the messenger does not listen to ${channel}`);
      handlers.set(channel, [...(handlers.get(channel) ?? []), handler]);
    },
    onGap: (handler) => void gapHandlers.push(handler),
    async close() {
      closed = true;
      clearTimeout(timer);
      // A connection that opened just now would keep the process alive.
      await connecting;
      await client?.end().catch(() => {});
    },
  };
}
