import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { AppError } from '../platform/errors.ts';

/**
 * A Bloom filter in a file: a set of SHA-1 digests that says "certainly not" or "probably". It holds a billion leaked
 * passwords in less than two gigabytes, which stay on disk: an entry has all of its bits in one block, so a look-up
 * reads one block.
 *
 * The file is a header of one block (a line of JSON, then spaces) and the blocks. The header carries the parameters and
 * a checksum of the rest.
 */
export interface BloomHeader {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** Digests that were added. */
  readonly entries: number;
  /** The rate of false positives that it was made for. */
  readonly falsePositives: number;
  readonly blocks: number;
  /** Bits per entry. */
  readonly bits: number;
  /** SHA-256 of the blocks, in hex. */
  readonly checksum: string;
}

export interface BloomFilter {
  readonly header: BloomHeader;
  /** @param digest SHA-1, 20 bytes */
  has(digest: Buffer): Promise<boolean>;
  close(): Promise<void>;
}

const FORMAT = 'cardea-password-blocklist';
const VERSION = 1;
const BLOCK_BYTES = 4_096;
const BLOCK_BITS = 8 * BLOCK_BYTES;
/** The bytes of SHA-512 that choose positions, after six bytes that choose the block. */
const BITS_MOST = 29;
const BLOCK_INDEX_BYTES = 6;

/** The size of the file in bytes for a number of entries. */
export function bloomSize(entries: number, falsePositives: number): number {
  return BLOCK_BYTES * (1 + blocksFor(entries, falsePositives));
}

function blocksFor(entries: number, falsePositives: number): number {
  const bits = (entries * -Math.log(falsePositives)) / Math.LN2 ** 2;
  return Math.max(1, Math.ceil(bits / BLOCK_BITS));
}

function bitsFor(falsePositives: number): number {
  return Math.min(BITS_MOST, Math.max(1, Math.round(-Math.log2(falsePositives))));
}

/** Where the bits of an entry are: the block, and positions in it. */
function placesOf(digest: Buffer, { blocks, bits }: Pick<BloomHeader, 'blocks' | 'bits'>) {
  const hashBytes = hash('sha512', digest, 'buffer');
  const block = hashBytes.readUIntBE(0, BLOCK_INDEX_BYTES) % blocks;
  const positions = Array.from(
    { length: bits },
    (_, i) => hashBytes.readUInt16BE(BLOCK_INDEX_BYTES + 2 * i) % BLOCK_BITS,
  );
  return { block, positions };
}

/** Collects entries in memory; `write` stores them in a file. */
export function createBloomBuilder(expected: number, falsePositives: number) {
  const blocks = blocksFor(expected, falsePositives);
  const bits = bitsFor(falsePositives);
  const body = Buffer.alloc(blocks * BLOCK_BYTES);
  let entries = 0;
  return {
    /** @param digest SHA-1, 20 bytes */
    add(digest: Buffer): void {
      const { block, positions } = placesOf(digest, { blocks, bits });
      for (const position of positions) {
        const at = block * BLOCK_BYTES + (position >> 3);
        body[at] = (body[at] ?? 0) | (1 << (position & 7));
      }
      entries += 1;
    },

    /** Written beside the file, then renamed: a reader sees the old file or the new one. */
    async write(file: string): Promise<BloomHeader> {
      const checksum = createHash('sha256').update(body).digest('hex');
      const header: BloomHeader = { format: FORMAT, version: VERSION, entries, falsePositives, blocks, bits, checksum };
      const beside = `${file}.${process.pid}.tmp`;
      try {
        const handle = await open(beside, 'w');
        try {
          await handle.write(`${JSON.stringify(header)}\n`.padEnd(BLOCK_BYTES, ' '));
          for (let at = 0; at < body.length; at += WRITE_BYTES) {
            await handle.writeFile(body.subarray(at, at + WRITE_BYTES));
          }
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(beside, file);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
      return header;
    },
  };
}

const WRITE_BYTES = 64 * 1_024 * 1_024;

/** @throws AppError 500 `blocklist_unreadable` for a file that is damaged or something else */
export async function openBloomFilter(file: string): Promise<BloomFilter> {
  const handle = await open(file, 'r');
  try {
    const header = await readHeader(handle, file);
    const { size } = await handle.stat();
    if (size !== BLOCK_BYTES * (1 + header.blocks)) throw damaged(file, 'it is not as long as its header says');
    if ((await checksumOf(file)) !== header.checksum) throw damaged(file, 'its checksum is wrong');
    return {
      header,
      async has(digest) {
        const { block, positions } = placesOf(digest, header);
        const bytes = Buffer.alloc(BLOCK_BYTES);
        const { bytesRead } = await handle.read(bytes, 0, BLOCK_BYTES, BLOCK_BYTES * (1 + block));
        if (bytesRead !== BLOCK_BYTES) throw damaged(file, 'it has become shorter');
        return positions.every((position) => ((bytes[position >> 3] ?? 0) & (1 << (position & 7))) !== 0);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readHeader(handle: FileHandle, file: string): Promise<BloomHeader> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, 0);
  const header = parseJson(buffer.subarray(0, bytesRead).toString('latin1'));
  if (header?.format !== FORMAT) {
    throw damaged(file, 'it was not made by "cardea passwords blocklist build", or its header is damaged');
  }
  if (header.version !== VERSION)
    throw damaged(file, `it has version ${header.version}, we know ${VERSION}; build it anew`);
  const { blocks, bits } = header;
  if (!(Number.isSafeInteger(blocks) && blocks > 0 && Number.isSafeInteger(bits) && bits > 0 && bits <= BITS_MOST)) {
    throw damaged(file, 'its header makes no sense');
  }
  return header;
}

function parseJson(text: string): BloomHeader | undefined {
  try {
    return JSON.parse(text) as BloomHeader;
  } catch {
    return undefined;
  }
}

async function checksumOf(file: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of createReadStream(file, { start: BLOCK_BYTES, highWaterMark: 1_024 * 1_024 })) {
    sum.update(chunk as Buffer);
  }
  return sum.digest('hex');
}

function damaged(file: string, why: string): AppError {
  return new AppError('blocklist_unreadable', `the password blocklist ${file} cannot be used: ${why}`);
}
