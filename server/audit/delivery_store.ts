import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import { type BoundStatement, type Db, transactIfNeeded } from '../platform/db.ts';
import type { Sealer } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import { eventBytes } from './canonical.ts';
import type { DestinationKind } from './destination_settings.ts';
import { type Destination, type DestinationRow, LETTERS_MAX, openSecrets, readDestination } from './destinations.ts';
import type { AuditRow } from './entries.ts';
import type { DisabledReason, FailureReason, NothingToSend } from './failures.ts';
import type { HeadRow } from './log_store.ts';
import { leafHash } from './merkle.ts';
import type { Secrets } from './webhooks.ts';

/* The statements by which a worker moves through the log. Each names the lease: one that has lost it changes nothing. */

/** A destination for which this worker sends at this moment. */
export interface Claimed extends Destination {
  readonly lease: string;
  readonly headPosition: number;
  /** Undefined for a kind that does not sign, and when no master key opens them. */
  readonly secrets: Secrets | undefined;
}

/** An event in the log; `row` is undefined when the audit does not have it any more, or has another one in its place. */
export interface Place {
  readonly index: number;
  readonly hash: Buffer;
  readonly row: AuditRow | undefined;
  /** The reason why there is no row. */
  readonly lost: NothingToSend | undefined;
}

/** A dead letter that an operator wants to be sent again. */
export interface WantedLetter {
  readonly id: string;
  readonly isHead: boolean;
  readonly index: number;
  readonly attempts: number;
}

/** How far a destination has got. */
export interface Progress {
  readonly position: number;
  readonly headPosition: number;
}

/** The events or the head that a destination does not get. */
export interface Lost {
  readonly first: number;
  readonly last: number;
  readonly isHead: boolean;
  readonly reason: FailureReason;
  readonly attempts: number;
}

export interface DeliveryStore {
  /** Those with something to send, the one that has waited longest first. Other nodes cannot claim them for `leaseMs`. */
  claim(options: { readonly kinds: readonly DestinationKind[]; readonly limit: number }): Promise<Claimed[]>;
  /** From its position on, in order. A gap in the log shows in the indexes. */
  events(from: number, limit: number): Promise<Place[]>;
  heads(after: number, limit: number): Promise<HeadRow[]>;
  wanted(destinationId: string, limit: number): Promise<WantedLetter[]>;
  /** Moves the position on, past what was sent. @returns false when the lease was lost: then nothing has changed */
  advance(claimed: Claimed, from: Progress, to: Progress): Promise<boolean>;
  /** The same, with a dead letter for what was not sent, in one statement. */
  giveUp(claimed: Claimed, from: Progress, to: Progress, lost: Lost): Promise<boolean>;
  /** True when it has so many dead letters that it gets none more. */
  isFull(claimed: Claimed): Promise<boolean>;
  /** Ends the lease until then. */
  postpone(claimed: Claimed, failed: { attempts: number; reason: FailureReason; until: Date }): Promise<void>;
  /** @param entry of the audit, in the same transaction */
  disable(claimed: Claimed, reason: DisabledReason, entry: BoundStatement): Promise<void>;
  sent(claimed: Claimed, letter: WantedLetter): Promise<void>;
  failedAgain(claimed: Claimed, letter: WantedLetter, reason: FailureReason): Promise<void>;
  /** Ends the lease. */
  release(claimed: Claimed): Promise<void>;
}

interface PlaceRow extends AuditRow {
  readonly leaf_index: string;
  readonly leaf_hash: Buffer;
  readonly event_found: boolean;
}

interface Lease {
  id: string;
  lease: string;
}

type Move = Lease & {
  from: number;
  fromHead: number;
  to: number;
  toHead: number;
  leasedUntil: Date;
};

const HAS_LEASE = ($: Lease): RawBuilder<unknown> => sql`id = ${$.id}::uuid AND lease_id = ${$.lease}::uuid`;
const FREE = sql`lease_id = NULL, leased_until = NULL`;

const moving = ($: Move): RawBuilder<unknown> => sql`
  UPDATE audit_destinations
     SET position = ${$.to}::bigint, head_position = ${$.toHead}::bigint, attempts = 0, last_failure = NULL, leased_until = ${$.leasedUntil}
   WHERE ${HAS_LEASE($)} AND position = ${$.from}::bigint AND head_position = ${$.fromHead}::bigint RETURNING id`;

export const DELIVERY_STORE_STATEMENTS = {
  claim: statement(
    'audit_delivery.claim',
    ($: {
      now: Date;
      kinds: readonly string[];
      limit: number;
      lease: string;
      leasedUntil: Date;
    }) => sql<DestinationRow>`
      WITH log AS (SELECT COALESCE((SELECT index + 1 FROM audit_leaves ORDER BY index DESC LIMIT 1), 0) AS size,
                          COALESCE((SELECT tree_size FROM audit_heads ORDER BY tree_size DESC LIMIT 1), 0) AS head),
      due AS MATERIALIZED (
        SELECT d.id FROM audit_destinations d, log
         WHERE d.next_attempt_at <= ${$.now} AND d.enabled AND (d.leased_until IS NULL OR d.leased_until <= ${$.now})
           AND d.kind = ANY(${$.kinds}::text[])
           AND (d.position < log.size OR (d.heads AND d.head_position < log.head)
                OR EXISTS (SELECT 1 FROM audit_dead_letters l WHERE l.destination_id = d.id AND l.wanted))
         ORDER BY d.next_attempt_at LIMIT ${$.limit} FOR UPDATE OF d SKIP LOCKED)
      UPDATE audit_destinations SET lease_id = ${$.lease}::uuid, leased_until = ${$.leasedUntil}
       WHERE id IN (SELECT id FROM due) RETURNING *`,
  ),
  events: statement(
    'audit_delivery.events',
    ($: { from: number; limit: number }) => sql<PlaceRow>`
      SELECT l.index AS leaf_index, l.hash AS leaf_hash, e.id IS NOT NULL AS event_found, e.*
        FROM (SELECT index, hash, event_id FROM audit_leaves WHERE index >= ${$.from}::bigint ORDER BY index LIMIT ${$.limit}) l
        LEFT JOIN audit e ON e.id = l.event_id ORDER BY l.index`,
  ),
  heads: statement(
    'audit_delivery.heads',
    ($: { after: number; limit: number }) => sql<HeadRow>`
      SELECT * FROM audit_heads WHERE tree_size > ${$.after}::bigint ORDER BY tree_size LIMIT ${$.limit}`,
  ),
  wanted: statement(
    'audit_delivery.wanted',
    ($: { destinationId: string; limit: number }) => sql<{
      id: string;
      is_head: boolean;
      first_index: string;
      attempts: number;
    }>`
      SELECT id, is_head, first_index, attempts FROM audit_dead_letters
       WHERE destination_id = ${$.destinationId}::uuid AND wanted ORDER BY id LIMIT ${$.limit}`,
  ),
  advance: statement('audit_delivery.advance', ($: Move) => sql<{ id: string }>`${moving($)}`),
  giveUp: statement(
    'audit_delivery.give_up',
    ($: Move & Omit<Lost, 'first' | 'last'> & { first: number; last: number; letter: string; now: Date }) => sql<{
      id: string;
    }>`
      WITH moved AS (${moving($)})
      INSERT INTO audit_dead_letters (id, destination_id, first_index, last_index, is_head, reason, attempts, created_at)
      SELECT ${$.letter}::uuid, id, ${$.first}::bigint, ${$.last}::bigint, ${$.isHead}, ${$.reason}, ${$.attempts}, ${$.now}
        FROM moved RETURNING id`,
  ),
  isFull: statement(
    'audit_delivery.is_full',
    ($: { id: string; most: number }) => sql<{ full: boolean }>`
      SELECT count(*) >= ${$.most} AS full
        FROM (SELECT 1 FROM audit_dead_letters WHERE destination_id = ${$.id}::uuid LIMIT ${$.most}) letters`,
  ),
  postpone: statement(
    'audit_delivery.postpone',
    ($: Lease & { attempts: number; reason: string; until: Date }) => sql`
      UPDATE audit_destinations SET attempts = ${$.attempts}, last_failure = ${$.reason}, next_attempt_at = ${$.until}, ${FREE}
       WHERE ${HAS_LEASE($)}`,
  ),
  disable: statement(
    'audit_delivery.disable',
    ($: Lease & { reason: string; now: Date }) => sql`
      WITH disabled AS (
        UPDATE audit_destinations SET enabled = false, disabled_reason = ${$.reason}, last_failure = ${$.reason}, ${FREE},
               version = version + 1, updated_at = ${$.now} WHERE ${HAS_LEASE($)} RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM disabled))`,
  ),
  sent: statement(
    'audit_delivery.sent',
    ($: Lease & { letter: string }) => sql`
      DELETE FROM audit_dead_letters
       WHERE id = ${$.letter}::uuid AND EXISTS (SELECT 1 FROM audit_destinations WHERE ${HAS_LEASE($)})`,
  ),
  failedAgain: statement(
    'audit_delivery.failed_again',
    ($: { letter: string; reason: string; attempts: number }) => sql`
      UPDATE audit_dead_letters SET wanted = false, reason = ${$.reason}, attempts = ${$.attempts} WHERE id = ${$.letter}::uuid`,
  ),
  release: statement(
    'audit_delivery.release',
    ($: Lease & { now: Date }) => sql`
      UPDATE audit_destinations SET ${FREE}, next_attempt_at = ${$.now} WHERE ${HAS_LEASE($)}`,
  ),
};

/** Longer than an attempt can take: only then may another node try. */
const LEASE_MS = 60_000;

export function createDeliveryStore(parts: {
  readonly db: Pick<Db, 'query' | 'transact'>;
  readonly sealer: Sealer;
  readonly now: Clock;
}): DeliveryStore {
  const { db, sealer, now } = parts;
  const at = (ms = 0) => new Date(now() + ms);
  /** One that cannot be opened must not keep the others waiting. */
  function secretsOf({ id, sealed_secret: sealed }: DestinationRow): Secrets | undefined {
    try {
      return sealed ? openSecrets(sealer, id, sealed) : undefined;
    } catch {
      return undefined;
    }
  }
  const leaseOf = ({ id, lease }: Claimed): Lease => ({ id, lease });
  const moveOf = (claimed: Claimed, from: Progress, to: Progress): Move => ({
    ...leaseOf(claimed),
    from: from.position,
    fromHead: from.headPosition,
    to: to.position,
    toHead: to.headPosition,
    leasedUntil: at(LEASE_MS),
  });

  return {
    async claim({ kinds, limit }) {
      const lease = randomUUID();
      const bound = DELIVERY_STORE_STATEMENTS.claim.bind({ kinds, limit, lease, now: at(), leasedUntil: at(LEASE_MS) });
      return (await db.query(bound)).map((row) => ({
        ...readDestination(row),
        lease,
        headPosition: Number(row.head_position),
        secrets: secretsOf(row),
      }));
    },

    async events(from, limit) {
      const rows = await db.query(DELIVERY_STORE_STATEMENTS.events.bind({ from, limit }));
      return rows.map(({ leaf_index, leaf_hash: hash, event_found: found, ...row }) => {
        const bytes = found ? eventBytes(row) : undefined;
        const isSame = bytes !== undefined && leafHash(bytes).equals(hash);
        const lost = isSame ? undefined : found ? 'event_changed' : 'event_removed';
        return { index: Number(leaf_index), hash, row: isSame ? row : undefined, lost };
      });
    },

    heads: (after, limit) => db.query(DELIVERY_STORE_STATEMENTS.heads.bind({ after, limit })),

    async wanted(destinationId, limit) {
      const rows = await db.query(DELIVERY_STORE_STATEMENTS.wanted.bind({ destinationId, limit }));
      return rows.map(({ id, is_head: isHead, first_index: index, attempts }) => ({
        id,
        isHead,
        index: Number(index),
        attempts,
      }));
    },

    async advance(claimed, from, to) {
      return (await db.query(DELIVERY_STORE_STATEMENTS.advance.bind(moveOf(claimed, from, to)))).length > 0;
    },

    async giveUp(claimed, from, to, lost) {
      const values = { ...moveOf(claimed, from, to), ...lost, letter: randomUUID(), now: at() };
      return (await db.query(DELIVERY_STORE_STATEMENTS.giveUp.bind(values))).length > 0;
    },

    async isFull({ id }) {
      const [row] = await db.query(DELIVERY_STORE_STATEMENTS.isFull.bind({ id, most: LETTERS_MAX }));
      return row?.full === true;
    },

    async postpone(claimed, failed) {
      await db.query(DELIVERY_STORE_STATEMENTS.postpone.bind({ ...leaseOf(claimed), ...failed }));
    },

    async disable(claimed, reason, entry) {
      const disable = DELIVERY_STORE_STATEMENTS.disable.bind({ ...leaseOf(claimed), reason, now: at() });
      await transactIfNeeded(db, [disable, entry]);
    },

    async sent(claimed, { id }) {
      await db.query(DELIVERY_STORE_STATEMENTS.sent.bind({ ...leaseOf(claimed), letter: id }));
    },

    async failedAgain(_claimed, { id, attempts }, reason) {
      await db.query(DELIVERY_STORE_STATEMENTS.failedAgain.bind({ letter: id, reason, attempts: attempts + 1 }));
    },

    async release(claimed) {
      await db.query(DELIVERY_STORE_STATEMENTS.release.bind({ ...leaseOf(claimed), now: at() }));
    },
  };
}
