import { AppError, notFound } from '../platform/errors.ts';
import { type CanonicalEvent, canonical, canonicalEvent, eventBytes } from './canonical.ts';
import { type Head, type SignedHead, shownHead } from './heads.ts';
import type { AuditKeyRing } from './key_ring.ts';
import { isSignedBy, type PublicJwk, thumbprint } from './keys.ts';
import { LOG_STATEMENTS, type LogReader, readHashes, readLeaf } from './log_store.ts';
import {
  consistencyRanges,
  inclusionRanges,
  leafHash,
  provesConsistency,
  rangeHash,
  rootOfInclusion,
} from './merkle.ts';
import { keyRanges, type SignedSuccession } from './successions.ts';

/** The keys that have signed the heads of a proof. */
interface SignedByKeys {
  /** The newest key of the audit. Compare its thumbprint with one that you got in another way. */
  readonly key: PublicJwk;
  /** How it has replaced the keys before it, the first one first: who trusts one of them can trust all. */
  readonly successions: readonly SignedSuccession[];
}

/** Shows without the rest of the log that an event is in it, at which place, and that the log was signed. */
export interface EventProof extends SignedHead, SignedByKeys {
  readonly type: 'cardea-audit-proof';
  readonly version: 1;
  /** Hashed in its canonical form (RFC 8785). */
  readonly event: CanonicalEvent;
  /** From 0. */
  readonly leaf_index: number;
  /** RFC 6962 §2.1.1, base64url, from the leaf to the root. */
  readonly path: readonly string[];
}

/** Shows that a log is the continuation of an earlier one: nothing in that was changed or removed. */
export interface ConsistencyProof extends SignedByKeys {
  readonly type: 'cardea-audit-consistency';
  readonly version: 1;
  readonly from: SignedHead;
  readonly to: SignedHead;
  /** RFC 6962 §2.1.2, base64url. */
  readonly path: readonly string[];
}

/**
 * @param id of an event, a UUID
 * @throws AppError 404, 409 `conflict` when it is not as it was, and `audit_not_sealed` until a head has been signed that covers it
 */
export async function proveEvent(db: LogReader, keys: AuditKeyRing, id: string): Promise<EventProof> {
  const [event] = await db.query(LOG_STATEMENTS.eventsOf.bind({ ids: [id] }));
  const [row] = await db.query(LOG_STATEMENTS.leafOf.bind({ id }));
  if (!event && !row) throw notFound('audit entry', id);
  const bytes = event && eventBytes(event);
  if (!event || (row && !(bytes && leafHash(bytes).equals(row.hash)))) {
    const what = event ? 'was changed after it got its place in the log' : 'is in the log, and its row is gone';
    throw new AppError('conflict', `the entry ${what}: see \`cardea audit verify\``);
  }
  const [newest] = await db.query(LOG_STATEMENTS.newestHead.bind());
  const index = row ? readLeaf(row).index : undefined;
  const size = Number(newest?.tree_size ?? 0);
  if (!newest || index === undefined || index >= size) {
    throw new AppError(
      'audit_not_sealed',
      'no signed head covers this entry yet; a server signs one within a minute or so',
    );
  }
  return {
    type: 'cardea-audit-proof',
    version: 1,
    event: canonicalEvent(event),
    leaf_index: index,
    path: await pathOf(db, inclusionRanges(index, size)),
    ...shownHead(newest),
    ...(await keysOf(db, keys)),
  };
}

/**
 * @param sizes of the trees of two signed heads; `to`: that of the newest head by default
 * @throws AppError 404 when there is no head of this size
 */
export async function proveConsistency(
  db: LogReader,
  keys: AuditKeyRing,
  sizes: { readonly from: number; readonly to?: number | undefined },
): Promise<ConsistencyProof> {
  const headOf = async (size: number) => {
    const [row] = await db.query(LOG_STATEMENTS.heads.bind({ from: size, limit: 1 }));
    if (Number(row?.tree_size) !== size || !row) throw notFound('head of the audit', String(size));
    return row;
  };
  const from = await headOf(sizes.from);
  const [newest] = sizes.to === undefined ? await db.query(LOG_STATEMENTS.newestHead.bind()) : [await headOf(sizes.to)];
  const to = newest ?? from;
  const [before, after] = [Number(from.tree_size), Number(to.tree_size)];
  if (after < before) throw new AppError('invalid_input', 'to: is smaller than from');
  return {
    type: 'cardea-audit-consistency',
    version: 1,
    from: shownHead(from),
    to: shownHead(to),
    path: await pathOf(db, consistencyRanges(before, after)),
    ...(await keysOf(db, keys)),
  };
}

/** After the heads were read, so that the keys that have signed them are known. */
async function keysOf(db: LogReader, keys: AuditKeyRing): Promise<SignedByKeys> {
  await keys.refresh(db);
  const { newest, periods } = keys;
  const successions = periods.map(({ signed }) => signed).filter((signed) => signed !== undefined);
  return { key: newest.publicKey, successions };
}

async function pathOf(db: LogReader, ranges: Parameters<typeof readHashes>[1]): Promise<string[]> {
  const hashOf = await readHashes(db, ranges);
  return ranges.map((range) => rangeHash(range, hashOf).toString('base64url'));
}

/**
 * Checks a proof without a database.
 * @param proof as it was parsed from JSON; anything else is refused as well
 * @param keyId the thumbprint (RFC 7638) of the key that is trusted. Default: that in the proof, which then shows only that the
 *   proof agrees with itself
 * @returns why it proves nothing; undefined when it is right
 */
export function problemOfProof(proof: unknown, keyId?: string): string | undefined {
  try {
    const { type, version } = proof as { type?: unknown; version?: unknown };
    if (version !== 1) return 'its version is unknown: a newer Cardea may know it';
    if (type === 'cardea-audit-proof') return problemOfEvent(proof as EventProof, keyId);
    if (type === 'cardea-audit-consistency') return problemOfConsistency(proof as ConsistencyProof, keyId);
    return 'it is no proof of the audit: its type is unknown';
  } catch {
    return 'it is no proof of the audit: members are missing or have the wrong type';
  }
}

function problemOfEvent({ event, leaf_index: index, path, head, signature, ...by }: EventProof, keyId?: string) {
  const problem = problemOfHeads([{ head, signature }], by, keyId);
  if (problem) return problem;
  const root = rootOfInclusion(leafHash(canonical(event)), index, head.tree_size, bytesOf(path));
  return root?.equals(Buffer.from(head.root_hash, 'base64url'))
    ? undefined
    : 'the event is not in the log that the head was signed for';
}

function problemOfConsistency({ from, to, path, ...by }: ConsistencyProof, keyId?: string) {
  const problem = problemOfHeads([from, to], by, keyId);
  if (problem) return problem;
  const treeOf = ({ head }: SignedHead) => ({ size: head.tree_size, root: Buffer.from(head.root_hash, 'base64url') });
  return provesConsistency(treeOf(from), treeOf(to), bytesOf(path))
    ? undefined
    : 'the later log is not a continuation of the earlier one';
}

function problemOfHeads(
  heads: readonly SignedHead[],
  { key, successions }: SignedByKeys,
  keyId: string | undefined,
): string | undefined {
  const ranges = keyRanges(key, successions);
  if (!ranges) return 'its keys do not follow from each other';
  const ids = ranges.map((range) => thumbprint(range.key));
  if (keyId !== undefined && !ids.includes(keyId)) {
    return `it was signed by another key (${ids.join(', ')}): a proof that was made before a rotation names the key of that time`;
  }
  for (const { head, signature } of heads) {
    if ((head as Partial<Head>).type !== 'cardea-audit-head') return 'it has no head';
    const { key_id: id, tree_size: size } = head;
    const range = ranges.find(({ from, to }, i) => ids[i] === id && from <= size && size <= to);
    if (!range) return 'its head names a key that did not sign logs of this size';
    const text = canonical(head).toString();
    if (!isSignedBy(range.key, text, Buffer.from(signature, 'base64url'))) return 'the signature of the head is wrong';
  }
  return undefined;
}

const bytesOf = (path: readonly string[]): Buffer[] => path.map((hash) => Buffer.from(hash, 'base64url'));
