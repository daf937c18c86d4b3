import { createHash } from 'node:crypto';

/*
 * The Merkle tree of RFC 6962 §2.1, as pure functions. A tree over n leaves is made of complete subtrees; of those, the
 * roots of 256, 65,536 … leaves are stored, so that any proof reads a few hundred hashes of a log of any length.
 */

/** Stored nodes are the roots of 2^8, 2^16 … leaves. */
export const LEVEL_STEP = 8;

/** The root of the leaves `index * 2^level` up to `(index + 1) * 2^level`, without the last. Level 0 is a leaf. */
export interface Node {
  readonly level: number;
  readonly index: number;
}

/** Leaves from `start` up to `end`, without the last. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** @returns the hash of a stored node or a leaf. @throws when it is not there */
export type HashOf = (node: Node) => Buffer;

export const EMPTY_ROOT = createHash('sha256').digest();

/** RFC 6962 §2.1: a leaf and a node can never have the same input. */
export function leafHash(data: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(data).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

/** The root of a range, as RFC 6962 §2.1 splits it. @param range begins at a multiple of its largest power of two */
export function rangeHash(range: Range, hashOf: HashOf): Buffer {
  if (range.start === range.end) return EMPTY_ROOT;
  const stored = storedNode(range);
  if (stored) return hashOf(stored);
  const middle = range.start + splitOf(range.end - range.start);
  return nodeHash(
    rangeHash({ start: range.start, end: middle }, hashOf),
    rangeHash({ start: middle, end: range.end }, hashOf),
  );
}

/** The nodes and leaves that `rangeHash` reads. */
export function nodesOf(range: Range): Node[] {
  const nodes: Node[] = [];
  rangeHash(range, (node) => {
    nodes.push(node);
    return EMPTY_ROOT;
  });
  return nodes;
}

/** The hashes that prove a leaf, from the leaf to the root, as ranges (RFC 6962 §2.1.1). */
export function inclusionRanges(index: number, size: number): Range[] {
  const path: Range[] = [];
  for (let within = { start: 0, end: size }; within.end - within.start > 1; ) {
    const middle = within.start + splitOf(within.end - within.start);
    const [left, right] = [
      { start: within.start, end: middle },
      { start: middle, end: within.end },
    ];
    path.unshift(index < middle ? right : left);
    within = index < middle ? left : right;
  }
  return path;
}

/** The hashes that prove that a tree of `from` leaves is the beginning of one of `to` (RFC 6962 §2.1.2). */
export function consistencyRanges(from: number, to: number): Range[] {
  const path: Range[] = [];
  let whole = true;
  let [within, size]: [Range, number] = [{ start: 0, end: to }, from];
  while (size !== within.end - within.start) {
    const split = splitOf(within.end - within.start);
    const middle = within.start + split;
    if (size <= split) {
      path.unshift({ start: middle, end: within.end });
      within = { start: within.start, end: middle };
    } else {
      path.unshift({ start: within.start, end: middle });
      within = { start: middle, end: within.end };
      size -= split;
      whole = false;
    }
  }
  return whole ? path : [within, ...path];
}

/** @returns the root that the proof leads to; undefined when the proof has the wrong length (RFC 9162 §2.1.3.2) */
export function rootOfInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Buffer | undefined {
  // It is from a proof of somebody else: a place between two leaves would count as one of them.
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined;
  const ranges = inclusionRanges(index, size);
  if (ranges.length !== proof.length) return undefined;
  return ranges.reduce<Buffer>((hash, range, i) => {
    const sibling = proof[i] as Uint8Array;
    return range.start > index ? nodeHash(hash, sibling) : nodeHash(sibling, hash);
  }, Buffer.from(leaf));
}

/** True when the proof leads to both roots (RFC 9162 §2.1.4.2). */
export function provesConsistency(
  from: { readonly size: number; readonly root: Uint8Array },
  to: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (from.size > to.size) return false;
  if (from.size === to.size) return proof.length === 0 && Buffer.compare(from.root, to.root) === 0;
  if (from.size === 0) return proof.length === 0 && Buffer.compare(from.root, EMPTY_ROOT) === 0;
  const ranges = consistencyRanges(from.size, to.size);
  if (ranges.length !== proof.length) return false;
  // A power of two is itself a node of the larger tree, and its root is known already.
  const first = ranges[0]?.start === from.size ? from.root : undefined;
  let old: Buffer = Buffer.from(first ?? (proof[0] as Uint8Array));
  let whole = old;
  for (const [i, { start }] of ranges.entries()) {
    if (!first && i === 0) continue;
    const hash = proof[i] as Uint8Array;
    if (start >= from.size) whole = nodeHash(whole, hash);
    else [old, whole] = [nodeHash(hash, old), nodeHash(hash, whole)];
  }
  return Buffer.compare(old, from.root) === 0 && Buffer.compare(whole, to.root) === 0;
}

/** Grows a tree a leaf at a time; in memory are the roots of its complete subtrees alone. */
export interface Frontier {
  readonly size: number;
  /** @returns the stored nodes that the leaf completes */
  append(leaf: Buffer): (Node & { readonly hash: Buffer })[];
  root(): Buffer;
}

/** @param size leaves so far @param hashOf reads the nodes of `nodesOf({ start: 0, end: size })` */
export function createFrontier(size: number, hashOf: HashOf): Frontier {
  /** By level; undefined where the size has no bit. */
  const roots: (Buffer | undefined)[] = [];
  for (let level = 0, end = size; end > 0; level += 1) {
    const width = 2 ** level;
    if (Math.floor(end / width) % 2 === 0) continue;
    roots[level] = rangeHash({ start: end - width, end }, hashOf);
    end -= width;
  }
  let count = size;
  return {
    get size() {
      return count;
    },
    append(leaf) {
      const completed: (Node & { readonly hash: Buffer })[] = [];
      let [hash, level] = [leaf, 0];
      for (let left = roots[level]; left !== undefined; left = roots[level]) {
        hash = nodeHash(left, hash);
        roots[level] = undefined;
        level += 1;
        if (level % LEVEL_STEP === 0) completed.push({ level, index: Math.floor(count / 2 ** level), hash });
      }
      roots[level] = hash;
      count += 1;
      return completed;
    },
    root() {
      // The smallest subtrees are the rightmost ones.
      const [smallest, ...larger] = roots.filter((hash) => hash !== undefined);
      return smallest ? larger.reduce((right, left) => nodeHash(left, right), smallest) : EMPTY_ROOT;
    },
  };
}

/** The largest power of two that is less than `n`. */
function splitOf(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}

function storedNode({ start, end }: Range): Node | undefined {
  const level = Math.log2(end - start);
  if (level % LEVEL_STEP !== 0 || start % (end - start) !== 0) return undefined;
  return { level, index: start / (end - start) };
}
