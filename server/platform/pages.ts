/** Long lists are read and shown one page at a time, each from the end of the previous one. */

/** A position in a list that is sorted by a time, and then by an id. */
export interface Position {
  readonly at: Date;
  readonly id: string;
}

export interface PageWanted {
  /** Maximum number of rows to read. One more than are shown tells whether there is another page. */
  readonly limit: number;
  /** The end of the previous page; undefined for the first. */
  readonly after: Position | undefined;
}

/** The limit of a list without pages. */
export const MOST_ROWS = 1_000;

export const WHOLE: PageWanted = { limit: MOST_ROWS, after: undefined };

const TEXT_MAX = 512;

/** @returns undefined for an invalid position: then the list starts at its beginning */
export function readPosition(text: unknown): Position | undefined {
  if (typeof text !== 'string' || text.length > TEXT_MAX) return undefined;
  const [, ms, id] = /^(\d{1,15})\.(.+)$/su.exec(text) ?? [];
  return ms === undefined || id === undefined || id.includes('\0') ? undefined : { at: new Date(Number(ms)), id };
}

export function writePosition({ at, id }: Position): string {
  return `${at.getTime()}.${id}`;
}

/**
 * The rows of one page; one row more was read when there is a next page.
 * @returns `next`: the position at which that page begins
 */
export function pageOf<T>(
  rows: readonly T[],
  shown: number,
  positionOf: (row: T) => Position,
): { items: readonly T[]; next: string | undefined } {
  const items = rows.slice(0, shown);
  const last = items.at(-1);
  return { items, next: rows.length > shown && last !== undefined ? writePosition(positionOf(last)) : undefined };
}
