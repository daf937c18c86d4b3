import { leastUuidv7 } from '../platform/ids.ts';
import { LEAST_UUID, pagesByKey } from '../platform/key_pages.ts';
import { leastLeft, readAnchors } from './anchors.ts';
import { canonical, eventBytes } from './canonical.ts';
import type { AuditRow } from './entries.ts';
import { digest, type Head, leastMacId, type SignedHead, shownHead, signedHead } from './heads.ts';
import type { AuditKeyRing } from './key_ring.ts';
import {
  type HeadRow,
  type Leaf,
  LOG_STATEMENTS,
  type LogReader,
  MissingHash,
  readHashes,
  readLeaf,
} from './log_store.ts';
import { createFrontier, type HashOf, leafHash, type Node, rangeHash } from './merkle.ts';
import { ADOPTED, isLeafMac, NO_LEAF, WRITTEN } from './seal.ts';

/** The kinds of what a verification finds. */
export const FINDINGS = {
  changed: 'the event is not as it was when it was sealed',
  removed: 'the event is in the log, and its row is gone',
  inserted: 'the event was not written by Cardea',
  not_sealed: 'the event is neither in the log nor waiting for it',
  leaf_removed: 'leaves of the log are missing here',
  leaf_changed: 'a leaf of the log was changed, moved or inserted here',
  node_changed: 'a stored hash of the tree is not that of its leaves',
  head_changed: 'a head is not as it was signed',
  head_removed: 'a head is missing before this one',
  tree_differs: 'the log is not the one that this head was signed for',
  cut: 'the log is shorter than a head says',
  anchor_changed: 'an anchor of the retention is not as it was signed',
  key_changed: 'a statement about a key of the audit is not as it was signed, or the key is gone',
} as const;

export interface Finding {
  readonly kind: keyof typeof FINDINGS;
  /** The event that it is about. */
  readonly eventId: string | null;
  /** The place in the log, or the size of the tree of a head. */
  readonly index: number | null;
}

export interface VerifyProgress {
  readonly events: number;
  /** Of the log. */
  readonly size: number;
}

export interface Verified extends VerifyProgress {
  readonly heads: number;
  /** Committed, and not sealed yet. */
  readonly waiting: number;
  /** Leaves whose events the retention has removed. */
  readonly retired: number;
  readonly newest: SignedHead | undefined;
}

const PAGE = 2_000;

export interface VerifyOptions {
  /** Events from this time on alone; what comes before is taken from the stored hashes. Milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Heads that were kept elsewhere, to find an end that was cut off. */
  readonly heads?: readonly SignedHead[] | undefined;
}

/**
 * Compares every row of the audit with the log of hashes, and the log with its signed heads. Memory does not grow with the
 * number of events.
 * @returns findings as they are found and progress after each page; at the end the totals
 */
export async function* verifyAudit(
  db: LogReader,
  keys: AuditKeyRing,
  options: VerifyOptions = {},
): AsyncGenerator<{ readonly findings: readonly Finding[]; readonly progress: VerifyProgress }, Verified> {
  const { since, heads: kept = [] } = options;
  // A head commits with its leaves, so these are all there when the end is read after it.
  const [newestRow] = await db.query(LOG_STATEMENTS.newestHead.bind());
  const [lastRow] = await db.query(LOG_STATEMENTS.last.bind());
  const size = lastRow ? Number(lastRow.index) + 1 : 0;
  let anchors = await signedBefore(db, keys);
  const begin = await beginning(db, keys, options);
  const macsFrom = (await leastMacId(db, keys)) ?? LEAST_UUID;
  const totals = { events: 0, heads: 0, waiting: 0, retired: 0 };
  const progress = () => ({ events: totals.events, size });
  yield {
    findings: [
      ...Array.from({ length: keys.changed }, () => finding('key_changed')),
      ...Array.from({ length: anchors.changed }, () => finding('anchor_changed')),
    ],
    progress: progress(),
  };

  // The heads and the leaves, side by side in the order of the log.
  const sizes = { from: begin.size, to: Number(newestRow?.tree_size ?? 0) };
  const heads = headsFrom(db, keys, sizes, kept, anchors.trees);
  let next = await heads.next();
  const frontier = createFrontier(begin.size, begin.hashOf);
  let [expected, previous, intact] = [begin.size, begin.mac, true];
  let newest: SignedHead | undefined;
  // Events from before there were MACs come first.
  let adopting = begin.size === 0;
  const findings: Finding[] = [];

  async function passHeads(): Promise<void> {
    for (; !next.done && next.value.size <= expected; next = await heads.next()) {
      const { size: headSize, root, shown, isHead, finding: problem } = next.value;
      if (problem) findings.push(problem);
      else if (intact && headSize === frontier.size && !frontier.root().equals(root)) {
        findings.push(finding('tree_differs', null, headSize));
        intact = false;
      }
      totals.heads += Number(isHead);
      newest = shown ?? newest;
    }
  }

  await passHeads();
  const pages = pagesByKey({
    size: PAGE,
    from: begin.size,
    keyOf: (one: Leaf) => one.index,
    read: async (from, limit) => (await db.query(LOG_STATEMENTS.leaves.bind({ from, limit }))).map(readLeaf),
  });
  for await (const page of pages) {
    const leaves = page.filter(({ index }) => index < size);
    if (leaves.length === 0) break;
    const rows = await db.query(LOG_STATEMENTS.eventsOf.bind({ ids: leaves.map(({ eventId }) => eventId) }));
    const events = Map.groupBy(rows, ({ id }) => id);
    const nodes: (Node & { readonly hash: Buffer })[] = [];
    let isCurrent = false;
    for (const leaf of leaves) {
      const { index, eventId, hash, mac } = leaf;
      const follows = index === expected;
      if (!follows) findings.push(finding('leaf_removed', null, expected));
      else if (
        !isLeafMac(keys.ofLeaf(index), leaf, previous, WRITTEN) &&
        !(adopting && eventId < macsFrom && isLeafMac(keys.ofLeaf(index), leaf, previous, ADOPTED))
      ) {
        findings.push(finding('leaf_changed', eventId, index));
      }
      adopting &&= follows && eventId < macsFrom && isLeafMac(keys.ofLeaf(index), leaf, previous, ADOPTED);
      intact &&= follows;
      const [event, ...others] = events.get(eventId) ?? [];
      const bytes = event && !event.is_finer ? eventBytes(event) : undefined;
      if (event && !(bytes && hash.equals(leafHash(bytes)))) findings.push(finding('changed', eventId, index));
      // Possible where the primary key was dropped.
      if (others.length > 0) findings.push(finding('inserted', eventId, index));
      if (!event) {
        // The retention may have gone on before the events of the page were read.
        if (eventId >= anchors.before && !isCurrent) anchors = await signedBefore(db, keys);
        isCurrent ||= eventId >= anchors.before;
        if (eventId < anchors.before) totals.retired += 1;
        else findings.push(finding('removed', eventId, index));
      }
      nodes.push(...frontier.append(hash));
      totals.events += 1;
      [expected, previous] = [index + 1, mac];
      await passHeads();
    }
    if (intact) findings.push(...(await changedNodes(db, nodes)));
    yield { findings: findings.splice(0), progress: progress() };
  }
  for (; !next.done; next = await heads.next()) {
    findings.push(next.value.finding ?? finding('cut', null, next.value.size));
    totals.heads += Number(next.value.isHead);
    if (findings.length >= PAGE) yield { findings: findings.splice(0), progress: progress() };
  }

  yield { findings: findings.splice(0), progress: progress() };
  for await (const found of withoutLeaf(db, keys, { since, macsFrom: adopting ? macsFrom : LEAST_UUID })) {
    totals.waiting += found.waiting;
    yield { findings: found.findings, progress: progress() };
  }
  for await (const removed of removedWaiting(db, anchors.before)) yield { findings: removed, progress: progress() };
  return { ...totals, size, newest };
}

const finding = (kind: Finding['kind'], eventId: string | null = null, index: number | null = null): Finding => ({
  kind,
  eventId,
  index,
});

interface Anchors {
  /** The least id that the retention has left. */
  readonly before: string;
  /** Those that are not as they were signed. */
  readonly changed: number;
  /** Anchors and successions of keys are signed for a log as well: those of another log do not count. */
  readonly trees: readonly CheckedHead[];
}

async function signedBefore(db: LogReader, keys: AuditKeyRing): Promise<Anchors> {
  const { anchors, changed } = await readAnchors(db, keys);
  const successions = keys.periods.map(({ signed }) => signed?.succession).filter((one) => one !== undefined);
  const trees = [...anchors, ...successions].map(({ tree_size: size, root_hash: root }) => ({
    size,
    root: Buffer.from(root, 'base64url'),
    shown: undefined,
    isHead: false,
    finding: undefined,
  }));
  return { before: leastLeft(anchors), changed, trees };
}

interface Beginning {
  readonly size: number;
  /** Of the leaf before. */
  readonly mac: Buffer;
  readonly hashOf: HashOf;
}

/**
 * The place from which the log is read: that of the newest head from before `since`, or the first when any of it was changed or a head that
 * was kept elsewhere is from before it.
 */
async function beginning(
  db: LogReader,
  keys: AuditKeyRing,
  { since, heads: kept = [] }: VerifyOptions,
): Promise<Beginning> {
  const first: Beginning = { size: 0, mac: NO_LEAF, hashOf: await readHashes(db, []) };
  if (since === undefined) return first;
  const [row] = await db.query(LOG_STATEMENTS.newestHeadBefore.bind({ at: new Date(since) }));
  const head = row && signedHead(row, keys);
  const size = Number(row?.tree_size ?? 0);
  // The column of the time is not signed: a later one would hide what comes before it.
  if (!head || head.tree_size !== size || Date.parse(head.time) > since) return first;
  if (kept.some((one) => one.head.tree_size < size)) return first;
  const [leaf] = size === 0 ? [] : await db.query(LOG_STATEMENTS.leaves.bind({ from: size - 1, limit: 1 }));
  if (!leaf || Number(leaf.index) !== size - 1) return first;
  const range = { start: 0, end: size };
  const hashOf = await readHashes(db, [range]);
  try {
    rangeHash(range, hashOf);
  } catch (error) {
    if (error instanceof MissingHash) return first;
    throw error;
  }
  return { size, mac: leaf.mac, hashOf };
}

interface CheckedHead {
  readonly size: number;
  readonly root: Buffer;
  /** Of a stored head; not of one that was kept elsewhere. */
  readonly shown: SignedHead | undefined;
  /** False for the tree of an anchor. */
  readonly isHead: boolean;
  readonly finding: Finding | undefined;
}

/** The heads of trees of this size and larger ones, the smallest first, with those that were kept elsewhere and the anchors. */
async function* headsFrom(
  db: LogReader,
  keys: AuditKeyRing,
  { from, to }: { readonly from: number; readonly to: number },
  kept: readonly SignedHead[],
  trees: readonly CheckedHead[],
): AsyncGenerator<CheckedHead, void> {
  const elsewhere = kept
    .map(({ head, signature }) =>
      checkedHead({ head: canonical(head).toString(), signature: Buffer.from(signature, 'base64url') }, keys),
    )
    .concat(trees)
    .filter(({ size }) => size >= from)
    .sort((one, other) => one.size - other.size);
  let before: string | undefined;
  const pages = pagesByKey({
    size: PAGE,
    from,
    keyOf: (row: HeadRow) => Number(row.tree_size),
    read: (start, limit) => db.query(LOG_STATEMENTS.heads.bind({ from: start, limit })),
  });
  for await (const rows of pages) {
    for (const row of rows) {
      // Signed after the verification began.
      if (Number(row.tree_size) > to) break;
      const checked = checkedHead(row, keys, Number(row.tree_size));
      while (elsewhere[0] && elsewhere[0].size <= checked.size) yield elsewhere.shift() as CheckedHead;
      const { previous, time = '' } = signedHead(row, keys) ?? {};
      // By it the sealing knows when the next head is due: a later one would put that off for ever.
      const isMoved = checked.finding === undefined && Date.parse(time) !== row.created_at.getTime();
      const follows = before === undefined ? from > 0 || checked.size === 0 : previous === digest(before);
      const missing = follows ? undefined : finding('head_removed', null, checked.size);
      const moved = isMoved ? finding('head_changed', null, checked.size) : undefined;
      const shown = checked.finding ? undefined : shownHead(row);
      yield { ...checked, shown, finding: checked.finding ?? missing ?? moved };
      before = row.head;
    }
  }
  yield* elsewhere;
}

/** @param size in the database, which must be that of the head */
function checkedHead(
  row: { readonly head: string; readonly signature: Buffer },
  keys: AuditKeyRing,
  size?: number,
): CheckedHead {
  const head = signedHead(row, keys);
  const at = size ?? head?.tree_size ?? (JSON.parse(row.head) as Head).tree_size;
  return {
    size: at,
    root: Buffer.from(head?.root_hash ?? '', 'base64url'),
    shown: undefined,
    isHead: true,
    finding: head?.tree_size === at ? undefined : finding('head_changed', null, at),
  };
}

async function changedNodes(db: LogReader, nodes: readonly (Node & { readonly hash: Buffer })[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [level, some] of Map.groupBy(nodes, (node) => node.level)) {
    const rows = await db.query(LOG_STATEMENTS.nodeHashes.bind({ level, indexes: some.map(({ index }) => index) }));
    const stored = new Map(rows.map(({ index, hash }) => [Number(index), hash]));
    for (const { index, hash } of some) {
      if (!stored.get(index)?.equals(hash)) findings.push(finding('node_changed', null, index * 2 ** level));
    }
  }
  return findings;
}

/** Events without a place in the log: they wait for it, or Cardea did not write them. */
async function* withoutLeaf(
  db: LogReader,
  keys: AuditKeyRing,
  { since, macsFrom }: { readonly since: number | undefined; readonly macsFrom: string },
) {
  const pages = pagesByKey({
    size: PAGE,
    from: since === undefined ? LEAST_UUID : leastUuidv7(Math.max(0, since)),
    keyOf: (row: { readonly id: string }) => row.id,
    read: (from, limit) => db.query(LOG_STATEMENTS.withoutLeaf.bind({ from, limit })),
  });
  for await (const rows of pages) {
    const ids = rows.filter(({ sealed }) => !sealed).map(({ id }) => id);
    if (ids.length === 0) continue;
    const waiting = new Map(
      (await db.query(LOG_STATEMENTS.isWaiting.bind({ ids }))).map((row) => [row.event_id, row.refused]),
    );
    const events = await db.query(LOG_STATEMENTS.eventsOf.bind({ ids }));
    const isGenuine = (event: AuditRow) => {
      const bytes = eventBytes(event);
      if (!bytes) return false;
      return event.mac === null
        ? event.id < macsFrom && waiting.get(event.id) === false
        : keys.isEntryMac(event.mac, bytes);
    };
    const findings: Finding[] = [];
    for (const event of events) {
      // It may have been sealed since it was read.
      const isSealed = async () => (await db.query(LOG_STATEMENTS.leafOf.bind({ id: event.id }))).length > 0;
      if (!isGenuine(event)) findings.push(finding('inserted', event.id));
      else if (waiting.get(event.id) !== false && !(await isSealed())) findings.push(finding('not_sealed', event.id));
    }
    yield { waiting: events.length - findings.length, findings };
  }
}

/**
 * Events that were removed before they had a place in the log: they wait for it in vain.
 * @param before the least id that the retention has left: it also removes what was refused a place
 */
async function* removedWaiting(db: LogReader, before: string): AsyncGenerator<readonly Finding[], void> {
  const pages = pagesByKey({
    size: PAGE,
    from: LEAST_UUID,
    keyOf: (row: { readonly id: string }) => row.id,
    read: (from, limit) => db.query(LOG_STATEMENTS.missing.bind({ from, limit })),
  });
  for await (const rows of pages) {
    const removed = rows.filter(({ id, refused, missing }) => missing && !(refused && id < before));
    yield removed.map(({ id }) => finding('removed', id));
  }
}
