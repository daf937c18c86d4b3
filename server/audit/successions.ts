import { canonical } from './canonical.ts';
import { type AuditKey, isSignedBy, type PublicJwk, thumbprint } from './keys.ts';

/**
 * The statement that one key of the audit replaces another. The key before signs it, so that who trusts that one trusts the new one;
 * and the new key signs it, so that a thief of the key before cannot make another one of it.
 */
export interface Succession {
  readonly type: 'cardea-audit-succession';
  readonly version: 1;
  readonly issuer: string;
  /** 2 for the key that replaces the first one. */
  readonly generation: number;
  readonly key: PublicJwk;
  readonly previous_key: PublicJwk;
  /** Of the log at this time: the key before signs no larger tree, and the new key no smaller one. */
  readonly tree_size: number;
  /** base64url */
  readonly root_hash: string;
  /** The least id that the retention has left: the key before has signed no anchor that covers more. */
  readonly removed_before: string;
  /** RFC 3339. */
  readonly time: string;
}

export interface SignedSuccession {
  readonly succession: Succession;
  /** Ed25519 by the key before, over the statement in canonical JSON (RFC 8785), base64url. */
  readonly signature: string;
  /** The same by the new key. */
  readonly own_signature: string;
}

export function signSuccession(
  keys: { readonly previous: AuditKey; readonly next: AuditKey },
  about: Omit<Succession, 'type' | 'version' | 'key' | 'previous_key'>,
): { readonly text: string; readonly signature: Buffer; readonly ownSignature: Buffer } {
  const succession: Succession = {
    type: 'cardea-audit-succession',
    version: 1,
    ...about,
    key: keys.next.publicKey,
    previous_key: keys.previous.publicKey,
  };
  const { text, signature } = keys.previous.sign(succession);
  return { text, signature, ownSignature: keys.next.sign(succession).signature };
}

/** The sizes of the trees that a key has signed, both ends included. */
export interface KeyRange {
  readonly key: PublicJwk;
  readonly from: number;
  /** Infinity for the newest key. */
  readonly to: number;
}

/**
 * The keys that follow from each other, the oldest first.
 * @param newest the last key
 * @param successions of these keys, the oldest first; anything that was parsed from JSON
 * @returns undefined when one of them is not signed by both of its keys, or does not follow from the one before
 */
export function keyRanges(newest: PublicJwk, successions: readonly SignedSuccession[]): KeyRange[] | undefined {
  const ranges: KeyRange[] = [];
  let from = 0;
  if (!Array.isArray(successions)) return undefined;
  const keys = [newest, ...successions.flatMap(({ succession }) => [succession.key, succession.previous_key])];
  if (keys.some((key) => key.kid !== thumbprint(key))) return undefined;
  for (const [i, signed] of successions.entries()) {
    const { type, key, previous_key: previous, tree_size: size } = signed.succession;
    const before = successions[i - 1];
    if (type !== 'cardea-audit-succession' || !Number.isSafeInteger(size) || size < from) return undefined;
    if (before && thumbprint(before.succession.key) !== thumbprint(previous)) return undefined;
    if (!isSignedByBoth(signed)) return undefined;
    ranges.push({ key: previous, from, to: size });
    from = size;
    if (i === successions.length - 1 && thumbprint(key) !== thumbprint(newest)) return undefined;
  }
  return [...ranges, { key: newest, from, to: Number.POSITIVE_INFINITY }];
}

function isSignedByBoth({ succession, signature, own_signature: own }: SignedSuccession): boolean {
  const text = canonical(succession).toString();
  return (
    isSignedBy(succession.previous_key, text, Buffer.from(signature, 'base64url')) &&
    isSignedBy(succession.key, text, Buffer.from(own, 'base64url'))
  );
}
