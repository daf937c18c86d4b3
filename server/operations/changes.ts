import { isDeepStrictEqual } from 'node:util';
import type { Changes } from '../audit/entries.ts';

type Shown = Readonly<Record<string, unknown>>;

/**
 * The members that differ, for the audit.
 * @param visible members whose values the audit has; of others it has the name alone, such as of personal data
 */
export function changesOf(before: Shown, after: Shown, visible: readonly string[]): Changes {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...names].filter((name) => !UNCHANGED.has(name) && !isDeepStrictEqual(before[name], after[name]));
  return Object.fromEntries(
    changed.map((name) => [name, visible.includes(name) ? { before: before[name], after: after[name] } : {}]),
  );
}

/** Members that say when something was changed, and nothing of what was. */
const UNCHANGED: ReadonlySet<string> = new Set(['version', 'created_at', 'updated_at']);
