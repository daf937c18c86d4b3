import { randomBytes } from 'node:crypto';
import { AGE, LABEL, oneChunk, type Storage, storageFailed, textOf } from './storage.ts';

/** `cardea-probe-20261128T020000Z-1f3a5c7e`: no name of a backup, and found by a rule of a bucket for `cardea-*`. */
const PROBE = 'cardea-probe-';
/** One that is still in use is younger. */
const ABANDONED_MS = 3_600_000;

const stampOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

/**
 * Writes a small object, reads it and removes it, as backups are; and removes those of probes that were killed.
 * @throws AppError `backup_storage`, `not_found`
 */
export async function probeStorage(
  storage: Storage,
  {
    now,
    removes,
  }: { readonly now: number /** Whether it must be possible to remove something. */; readonly removes: boolean },
): Promise<void> {
  const name = `${PROBE}${stampOf(now)}-${randomBytes(4).toString('hex')}`;
  const text = `${name}\n`;
  await storage.put(name, oneChunk(Buffer.from(text)));
  try {
    if ((await textOf(storage, name)) !== text)
      throw storageFailed(
        storage.place,
        `read ${name}`,
        'it is not what was written: see what the storage does',
        undefined,
      );
  } finally {
    await storage.remove(name).catch((error: unknown) => {
      if (removes) throw error;
    });
  }
  if (!removes) return;
  const oldest = `${PROBE}${stampOf(now - ABANDONED_MS)}`;
  for (const left of await storage.list(PROBE)) if (left.name < oldest) await storage.remove(left.name);
}

/** Both files of a backup are there, by the list of the storage. @param bytes of its file */
export async function isStored(
  storage: Pick<Storage, 'list'>,
  { name, bytes }: { readonly name: string; readonly bytes: number },
): Promise<boolean> {
  const stored = new Map((await storage.list(name)).map((one) => [one.name, one.bytes]));
  return stored.has(`${name}${LABEL}`) && stored.get(`${name}${AGE}`) === bytes;
}
