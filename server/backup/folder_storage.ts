import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Clock, systemClock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import { fileProblem } from '../platform/file_problems.ts';
import { BACKUP_TO, missing, type Storage, type Stored, storageFailed } from './storage.ts';

/** Files that are not complete yet, or of a process that has ended. */
const UNFINISHED = /\.unfinished-[0-9a-f]+$/;
/** Those of backups and of lists of erased people. Other files in the folder are left alone. */
const OWN_UNFINISHED = /^(cardea-\d{8}T\d{6}Z|[0-9a-f]{8}-\d{6,})-[0-9a-f]{8}\.(age|json)\.unfinished-[0-9a-f]{8}$/;
/** A file that is still written to is younger. */
const ABANDONED_MS = 86_400_000;

interface FolderOptions {
  /** The setting or option that names the folder, for messages. */
  readonly setting?: string | undefined;
  readonly now?: Clock;
}

/**
 * Backups in a folder, whose files only their owner may read. The folder must be there, as a bucket must: to make it would put backups
 * on the disk of this machine while the share that should be there is not mounted.
 */
export function createFolderStorage(
  folder: string,
  { setting = BACKUP_TO, now = systemClock }: FolderOptions = {},
): Storage {
  const place = resolve(folder);
  const first = setting === BACKUP_TO ? `, or make it before the first backup (mkdir -m 700 ${place})` : '';
  const own = {
    ENOENT: `the folder does not exist: mount what should be there, correct ${setting}${first}`,
    ENOTDIR: `it is no folder: correct ${setting}`,
  };

  const failed = (doing: string, error: unknown): AppError =>
    error instanceof AppError ? error : storageFailed(place, doing, fileProblem(error, own), error);

  async function failing<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failed(doing, error);
    }
  }

  /** Undefined for what is no file, or was removed meanwhile. */
  async function fileOf(name: string): Promise<Stored | undefined> {
    const found = await stat(join(place, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return found?.isFile() ? { name, bytes: found.size } : undefined;
  }

  return {
    place,
    async put(name, content) {
      const path = join(place, name);
      const unfinished = `${path}.unfinished-${randomBytes(4).toString('hex')}`;
      await failing(`write ${name}`, async () => {
        if (dirname(path) !== place) await made(dirname(path));
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
        const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && (await isThere(place));
        throw isMissing ? missing(place, name) : failed(`read ${name}`, error);
      }
    },
    list: (prefix) =>
      failing('list its files', async () => {
        const inside = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
        const names = await readdir(join(place, inside)).catch(async (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT' && (await isThere(place))) return [];
          if (error.code === 'ENOTDIR' && inside !== '' && (await stat(place)).isDirectory())
            throw storageFailed(place, `list ${inside}`, 'it is no folder: move it away (ENOTDIR)', error);
          throw error;
        });
        const found = names
          .map((name) => join(inside, name))
          .filter((name) => name.startsWith(prefix) && !UNFINISHED.test(name));
        return (await Promise.all(found.toSorted().map(fileOf))).filter((one) => one !== undefined);
      }),
    remove: (name) => failing(`remove ${name}`, () => rm(join(place, name), { force: true })),
  };
}

/** Another node may make the same folder. */
async function made(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).then(
    () => synced(dirname(folder)),
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}

const isThere = (folder: string): Promise<boolean> =>
  stat(folder).then(
    () => true,
    () => false,
  );

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
