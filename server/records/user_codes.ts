import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { blindIndex, hashToken, type Place, type Sealer } from '../platform/sealing.ts';

/** The name of the server secret under which user codes are looked up. */
export const USER_CODE_SECRET = 'user-codes';

/** What people type in for a device (RFC 8628 §3.3), and the device code that it stands for. */
export interface UserCodes {
  /** For the transaction that saves the device code. It refuses a code that is in use. @param lifetime seconds */
  register(userCode: string, deviceCode: string, lifetime: number): BoundStatement;
  /** @returns the device code; undefined for a code that is unknown, expired or claimed */
  find(userCode: string): Promise<string | undefined>;
  /**
   * For the transaction in which somebody decides about the device. Of all who do so at once, on whatever node, one
   * finds the code there; `require_single_use` refuses the others. From then on it leads nowhere.
   */
  claim(userCode: string): BoundStatement;
  /**
   * Ties an approved device code to what it was approved under, so that it goes with that.
   * @returns what goes before, and what goes after the approval itself: grants are held before records, as everywhere
   */
  tie(
    deviceCode: string,
    grantId: string,
    sessionUid: string | undefined,
  ): { before: BoundStatement; after: BoundStatement };
}

export const USER_CODE_STATEMENTS = {
  register: {
    name: 'user_codes.register',
    text: `WITH registered AS (
             INSERT INTO user_codes AS u (lookup, sealed, expires_at, id_hash) VALUES ($1, $2, $3, $5)
             ON CONFLICT (lookup) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at, id_hash = excluded.id_hash
              WHERE u.expires_at <= $4 RETURNING 1
           ) SELECT require_single_use(1, (SELECT count(*) FROM registered))`,
  },
  find: { name: 'user_codes.find', text: 'SELECT sealed FROM user_codes WHERE lookup = $1 AND expires_at > $2' },
  claim: {
    name: 'user_codes.claim',
    text: `WITH claimed AS (DELETE FROM user_codes WHERE lookup = $1 RETURNING 1)
           SELECT require_single_use(1, (SELECT count(*) FROM claimed))`,
  },
  hold: { name: 'user_codes.hold', text: 'SELECT 1 FROM grants WHERE id = $1 FOR KEY SHARE' },
  tie: {
    name: 'user_codes.tie',
    text: 'UPDATE records SET grant_id = $2, session_uid = $3 WHERE id_hash = $1',
  },
};

/** @param key of `USER_CODE_SECRET` */
export function createUserCodes(parts: { db: Db; sealer: Sealer; key: Uint8Array; now: Clock }): UserCodes {
  const { db, sealer, key, now } = parts;
  return {
    register(userCode, deviceCode, lifetime) {
      const lookup = blindIndex(key, userCode);
      const sealed = sealer.seal(userCodePlace(lookup), Buffer.from(deviceCode));
      const values = [lookup, sealed, new Date(now() + lifetime * 1_000), new Date(now()), hashToken(deviceCode)];
      return { statement: USER_CODE_STATEMENTS.register, values };
    },

    async find(userCode) {
      const lookup = blindIndex(key, userCode);
      const [row] = await db.run<{ sealed: Buffer }>(USER_CODE_STATEMENTS.find, [lookup, new Date(now())]);
      return row && sealer.open(userCodePlace(lookup), row.sealed).toString();
    },

    claim: (userCode) => ({ statement: USER_CODE_STATEMENTS.claim, values: [blindIndex(key, userCode)] }),

    tie: (deviceCode, grantId, sessionUid) => ({
      before: { statement: USER_CODE_STATEMENTS.hold, values: [grantId] },
      after: { statement: USER_CODE_STATEMENTS.tie, values: [hashToken(deviceCode), grantId, sessionUid ?? null] },
    }),
  };
}

const userCodePlace = (lookup: Buffer): Place => ({
  table: 'user_codes',
  column: 'sealed',
  row: lookup.toString('hex'),
});
