import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type { Sealer } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import { oneChunk } from './create.ts';
import { type Storage, textOf } from './storage.ts';

/*
 * The ids of keys of people that were destroyed, beside the backups: a backup from before has these keys. The ids are random and say
 * nothing of the person.
 */

const FOLDER = 'erasures/';
/** Ids in one list. */
const LIST_MAX = 10_000;
/** A clock of another node may be behind by less than this. */
const SKEW_MS = 86_400_000;

const List = Type.Object({
  type: Type.Literal('cardea-erasures'),
  written_at: Type.String({ format: 'date-time' }),
  key_ids: Type.Array(Type.String({ format: 'uuid' })),
  seal: Type.String(),
});

export const ERASURE_LIST_STATEMENTS = {
  waiting: statement(
    'erasure_lists.waiting',
    ($: { limit: number }) => sql<{ key_id: string }>`
      SELECT key_id FROM unlisted_destroyed_keys ORDER BY key_id LIMIT ${$.limit}`,
  ),
  listed: statement(
    'erasure_lists.listed',
    ($: { ids: readonly string[] }) => sql`DELETE FROM unlisted_destroyed_keys WHERE key_id = ANY (${$.ids}::uuid[])`,
  ),
  accounts: statement(
    'erasure_lists.accounts',
    ($: { ids: readonly string[] }) => sql<{ account_id: string }>`
      SELECT account_id FROM data_keys WHERE key_id = ANY (${$.ids}::uuid[]) ORDER BY account_id`,
  ),
};

/**
 * Writes the ids that no list has yet. Two nodes may write the same id, which does no harm.
 * @returns how many
 */
export async function writeErasureLists(
  { db, sealer, now }: { readonly db: Pick<Db, 'query'>; readonly sealer: Sealer; readonly now: Clock },
  storage: Pick<Storage, 'put'>,
): Promise<number> {
  let written = 0;
  for (;;) {
    const rows = await db.query(ERASURE_LIST_STATEMENTS.waiting.bind({ limit: LIST_MAX }));
    if (rows.length === 0) return written;
    const ids = rows.map(({ key_id: id }) => id);
    const at = new Date(now()).toISOString();
    const about = { type: 'cardea-erasures' as const, written_at: at, key_ids: ids };
    const seal = sealer.seal(placeAt(at), digestOf(about)).toString('base64');
    const name = `${nameStart(at)}${randomBytes(4).toString('hex')}.json`;
    // First the list, then its note here: a process that ends between the two writes the ids again.
    await storage.put(name, oneChunk(Buffer.from(`${JSON.stringify({ ...about, seal })}\n`)));
    await db.query(ERASURE_LIST_STATEMENTS.listed.bind({ ids }));
    written += ids.length;
  }
}

/**
 * The ids of all lists that were written since a backup, in parts. All lists are read, as only the time within a list is sealed.
 * @throws AppError `backup_damaged` for a list that was changed or has the name of another time, `backup_of_other_key`
 */
export async function* destroyedSince(
  storage: Storage,
  since: Date,
  sealer: Sealer,
): AsyncGenerator<readonly string[]> {
  const from = since.getTime() - SKEW_MS;
  for (const { name } of await storage.list(FOLDER)) {
    const ids = idsIn(await textOf(storage, name), name, from, sealer);
    if (ids.length > 0) yield ids;
  }
}

/** @param from milliseconds since the epoch: a list from before has nothing to add */
function idsIn(text: string, name: string, from: number, sealer: Sealer): readonly string[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {}
  if (!Check(List, list) || !name.startsWith(nameStart(list.written_at))) throw changed(name);
  const { seal, ...about } = list;
  const sealed = Buffer.from(seal, 'base64');
  const keyId = sealed.subarray(1, 5).toString('hex');
  const isOld = Date.parse(list.written_at) < from;
  // The master key of an old list may have been replaced and removed since.
  if (isOld && !sealer.keyIds.includes(keyId)) return [];
  if (!sealer.keyIds.includes(keyId))
    throw new AppError('backup_of_other_key', `${name} needs the master key ${keyId}: add it to CARDEA_MASTER_KEY`);
  try {
    if (sealer.open(placeAt(list.written_at), sealed).equals(digestOf(about))) return isOld ? [] : list.key_ids;
  } catch {}
  throw changed(name);
}

const changed = (name: string) =>
  new AppError(
    'backup_damaged',
    `${name} was changed or renamed: it is not the list of erased people that Cardea has written`,
  );

const nameStart = (at: string) => `${FOLDER}${at.replaceAll(/[-:]|\.\d+/g, '')}-`;

const placeAt = (at: string) => ({ table: 'backups', column: 'erasures', row: at });
const digestOf = (about: object) => createHash('sha256').update(JSON.stringify(about)).digest();

/** Accounts that the lists say were erased, and that this database has nevertheless. */
export async function accountsToErase(
  db: Pick<Db, 'query'>,
  storages: readonly Storage[],
  since: Date,
  sealer: Sealer,
): Promise<string[]> {
  const accounts = new Set<string>();
  for (const storage of storages) {
    for await (const ids of destroyedSince(storage, since, sealer)) {
      const rows = await db.query(ERASURE_LIST_STATEMENTS.accounts.bind({ ids }));
      for (const { account_id: id } of rows) accounts.add(id);
    }
  }
  return [...accounts];
}
