import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashToken } from '../platform/sealing.ts';
import type { Client } from './client.ts';

const SECRET_BYTES = 32;

/** 256 random bits in base64url: 43 characters. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export type Secrets = Pick<Client, 'secretHash' | 'previousSecretHash' | 'previousSecretUntil'>;

/**
 * Compares a presented secret with that of the client, and with the one before the last rotation for as long as that
 * works; both in constant time, whichever of them the client has.
 * @param now milliseconds since the epoch
 */
export function matchesSecrets(client: Secrets, presented: string, now: number): boolean {
  const isCurrent = matchesSecret(client.secretHash, presented);
  const isPrevious = matchesSecret(client.previousSecretHash, presented);
  const isInTime = client.previousSecretUntil !== null && now < client.previousSecretUntil.getTime();
  return isCurrent || (isPrevious && isInTime);
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
