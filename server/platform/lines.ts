import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';

/** A file with a longer line is not a text file of the expected kind. */
const LINE_MAX = 1024 * 1024;

/**
 * The lines of a file of any size, some thousand at a time, without line ends. A byte order mark is skipped, and
 * invalid UTF-8 becomes U+FFFD.
 * @throws RangeError for a line of more than a mebibyte; Node's error for a file that cannot be read
 */
export async function* linesOf(file: string): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_MAX) throw new RangeError('a line is longer than a mebibyte');
    yield lines.map(withoutReturn);
  }
  rest += decoder.decode();
  if (rest !== '') yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** A line of text; an Error, whose message quotes nothing of it, when it cannot be read. */
export interface TextLine {
  /** From 1. */
  readonly number: number;
  readonly text: string | Error;
  /** Its length. */
  readonly bytes: number;
}

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

/**
 * The lines of an input of any size, as they arrive, without line feeds. A byte order mark is skipped. At most one line is kept in
 * memory besides those that arrived together.
 * @param max bytes of a line; a longer one is skipped, and is an Error
 */
export async function* textLines(chunks: AsyncIterable<Uint8Array>, max: number): AsyncGenerator<TextLine[]> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let number = 0;

  function keep(part: Buffer): void {
    bytes += part.length;
    // A copy: a part must not keep the memory of all that arrived with it.
    if (bytes <= max) parts.push(Buffer.from(part));
    else parts = [];
  }

  function ended(): TextLine {
    number += 1;
    const whole = Buffer.concat(parts);
    const line = number === 1 && whole.indexOf(BYTE_ORDER_MARK) === 0 ? whole.subarray(BYTE_ORDER_MARK.length) : whole;
    const text = bytes > max ? new Error(`is longer than ${max} bytes`) : decoded(line);
    const read = { number, text, bytes };
    [parts, bytes] = [[], 0];
    return read;
  }

  for await (const chunk of chunks) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: TextLine[] = [];
    let from = 0;
    for (let at = buffer.indexOf(LINE_FEED); at >= 0; at = buffer.indexOf(LINE_FEED, from)) {
      keep(buffer.subarray(from, at));
      lines.push(ended());
      from = at + 1;
    }
    keep(buffer.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (bytes > 0) yield [ended()];
}

function decoded(line: Buffer): string | Error {
  return isUtf8(line) ? line.toString() : new Error('is not UTF-8');
}
