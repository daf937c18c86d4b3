import type { Draw } from '../fuzz/draw.ts';

/**
 * Takes turns between lists, each in random order: all that are in them once, and then again from the beginning. A list that is
 * longer than others goes on when they have ended.
 */
export function createDeck<T>(draw: Pick<Draw, 'int'>, lists: readonly (readonly T[])[]) {
  const shuffled = (list: readonly T[]) =>
    list
      .map((one) => ({ one, at: draw.int(2 ** 32) }))
      .sort((a, b) => a.at - b.at)
      .map(({ one }) => one);
  const all = lists.reduce((sum, { length }) => sum + length, 0);
  let waiting: T[][] = [];
  let taken = 0;

  function next(): T {
    if (waiting.length === 0) waiting = lists.map(shuffled).filter(({ length }) => length > 0);
    const [list = [], ...others] = waiting;
    const one = list.pop() as T;
    waiting = list.length > 0 ? [...others, list] : others;
    taken += 1;
    return one;
  }

  return {
    /** Those that were not taken yet. */
    left: () => Math.max(0, all - taken),
    take: (count: number): T[] => Array.from({ length: count }, next),
  };
}
