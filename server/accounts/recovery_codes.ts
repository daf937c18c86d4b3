import { createHmac, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { type AuditLine, insertAuditLines } from '../audit/lines.ts';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { statement, tables } from '../platform/statement.ts';
import { readTypedCode } from '../platform/typed_codes.ts';
import type { Account } from './account.ts';

/** Codes for signing in without a lost second factor: shown once, and each valid for one sign-in. */
export interface RecoveryCodes {
  /** Ten new codes, and the statements that store them and invalidate all earlier ones. */
  prepare(account: Account): { codes: readonly string[]; bound: readonly BoundStatement[] };
  /** Creates and stores ten codes. @param also statements for the same transaction */
  generate(account: Account, also?: readonly BoundStatement[]): Promise<readonly string[]>;
  /** Uses one up; the database decides for all nodes. @param typed see `readRecoveryCode` */
  use(account: Account, typed: string, auditLines?: readonly AuditLine[]): Promise<boolean>;
  /** How many are left. */
  remaining(account: Account): Promise<number>;
}

/** The server secret under which codes are stored. It can never change while there are any. */
export const RECOVERY_CODES_SECRET = 'recovery-codes';

const CODES = 10;
/** Crockford's base 32: without i, l, o and u, which are easily mistaken for other characters. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** Characters of 5 bits each: 60 bits, which cannot be found with a few guesses per lock period. */
const LENGTH = 12;
const FORM = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`);
const MISREADINGS: Readonly<Record<string, string>> = { i: '1', l: '1', o: '0' };

export const RECOVERY_CODE_STATEMENTS = {
  // Two renewals at once would leave twenty codes: the second waits here, and replaces those of the first.
  lock: statement(
    'recovery_codes.lock',
    ($: { accountId: string }) => sql`SELECT 1 FROM accounts WHERE id = ${$.accountId} FOR UPDATE`,
  ),
  clear: statement('recovery_codes.clear', ($: { accountId: string }) =>
    tables.deleteFrom('recovery_codes').where('account_id', '=', $.accountId),
  ),
  insert: statement(
    'recovery_codes.insert',
    ($: { accountId: string; lookups: readonly Buffer[] }) => sql`
      INSERT INTO recovery_codes (account_id, lookup) SELECT ${$.accountId}, unnest(${$.lookups}::bytea[])`,
  ),
  use: statement(
    'recovery_codes.use',
    ($: { accountId: string; lookup: Buffer; now: Date; auditLines: readonly AuditLine[] }) => sql<{ lookup: Buffer }>`
      WITH used AS (
        UPDATE recovery_codes SET used_at = ${$.now}
         WHERE lookup = ${$.lookup} AND account_id = ${$.accountId} AND used_at IS NULL RETURNING lookup
      ), audited AS (
        ${insertAuditLines($.auditLines, sql`EXISTS (SELECT 1 FROM used)`)}
      )
      SELECT lookup FROM used`,
  ),
  remaining: statement(
    'recovery_codes.remaining',
    ($: { accountId: string }) => sql<{ remaining: number }>`
      SELECT count(*)::integer AS remaining FROM recovery_codes WHERE account_id = ${$.accountId} AND used_at IS NULL`,
  ),
};

/** @param parts `key` is the server secret RECOVERY_CODES_SECRET */
export function createRecoveryCodes(parts: { db: Db; key: Uint8Array; now: Clock }): RecoveryCodes {
  const { db, key, now } = parts;
  // Keyed, because with a plain hash 60 bits could be found by trying.
  const lookupOf = (account: Account, code: string) =>
    createHmac('sha256', key).update(`${account.id}\0${code}`).digest();

  function prepare(account: Account) {
    const codes = Array.from({ length: CODES }, newCode);
    const lookups = codes.map((code) => lookupOf(account, code.replaceAll('-', '')));
    const accountId = account.id;
    return {
      codes,
      bound: [
        RECOVERY_CODE_STATEMENTS.lock.bind({ accountId }),
        RECOVERY_CODE_STATEMENTS.clear.bind({ accountId }),
        RECOVERY_CODE_STATEMENTS.insert.bind({ accountId, lookups }),
      ],
    };
  }

  return {
    prepare,

    async generate(account, also = []) {
      const { codes, bound } = prepare(account);
      await db.transact([...bound, ...also]);
      return codes;
    },

    async use(account, typed, auditLines = []) {
      const code = readRecoveryCode(typed);
      if (code === undefined) return false;
      const use = { accountId: account.id, lookup: lookupOf(account, code), now: new Date(now()), auditLines };
      const used = await db.query(RECOVERY_CODE_STATEMENTS.use.bind(use));
      return used.length === 1;
    },

    async remaining(account) {
      const [row] = await db.query(RECOVERY_CODE_STATEMENTS.remaining.bind({ accountId: account.id }));
      return row?.remaining ?? 0;
    },
  };
}

function newCode(): string {
  // 256 is a multiple of 32: each letter is as likely as any other.
  const letters = [...randomBytes(LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return letters.replaceAll(/(.{4})(?=.)/g, '$1-');
}

/**
 * The characters of a typed code in their stored form: people confuse letters that look alike, and omit hyphens. Undefined
 * when the input cannot be a code.
 */
export function readRecoveryCode(typed: string): string | undefined {
  const code = readTypedCode(typed)
    .toLowerCase()
    .replaceAll(/[ilo]/g, (letter) => MISREADINGS[letter] ?? letter);
  return FORM.test(code) ? code : undefined;
}
