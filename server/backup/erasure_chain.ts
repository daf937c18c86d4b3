import { invalidInput } from '../platform/errors.ts';

/* Lists of erased people follow one another: each has a number, and names the digest of the one before. */

/** A list, as a database, a backup or the list after it names it. */
export interface ListHead {
  readonly installation: string;
  /** 0 before the first list. */
  readonly number: number;
  /** Of its file, hex; null before the first list. */
  readonly sha256: string | null;
}

/** What a list says of itself. */
export interface ChainedList extends ListHead {
  readonly sha256: string;
  /** The digest of the list before. */
  readonly previous: string | null;
}

/**
 * @param start the newest list that a backup knows of: it has no person of this or an earlier list
 * @param heads lists that are known from elsewhere; those before `start` say nothing
 * @param lists those that are there, in any order; two may have one number, when two nodes wrote at once
 * @returns the numbers of the lists that are not there, in their order; that of `start` when others follow another list of its number
 */
export function missingLists(
  start: Pick<ListHead, 'number' | 'sha256'>,
  heads: readonly Pick<ListHead, 'number' | 'sha256'>[],
  lists: readonly ChainedList[],
): number[] {
  const there = new Set([start.sha256, ...lists.map(({ sha256 }) => sha256)]);
  const numbers = new Set(lists.map(({ number }) => number));
  const named = [...heads, ...lists.map(({ number, previous }) => ({ number: number - 1, sha256: previous }))];
  const missing = new Set(
    named.filter(({ number, sha256 }) => number >= start.number && !there.has(sha256)).map(({ number }) => number),
  );
  const last = Math.max(start.number, ...named.map(({ number }) => number));
  for (let number = start.number + 1; number <= last; number += 1) if (!numbers.has(number)) missing.add(number);
  return [...missing].toSorted((a, b) => a - b);
}

/** `[1, 2, 3, 7]` as `1-3,7`. @param numbers in their order */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range && range[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** The numbers that the text of `rangesOf` names, and how many. @throws AppError 400 `invalid_input` */
export function numbersIn(text: string): { isIn(number: number): boolean; readonly count: number } {
  const ranges = text.split(',').map((range) => {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(range.trim()) ?? [];
    if (first === undefined) throw invalidInput('without_erasures', 'must be numbers of lists, such as 11-12,15');
    return [Number(first), Number(last)] as const;
  });
  return {
    isIn: (number) => ranges.some(([first, last]) => first <= number && number <= last),
    count: ranges.reduce((sum, [first, last]) => sum + Math.max(0, last - first + 1), 0),
  };
}
