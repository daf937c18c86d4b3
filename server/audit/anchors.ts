import { isSignedBy, type PublicJwk } from './keys.ts';

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

/** Why the text is not an anchor that this key has signed; undefined when it is. */
export function problemOfAnchor(
  { anchor, signature }: { readonly anchor: string; readonly signature: Uint8Array },
  publicKey: PublicJwk,
): string | undefined {
  if (!isSignedBy(publicKey, anchor, signature)) return 'its signature is wrong';
  const { type } = JSON.parse(anchor) as Partial<Anchor>;
  return type === 'cardea-audit-anchor' ? undefined : 'it is no anchor';
}
