import { createHash } from 'node:crypto';
import type { BoundStatement } from '../platform/db.ts';
import { leastUuidv7 } from '../platform/ids.ts';
import { type AuditKeys, isSignedBy, type PublicJwk } from './keys.ts';
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
  keys: AuditKeys,
  about: { readonly issuer: string; readonly size: number; readonly root: Buffer; readonly at: Date },
  previous: string | undefined,
): { readonly text: string; readonly signature: Buffer } {
  const head: Head = {
    type: 'cardea-audit-head',
    version: 1,
    issuer: about.issuer,
    key_id: keys.publicKey.kid,
    tree_size: about.size,
    root_hash: about.root.toString('base64url'),
    previous: previous === undefined ? null : digest(previous),
    time: about.at.toISOString(),
  };
  return keys.sign(head);
}

/**
 * The head of the empty log, which is signed when its key is made: only events from before it may lack a MAC. No head without the key can
 * say so later.
 */
export function emptyHead(
  keys: AuditKeys,
  { issuer, at }: { readonly issuer: string; readonly at: Date },
): BoundStatement {
  const { text, signature } = signHead(keys, { issuer, size: 0, root: EMPTY_ROOT, at }, undefined);
  return LOG_STATEMENTS.addHead.bind({ size: 0, head: text, signature, createdAt: at });
}

/** @returns the least id of events that must have a MAC; undefined when the head of the empty log is missing or was changed */
export async function leastMacId(db: LogReader, publicKey: PublicJwk): Promise<string | undefined> {
  const [row] = await db.query(LOG_STATEMENTS.heads.bind({ from: 0, limit: 1 }));
  const head = row && signedHead(row, publicKey);
  return head?.tree_size === 0 ? leastUuidv7(Date.parse(head.time)) : undefined;
}

/** @param row as it is stored */
export function shownHead({ head, signature }: { readonly head: string; readonly signature: Buffer }): SignedHead {
  return { head: JSON.parse(head) as Head, signature: signature.toString('base64url') };
}

/** Why the text is not a head that this key has signed; undefined when it is. */
export function problemOfHead(
  { head: text, signature }: { readonly head: string; readonly signature: Uint8Array },
  publicKey: PublicJwk,
): string | undefined {
  if (!isSignedBy(publicKey, text, signature)) return 'its signature is wrong';
  const head = JSON.parse(text) as Partial<Head>;
  return head.type === 'cardea-audit-head' ? undefined : 'it is no head';
}

/** Parsed after its signature was checked: anything may be in its place. @returns undefined when it is no head of this log */
export function signedHead(row: Parameters<typeof problemOfHead>[0], publicKey: PublicJwk): Head | undefined {
  return problemOfHead(row, publicKey) === undefined ? (JSON.parse(row.head) as Head) : undefined;
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
