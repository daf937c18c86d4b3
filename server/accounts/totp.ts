import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { openJson, type Place, sealJson } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';
import type { Account } from './account.ts';
import { changeFactors } from './factor_change.ts';
import { base32, matchingStep, otpauthUri } from './one_time_password.ts';
import type { Accounts } from './store.ts';
import { secretPlace, type TotpRow } from './totp_secrets.ts';

/** Codes from an authenticator app (RFC 6238) as a second factor. */
export interface Totp {
  /**
   * A new secret, which has no effect until it is confirmed.
   * @param context the visit or session that the enrolment belongs to, in which alone it is valid
   */
  begin(account: Account, context: string): Enrolment;
  /** Reads an enrolment, for a page that is shown again; undefined when it has expired or was not made here. */
  resume(account: Account, context: string, enrolment: string): Enrolment | undefined;
  /**
   * Stores the secret for the person when the code proves that their app has it. It replaces an earlier one.
   * @param also statements for the same transaction
   * @returns the account's new epoch; undefined for a wrong code or an expired enrolment
   * @throws AppError 400 `credentials_changed`
   */
  confirm(
    account: Account,
    context: string,
    enrolment: string,
    code: string,
    also?: readonly BoundStatement[],
  ): Promise<{ epoch: number } | undefined>;
  /** Accepts each code once (RFC 6238 §5.2): the database decides for all nodes. */
  verify(account: Account, code: string): Promise<boolean>;
  /** @throws AppError 400 `credentials_changed` */
  remove(account: Account, also?: readonly BoundStatement[]): Promise<void>;
}

export interface Enrolment {
  /** Base32, for typing. */
  readonly secret: string;
  /** `otpauth://…`, for a QR code. */
  readonly uri: string;
  /** Sealed; travels through the form. */
  readonly enrolment: string;
}

/** RFC 4226 §4, R6: 160 bits are recommended. */
const SECRET_BYTES = 20;
const ENROLMENT_SECONDS = 15 * 60;

export const TOTP_STATEMENTS = {
  put: statement(
    'totp.put',
    ($: TotpRow) => sql`
      INSERT INTO totp (account_id, sealed_own, last_step, created_at)
      VALUES (${$.account_id}, ${$.sealed_own}, ${$.last_step}, ${$.created_at})
      ON CONFLICT (account_id) DO UPDATE
         SET sealed_own = excluded.sealed_own, last_step = excluded.last_step, created_at = excluded.created_at`,
  ),
  find: statement('totp.find', ($: { accountId: string }) =>
    tables.selectFrom('totp').select('sealed_own').where('account_id', '=', $.accountId),
  ),
  use: statement(
    'totp.use',
    ($: { accountId: string; step: number }) => sql`
      UPDATE totp SET last_step = ${$.step}
       WHERE account_id = ${$.accountId} AND last_step < ${$.step} RETURNING last_step`,
  ),
  remove: statement('totp.remove', ($: { accountId: string }) =>
    tables.deleteFrom('totp').where('account_id', '=', $.accountId),
  ),
};

/** @param parts `issuer`: the text that the authenticator app shows above the code */
export function createTotp(parts: { db: Db; accounts: Accounts; issuer: string; now: Clock }): Totp {
  const { db, accounts, issuer, now } = parts;

  const describe = (account: Account, secret: Buffer, enrolment: string): Enrolment => {
    const text = base32(secret);
    return { secret: text, uri: otpauthUri({ issuer, account: account.email, secret: text }), enrolment };
  };

  function openEnrolment(account: Account, context: string, enrolment: string): Buffer | undefined {
    const sealed = Buffer.from(enrolment, 'base64url');
    try {
      const opened = openJson(accounts.sealerOf(account), enrolmentPlace(account, context), sealed);
      const { secret, expires } = opened as { secret: string; expires: number };
      return expires > now() ? Buffer.from(secret, 'base64') : undefined;
    } catch {
      return undefined; // of another person or another visit, or made up
    }
  }

  return {
    begin(account, context) {
      const secret = randomBytes(SECRET_BYTES);
      const content = { secret: secret.toString('base64'), expires: now() + ENROLMENT_SECONDS * 1000 };
      const sealed = sealJson(accounts.sealerOf(account), enrolmentPlace(account, context), content);
      return describe(account, secret, sealed.toString('base64url'));
    },

    resume(account, context, enrolment) {
      const secret = openEnrolment(account, context, enrolment);
      return secret && describe(account, secret, enrolment);
    },

    async confirm(account, context, enrolment, code, also = []) {
      const secret = openEnrolment(account, context, enrolment);
      const step = secret && matchingStep(secret, code, now());
      if (!secret || step === undefined) return undefined;
      const put = TOTP_STATEMENTS.put.bind({
        account_id: account.id,
        sealed_own: accounts.sealerOf(account).seal(secretPlace(account), secret),
        last_step: step, // the code that confirms counts as used
        created_at: new Date(now()),
      });
      const { epoch } = await changeFactors(db, account, [put], also);
      return { epoch };
    },

    async verify(account, code) {
      const [row] = await db.query(TOTP_STATEMENTS.find.bind({ accountId: account.id }));
      if (!row) return false;
      const secret = accounts.sealerOf(account).open(secretPlace(account), row.sealed_own);
      const step = matchingStep(secret, code, now());
      if (step === undefined) return false;
      const used = await db.query(TOTP_STATEMENTS.use.bind({ accountId: account.id, step }));
      return used.length === 1;
    },

    async remove(account, also = []) {
      await changeFactors(db, account, [TOTP_STATEMENTS.remove.bind({ accountId: account.id })], also);
    },
  };
}

/** Not a column, because an enrolment is never stored. */
function enrolmentPlace({ id }: Account, context: string): Place {
  return { table: 'totp', column: 'enrolment', row: `${id} ${context}` };
}
