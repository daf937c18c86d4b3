import { randomUUID } from 'node:crypto';
import type { ResourceServerInput } from '../../server/clients/resource_servers.ts';
import { CLIENTS_CHANNEL } from '../../server/clients/statements.ts';
import type { Db } from '../../server/platform/db.ts';
import { hashToken } from '../../server/platform/sealing.ts';
import type { TestClients, TestResourceServers } from './client_stores.ts';
import { remember } from './secrets.ts';
import { until } from './waiting.ts';

/**
 * The database of a node, which can wait until the node has received every notification that was sent before.
 * Notifications arrive in the order of the commits, so it sends one of its own.
 */
export function followNotifications(db: Db): { readonly db: Db; readonly changesArrived: () => Promise<void> } {
  const arrived = new Set<string>();
  return {
    db: {
      ...db,
      async connect() {
        const client = await db.connect();
        client.on('notification', ({ payload }) => void arrived.add(payload ?? ''));
        return client;
      },
    },
    async changesArrived() {
      const last = randomUUID();
      await db.run({ text: 'SELECT pg_notify($1, $2)' }, [CLIENTS_CHANNEL, last]);
      await until('the node has received the changes', () => arrived.has(last), { everyMs: 1 });
    },
  };
}

interface Stores {
  readonly clients: TestClients;
  readonly resourceServers: TestResourceServers;
  resourceServer(input: ResourceServerInput): Promise<void>;
}

/** A seeder whose changes the node has received when they return: it may have what was before in its cache. */
export function arriving<S extends Stores>(seed: S, changesArrived: () => Promise<void>): S {
  const { clients, resourceServers } = seed;
  const then =
    <A extends readonly unknown[], R>(change: (...input: A) => Promise<R>) =>
    async (...input: A) => {
      const result = await change(...input);
      await changesArrived();
      return result;
    };
  return {
    ...seed,
    clients: {
      ...clients,
      update: then(clients.update),
      remove: then(clients.remove),
      rotateSecret: then(clients.rotateSecret),
      endOverlap: then(clients.endOverlap),
    },
    resourceServers: {
      ...resourceServers,
      create: then(resourceServers.create),
      update: then(resourceServers.update),
      remove: then(resourceServers.remove),
    },
    resourceServer: then(seed.resourceServer),
  };
}

/** Gives a client the secret that another server has issued to it. In SQL, because Cardea generates all secrets. */
export async function importSecret({ db }: { db: Db }, { id }: { id: string }, secret: string): Promise<void> {
  const hash = hashToken(remember('client_secret', secret));
  await db.run({ name: '', text: 'UPDATE clients SET secret_hash = $2 WHERE id = $1' }, [id, hash]);
}
