import { textLines } from '../platform/lines.ts';
import type { InputLine } from './operation.ts';

/**
 * Lines of JSON (https://github.com/ndjson/ndjson-spec) as they arrive. Empty lines are left out; what is no JSON is an Error, whose
 * message quotes nothing of it.
 * @param max bytes of a line
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>, max: number): AsyncGenerator<InputLine[]> {
  for await (const lines of textLines(chunks, max)) {
    const present = lines.filter(({ text }) => text instanceof Error || text.trim() !== '');
    const parsed = present.map(({ number, text, bytes }) => ({
      number,
      bytes,
      value: text instanceof Error ? text : parse(text),
    }));
    if (parsed.length > 0) yield parsed;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return new Error('is not JSON');
  }
}

/** The input of an operation that has none. */
export const NO_LINES: AsyncIterable<readonly InputLine[]> = {
  async *[Symbol.asyncIterator]() {},
};
