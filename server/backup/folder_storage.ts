import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../platform/errors.ts';
import { missing, type Storage, storageFailed } from './storage.ts';

/** Files that are not complete yet, or of a process that has ended. */
const UNFINISHED = /\.unfinished-[0-9a-f]+$/;

/** Backups in a folder, which is made when it is not there; only its owner may read it. */
export function createFolderStorage(folder: string): Storage {
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

/** A new name in a folder is on the disk once the folder is. */
async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
