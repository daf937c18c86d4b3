import { type Selectable, sql } from 'kysely';
import type { AuditAnchors, AuditHeads } from '../platform/database.ts';
import type { BoundStatement } from '../platform/db.ts';
import { columns, statement } from '../platform/statement.ts';
import type { AuditRow } from './canonical.ts';
import { type HashOf, type Node, nodesOf, type Range } from './merkle.ts';

/* The statements of the log: leaves, nodes, heads and anchors. Postgres has `bigint` as text. */

export interface Leaf {
  readonly index: number;
  readonly eventId: string;
  readonly hash: Buffer;
  readonly mac: Buffer;
}

export interface LeafRow {
  readonly index: string;
  readonly event_id: string;
  readonly hash: Buffer;
  readonly mac: Buffer;
}

const leaf = columns<'index' | 'event_id' | 'hash' | 'mac'>({
  index: 'bigint',
  event_id: 'uuid',
  hash: 'bytea',
  mac: 'bytea',
});
const node = columns<'level' | 'index' | 'hash'>({ level: 'smallint', index: 'bigint', hash: 'bytea' });

type Rows = readonly Readonly<Record<string, unknown>>[];

export const LOG_STATEMENTS = {
  lock: statement(
    'audit_log.lock',
    () => sql<{ locked: boolean }>`SELECT pg_try_advisory_xact_lock(hashtextextended('cardea audit log', 0)) AS locked`,
  ),
  /** Waits for a node that gives events their places, and keeps others from it until the end of the transaction. */
  waitForLock: statement(
    'audit_log.wait_for_lock',
    () => sql`SELECT pg_advisory_xact_lock(hashtextextended('cardea audit log', 0))`,
  ),
  last: statement(
    'audit_log.last',
    () => sql<LeafRow>`SELECT index, event_id, hash, mac FROM audit_leaves ORDER BY index DESC LIMIT 1`,
  ),
  unsealed: statement(
    'audit_log.unsealed',
    // One that was removed before it had a place waits in vain, and is passed.
    ($: { from: string; limit: number }) => sql<WaitingRow | (Pick<WaitingRow, 'waiting_id'> & { id: null })>`
      SELECT u.event_id AS waiting_id, EXISTS (SELECT 1 FROM audit_leaves l WHERE l.event_id = e.id) AS has_leaf, e.*
        FROM (SELECT event_id FROM audit_unsealed WHERE NOT refused AND event_id >= ${$.from}::uuid
               ORDER BY event_id LIMIT ${$.limit}) u
        LEFT JOIN audit e ON e.id = u.event_id ORDER BY u.event_id`,
  ),
  oldest: statement(
    'audit_log.oldest',
    () => sql<{ event_id: string }>`SELECT event_id FROM audit_unsealed WHERE NOT refused ORDER BY event_id LIMIT 1`,
  ),
  // Counted up to a limit, so that a long backlog costs no more than a short one.
  state: statement(
    'audit_log.state',
    () => sql<LogState>`
      SELECT (SELECT count(*)::int FROM (SELECT 1 FROM audit_unsealed WHERE NOT refused LIMIT 10000) AS w) AS waiting,
             (SELECT count(*)::int FROM (SELECT 1 FROM audit_unsealed WHERE refused LIMIT 10000) AS r) AS refused,
             (SELECT event_id FROM audit_unsealed WHERE NOT refused ORDER BY event_id LIMIT 1) AS oldest,
             (SELECT index + 1 FROM audit_leaves ORDER BY index DESC LIMIT 1) AS size,
             (SELECT created_at FROM audit_heads ORDER BY tree_size DESC LIMIT 1) AS head_at,
             (SELECT tree_size FROM audit_heads ORDER BY tree_size DESC LIMIT 1) AS head_size`,
  ),
  isWaiting: statement(
    'audit_log.is_waiting',
    ($: { ids: readonly string[] }) => sql<{ event_id: string; refused: boolean }>`
      SELECT event_id, refused FROM audit_unsealed WHERE event_id = ANY(${$.ids}::uuid[])`,
  ),
  sealed: statement(
    'audit_log.sealed',
    ($: { ids: readonly string[] }) => sql`DELETE FROM audit_unsealed WHERE event_id = ANY(${$.ids}::uuid[])`,
  ),
  refuse: statement(
    'audit_log.refuse',
    ($: { ids: readonly string[] }) =>
      sql`UPDATE audit_unsealed SET refused = true WHERE event_id = ANY(${$.ids}::uuid[])`,
  ),
  addLeaves: statement(
    'audit_log.add_leaves',
    ($: { rows: Rows }) =>
      sql`INSERT INTO audit_leaves (${leaf.names}) SELECT * FROM ${leaf.unnest($.rows as readonly never[])}`,
  ),
  addNodes: statement(
    'audit_log.add_nodes',
    ($: { rows: Rows }) =>
      sql`INSERT INTO audit_nodes (${node.names}) SELECT * FROM ${node.unnest($.rows as readonly never[])}`,
  ),
  addLeafPart: statement('audit_log.add_leaf_part', ($: { part: number }) => sql`SELECT add_audit_leaves(${$.part})`),
  leaves: statement(
    'audit_log.leaves',
    ($: { from: number; limit: number }) => sql<LeafRow>`
      SELECT index, event_id, hash, mac FROM audit_leaves WHERE index >= ${$.from}::bigint ORDER BY index LIMIT ${$.limit}`,
  ),
  leafHashes: statement(
    'audit_log.leaf_hashes',
    ($: { indexes: readonly number[] }) => sql<{ index: string; hash: Buffer }>`
      SELECT index, hash FROM audit_leaves WHERE index = ANY(${$.indexes}::bigint[])`,
  ),
  nodeHashes: statement(
    'audit_log.node_hashes',
    ($: { level: number; indexes: readonly number[] }) => sql<{ index: string; hash: Buffer }>`
      SELECT index, hash FROM audit_nodes WHERE level = ${$.level} AND index = ANY(${$.indexes}::bigint[])`,
  ),
  unsealedBefore: statement(
    'audit_log.unsealed_before',
    ($: { id: string }) =>
      sql`SELECT event_id FROM audit_unsealed WHERE event_id < ${$.id}::uuid AND NOT refused LIMIT 1`,
  ),
  /** Events that were removed before they had a place in the log. */
  missing: statement(
    'audit_log.missing',
    ($: { from: string; limit: number }) => sql<{ id: string; refused: boolean; missing: boolean }>`
      SELECT u.event_id AS id, u.refused, NOT EXISTS (SELECT 1 FROM audit e WHERE e.id = u.event_id) AS missing
        FROM audit_unsealed u WHERE u.event_id >= ${$.from}::uuid ORDER BY u.event_id LIMIT ${$.limit}`,
  ),
  parts: statement(
    'audit_log.parts',
    // The end of a part is the id of its bound; the part for all others has none.
    () => sql<{ name: string; ends: string }>`
      SELECT c.relname AS name, substring(pg_get_expr(c.relpartbound, c.oid) FROM ${sql.lit("TO \\('(.*)'\\)")}) AS ends
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'audit'::regclass AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' ORDER BY 2`,
  ),
  addMonth: statement(
    'audit_log.add_month',
    ($: { name: string; starts: Date; ends: Date }) => sql`SELECT add_audit_month(${$.name}, ${$.starts}, ${$.ends})`,
  ),
  dropPart: statement('audit_log.drop_part', ($: { name: string }) => sql`SELECT drop_audit_part(${$.name})`),
  leafOf: statement(
    'audit_log.leaf_of',
    ($: { id: string }) => sql<LeafRow>`
      SELECT index, event_id, hash, mac FROM audit_leaves WHERE event_id = ${$.id}::uuid ORDER BY index LIMIT 1`,
  ),
  eventsOf: statement(
    'audit_log.events_of',
    // Cardea writes whole milliseconds: what is finer is not hashed.
    ($: { ids: readonly string[] }) => sql<AuditRow & { readonly is_finer: boolean }>`
      SELECT *, date_trunc('milliseconds', at) <> at AS is_finer FROM audit WHERE id = ANY(${$.ids}::uuid[])`,
  ),
  /** Events that have no leaf, in the order of their ids. */
  withoutLeaf: statement(
    'audit_log.without_leaf',
    ($: { from: string; limit: number }) => sql<{ id: string; sealed: boolean }>`
      SELECT e.id, EXISTS (SELECT 1 FROM audit_leaves l WHERE l.event_id = e.id) AS sealed
        FROM (SELECT id FROM audit WHERE id >= ${$.from}::uuid ORDER BY id LIMIT ${$.limit}) e ORDER BY e.id`,
  ),
  addHead: statement(
    'audit_log.add_head',
    ($: { size: number; head: string; signature: Buffer; createdAt: Date }) => sql`
      INSERT INTO audit_heads (tree_size, head, signature, created_at)
      VALUES (${$.size}::bigint, ${$.head}, ${$.signature}, ${$.createdAt})`,
  ),
  heads: statement(
    'audit_log.heads',
    ($: { from: number; limit: number }) => sql<HeadRow>`
      SELECT * FROM audit_heads WHERE tree_size >= ${$.from}::bigint ORDER BY tree_size LIMIT ${$.limit}`,
  ),
  newestHead: statement(
    'audit_log.newest_head',
    () => sql<HeadRow>`SELECT * FROM audit_heads ORDER BY tree_size DESC LIMIT 1`,
  ),
  newestHeadBefore: statement(
    'audit_log.newest_head_before',
    ($: { at: Date }) => sql<HeadRow>`
      SELECT * FROM audit_heads WHERE created_at <= ${$.at} ORDER BY tree_size DESC LIMIT 1`,
  ),
  addAnchor: statement(
    'audit_log.add_anchor',
    ($: { id: string; before: string; anchor: string; signature: Buffer; createdAt: Date }) => sql`
      INSERT INTO audit_anchors (id, before_id, anchor, signature, created_at)
      VALUES (${$.id}::uuid, ${$.before}::uuid, ${$.anchor}, ${$.signature}, ${$.createdAt})`,
  ),
  anchors: statement('audit_log.anchors', () => sql<AnchorRow>`SELECT * FROM audit_anchors ORDER BY id`),
};

/** How far the log is. */
export interface LogState {
  /** Events without a place, and those that will get none; each up to 10,000. */
  readonly waiting: number;
  readonly refused: number;
  readonly oldest: string | null;
  /** Events in the log, and in its newest signed head. */
  readonly size: string | null;
  readonly head_at: Date | null;
  readonly head_size: string | null;
}

/** An event that waits for its place in the log. */
export type WaitingRow = AuditRow & { readonly waiting_id: string; readonly has_leaf: boolean };

export type HeadRow = Selectable<AuditHeads>;
export type AnchorRow = Selectable<AuditAnchors>;

export const readLeaf = ({ index, event_id: eventId, hash, mac }: LeafRow): Leaf => ({
  index: Number(index),
  eventId,
  hash,
  mac,
});

/** Leaves in one part of the table; that of the migration 0033. */
export const LEAVES_IN_PART = 2 ** 20;

/** Reads the log, within a transaction or not. */
export interface LogReader {
  query<R>(bound: BoundStatement<R>): Promise<R[]>;
}

/** Reads the hashes from which `rangeHash` makes these ranges. @returns a function that throws for a hash that is missing */
export async function readHashes(db: LogReader, ranges: readonly Range[]): Promise<HashOf> {
  const byLevel = new Map<number, Set<number>>();
  for (const { level, index } of ranges.flatMap(nodesOf)) {
    byLevel.set(level, (byLevel.get(level) ?? new Set()).add(index));
  }
  const found = new Map<string, Buffer>();
  for (const [level, wanted] of byLevel) {
    const indexes = [...wanted];
    const rows =
      level === 0
        ? await db.query(LOG_STATEMENTS.leafHashes.bind({ indexes }))
        : await db.query(LOG_STATEMENTS.nodeHashes.bind({ level, indexes }));
    for (const { index, hash } of rows) found.set(nameOf({ level, index: Number(index) }), hash);
  }
  return (one) => {
    const hash = found.get(nameOf(one));
    if (!hash) throw new MissingHash(one);
    return hash;
  };
}

/** A hash of the log is not there, which its own statements never remove. */
export class MissingHash extends Error {
  readonly node: Node;
  constructor(node: Node) {
    super(`the hash ${nameOf(node)} of the log is missing`);
    this.node = node;
  }
}

const nameOf = ({ level, index }: Node): string => `${level}/${index}`;
