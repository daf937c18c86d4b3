import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK = 64 * 1_024;

/**
 * Reads a whole file of limited size, also one whose size is not known before, such as a pipe.
 * @param most bytes
 * @throws RangeError for a longer one, which is not read to its end; errors of the file system
 */
export function readBounded(path: string, most: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let left = most; ; ) {
      const chunk = Buffer.alloc(CHUNK);
      const length = readSync(file, chunk);
      if (length === 0) return Buffer.concat(chunks);
      left -= length;
      if (left < 0) throw new RangeError(`it has more than ${most} bytes`);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}
