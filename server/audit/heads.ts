import { createHash } from 'node:crypto';
import type { BoundStatement } from '../platform/db.ts';
import { leastUuidv7 } from '../platform/ids.ts';
import { type AuditKey, isSignedBy, type TreeKeys } from './keys.ts';
import { LOG_STATEMENTS, type LogReader } from './log_store.ts';
import { EMPTY_ROOT } from './merkle.ts';

/**
 * A signed head: this many events are in the log, and this is the root of their tree. Who has seen one can show that the log
 * was cut or rewritten later.
 */
export interface Head {
  readonly type: 'cardea-audit-head';
  readonly version: 1;
  readonly issuer: string;
  /** RFC 7638 thumbprint of the key. */
  readonly key_id: string;
  readonly tree_size: number;
  /** base64url */
  readonly root_hash: string;
  /** SHA-256 of the head before as it was signed, base64url; null in the first. */
  readonly previous: string | null;
  /** RFC 3339. */
  readonly time: string;
}

/** A head with its signature; `head` is signed in its canonical form (RFC 8785). */
export interface SignedHead {
  readonly head: Head;
  /** Ed25519, base64url. */
  readonly signature: string;
}

/** @param previous the text of the head before, as it was signed */
export function signHead(
  key: AuditKey,
  about: { readonly issuer: string; readonly size: number; readonly root: Buffer; readonly at: Date },
  previous: string | undefined,
): { readonly text: string; readonly signature: Buffer } {
  const head: Head = {
    type: 'cardea-audit-head',
    version: 1,
    issuer: about.issuer,
    key_id: key.publicKey.kid,
    tree_size: about.size,
    root_hash: about.root.toString('base64url'),
    previous: previous === undefined ? null : digest(previous),
    time: about.at.toISOString(),
  };
  return key.sign(head);
}

/**
 * The head of the empty log, which is signed when its key is made: only events from before it may lack a MAC. No head without the key can
 * say so later.
 */
export function emptyHead(
  key: AuditKey,
  { issuer, at }: { readonly issuer: string; readonly at: Date },
): BoundStatement {
  const { text, signature } = signHead(key, { issuer, size: 0, root: EMPTY_ROOT, at }, undefined);
  return LOG_STATEMENTS.addHead.bind({ size: 0, head: text, signature, createdAt: at });
}

/** @returns the least id of events that must have a MAC; undefined when the head of the empty log is missing or was changed */
export async function leastMacId(db: LogReader, keys: TreeKeys): Promise<string | undefined> {
  const [row] = await db.query(LOG_STATEMENTS.heads.bind({ from: 0, limit: 1 }));
  const head = row && signedHead(row, keys);
  return head?.tree_size === 0 ? leastUuidv7(Date.parse(head.time)) : undefined;
}

/** @param row as it is stored */
export function shownHead({ head, signature }: { readonly head: string; readonly signature: Buffer }): SignedHead {
  return { head: JSON.parse(head) as Head, signature: signature.toString('base64url') };
}

/** @returns undefined when it is no head of this log that the key of its time has signed */
export function signedHead(
  { head: text, signature }: { readonly head: string; readonly signature: Uint8Array },
  keys: TreeKeys,
): Head | undefined {
  const head = parsed(text) as Partial<Head> | undefined;
  if (head?.type !== 'cardea-audit-head') return undefined;
  const key = keys.ofTree(String(head.key_id), Number(head.tree_size));
  return key && isSignedBy(key.publicKey, text, signature) ? (head as Head) : undefined;
}

/** Anything may be in the place of a signed text. @returns undefined when it is no JSON object */
export function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
