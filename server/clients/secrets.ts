import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashToken } from '../platform/sealing.ts';

const SECRET_BYTES = 32;

/** 256 random bits in base64url: 43 characters. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/**
 * Compares a presented secret with the stored hash, in constant time.
 * @param secretHash SHA-256 of the secret; null for a client without one, which matches nothing
 */
export function matchesSecret(secretHash: Uint8Array | null, presented: string): boolean {
  const hash = hashToken(presented);
  const expected = secretHash?.length === hash.length ? secretHash : Buffer.alloc(hash.length);
  return timingSafeEqual(hash, expected) && secretHash !== null;
}
