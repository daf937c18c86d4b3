import { createReadStream } from 'node:fs';

/** Longer lines are no lines: whatever the file is, it is not what was asked for. */
const LINE_MAX = 1024 * 1024;

/**
 * The lines of a file of any size, some thousand at a time, without their ends. A byte order mark is left out, and
 * what is no UTF-8 comes as U+FFFD.
 * @throws RangeError for a line of more than a mebibyte; what Node throws for a file that cannot be read
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
