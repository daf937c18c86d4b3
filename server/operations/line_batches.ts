import { setTimeout as pause } from 'node:timers/promises';
import type { InputLine } from './operation.ts';

const LINES_MAX = 500;
const BYTES_MAX = 2 * 1_024 * 1_024;
/** A sender that waits for results gets them. */
const PAUSE_MS = 200;

/** Lines in batches for one transaction each: as many as fit, or those that came before a pause of the sender. */
export async function* lineBatches(lines: AsyncIterable<readonly InputLine[]>): AsyncGenerator<readonly InputLine[]> {
  const source = lines[Symbol.asyncIterator]();
  let gathered: InputLine[] = [];
  let bytes = 0;
  const taken = () => {
    const batch = gathered;
    [gathered, bytes] = [[], 0];
    return batch;
  };
  try {
    for (let coming = next(); ; ) {
      const result = gathered.length === 0 ? await coming : await beforePause(coming);
      if (result === undefined) {
        yield taken();
        continue;
      }
      if (result.done) break;
      for (const line of result.value) {
        gathered.push(line);
        bytes += line.bytes;
        if (gathered.length >= LINES_MAX || bytes >= BYTES_MAX) yield taken();
      }
      coming = next();
    }
    if (gathered.length > 0) yield taken();
  } finally {
    await source.return?.();
  }

  function next(): Promise<IteratorResult<readonly InputLine[]>> {
    const coming = source.next();
    coming.catch(() => {}); // thrown where it is awaited, which may be after a batch
    return coming;
  }
}

/** @returns undefined when nothing comes for a while */
async function beforePause<T>(coming: Promise<T>): Promise<T | undefined> {
  const waiting = new AbortController();
  const nothing = pause(PAUSE_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
  try {
    return await Promise.race([coming, nothing]);
  } finally {
    waiting.abort();
  }
}
