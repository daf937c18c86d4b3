import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { leastUuidv7, timeOfUuidv7, uuidv7 } from '../platform/ids.ts';
import { removeServerSecrets } from '../platform/server_secrets.ts';
import type { Anchor } from './anchors.ts';
import { isAwaited } from './destinations.ts';
import { type Audit, monthOf, monthSecret } from './entries.ts';
import { LOG_STATEMENTS, type LogReader, readHashes } from './log_store.ts';
import { rangeHash } from './merkle.ts';

const MONTHS_AHEAD = 2;

/** Makes the parts of the audit for this month and the next ones, unless they are there. */
export async function addAuditMonths(db: Pick<Db, 'query'>, now: Clock): Promise<void> {
  for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead += 1) {
    const starts = monthStart(now(), ahead);
    const name = `audit_${monthOf(starts).replace('-', '_')}`;
    const ends = new Date(monthStart(now(), ahead + 1));
    await db.query(LOG_STATEMENTS.addMonth.bind({ name, starts: new Date(starts), ends }));
  }
}

export interface RemovedParts {
  /** Events before this time are gone. */
  readonly before: Date;
  readonly parts: readonly string[];
}

/**
 * Removes the months that are older than the retention, after all of their events have got their place in the log: their hashes stay in
 * it, and a signed anchor says why the events are gone. It waits for destinations that have not had them.
 * @param months how many whole months are kept before this one
 * @returns undefined when there was nothing to remove
 */
export async function removeOldAudit(parts: {
  readonly db: Db;
  readonly audit: Audit;
  readonly issuer: string;
  readonly now: Clock;
  readonly months: number;
}): Promise<RemovedParts | undefined> {
  const { db, audit, issuer, now, months } = parts;
  const at = new Date(now());
  const oldest = leastUuidv7(keptFrom(now(), months));
  const all = await db.query(LOG_STATEMENTS.parts.bind());
  const removable = all.filter(({ ends }) => ends <= oldest);
  const last = removable.at(-1);
  if (!last) return undefined;
  const waiting = await db.query(LOG_STATEMENTS.unsealedBefore.bind({ id: last.ends }));
  if (waiting.length > 0 || (await isAwaited(db, last.ends))) return undefined;
  const before = timeOfUuidv7(last.ends);
  const gone = removable.map(({ name }) => name);
  await db.transaction(async (send) => {
    const reader: LogReader = { query: async <R>(bound: BoundStatement<R>) => (await send<[R]>([bound]))[0] };
    // No key may replace the one that signs, and no event may come, until the anchor is there.
    await reader.query(LOG_STATEMENTS.waitForLock.bind());
    await audit.keys.refresh(reader);
    const { newest } = audit.keys;
    const [leaf] = await reader.query(LOG_STATEMENTS.last.bind());
    const size = leaf ? Number(leaf.index) + 1 : 0;
    const root = rangeHash({ start: 0, end: size }, await readHashes(reader, [{ start: 0, end: size }]));
    const anchor: Anchor = {
      type: 'cardea-audit-anchor',
      version: 1,
      issuer,
      key_id: newest.publicKey.kid,
      before: before.toISOString(),
      before_id: last.ends,
      tree_size: size,
      root_hash: root.toString('base64url'),
      time: at.toISOString(),
    };
    const { text, signature } = newest.sign(anchor);
    await send([
      LOG_STATEMENTS.addAnchor.bind({ id: uuidv7(now()), before: last.ends, anchor: text, signature, createdAt: at }),
      ...gone.map((name) => LOG_STATEMENTS.dropPart.bind({ name })),
      removeServerSecrets(monthSecret(''), monthSecret(monthOf(before.getTime()))),
      audit.append({
        actor: { kind: 'system', id: 'retention' },
        action: 'audit.remove_old',
        target: { kind: 'audit', id: '' },
        outcome: 'done',
        changes: { before: { after: before.toISOString() }, parts: { after: gone } },
        requestId: '',
      }),
    ]);
  });
  return { before, parts: gone };
}

/** @returns the time before which entries are removed, in milliseconds since the epoch @param months as of `removeOldAudit` */
export const keptFrom = (now: number, months: number): number => Math.max(0, monthStart(now, -months));

/** The first millisecond of the month of a time, or of one that many months later, in UTC. */
function monthStart(at: number, later: number): number {
  const day = new Date(at);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + later);
}
