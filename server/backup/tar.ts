import { AppError } from '../platform/errors.ts';

/* Archives of POSIX (ustar): a backup can be read without Cardea, by the programs `age`, `zstd` and `tar`. */

export interface Entry {
  readonly name: string;
  readonly body: Buffer;
}

const BLOCK = 512;
/** Larger ones are never written, so one that claims it is no backup; an entry is in memory as a whole. */
export const ENTRY_MAX = 64 * 1_024 * 1_024;
const END = Buffer.alloc(2 * BLOCK);

/** An entry as the bytes of the archive. @param at seconds since the epoch, as its time of change */
export function entryBytes({ name, body }: Entry, at: number): Buffer[] {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(`${Math.floor(at).toString(8).padStart(11, '0')}\0`, 136);
  header.write('        ', 148); // the checksum counts its own place as spaces
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  return [header, body, Buffer.alloc(-body.length & (BLOCK - 1))];
}

export const endBytes = (): Buffer => END;

/**
 * The entries of an archive, one after another.
 * @throws AppError `backup_damaged` for what `entryBytes` does not write, and for an archive without an end
 */
export async function* readEntries(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Entry> {
  const bytes = createTaker(archive);
  for (;;) {
    const header = await bytes.take(BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const stated = Number.parseInt(header.toString('latin1', 148, 156), 8);
    const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
    header.write('        ', 148);
    if (stated !== checksum(header) || !(size >= 0 && size <= ENTRY_MAX)) throw notAnArchive();
    const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '');
    const body = await bytes.take(size);
    await bytes.take(-size & (BLOCK - 1));
    yield { name, body };
  }
  await bytes.take(BLOCK);
  if (!(await bytes.isAtEnd())) throw notAnArchive();
}

const checksum = (header: Buffer): number => header.reduce((sum, byte) => sum + byte, 0);

const notAnArchive = () =>
  new AppError('backup_damaged', 'the backup is damaged: what it holds is not an archive of Cardea');

/** Takes exact numbers of bytes from chunks of any size. */
function createTaker(chunks: AsyncIterable<Uint8Array>) {
  const source = chunks[Symbol.asyncIterator]();
  const waiting: Buffer[] = [];
  let length = 0;

  async function fill(): Promise<boolean> {
    const { value, done } = await source.next();
    if (done) return false;
    waiting.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    length += value.byteLength;
    return true;
  }

  return {
    async take(size: number): Promise<Buffer> {
      while (length < size) if (!(await fill())) throw notAnArchive();
      const parts: Buffer[] = [];
      for (let missing = size; missing > 0; ) {
        const first = waiting[0] ?? Buffer.alloc(0);
        const part = first.subarray(0, missing);
        parts.push(part);
        missing -= part.length;
        if (part.length === first.length) waiting.shift();
        else waiting[0] = first.subarray(part.length);
      }
      length -= size;
      return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    },
    async isAtEnd(): Promise<boolean> {
      while (length === 0) if (!(await fill())) return true;
      return false;
    },
  };
}
