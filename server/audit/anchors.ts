import { LEAST_UUID } from '../platform/key_pages.ts';
import { parsed } from './heads.ts';
import type { AuditKeyRing } from './key_ring.ts';
import { isSignedBy } from './keys.ts';
import { LOG_STATEMENTS, type LogReader } from './log_store.ts';

/** A signed statement that the retention removed all events before one: that they are gone is no finding. */
export interface Anchor {
  readonly type: 'cardea-audit-anchor';
  readonly version: 1;
  readonly issuer: string;
  readonly key_id: string;
  /** RFC 3339: events before this time. */
  readonly before: string;
  /** The least id that is left. */
  readonly before_id: string;
  /** Of the log, when the events were removed; base64url. */
  readonly tree_size: number;
  readonly root_hash: string;
  readonly time: string;
}

/** @returns those that a key of their time has signed, and how many others there are */
export async function readAnchors(
  db: LogReader,
  keys: AuditKeyRing,
): Promise<{ readonly anchors: readonly Anchor[]; readonly changed: number }> {
  const rows = await db.query(LOG_STATEMENTS.anchors.bind());
  // A key that has signed one of them may be newer than what is known here.
  await keys.refresh(db);
  const anchors = rows.map((row) => signedAnchor(row, keys)).filter((one) => one !== undefined);
  return { anchors, changed: rows.length - anchors.length };
}

/** @returns the least id that the retention has left */
export function leastLeft(anchors: readonly Anchor[]): string {
  const ids = anchors.map(({ before_id: id }) => id).toSorted();
  return ids.at(-1) ?? LEAST_UUID;
}

function signedAnchor(
  { anchor: text, signature }: { readonly anchor: string; readonly signature: Uint8Array },
  keys: AuditKeyRing,
): Anchor | undefined {
  const anchor = parsed(text) as Anchor | undefined;
  if (anchor?.type !== 'cardea-audit-anchor') return undefined;
  const key = keys.ofTree(String(anchor.key_id), Number(anchor.tree_size));
  if (!key || !isSignedBy(key.publicKey, text, signature)) return undefined;
  // A thief of a replaced key must not explain the removal of later entries.
  const last = keys.lastRemovedBy(anchor.key_id);
  return last === undefined || anchor.before_id <= last ? anchor : undefined;
}
