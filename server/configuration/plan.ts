import { isDeepStrictEqual } from 'node:util';

/** Members of one thing, in the names of the file. */
export type Members = Readonly<Record<string, unknown>>;

/** A thing as it is in the database. */
export interface Current {
  readonly members: Members;
  readonly managedBy: 'file' | null;
  /** It applies no more: an export leaves it out. */
  readonly ended?: boolean;
}

export interface Difference {
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * `create`, `update`, `delete`: the file has changed, or is applied for the first time. `adopt`: it exists, and is the file's
 * from now on. `restore`: it was changed elsewhere since the file was applied (drift).
 */
export type Action = 'create' | 'adopt' | 'update' | 'restore' | 'delete';

/** The step that makes one thing as the file says. */
export interface Step {
  readonly kind: string;
  readonly key: string;
  readonly action: Action;
  /** False when it has to be made. */
  readonly exists: boolean;
  readonly differences: Readonly<Record<string, Difference>>;
}

interface Compared {
  readonly name: string;
  readonly hidden?: readonly string[] | undefined;
  /** As in `Kind`. */
  readonly permanent?: string | undefined;
}

/**
 * Compares what the file says with what there is. Things that the file does not own are left alone, and permanent ones are not
 * deleted.
 * @param wasApplied true when the file said the same of this thing when it was applied last
 */
export function compare(
  { name: kind, hidden = [], permanent }: Compared,
  desired: ReadonlyMap<string, Members>,
  current: ReadonlyMap<string, Current>,
  wasApplied: (key: string) => boolean,
): Step[] {
  const kept = [...desired].flatMap(([key, members]): Step[] => {
    const there = current.get(key);
    if (!there) {
      const action = wasApplied(key) ? 'restore' : 'create';
      return [{ kind, key, action, exists: false, differences: differencesOf({}, members, hidden) }];
    }
    const before = permanent === undefined ? there.members : namedIn(members, there.members);
    const differences = differencesOf(before, members, hidden);
    if (there.managedBy === null) return [{ kind, key, action: 'adopt', exists: true, differences }];
    if (Object.keys(differences).length === 0) return [];
    return [{ kind, key, action: wasApplied(key) ? 'restore' : 'update', exists: true, differences }];
  });
  const removed = [...current].flatMap(([key, { managedBy, members }]): Step[] =>
    managedBy === 'file' && permanent === undefined && !desired.has(key)
      ? [{ kind, key, action: 'delete', exists: true, differences: differencesOf(members, {}, hidden) }]
      : [],
  );
  return [...kept, ...removed];
}

/** Those of the members that others have too. */
function namedIn(others: Members, members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => name in others));
}

const HIDDEN = '(hidden)';

/** @param hidden members whose values are not shown, and which count only where `after` has them */
function differencesOf(before: Members, after: Members, hidden: readonly string[]): Record<string, Difference> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const different = names.filter(
    (name) => !isDeepStrictEqual(before[name], after[name]) && (after[name] !== undefined || !hidden.includes(name)),
  );
  const shown = (name: string, value: unknown) => (hidden.includes(name) ? HIDDEN : value);
  return Object.fromEntries(
    different.map((name) => [
      name,
      {
        ...(before[name] === undefined ? {} : { before: shown(name, before[name]) }),
        ...(after[name] === undefined ? {} : { after: shown(name, after[name]) }),
      },
    ]),
  );
}
