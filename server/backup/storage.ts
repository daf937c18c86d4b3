import { AppError } from '../platform/errors.ts';

/** The place of the settings. */
export const BACKUP_TO = 'CARDEA_BACKUP_TO';

/** Endings of the two files of a backup. */
export const AGE = '.age';
export const LABEL = '.json';

export interface Stored {
  readonly name: string;
  readonly bytes: number;
}

/** Where backups are: a folder, or a bucket of S3. Names have no folders but `erasures/`. */
export interface Storage {
  /** For messages. */
  readonly place: string;
  /** Writes all of it or nothing, and never over what is there. @throws AppError `backup_storage` */
  put(name: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** @throws AppError `not_found`, `backup_storage` */
  get(name: string): AsyncIterable<Uint8Array>;
  /** By name; those that begin so. @throws AppError `backup_storage` */
  list(prefix: string): Promise<Stored[]>;
  /** One that is not there is no error. @throws AppError `backup_storage` */
  remove(name: string): Promise<void>;
}

/**
 * @param doing such as `write cardea-….age`
 * @param why the reason, and what to do
 */
export const storageFailed = (place: string, doing: string, why: string, cause: unknown): AppError =>
  new AppError('backup_storage', `${place}: cannot ${doing}: ${why}`, { cause });

export const missing = (place: string, name: string): AppError =>
  new AppError('not_found', `${place} has no ${name}; "cardea backup list" lists what there is`);

/** The whole content of a small one. @throws AppError as `get`; `backup_damaged` for one that is too large */
export async function textOf(
  storage: Pick<Storage, 'get' | 'place'>,
  name: string,
  most = 16 * 1_024 * 1_024,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of storage.get(name)) {
    size += chunk.length;
    if (size > most)
      throw new AppError('backup_damaged', `${storage.place}: ${name} is too large to be what it should be`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
