import { AppError } from '../platform/errors.ts';
import type { Sealer } from '../platform/sealing.ts';
import { NAME } from './create.ts';
import { type Label, openSealed } from './manifest.ts';
import { AGE, LABEL, type Storage, textOf } from './storage.ts';

const NEWEST_KEPT = 3;
/** Labels that are read at the same time. */
const READERS = 8;

export interface ListedBackup {
  readonly name: string;
  /** Undefined: its label cannot be read here. */
  readonly label: Label | undefined;
  readonly problem: string | undefined;
}

/** A backup with a label, by the list of the storage alone. */
interface Complete {
  readonly name: string;
  /** Of its file; undefined where that is not there. */
  readonly bytes: number | undefined;
}

/** The newest first. */
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
  return found;
}

/** The newest whose label opens with this master key: a name alone may be anything. */
export async function newestIn(storage: Read, sealer: Sealer): Promise<string | undefined> {
  const all = await completeIn(storage);
  for (const one of all) if ((await listed(storage, one, sealer)).label) return one.name;
  // The reason why it cannot be opened is told when it is read.
  return all[0]?.name;
}

async function listed(storage: Read, { name, bytes }: Complete, sealer: Sealer): Promise<ListedBackup> {
  try {
    const label = openSealed(sealer, 'label', await textOf(storage, `${name}${LABEL}`));
    const isWhole = bytes === label.file.bytes && label.file.name === `${name}${AGE}`;
    return { name, label, problem: isWhole ? undefined : 'backup_damaged' };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { name, label: undefined, problem: error.code };
  }
}

/**
 * Removes old backups and what is left of incomplete ones; the newest three stay, however old they are.
 * @param own names of whole backups of this installation, the newest first
 * @returns their names
 */
export async function removeOld(
  storage: Storage,
  own: readonly string[],
  keptSeconds: number,
  now: number,
): Promise<string[]> {
  if (keptSeconds === 0) return [];
  const oldest = `cardea-${new Date(now - keptSeconds * 1_000).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  const old = own.slice(NEWEST_KEPT).filter((name) => name < oldest);
  for (const name of old) {
    // The label first: without it a backup is not listed.
    await storage.remove(`${name}${LABEL}`);
    await storage.remove(`${name}${AGE}`);
  }
  const stored = new Set((await storage.list('cardea-')).map(({ name }) => name));
  const left = [...stored].filter(
    (name) => name.endsWith(AGE) && name < oldest && !stored.has(`${name.slice(0, -AGE.length)}${LABEL}`),
  );
  for (const name of left) await storage.remove(name);
  return old;
}
