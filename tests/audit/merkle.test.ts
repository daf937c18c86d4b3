import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  consistencyRanges,
  createFrontier,
  EMPTY_ROOT,
  type HashOf,
  inclusionRanges,
  leafHash,
  nodeHash,
  nodesOf,
  provesConsistency,
  rangeHash,
  rootOfInclusion,
} from '../../server/audit/merkle.ts';

/** RFC 6962 §2.1, word for word. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leafHash(leaves[0] as Buffer);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

const data = Array.from({ length: 1_100 }, (_, i) => Buffer.from(`event ${i}`));

/** The hashes as the database has them: leaves, and nodes of the levels 8, 16 … that are complete. */
function stored(size: number): { readonly root: Buffer; readonly hashOf: HashOf } {
  const nodes = new Map<string, Buffer>();
  const frontier = createFrontier(0, () => EMPTY_ROOT);
  for (const [i, leaf] of data.slice(0, size).entries()) {
    nodes.set(`0/${i}`, leafHash(leaf));
    for (const { level, index, hash } of frontier.append(leafHash(leaf))) nodes.set(`${level}/${index}`, hash);
  }
  return {
    root: frontier.root(),
    hashOf: ({ level, index }) => {
      const hash = nodes.get(`${level}/${index}`);
      assert.ok(hash, `${level}/${index} is not stored`);
      return hash;
    },
  };
}

// The vectors of the reference implementation of Certificate Transparency.
test('the roots of known trees (RFC 6962 §2.1)', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const frontier = createFrontier(0, () => EMPTY_ROOT);
  assert.equal(frontier.root().toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  for (const [i, input] of inputs.entries()) {
    frontier.append(leafHash(Buffer.from(input, 'hex')));
    assert.equal(frontier.root().toString('hex'), roots[i]);
  }
});

test('a frontier that goes on from stored hashes has the root of the whole tree', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 100 }), (size, more) => {
      const { hashOf } = stored(size);
      const frontier = createFrontier(size, hashOf);
      for (const leaf of data.slice(size, size + more)) frontier.append(leafHash(leaf));
      assert.deepEqual(frontier.root(), treeHash(data.slice(0, size + more)));
      assert.deepEqual(rangeHash({ start: 0, end: size }, hashOf), treeHash(data.slice(0, size)));
    }),
    { numRuns: 40 },
  );
});

test('a proof of inclusion leads to the root, and one of another leaf, place or size does not (RFC 6962 §2.1.1)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.nat(), fc.nat(), (size, at, other) => {
      const { root, hashOf } = stored(size);
      const index = at % size;
      const proof = inclusionRanges(index, size).map((range) => rangeHash(range, hashOf));
      const leaf = leafHash(data[index] as Buffer);
      assert.deepEqual(rootOfInclusion(leaf, index, size, proof), root);
      assert.notDeepEqual(rootOfInclusion(leafHash(Buffer.from('another')), index, size, proof), root);
      if (other % size !== index) assert.notDeepEqual(rootOfInclusion(leaf, other % size, size, proof), root);
      assert.equal(rootOfInclusion(leaf, index, size, [...proof, root]), undefined);
      assert.equal(rootOfInclusion(leaf, size, size, proof), undefined);
    }),
    { numRuns: 40 },
  );
});

test('a proof of consistency leads to both roots, and only to these (RFC 6962 §2.1.2)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 300 }), (size, more) => {
      const [before, after] = [stored(size), stored(size + more)];
      const [from, to] = [
        { size, root: before.root },
        { size: size + more, root: after.root },
      ];
      const proof =
        size === 0 ? [] : consistencyRanges(size, size + more).map((range) => rangeHash(range, after.hashOf));
      assert.equal(provesConsistency(from, to, proof), true);
      const wrong = leafHash(Buffer.from('wrong'));
      if (size > 0) assert.equal(provesConsistency({ size, root: wrong }, to, proof), false);
      if (size > 0 && more > 0) assert.equal(provesConsistency(from, { ...to, root: wrong }, proof), false);
      if (more > 0) assert.equal(provesConsistency(to, from, proof), false);
      assert.equal(provesConsistency(from, to, [...proof, wrong]), false);
    }),
    { numRuns: 40 },
  );
});

test('the proofs of the example with seven leaves are as its text has them (RFC 6962 §2.1.3)', () => {
  const ranges = (from: number) => consistencyRanges(from, 7).map(({ start, end }) => `${start}-${end}`);
  // c, d, g, l; then l alone, since four leaves are a node of the tree; then i, j, k.
  assert.deepEqual(ranges(3), ['2-3', '3-4', '0-2', '4-7']);
  assert.deepEqual(ranges(4), ['4-7']);
  assert.deepEqual(ranges(6), ['4-6', '6-7', '0-4']);
});

test('a place before the first leaf, or between two, is in no tree', () => {
  const { hashOf } = stored(5);
  const proof = inclusionRanges(0, 5).map((range) => rangeHash(range, hashOf));
  const leaf = leafHash(data[0] as Buffer);
  assert.ok(rootOfInclusion(leaf, 0, 5, proof));
  for (const place of [-1, -0.5, 0.5, Number.NaN]) assert.equal(rootOfInclusion(leaf, place, 5, proof), undefined);
});

test('a tree is the beginning of itself and of no other of its size, and the empty one has one root', () => {
  const [{ root }, other] = [stored(5), leafHash(Buffer.from('another'))];
  const proves = (from: number, fromRoot: Buffer, toRoot: Buffer, proof: Buffer[] = []) =>
    provesConsistency({ size: from, root: fromRoot }, { size: 5, root: toRoot }, proof);
  assert.equal(proves(5, root, root), true);
  assert.equal(proves(5, root, other), false);
  assert.equal(proves(5, root, root, [other]), false);
  assert.equal(proves(0, EMPTY_ROOT, root), true);
  assert.equal(proves(0, other, root), false);
  assert.equal(proves(0, EMPTY_ROOT, root, [other]), false);
});

test('the nodes of a range are those that its hash is made from', () => {
  const { hashOf } = stored(1_000);
  for (const range of [{ start: 0, end: 1_000 }, ...inclusionRanges(700, 1_000)]) {
    const read: object[] = [];
    rangeHash(range, (node) => {
      read.push(node);
      return hashOf(node);
    });
    assert.deepEqual(nodesOf(range), read);
    assert.ok(read.length > 0);
  }
});
