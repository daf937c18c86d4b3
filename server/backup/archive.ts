import { createHash, type Hash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { AppError, isUnavailable } from '../platform/errors.ts';
import type { Sealer } from '../platform/sealing.ts';
import { belongTogether, damaged, type Header, type Manifest, openSealed, type TableOfManifest } from './manifest.ts';
import { entryBytes, readEntries } from './tar.ts';

/** Bytes of rows in one entry of the archive: little enough to be in memory several times. */
const PART_BYTES = 1_024 * 1_024;
const HEADER = 'header.json';
const MANIFEST = 'manifest.json';

export const headerEntry = (text: string, at: number): Buffer[] =>
  entryBytes({ name: HEADER, body: Buffer.from(text) }, at);

export const manifestEntry = (text: string, at: number): Buffer[] =>
  entryBytes({ name: MANIFEST, body: Buffer.from(text) }, at);

/**
 * The rows of one table as entries of the archive.
 * @param rows as Postgres copies them
 * @returns how many bytes there were, and their digest
 */
export async function* tableEntries(
  table: string,
  rows: AsyncIterable<Buffer>,
  at: number,
): AsyncGenerator<Buffer, { readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let [bytes, part, waiting]: [number, number, Buffer[]] = [0, 0, []];
  let size = 0;
  const entry = () => {
    part += 1;
    const body = Buffer.concat(waiting);
    [waiting, size] = [[], 0];
    return entryBytes({ name: nameOf(table, part), body }, at);
  };
  for await (const chunk of rows) {
    hash.update(chunk);
    bytes += chunk.length;
    size += chunk.length;
    waiting.push(chunk);
    if (size >= PART_BYTES) yield* entry();
  }
  if (size > 0) yield* entry();
  return { bytes, sha256: hash.digest('hex') };
}

const nameOf = (table: string, part: number): string => `tables/${table}/${String(part).padStart(6, '0')}`;

/** Compresses, then encrypts for the recipients (age, https://age-encryption.org/v1). */
export async function packed(plain: AsyncIterable<Buffer>, recipients: readonly string[]) {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const one of recipients) encrypter.addRecipient(one);
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  // An error of one stream is that of the last, which is read.
  const compressed = pipeline(Readable.from(plain, { objectMode: false }), zstd, () => {});
  return encrypter.encrypt(Readable.toWeb(compressed) as globalThis.ReadableStream<Uint8Array>);
}

/** @throws AppError `backup_identity`, `backup_damaged`, or that of `file` */
async function* unpacked(file: AsyncIterable<Uint8Array>, identities: readonly string[]): AsyncGenerator<Buffer> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const one of identities) decrypter.addIdentity(one);
  const source = Readable.from(file, { objectMode: false });
  const encrypted = Readable.toWeb(source) as globalThis.ReadableStream<Uint8Array>;
  try {
    const compressed = await decrypter.decrypt(encrypted).catch((error: unknown) => {
      throw /no identity matched/.test(String(error)) ? wrongIdentity(error) : error;
    });
    yield* pipeline(Readable.fromWeb(compressed as ReadableStream), createZstdDecompress(), () => {});
  } catch (error) {
    // An error of the storage, such as that it cannot be reached, says nothing about the backup.
    if (error instanceof AppError) throw error;
    if (isUnavailable(error)) throw error;
    throw damaged('it was changed or cut off after it had been written', error);
  } finally {
    source.destroy();
  }
}

const wrongIdentity = (cause: unknown) =>
  new AppError('backup_identity', 'none of the identities given can open the backup: it is for another recipient', {
    cause,
  });

/** The parts of a backup, in their order: the header, the rows of each table, and the manifest. */
export type Part =
  | { readonly header: Header }
  | { readonly table: string; readonly rows: Buffer }
  | { readonly manifest: Manifest };

/**
 * Reads a backup to its end. Rows come before it is known that all are whole: the manifest comes last, and is compared with them.
 * @throws AppError `backup_identity`, `backup_damaged`, `backup_newer`, `backup_of_other_key`, or that of `file`
 */
export async function* readParts(
  file: AsyncIterable<Uint8Array>,
  { identities, sealer }: { readonly identities: readonly string[]; readonly sealer: Sealer },
): AsyncGenerator<Part> {
  let header: Header | undefined;
  let manifest: Manifest | undefined;
  const seen = new Map<string, { hash: Hash; bytes: number; parts: number }>();
  let place = 0;
  for await (const { name, body } of readEntries(unpacked(file, identities))) {
    if (manifest) throw damaged('something comes after its manifest');
    if (!header) {
      if (name !== HEADER) throw damaged('it does not begin with a header');
      header = openSealed(sealer, 'header', body.toString());
      yield { header };
    } else if (name === MANIFEST) {
      manifest = openSealed(sealer, 'manifest', body.toString());
      if (!belongTogether(header, manifest)) throw damaged('its header and its manifest are of two backups');
      for (const table of manifest.tables) assertWhole(table, seen.get(table.name));
      yield { manifest };
    } else {
      const table = /^tables\/([a-z0-9_]+)\/\d{6,}$/.exec(name)?.[1] ?? '';
      const announced = header.tables.findIndex((one) => one.name === table);
      const state = seen.get(table) ?? { hash: createHash('sha256'), bytes: 0, parts: 0 };
      state.parts += 1;
      if (announced < place || name !== nameOf(table, state.parts))
        throw damaged(`it has ${name} where that cannot be`);
      place = announced;
      state.hash.update(body);
      state.bytes += body.length;
      seen.set(table, state);
      yield { table, rows: body };
    }
  }
  if (!manifest) throw damaged('it has no manifest');
}

function assertWhole(
  { name, bytes, sha256 }: TableOfManifest,
  seen: { readonly hash: Hash; readonly bytes: number } | undefined,
) {
  if (seen?.bytes !== bytes || seen.hash.digest('hex') !== sha256)
    throw damaged(`the rows of ${name} are not those of its manifest`);
}
