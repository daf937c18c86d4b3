import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Clock, systemClock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import { missing, type Storage, storageFailed } from './storage.ts';

/** Files that are not complete yet, or of a process that has ended. */
const UNFINISHED = /\.unfinished-[0-9a-f]+$/;
/** Those of backups and of lists of erased people. Other files in the folder are left alone. */
const OWN_UNFINISHED = /^(cardea-\d{8}T\d{6}Z|[0-9a-f]{8}-\d{6,})-[0-9a-f]{8}\.(age|json)\.unfinished-[0-9a-f]{8}$/;
/** A file that is still written to is younger. */
const ABANDONED_MS = 86_400_000;

/** Backups in a folder, which is made when it is not there; only its owner may read it. */
export function createFolderStorage(folder: string, now: Clock = systemClock): Storage {
  const place = resolve(folder);

  async function failing<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof AppError ? error : storageFailed(place, doing, error);
    }
  }

  return {
    place,
    async put(name, content) {
      const path = join(place, name);
      const unfinished = `${path}.unfinished-${randomBytes(4).toString('hex')}`;
      await failing(`write ${name}`, async () => {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        // Another node may remove them at the same time, and one that stays is no reason to have no backup.
        await removeAbandoned(dirname(path), now() - ABANDONED_MS).catch(() => {});
        const file = await open(unfinished, 'wx', 0o600);
        try {
          for await (const chunk of content) await file.writeFile(chunk);
          await file.sync();
          await file.close();
          // Unlike rename, it refuses to replace a file.
          await link(unfinished, path);
          await synced(dirname(path));
        } finally {
          await file.close().catch(() => {});
          await rm(unfinished, { force: true });
        }
      });
    },
    async *get(name) {
      try {
        yield* createReadStream(join(place, name), { highWaterMark: 256 * 1_024 });
      } catch (error) {
        const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        throw isMissing ? missing(place, name) : storageFailed(place, `read ${name}`, error);
      }
    },
    list: (prefix) =>
      failing('list its files', async () => {
        const inside = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
        const names = await readdir(join(place, inside)).catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return [];
          throw error;
        });
        const found = names
          .map((name) => join(inside, name))
          .filter((name) => name.startsWith(prefix) && !UNFINISHED.test(name));
        return Promise.all(
          found.toSorted().map(async (name) => ({ name, bytes: (await stat(join(place, name))).size })),
        );
      }),
    remove: (name) => failing(`remove ${name}`, () => rm(join(place, name), { force: true })),
  };
}

/** Removes what processes that were killed have left. @param before milliseconds since the epoch */
async function removeAbandoned(folder: string, before: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!OWN_UNFINISHED.test(name)) continue;
    const path = join(folder, name);
    if ((await stat(path)).mtimeMs < before) await rm(path, { force: true });
  }
}

/** A new name in a folder is on the disk once the folder is. */
async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
