import type { Clock } from '../platform/clock.ts';
import type { Counter } from '../platform/limits.ts';
import { blindIndex } from '../platform/sealing.ts';
import { normaliseIdentifier } from './identifiers.ts';

/** Mails that a stranger can have sent to one person in an hour. */
export const MAILS_PER_HOUR = 5;
const HOUR_MS = 3_600_000;

/** Keeps others from filling somebody's mailbox. Nobody is told: what is too much is silently left out. */
export interface MailThrottle {
  /**
   * Counts one more mail.
   * @param whom an identifier however it is spelt, or an account's id; neither is kept in clear
   * @returns false when it is one too many
   */
  admits(whom: string): Promise<boolean>;
}

/** @param count this one included */
export function isAdmitted(count: number): boolean {
  return count <= MAILS_PER_HOUR;
}

export function createMailThrottle(parts: { counter: Counter; indexKey: Uint8Array; now: Clock }): MailThrottle {
  const { counter, indexKey, now } = parts;
  return {
    async admits(whom) {
      const bucket = blindIndex(indexKey, `mail throttle ${normaliseIdentifier(whom)}`).toString('base64url');
      // The window is part of the key, so that a counter needs no clock to start afresh.
      return isAdmitted(await counter.increment(`mail:${bucket}:${Math.floor(now() / HOUR_MS)}`, HOUR_MS));
    },
  };
}
