/** Counts events of this process by a label out of a small set. It only ever grows, as Prometheus expects of a counter. */
export interface Counts<Label extends string> {
  add(label: Label): void;
  /** Labels that have not occurred have no entry. */
  all(): ReadonlyMap<Label, number>;
}

export function createCounts<Label extends string>(): Counts<Label> {
  const counts = new Map<Label, number>();
  return {
    add: (label) => void counts.set(label, (counts.get(label) ?? 0) + 1),
    all: () => counts,
  };
}
