import { randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { Bound, Db } from '../platform/db.ts';
import { hashToken } from '../platform/sealing.ts';

/**
 * Browsers on which a person has signed in before (OWASP, "Device Cookies"). A browser has one random token for all its
 * people; what is stored is the hash of that and of the account's id, so a dump tells neither.
 */
export interface Devices {
  newToken(): string;
  /**
   * The browser is one of the person's from now on.
   * @param trustSeconds for how long it need not show the second factor; 0 leaves that as it is
   */
  remember(accountId: string, token: string, trustSeconds?: number): Bound;
  isKnown(accountId: string, token: string): Promise<{ known: boolean; first: boolean }>;
  /** Every browser is a stranger again, but for the one with this token. */
  forgetOthers(accountId: string, token?: string): Bound;
}

/** Browsers keep no cookie for longer than 400 days (RFC 6265bis §5.5). */
export const DEVICE_SECONDS = 400 * 86_400;

const ID = 'sha256($1::bytea || uuid_send($2::uuid))';

const SQL = {
  remember: {
    name: 'devices.remember',
    text: `INSERT INTO devices AS d (id_hash, account_id, trusted_until, created_at, expires_at)
           VALUES (${ID}, $2, $3, $4, $5)
           ON CONFLICT (id_hash) DO UPDATE
              SET trusted_until = coalesce(excluded.trusted_until, d.trusted_until), expires_at = excluded.expires_at`,
  },
  isKnown: {
    name: 'devices.is_known',
    text: `SELECT EXISTS (SELECT 1 FROM devices WHERE id_hash = ${ID} AND expires_at > $3) AS known,
                  NOT EXISTS (SELECT 1 FROM devices WHERE account_id = $2) AS first`,
  },
  forgetOthers: {
    name: 'devices.forget_others',
    text: `DELETE FROM devices WHERE account_id = $2 AND id_hash IS DISTINCT FROM ${ID}`,
  },
};

export function createDevices({ db, now }: { db: Db; now: Clock }): Devices {
  const inSeconds = (seconds: number) => new Date(now() + seconds * 1_000);
  return {
    newToken: () => randomBytes(32).toString('base64url'),

    remember(accountId, token, trustSeconds = 0) {
      const trustedUntil = trustSeconds > 0 ? inSeconds(trustSeconds) : null;
      const values = [hashToken(token), accountId, trustedUntil, inSeconds(0), inSeconds(DEVICE_SECONDS)];
      return { statement: SQL.remember, values };
    },

    async isKnown(accountId, token) {
      const [row] = await db.run<{ known: boolean; first: boolean }>(SQL.isKnown, [
        hashToken(token),
        accountId,
        inSeconds(0),
      ]);
      return row ?? { known: false, first: true };
    },

    forgetOthers: (accountId, token) => ({
      statement: SQL.forgetOthers,
      values: [token === undefined ? null : hashToken(token), accountId],
    }),
  };
}
