import { randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { openJson, type Sealer, sealJson } from '../platform/sealing.ts';

/**
 * Challenges for registering a passkey (WebAuthn L3 §13.4.3). Nothing is stored: the challenge is sealed into the form and
 * valid for one session and a few minutes. Used twice it would register the same passkey twice, which the store refuses.
 */
export interface Challenges {
  create(sessionUid: string): { challenge: string; sealed: string };
  /** @returns undefined for a challenge that has expired or was made for another session */
  open(sessionUid: string, sealed: string): string | undefined;
}

const CHALLENGE_BYTES = 32;
const LIFETIME_MS = 10 * 60_000;

interface Sealed {
  readonly challenge: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export function createChallenges({ sealer, now }: { sealer: Sealer; now: Clock }): Challenges {
  const challengePlace = (sessionUid: string) => ({ table: 'passkeys', column: 'challenge', row: sessionUid });
  return {
    create(sessionUid) {
      const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
      const content: Sealed = { challenge, until: now() + LIFETIME_MS };
      return { challenge, sealed: sealJson(sealer, challengePlace(sessionUid), content).toString('base64url') };
    },
    open(sessionUid, sealed) {
      try {
        const { challenge, until } = openJson(
          sealer,
          challengePlace(sessionUid),
          Buffer.from(sealed, 'base64url'),
        ) as Sealed;
        return until > now() ? challenge : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
