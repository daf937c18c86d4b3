import { AppError } from '../platform/errors.ts';
import type { Sealer } from '../platform/sealing.ts';
import { NAME } from './create.ts';
import { type Label, openSealed } from './manifest.ts';
import { AGE, LABEL, type Storage, textOf } from './storage.ts';

const NEWEST_KEPT = 3;
/** Labels that are read at the same time. */
const READERS = 8;

/** The installation that has made the backup, as its unreadable label says; nothing proves it. A member is undefined when the label does not have it. */
interface Claimed {
  readonly issuer: string | undefined;
  /** The id by which lists of erased people name it: a database keeps it also when its master key is replaced. */
  readonly installation: string | undefined;
}

export interface ListedBackup {
  readonly name: string;
  /** Undefined: its label cannot be read here. */
  readonly label: Label | undefined;
  readonly problem: string | undefined;
  /** Of a label that cannot be opened. */
  readonly unreadable?: {
    /** The reason in words. */
    readonly why: string;
  } & Claimed;
}

/** A backup with a label, by the list of the storage alone. */
interface Complete {
  readonly name: string;
  /** Of its file; undefined where that is not there. */
  readonly bytes: number | undefined;
}

/** The second in the name of a backup, comparable as text. */
const secondOf = (name: string): string => name.slice(0, 'cardea-20260101T000000Z'.length);

/**
 * Newest first: by the second in the name, then by the label, which has milliseconds. One whose label cannot be read comes first in its
 * second, as it may be the newest.
 */
function byAge(a: ListedBackup, b: ListedBackup): number {
  const [first, second] = [a, b].map(({ name, label }) => `${secondOf(name)} ${label?.created_at ?? '~'} ${name}`);
  return (first ?? '') < (second ?? '') ? 1 : -1;
}

/** The newest first, but for those of the same second. */
async function completeIn(storage: Pick<Storage, 'list'>): Promise<Complete[]> {
  const bytes = new Map((await storage.list('cardea-')).map((one) => [one.name, one.bytes]));
  const names = [...bytes.keys()].filter((name) => name.endsWith(LABEL)).map((name) => name.slice(0, -LABEL.length));
  return names
    .filter((name) => NAME.test(name))
    .toSorted()
    .toReversed()
    .map((name) => ({ name, bytes: bytes.get(`${name}${AGE}`) }));
}

type Read = Pick<Storage, 'list' | 'get' | 'place'>;

/** The newest first: one list of the storage, and each label once. */
export async function listedIn(storage: Read, sealer: Sealer): Promise<ListedBackup[]> {
  const all = await completeIn(storage);
  const found: ListedBackup[] = [];
  const waiting = all.entries();
  const reader = async () => {
    for (const [place, one] of waiting) found[place] = await listed(storage, one, sealer);
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return found.toSorted(byAge);
}

/**
 * The newest whose label opens with this master key. Of installations that share a place, the others have labels that do not: these are
 * passed over. One that may be of this installation is not, as an older backup in its stead would lose what happened since.
 * @throws AppError 409 `backup_unreadable`
 */
export async function newestIn(storage: Read, sealer: Sealer): Promise<string | undefined> {
  const unreadable: ListedBackup[] = [];
  const all = await completeIn(storage);
  for (const [, sameSecond] of Map.groupBy(all, ({ name }) => secondOf(name))) {
    const some = await Promise.all(sameSecond.map((one) => listed(storage, one, sealer)));
    const newest = some.toSorted(byAge).find(({ label }) => label);
    unreadable.push(...some.filter(({ label }) => !label));
    if (!newest?.label) continue;
    const others = (claimed: string | undefined) => claimed !== undefined && claimed !== newest.label?.issuer;
    const own = unreadable.filter((one) => !others(one.unreadable?.issuer));
    if (own.length > 0) throw unreadableNewest(storage.place, own, newest.name);
    return newest.name;
  }
  // The reason why it cannot be opened is told when it is read.
  return all[0]?.name;
}

function unreadableNewest(place: string, newer: readonly ListedBackup[], readable: string): AppError {
  const [first, ...rest] = newer;
  const more = rest.length === 0 ? '' : `; and ${rest.length} more`;
  return new AppError(
    'backup_unreadable',
    `${place}: ${first?.name}${LABEL}, which is newer than all that can be read, cannot be: ${first?.unreadable?.why}${more}. ` +
      `Name the backup to take (${readable} is the newest that can be read), or remove the file if it is none of yours`,
  );
}

async function listed(storage: Read, { name, bytes }: Complete, sealer: Sealer): Promise<ListedBackup> {
  let text = '';
  try {
    text = await textOf(storage, `${name}${LABEL}`);
    const label = openSealed(sealer, 'label', text);
    const isWhole = bytes === label.file.bytes && label.file.name === `${name}${AGE}`;
    return { name, label, problem: isWhole ? undefined : 'backup_damaged' };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const unreadable = { why: error.message, ...claimedIn(text) };
    return { name, label: undefined, problem: error.code, unreadable };
  }
}

function claimedIn(text: string): Claimed {
  try {
    const { issuer, erasures } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const { installation } = Object(erasures) as Readonly<Record<string, unknown>>;
    return { issuer: textOrNone(issuer), installation: textOrNone(installation) };
  } catch {
    return { issuer: undefined, installation: undefined };
  }
}

const textOrNone = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** True where a backup of this installation needs a master key that this process does not have, as far as its label can be believed. */
const isOfOldKey = ({ problem, unreadable }: ListedBackup, { issuer, erasures }: Origin): boolean =>
  problem === 'backup_of_other_key' &&
  erasures !== null &&
  unreadable?.installation === erasures.installation &&
  // Null before the first start of a server.
  (unreadable.issuer ?? null) === issuer;

const stampOf = (ms: number): string => `cardea-${new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
/** A file without a label may be that of another installation, which writes the label at this moment. */
const UNLABELLED_MS = 86_400_000;

/** By what a backup is known to be of the same installation as another one. */
type Origin = Pick<Label, 'issuer' | 'erasures'>;

/** The backups that one call of `removeOld` has removed, and the error that ended it early, if one did. */
export interface Removal {
  readonly removed: readonly string[];
  /** Why older ones are still there. */
  readonly failure: AppError | undefined;
}

/**
 * Removes old backups of an installation and what is left of incomplete ones. The newest three that are whole stay, however old they are;
 * those of a master key that was dropped are none of these, as they cannot be restored with the key that there is.
 * @param all the newest first
 * @param made the label of the one that was just made
 */
export async function removeOld(
  storage: Pick<Storage, 'list' | 'remove'>,
  all: readonly ListedBackup[],
  made: Origin,
  keptSeconds: number,
  now: number,
): Promise<Removal> {
  const removed: string[] = [];
  if (keptSeconds === 0) return { removed, failure: undefined };
  const keptMs = keptSeconds * 1_000;
  // Of others only they themselves know whether a backup may go, and what is damaged replaces none.
  const whole = all.filter(({ label, problem }) => problem === undefined && label?.issuer === made.issuer);
  const candidates = [...whole.slice(NEWEST_KEPT), ...all.filter((one) => isOfOldKey(one, made))];
  try {
    for (const { name } of candidates.filter(({ name }) => name < stampOf(now - keptMs))) {
      // The label first: without it a backup is not listed.
      await storage.remove(`${name}${LABEL}`);
      removed.push(name);
      await storage.remove(`${name}${AGE}`);
    }
    const stored = new Set((await storage.list('cardea-')).map(({ name }) => name));
    const before = stampOf(now - Math.max(keptMs, UNLABELLED_MS));
    const left = [...stored].filter(
      (name) => name.endsWith(AGE) && name < before && !stored.has(`${name.slice(0, -AGE.length)}${LABEL}`),
    );
    for (const name of left) await storage.remove(name);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { removed, failure: error };
  }
  return { removed, failure: undefined };
}
