import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Db } from './db.ts';
import type { Place, Sealer } from './sealing.ts';

const SECRET_BYTES = 32;

export const SERVER_SECRET_STATEMENTS = {
  insert: {
    name: 'server_secrets.insert',
    text: 'INSERT INTO server_secrets (name, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING',
  },
  find: { name: 'server_secrets.find', text: 'SELECT sealed FROM server_secrets WHERE name = $1' },
};

/** The key of the fingerprints of people's identifiers. It can never change while there are accounts. */
export const ACCOUNT_INDEX_SECRET = 'account-index';

export function serverSecretPlace(name: string): Place {
  return { table: 'server_secrets', column: 'sealed', row: name };
}

/**
 * A random secret of 32 bytes that all nodes share, made by the first node that needs it. Of nodes that need it at the
 * same time one inserts it, and all read that one.
 * @throws AppError 500 `sealed_value_unreadable` when the master key did not seal it
 */
export async function loadServerSecret(db: Db, sealer: Sealer, name: string, now: Clock): Promise<Buffer> {
  const place = serverSecretPlace(name);
  const read = async () => (await db.run<{ sealed: Buffer }>(SERVER_SECRET_STATEMENTS.find, [name]))[0]?.sealed;
  let sealed = await read();
  if (!sealed) {
    await db.run(SERVER_SECRET_STATEMENTS.insert, [
      name,
      sealer.seal(place, randomBytes(SECRET_BYTES)),
      new Date(now()),
    ]);
    sealed = await read();
  }
  if (!sealed) throw new Error(`the server secret ${name} was removed while it was read`);
  return sealer.open(place, sealed);
}
