import { createHash } from 'node:crypto';
import type { AuditKeys } from './keys.ts';
import { isSignedBy, type PublicJwk } from './keys.ts';

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

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
