import { randomBytes, randomInt } from 'node:crypto';

const COUNTER_BITS = 26;
/** Of a counter that starts in the lower half of its range, so many ids are left in any millisecond. */
const COUNTER_START = 2 ** (COUNTER_BITS - 1);

let last = { at: -1, counter: 0 };

/**
 * A UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, a counter of 26 bits that starts at random, then 48 bits of randomness
 * (§6.2, methods 1 and 2). Rows that are made together lie together in the index, and listing by id is listing by age: the ids
 * that one process makes in one millisecond ascend.
 * @param now milliseconds since the epoch
 */
export function uuidv7(now: number): string {
  last = { at: now, counter: now === last.at ? last.counter + 1 : randomInt(COUNTER_START) };
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt16BE(0x7000 | (last.counter >> 14), 6);
  bytes.writeUInt16BE(0x8000 | (last.counter & 0x3fff), 8);
  return written(bytes);
}

/** Before all UUIDv7 of this millisecond and later ones. @param at milliseconds since the epoch */
export function leastUuidv7(at: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(at, 0, 6);
  bytes[6] = 0x70;
  bytes[8] = 0x80;
  return written(bytes);
}

const written = (bytes: Buffer) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** @returns the time in a UUIDv7, in whole milliseconds */
export function timeOfUuidv7(id: string): Date {
  return new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16));
}
