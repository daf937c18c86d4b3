/** One element of DER (X.690 §8.1), as far as the names in a certificate need it. */
export interface Der {
  readonly tag: number;
  readonly content: Buffer;
  /** Including tag and length. */
  readonly whole: Buffer;
}

export const TAG = { oid: 0x06, sequence: 0x30, set: 0x31 } as const;

/**
 * @returns the consecutive elements in the bytes
 * @throws Error when they are not DER: too short, or in a form that DER does not allow
 */
export function readDer(bytes: Buffer): Der[] {
  const elements: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = byteAt(bytes, at);
    if ((tag & 0x1f) === 0x1f) throw new Error('a tag of several bytes');
    const first = byteAt(bytes, at + 1);
    const more = first < 0x80 ? 0 : first & 0x7f;
    if (more > 3 || first === 0x80) throw new Error('a length that certificates do not have');
    const start = at + 2 + more;
    if (start > bytes.length) throw new Error('too short');
    const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
    if (start + length > bytes.length) throw new Error('too short');
    elements.push({ tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return elements;
}

/** An object identifier as text (X.690 §8.19). */
export function readOid(content: Buffer): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    numbers.push(number);
    number = 0;
  }
  const [first = 0, ...rest] = numbers;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error('too short');
  return byte;
}
