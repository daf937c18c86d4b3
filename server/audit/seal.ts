import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db, Send } from '../platform/db.ts';
import { LEAST_UUID } from '../platform/key_pages.ts';
import { canonical, canonicalEvent, eventBytes } from './canonical.ts';
import { DESTINATION_STATEMENTS } from './destinations.ts';
import type { AuditRow } from './entries.ts';
import { leastMacId, signHead } from './heads.ts';
import { type AuditKeyRing, KEY_STATEMENTS } from './key_ring.ts';
import type { AuditKey } from './keys.ts';
import {
  LEAVES_IN_PART,
  type Leaf,
  LOG_STATEMENTS,
  type LogReader,
  readHashes,
  readLeaf,
  type WaitingRow,
} from './log_store.ts';
import { createFrontier, type Frontier, leafHash, type Node } from './merkle.ts';

export interface Sealed {
  /** Events that got their place in the log. */
  readonly sealed: number;
  /** Ids of events that Cardea did not write: they get none. */
  readonly refused: readonly string[];
  /** True when more events wait. */
  readonly more: boolean;
  /** The events in the log now. */
  readonly size: number;
  readonly signed: boolean;
}

export interface Sealing {
  /**
   * Gives events that have committed their place in the log, in one transaction; another node that does so is left alone.
   * @returns undefined when another node is sealing
   * @throws AppError 503; an Error when the log is shorter than this node has seen it
   */
  run(): Promise<Sealed | undefined>;
}

const BATCH = 1_000;

/** @param headEveryMs a new head is signed when the last one is this old and events have come */
export function createSealing(parts: {
  readonly db: Db;
  readonly keys: AuditKeyRing;
  readonly issuer: string;
  readonly now: Clock;
  readonly headEveryMs: number;
}): Sealing {
  const { db, keys, issuer, now, headEveryMs } = parts;
  let seen = 0;
  /** Of a long backlog, each batch begins where the one before ended: from the first id it would pass all that were sealed before it. */
  let from = LEAST_UUID;
  /** Events that got their place since a batch began at the first id. */
  let placed = 0;

  async function sealBatch(send: Send) {
    const query = async <R>(bound: BoundStatement<R>) => (await send<[R]>([bound]))[0];
    const [lock] = await query(LOG_STATEMENTS.lock.bind());
    if (!lock?.locked) return undefined;
    const [[lastRow], waiting, [head], [newest]] = await send([
      LOG_STATEMENTS.last.bind(),
      LOG_STATEMENTS.unsealed.bind({ from, limit: BATCH }),
      LOG_STATEMENTS.newestHead.bind(),
      KEY_STATEMENTS.newest.bind(),
    ]);
    if (newest?.generation !== keys.periods.length || keys.changed > 0) await keys.refresh({ query });
    if (keys.changed > 0) throw new Error('a key of the audit was changed or removed: see cardea audit verify');
    const last = lastRow && readLeaf(lastRow);
    const size = last ? last.index + 1 : 0;
    if (size < seen) throw new Error(`the log of the audit has ${size} events, and had ${seen}: its end was removed`);
    const rows = waiting.filter((row) => row.id !== null);
    const [genuine, refused] = split(rows, await macIdsFrom(query, rows, last));
    const frontier = createFrontier(size, await readHashes({ query }, [{ start: 0, end: size }]));
    const { leaves, nodes } = grow(frontier, genuine, last?.mac ?? NO_LEAF);
    if (leaves.length > 0) await store(send, size, leaves, nodes);
    if (refused.length > 0) await query(LOG_STATEMENTS.refuse.bind({ ids: refused }));
    const signs = isDue(head, frontier.size);
    if (signs) {
      const at = new Date(now());
      const signed = signHead(keys.newest, { issuer, size: frontier.size, root: frontier.root(), at }, head?.head);
      const { text, signature } = signed;
      await query(LOG_STATEMENTS.addHead.bind({ size: frontier.size, head: text, signature, createdAt: at }));
    }
    if (leaves.length > 0 || signs) await query(DESTINATION_STATEMENTS.tell.bind());
    const isFull = waiting.length === BATCH;
    const since = (from === LEAST_UUID ? 0 : placed) + leaves.length;
    // An event that committed meanwhile may have an earlier id.
    const more = isFull || (from !== LEAST_UUID && since > 0);
    const next = (isFull ? waiting.at(-1)?.waiting_id : undefined) ?? LEAST_UUID;
    return { next, since, sealed: { sealed: leaves.length, refused, more, size: frontier.size, signed: signs } };
  }

  return {
    async run() {
      const done = await db.transaction(sealBatch);
      if (!done) return undefined;
      // Not within the transaction, which may fail to commit.
      seen = done.sealed.size;
      from = done.next;
      placed = done.since;
      return done.sealed;
    },
  };

  /** @returns the least id of events that must have a MAC: those from before there were any come first in the log */
  async function macIdsFrom(
    query: LogReader['query'],
    rows: readonly WaitingRow[],
    last: Leaf | undefined,
  ): Promise<string> {
    if (rows.every(({ mac }) => mac !== null)) return LEAST_UUID;
    if (last && !isLeafMac(keys.ofLeaf(last.index), last, await macBefore(query, last), ADOPTED)) return LEAST_UUID;
    return (await leastMacId({ query }, keys)) ?? LEAST_UUID;
  }

  /** @param macsFrom events before this id are from before there were MACs */
  function split(rows: readonly WaitingRow[], macsFrom: string): [WaitingRow[], string[]] {
    const isGenuine = (row: WaitingRow) => {
      // Cardea lets an event wait once: a second place would tell the destinations of it again.
      if (row.has_leaf) return false;
      const bytes = eventBytes(row);
      return bytes !== undefined && (row.mac === null ? row.id < macsFrom : keys.isEntryMac(row.mac, bytes, now()));
    };
    const { genuine = [], refused = [] } = Object.groupBy(rows, (row) => (isGenuine(row) ? 'genuine' : 'refused'));
    return [genuine, refused.map(({ id }) => id)];
  }

  function grow(frontier: Frontier, rows: readonly AuditRow[], before: Buffer) {
    const leaves: Leaf[] = [];
    const nodes: (Node & { readonly hash: Buffer })[] = [];
    let previous = before;
    for (const row of rows) {
      const hash = leafHash(canonical(canonicalEvent(row)));
      const leaf = { index: frontier.size, eventId: row.id, hash };
      const mac = leafMac(keys.newest, leaf, previous, row.mac === null ? ADOPTED : WRITTEN);
      leaves.push({ ...leaf, mac });
      nodes.push(...frontier.append(hash));
      previous = mac;
    }
    return { leaves, nodes };
  }

  function isDue(head: { readonly tree_size: string; readonly created_at: Date } | undefined, size: number): boolean {
    if (!head) return size > 0;
    return Number(head.tree_size) < size && head.created_at.getTime() + headEveryMs <= now();
  }
}

/** @returns when the oldest event was written that has no place in the log, in milliseconds since the epoch; undefined when none waits */
export async function oldestWaiting(db: LogReader): Promise<number | undefined> {
  const [row] = await db.query(LOG_STATEMENTS.oldest.bind());
  return row && Number.parseInt(row.event_id.replace('-', '').slice(0, 12), 16);
}

/** In place of the MAC of the leaf before the first. */
export const NO_LEAF = Buffer.alloc(0);

/** In the MAC of a leaf: Cardea wrote the event, or it is from before events had a MAC. */
export const WRITTEN = 'written';
export const ADOPTED = 'adopted';
type Origin = typeof WRITTEN | typeof ADOPTED;

/** The id as well: a leaf that names another event could hide that its own is gone. */
const leafParts = ({ eventId, hash }: Pick<Leaf, 'eventId' | 'hash'>, previous: Buffer, origin: Origin) => [
  previous,
  hash,
  Buffer.from(`${origin} ${eventId}`),
];

function leafMac(key: AuditKey, leaf: Pick<Leaf, 'eventId' | 'hash'>, previous: Buffer, origin: Origin): Buffer {
  return key.mac(...leafParts(leaf, previous, origin));
}

/** @param previous the MAC of the leaf before */
export function isLeafMac(key: AuditKey, leaf: Leaf, previous: Buffer, origin: Origin): boolean {
  return key.isMac(leaf.mac, ...leafParts(leaf, previous, origin));
}

async function macBefore(query: LogReader['query'], { index }: Pick<Leaf, 'index'>): Promise<Buffer> {
  if (index === 0) return NO_LEAF;
  const [row] = await query(LOG_STATEMENTS.leaves.bind({ from: index - 1, limit: 1 }));
  return row?.mac ?? NO_LEAF;
}

async function store(send: Send, size: number, leaves: readonly Leaf[], nodes: readonly Node[]): Promise<void> {
  const part = Math.floor((size + leaves.length) / LEAVES_IN_PART);
  if (Math.floor((size - 1) / LEAVES_IN_PART) !== part) await send([LOG_STATEMENTS.addLeafPart.bind({ part })]);
  const rows = leaves.map(({ index, eventId, hash, mac }) => ({ index, event_id: eventId, hash, mac }));
  await send([
    LOG_STATEMENTS.addLeaves.bind({ rows }),
    LOG_STATEMENTS.addNodes.bind({ rows: nodes.map((one) => ({ ...one })) }),
    LOG_STATEMENTS.sealed.bind({ ids: leaves.map(({ eventId }) => eventId) }),
  ]);
}
