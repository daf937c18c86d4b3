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
