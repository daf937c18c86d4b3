import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import type { Sealer } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import { type ChainedList, type ListHead, missingLists, numbersIn, rangesOf } from './erasure_chain.ts';
import { oneChunk, type Storage, textOf } from './storage.ts';

/*
 * The ids of keys of people that were destroyed, beside the backups: a backup from before has these keys. The ids are random and say
 * nothing of the person.
 */

export const LISTS = 'erasures/';
/** Ids in one list. */
const LIST_MAX = 10_000;
const NAME = /^erasures\/[0-9a-f]{8}-(\d{6,15})-[0-9a-f]{8}\.json$/;

const List = Type.Object({
  type: Type.Literal('cardea-erasures'),
  installation: Type.String({ format: 'uuid' }),
  number: Type.Integer({ minimum: 1 }),
  previous: Type.Union([Type.String(), Type.Null()]),
  written_at: Type.String({ format: 'date-time' }),
  key_ids: Type.Array(Type.String({ format: 'uuid' })),
  seal: Type.String(),
});
type List = Static<typeof List>;

export const ERASURE_LIST_STATEMENTS = {
  waiting: statement(
    'erasure_lists.waiting',
    ($: { limit: number }) => sql<{ key_id: string }>`
      SELECT key_id FROM unlisted_destroyed_keys ORDER BY key_id LIMIT ${$.limit}`,
  ),
  head: statement(
    'erasure_lists.head',
    () => sql<{ installation: string; number: string; sha256: string | null }>`
      SELECT installation, number, sha256 FROM erasure_lists`,
  ),
  // Another node may have written the list of this number at the same time: then the ids wait for the next one.
  listed: statement(
    'erasure_lists.listed',
    ($: ListHead & { before: number; ids: readonly string[] }) => sql`
      WITH head AS (
        UPDATE erasure_lists SET number = ${$.number}::bigint, sha256 = ${$.sha256}
         WHERE number = ${$.before}::bigint AND installation = ${$.installation}::uuid
        RETURNING 1)
      DELETE FROM unlisted_destroyed_keys WHERE key_id = ANY (${$.ids}::uuid[]) AND EXISTS (SELECT FROM head)`,
  ),
  goOn: statement(
    'erasure_lists.go_on',
    ($: ListHead) => sql`
      UPDATE erasure_lists SET installation = ${$.installation}::uuid, number = ${$.number}::bigint, sha256 = ${$.sha256}`,
  ),
  accounts: statement(
    'erasure_lists.accounts',
    ($: { ids: readonly string[] }) => sql<{ account_id: string }>`
      SELECT account_id FROM data_keys WHERE key_id = ANY (${$.ids}::uuid[]) ORDER BY account_id`,
  ),
};

/** The newest list that the database knows of. */
export async function listHeadOf(db: Pick<Db, 'query'>): Promise<ListHead> {
  const [row] = await db.query(ERASURE_LIST_STATEMENTS.head.bind());
  if (!row) throw new Error('erasure_lists has no row');
  return { ...row, number: Number(row.number) };
}

/** Lets the lists go on behind one, as after a restore. */
export const goOnBehind = (head: ListHead): BoundStatement => ERASURE_LIST_STATEMENTS.goOn.bind(head);

/**
 * Writes the ids that no list has yet. Two nodes may write the same id, which does no harm.
 * @returns how many
 */
export async function writeErasureLists(
  { db, sealer, now }: { readonly db: Pick<Db, 'query'>; readonly sealer: Sealer; readonly now: Clock },
  storage: Pick<Storage, 'put' | 'list' | 'get' | 'place'>,
): Promise<number> {
  let written = 0;
  for (;;) {
    const rows = await db.query(ERASURE_LIST_STATEMENTS.waiting.bind({ limit: LIST_MAX }));
    if (rows.length === 0) return written;
    const ids = rows.map(({ key_id: id }) => id);
    const known = await listHeadOf(db);
    const { number, sha256: previous, installation } = await newestThere(storage, known, sealer);
    const about = {
      type: 'cardea-erasures' as const,
      installation,
      number: number + 1,
      previous,
      written_at: new Date(now()).toISOString(),
      key_ids: ids,
    };
    const seal = sealer.seal(placeOf(about), digestOf(about)).toString('base64');
    const text = Buffer.from(`${JSON.stringify({ ...about, seal })}\n`);
    const head = { installation, number: about.number, sha256: sha256Of(text) };
    // First the list, then its note here: a process that ends between the two writes the ids again.
    await storage.put(nameOf(head), oneChunk(text));
    await db.query(ERASURE_LIST_STATEMENTS.listed.bind({ ...head, before: known.number, ids }));
    written += ids.length;
  }
}

/**
 * The list that the next one follows. The database may know of an older one than there is: after a process that has ended before its
 * note, or a recovery to a point in time.
 */
async function newestThere(
  storage: Pick<Storage, 'list' | 'get' | 'place'>,
  known: ListHead,
  sealer: Sealer,
): Promise<ListHead> {
  const later = (await namesIn(storage, known)).toReversed();
  for (const name of later) {
    const found = opened(await textOf(storage, name), name, sealer);
    if (!('problem' in found) && found.installation === known.installation) return headOf(found);
  }
  return known;
}

/** The lists of an installation behind one of them, by their numbers. */
async function namesIn(
  storage: Pick<Storage, 'list'>,
  { installation, number }: Pick<ListHead, 'number'> & { readonly installation: string | undefined },
): Promise<string[]> {
  const all = await storage.list(`${LISTS}${installation?.slice(0, 8) ?? ''}`);
  const later = all.filter(({ name }) => numberOf(name) > number);
  return later.map(({ name }) => name).toSorted((a, b) => numberOf(a) - numberOf(b));
}

const numberOf = (name: string): number => Number(NAME.exec(name)?.[1] ?? 0);
const nameOf = ({ installation, number, sha256 }: ListHead): string =>
  `${LISTS}${installation.slice(0, 8)}-${String(number).padStart(6, '0')}-${sha256?.slice(0, 8)}.json`;

const headOf = ({ installation, number, sha256 }: ListHead): ListHead => ({ installation, number, sha256 });

type Opened = List & ChainedList;

/** Why a list cannot be used, and its number: of what is in it, where that is certain, or of its name. */
interface Unusable {
  readonly problem: string;
  readonly number: number;
  /** The id of the master key that would open it, where it is that alone which is missing. */
  readonly keyId?: string;
}

/** A list that was sealed under a master key of this installation, or why it is none. */
function opened(text: string, name: string, sealer: Sealer): Opened | Unusable {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {}
  const number = numberOf(name);
  if (!Check(List, list)) return { problem: 'was changed', number };
  const { seal, ...about } = list;
  const sha256 = sha256Of(text);
  const ownName = nameOf({ ...list, sha256 });
  const sealed = Buffer.from(seal, 'base64');
  const keyId = sealed.subarray(1, 5).toString('hex');
  if (!sealer.keyIds.includes(keyId))
    return { problem: `needs the master key ${keyId}, which is not in CARDEA_MASTER_KEY`, number, keyId };
  try {
    if (!sealer.open(placeOf(list), sealed).equals(digestOf(about))) return { problem: 'was changed', number };
  } catch {
    return { problem: 'was changed', number };
  }
  if (ownName === name) return { ...list, sha256 };
  return { problem: `is named ${name}, and was ${ownName}`, number: list.number };
}

const placeOf = ({ installation, number }: Pick<ListHead, 'installation' | 'number'>) => ({
  table: 'backups',
  column: 'erasures',
  row: `${installation} ${number}`,
});
const sha256Of = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const digestOf = (about: object) => createHash('sha256').update(JSON.stringify(about)).digest();

/** The lists that a restore needs, and where they are. */
export interface ErasuresSince {
  readonly lists: readonly { readonly storage: Storage; readonly name: string; readonly sha256: string }[];
  /** The one that those of the restored database follow; null where no list was ever written. */
  readonly newest: ListHead | null;
  /** Numbers of the lists that are not there, which was accepted: `11-12,15`; undefined where all are. */
  readonly missing: string | undefined;
}

/**
 * Reads all lists that were written since a backup.
 * @param start the newest that the backup knows of; null: it is of a version before there were numbers
 * @param heads the newest that others know of
 * @param accepted numbers of lists that are missing: these and no others
 * @throws AppError 409 `erasure_lists_missing`, 400 `invalid_input` for numbers of lists that are not missing
 */
export async function erasuresSince(
  storages: readonly Storage[],
  start: ListHead | null,
  heads: readonly ListHead[],
  sealer: Sealer,
  accepted: string | undefined,
): Promise<ErasuresSince> {
  const from = start ?? { installation: undefined, number: 0, sha256: null };
  const isOwn = (one: ListHead) => from.installation === undefined || one.installation === from.installation;
  const found: (ChainedList & { readonly storage: Storage; readonly name: string })[] = [];
  const problems = new Map<number, Unusable>();
  for (const storage of storages) {
    for (const name of await namesIn(storage, from)) {
      const list = opened(await textOf(storage, name), name, sealer);
      if ('problem' in list) {
        // Of two copies the one that a key opens can be used.
        if (problems.get(list.number)?.keyId === undefined) problems.set(list.number, list);
      } else if (isOwn(list)) {
        const { installation, number, sha256, previous } = list;
        found.push({ installation, number, sha256, previous, storage, name });
      }
    }
  }
  const known = heads.filter(isOwn);
  const unread = [...problems.keys()].filter(
    (number) => number > from.number && found.every((list) => list.number !== number),
  );
  const missing = [...new Set([...missingLists(from, known, found), ...unread])].toSorted((a, b) => a - b);
  const { isIn, count } = accepted === undefined ? { isIn: () => false, count: 0 } : numbersIn(accepted);
  if (!missing.every(isIn)) {
    // They are there: to go on without them would let people come back who can be erased again.
    const closed = missing.filter((number) => problems.get(number)?.keyId !== undefined && !isIn(number));
    const gone = missing.filter((number) => !closed.includes(number));
    const reasons = [
      ...(closed.length > 0 ? [cannotBeOpened(from.installation, closed, problems)] : []),
      ...(gone.every(isIn) ? [] : [notThere(storages, from.installation, gone, problems)]),
    ];
    throw new AppError('erasure_lists_missing', reasons.join('. Also, '));
  }
  if (count !== missing.length) throw tooMany(missing);
  const [newest] = [...(start ? [start] : []), ...known, ...found].toSorted((a, b) => b.number - a.number);
  return {
    lists: found,
    newest: newest ? headOf(newest) : null,
    missing: missing.length === 0 ? undefined : rangesOf(missing),
  };
}

/** Otherwise lists that are lost after the refusal would be accepted as well. */
const tooMany = (missing: readonly number[]): AppError =>
  invalidInput(
    'without_erasures',
    missing.length === 0
      ? 'names lists, and none is missing: leave it out'
      : `must be ${rangesOf(missing)}: only that is missing`,
  );

type Problems = ReadonlyMap<number, Unusable>;

function cannotBeOpened(installation: string | undefined, closed: readonly number[], problems: Problems): string {
  const keys = [...new Set(closed.map((number) => problems.get(number)?.keyId))];
  const [those, these] = keys.length === 1 ? ['key', 'that key'] : ['keys', 'these keys'];
  return (
    `${named(installation, closed)} cannot be opened: ${closed.length === 1 ? 'it needs' : 'they need'} the master ${those} ` +
    `${keys.join(', ')}, which CARDEA_MASTER_KEY does not have. Add ${these} to CARDEA_MASTER_KEY, behind the first`
  );
}

function notThere(
  storages: readonly Storage[],
  installation: string | undefined,
  gone: readonly number[],
  problems: Problems,
): string {
  const places = storages.map(({ place }) => place).join(', ');
  const known = gone.flatMap((number) => problems.get(number) ?? []);
  const some = known.slice(0, 5).map(({ number, problem }) => `${number} ${problem}`);
  return (
    `${named(installation, gone)} ${gone.length === 1 ? 'is' : 'are'} not in ${places}${some.length === 0 ? '' : ` (${some.join('; ')})`}: ` +
    'people who were erased would be there again. ' +
    `Name the place of what is missing by --erasures, or go on without it by --without-erasures ${rangesOf(gone)}`
  );
}

const named = (installation: string | undefined, numbers: readonly number[]): string =>
  `${numbers.length === 1 ? 'list' : 'lists'} ${rangesOf(numbers)} of erased people` +
  (installation === undefined ? '' : ` of the installation ${installation.slice(0, 8)}`);

/** Accounts that the lists say were erased, and that this database has nevertheless. @throws AppError 400 `backup_damaged` */
export async function accountsToErase(
  db: Pick<Db, 'query'>,
  { lists }: Pick<ErasuresSince, 'lists'>,
  sealer: Sealer,
): Promise<string[]> {
  const accounts = new Set<string>();
  for (const { storage, name, sha256 } of lists) {
    const list = opened(await textOf(storage, name), name, sealer);
    if ('problem' in list || list.sha256 !== sha256)
      throw new AppError('backup_damaged', `${name} was changed while the backup was restored: restore it again`);
    const rows = await db.query(ERASURE_LIST_STATEMENTS.accounts.bind({ ids: list.key_ids }));
    for (const { account_id: id } of rows) accounts.add(id);
  }
  return [...accounts];
}
