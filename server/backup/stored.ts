import { AGE, LABEL, NAME } from './create.ts';
import type { Storage } from './storage.ts';

const NEWEST_KEPT = 3;

/** The names of complete backups, the newest first. */
export async function namesIn(storage: Pick<Storage, 'list'>): Promise<string[]> {
  const names = (await storage.list('cardea-')).map(({ name }) => name);
  const complete = names.filter((name) => name.endsWith(LABEL)).map((name) => name.slice(0, -LABEL.length));
  return complete.filter((name) => NAME.test(name)).toReversed();
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
  const complete = await namesIn(storage);
  const left = (await storage.list('cardea-'))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(AGE) && name < oldest && !complete.includes(name.slice(0, -AGE.length)));
  for (const name of left) await storage.remove(name);
  return old;
}
