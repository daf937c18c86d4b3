import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import type { Outages } from './outages.ts';

/**
 * The pool for Kysely, with the same errors and spans as other statements.
 * @param parts `failure`: makes the error for the caller; `traced`: runs one statement within its span
 */
export function observedPool(
  pool: pg.Pool,
  parts: {
    readonly outages: Outages | undefined;
    connected(): Promise<pg.PoolClient>;
    failure(error: unknown): unknown;
    traced<T>(statements: readonly { readonly text: string }[], work: () => Promise<T>): Promise<T>;
  },
): PostgresPool {
  const { outages, connected, failure, traced } = parts;

  async function orFail<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      outages?.succeeded();
      return result;
    } catch (error) {
      throw failure(error);
    }
  }

  return {
    options: pool.options,
    async connect() {
      const client = await connected();
      const query = (text: string, parameters: readonly unknown[]) =>
        traced([{ text }], () => orFail(client.query(text, [...parameters])));
      // Kysely's type also takes cursors, which are not used here and which a pipelined connection refuses.
      const used = { query, release: (destroy?: boolean) => client.release(destroy) };
      return used as unknown as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}
