import type { Client } from 'pg';
import type { Db } from './db.ts';
import type { AppError } from './errors.ts';

/** Postgres frees the lock of a machine that is gone within a minute; by default it looks after two hours. */
const KEEP_ALIVE = { tcp_keepalives_idle: 30, tcp_keepalives_interval: 10, tcp_keepalives_count: 3 };

/**
 * Work that one process does at a time, whichever it is.
 * @param name of the work, the same for all processes
 * @param busy the error while another process does it
 * @param work gets the connection that has the lock: when it is lost, so is the lock
 */
export async function exclusively<T>(
  db: Pick<Db, 'connect'>,
  name: string,
  busy: () => AppError,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await db.connect();
  try {
    for (const [setting, value] of Object.entries(KEEP_ALIVE)) await client.query(`SET ${setting} = ${value}`);
    const { rows } = await client.query<{ got: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS got',
      [`cardea ${name}`],
    );
    if (!rows[0]?.got) throw busy();
    return await work(client);
  } finally {
    await client.end();
  }
}
