/**
 * Remembers in which line a key came first. Keys are keyed hashes in hex, of which 64 bits tell a few millions apart; a Map of as
 * many would take ten times the memory.
 */
export interface FirstPlaces {
  /** The line; undefined for a key that did not come, or after the most that are remembered. */
  get(key: string): number | undefined;
  /** Keeps the line that the key has already. */
  add(key: string, line: number): void;
}

const SLOTS_MIN = 1_024;
const FILLED_MAX = 0.75;

/** @param most keys that are remembered; 12 bytes for each slot, of which a quarter at least is free */
export function createFirstPlaces(most: number): FirstPlaces {
  let [high, low, lines] = empty(SLOTS_MIN);
  let filled = 0;

  /** The slot that has the key, or the free one where it belongs. */
  function slotOf(a: number, b: number): number {
    const mask = lines.length - 1;
    let slot = (a ^ b) & mask;
    while (lines[slot] !== 0 && (high[slot] !== a || low[slot] !== b)) slot = (slot + 1) & mask;
    return slot;
  }

  function put(a: number, b: number, line: number): void {
    const slot = slotOf(a, b);
    if (lines[slot] !== 0) return;
    high[slot] = a;
    low[slot] = b;
    lines[slot] = line;
    filled += 1;
  }

  function grow(): void {
    const [a, b, before] = [high, low, lines];
    [high, low, lines] = empty(before.length * 2);
    filled = 0;
    for (let slot = 0; slot < before.length; slot += 1) {
      const line = before[slot] ?? 0;
      if (line !== 0) put(a[slot] ?? 0, b[slot] ?? 0, line);
    }
  }

  return {
    get(key) {
      const [a, b] = halves(key);
      return lines[slotOf(a, b)] || undefined;
    },
    add(key, line) {
      if (filled >= most) return;
      if (filled >= lines.length * FILLED_MAX) grow();
      const [a, b] = halves(key);
      put(a, b, line);
    },
  };
}

function empty(slots: number): [Uint32Array, Uint32Array, Uint32Array] {
  return [new Uint32Array(slots), new Uint32Array(slots), new Uint32Array(slots)];
}

function halves(key: string): [number, number] {
  return [Number.parseInt(key.slice(0, 8), 16) >>> 0, Number.parseInt(key.slice(8, 16), 16) >>> 0];
}
