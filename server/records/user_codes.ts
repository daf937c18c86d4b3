import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { UserCodes as UserCodesTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { blindIndex, hashToken, type Place, type Sealer } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';

/** The name of the server secret under which user codes are looked up. */
export const USER_CODE_SECRET = 'user-codes';

/** The user codes that people type in for a device (RFC 8628 §3.3), each with its device code. */
export interface UserCodes {
  /** For the transaction that saves the device code. Fails by `require_single_use` for a code that is in use. @param lifetime seconds */
  register(userCode: string, deviceCode: string, lifetime: number): BoundStatement;
  /** @returns the device code; undefined for a code that is unknown, expired or claimed */
  find(userCode: string): Promise<string | undefined>;
  /**
   * For the transaction in which a person decides about the device. Of transactions that do so at once, on any node, one
   * finds the code; `require_single_use` refuses the others. After that the code is unknown.
   */
  claim(userCode: string): BoundStatement;
  /**
   * Ties an approved device code to its grant and session, so that it ends with them.
   * @returns the statements before and after the approval itself: grants are locked before records, as everywhere
   */
  tie(
    deviceCode: string,
    grantId: string,
    sessionUid: string | undefined,
  ): { before: BoundStatement; after: BoundStatement };
}

export const USER_CODE_STATEMENTS = {
  register: statement(
    'user_codes.register',
    ($: Selectable<UserCodesTable> & { now: Date }) => sql`
      WITH registered AS (
        INSERT INTO user_codes AS u (lookup, sealed, expires_at, id_hash)
        VALUES (${$.lookup}, ${$.sealed}, ${$.expires_at}, ${$.id_hash})
        ON CONFLICT (lookup) DO UPDATE
           SET sealed = excluded.sealed, expires_at = excluded.expires_at, id_hash = excluded.id_hash
         WHERE u.expires_at <= ${$.now} RETURNING 1
      )
      SELECT require_single_use(1, (SELECT count(*) FROM registered))`,
  ),
  find: statement('user_codes.find', ($: { lookup: Buffer; now: Date }) =>
    tables.selectFrom('user_codes').select('sealed').where('lookup', '=', $.lookup).where('expires_at', '>', $.now),
  ),
  claim: statement(
    'user_codes.claim',
    ($: { lookup: Buffer }) => sql`
      WITH claimed AS (DELETE FROM user_codes WHERE lookup = ${$.lookup} RETURNING 1)
      SELECT require_single_use(1, (SELECT count(*) FROM claimed))`,
  ),
  lockGrant: statement(
    'user_codes.lock_grant',
    ($: { grantId: string }) => sql`SELECT 1 FROM grants WHERE id = ${$.grantId} FOR KEY SHARE`,
  ),
  tie: statement(
    'user_codes.tie',
    ($: { idHash: Buffer; grantId: string; sessionUid: string | null }) => sql`
      UPDATE records SET grant_id = ${$.grantId}, session_uid = ${$.sessionUid} WHERE id_hash = ${$.idHash}`,
  ),
};

/** @param key of `USER_CODE_SECRET` */
export function createUserCodes(parts: { db: Db; sealer: Sealer; key: Uint8Array; now: Clock }): UserCodes {
  const { db, sealer, key, now } = parts;
  return {
    register(userCode, deviceCode, lifetime) {
      const lookup = blindIndex(key, userCode);
      return USER_CODE_STATEMENTS.register.bind({
        lookup,
        sealed: sealer.seal(userCodePlace(lookup), Buffer.from(deviceCode)),
        expires_at: new Date(now() + lifetime * 1_000),
        id_hash: hashToken(deviceCode),
        now: new Date(now()),
      });
    },

    async find(userCode) {
      const lookup = blindIndex(key, userCode);
      const [row] = await db.query(USER_CODE_STATEMENTS.find.bind({ lookup, now: new Date(now()) }));
      return row && sealer.open(userCodePlace(lookup), row.sealed).toString();
    },

    claim: (userCode) => USER_CODE_STATEMENTS.claim.bind({ lookup: blindIndex(key, userCode) }),

    tie: (deviceCode, grantId, sessionUid) => ({
      before: USER_CODE_STATEMENTS.lockGrant.bind({ grantId }),
      after: USER_CODE_STATEMENTS.tie.bind({
        idHash: hashToken(deviceCode),
        grantId,
        sessionUid: sessionUid ?? null,
      }),
    }),
  };
}

const userCodePlace = (lookup: Buffer): Place => ({
  table: 'user_codes',
  column: 'sealed',
  row: lookup.toString('hex'),
});
