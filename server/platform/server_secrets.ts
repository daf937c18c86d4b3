import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Clock } from './clock.ts';
import type { ServerSecrets } from './database.ts';
import type { BoundStatement, Db } from './db.ts';
import type { Place, Sealer } from './sealing.ts';
import { statement, tables } from './statement.ts';

const SECRET_BYTES = 32;

export const SERVER_SECRET_STATEMENTS = {
  insert: statement('server_secrets.insert', ($: Selectable<ServerSecrets>) =>
    tables
      .insertInto('server_secrets')
      .values({ name: $.name, sealed: $.sealed, created_at: $.created_at })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('name'),
  ),
  find: statement('server_secrets.find', ($: { name: string }) =>
    tables.selectFrom('server_secrets').select('sealed').where('name', '=', $.name),
  ),
  list: statement('server_secrets.list', () =>
    tables.selectFrom('server_secrets').select(['name', 'created_at']).orderBy('created_at').orderBy('name'),
  ),
  remove: statement(
    'server_secrets.remove',
    ($: { from: string; before: string }) =>
      sql`DELETE FROM server_secrets WHERE name >= ${$.from} COLLATE "C" AND name < ${$.before} COLLATE "C"`,
  ),
};

/** The key of the fingerprints of people's identifiers. It can never change while there are accounts. */
export const ACCOUNT_INDEX_SECRET = 'account-index';

/** The key of the tokens by which people are searched. Another one finds nobody until all are indexed again. */
export const ACCOUNT_SEARCH_SECRET = 'account-search';

export function serverSecretPlace(name: string): Place {
  return { table: 'server_secrets', column: 'sealed', row: name };
}

/**
 * A random secret of 32 bytes that all nodes share, made by the first node that needs it. Of nodes that need it at the
 * same time one inserts it, and all read that one.
 * @param also statements for the transaction in which the secret is made
 * @throws AppError 500 `sealed_value_unreadable` when the master key did not seal it
 */
export async function loadServerSecret(
  db: Db,
  sealer: Sealer,
  name: string,
  now: Clock,
  also: (secret: Buffer) => readonly BoundStatement[] = () => [],
): Promise<Buffer> {
  const place = serverSecretPlace(name);
  const read = async () => (await db.query(SERVER_SECRET_STATEMENTS.find.bind({ name })))[0]?.sealed;
  let sealed = await read();
  if (!sealed) {
    const secret = randomBytes(SECRET_BYTES);
    const adding = addServerSecret(sealer, { name, secret, at: new Date(now()) });
    await db.transaction(async (send) => {
      const [[made]] = await send([adding]);
      if (made) await send(also(secret));
    });
    sealed = await read();
  }
  if (!sealed) throw new Error(`the server secret ${name} was removed while it was read`);
  return sealer.open(place, sealed);
}

/** @param made `at`: when it was made @returns no row when there is a secret of this name, which stays as it is */
export function addServerSecret(
  sealer: Sealer,
  { name, secret, at }: { readonly name: string; readonly secret: Uint8Array; readonly at: Date },
) {
  const sealed = sealer.seal(serverSecretPlace(name), Buffer.from(secret));
  return SERVER_SECRET_STATEMENTS.insert.bind({ name, sealed, created_at: at });
}

/**
 * A secret that may have been removed.
 * @throws AppError 500 `sealed_value_unreadable` when the master key did not seal it
 */
export async function findServerSecret(
  db: { query<R>(bound: BoundStatement<R>): Promise<R[]> },
  sealer: Sealer,
  name: string,
): Promise<Buffer | undefined> {
  const [row] = await db.query(SERVER_SECRET_STATEMENTS.find.bind({ name }));
  return row && sealer.open(serverSecretPlace(name), row.sealed);
}

/** The names of all, and when they were made, the oldest first. */
export async function listServerSecrets(db: {
  query<R>(bound: BoundStatement<R>): Promise<R[]>;
}): Promise<readonly { readonly name: string; readonly created_at: Date }[]> {
  return db.query(SERVER_SECRET_STATEMENTS.list.bind());
}

/** Removes secrets for ever: what they sealed can never be opened again. @param from the first name @param before the first that stays */
export function removeServerSecrets(from: string, before: string): BoundStatement {
  return SERVER_SECRET_STATEMENTS.remove.bind({ from, before });
}
