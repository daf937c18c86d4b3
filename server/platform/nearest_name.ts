/** @param names at least one */
export function nearestName(names: readonly string[], name: string): string {
  return names.reduce((best, candidate) => (distance(name, candidate) < distance(name, best) ? candidate : best));
}

/** A longer name is compared by its beginning: the time grows with its length. */
const LENGTH_MAX = 64;

/**
 * The end of a message that refuses a name.
 * @param names those that there are
 * @returns `; did you mean …?` where one of them is near, otherwise nothing
 */
export function suggestion(names: readonly string[], name: string): string {
  if (names.length === 0 || name === '') return '';
  const given = name.slice(0, LENGTH_MAX);
  const nearest = nearestName(names, given);
  const isNear =
    distance(given, nearest) <= Math.max(given.length, nearest.length) / 2 ||
    given.includes(nearest) ||
    nearest.includes(given);
  return isNear ? `; did you mean ${nearest}?` : '';
}

/** Levenshtein distance, by rows. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
