import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { readTypedCode } from '../platform/typed_codes.ts';
import type { Account } from './account.ts';

/** Codes to get in with when the second factor is lost: shown once, each good for one sign-in. */
export interface RecoveryCodes {
  /** Ten new ones; all earlier ones are void once the statements have happened. */
  draw(account: Account): { codes: readonly string[]; bound: readonly BoundStatement[] };
  /** Draws and stores ten. @param also statements for the same transaction */
  generate(account: Account, also?: readonly BoundStatement[]): Promise<readonly string[]>;
  /** Uses one up; the database decides for all nodes. @param typed see `readRecoveryCode` */
  use(account: Account, typed: string): Promise<boolean>;
  /** How many are left. */
  remaining(account: Account): Promise<number>;
}

/** The server secret under which codes are stored. It can never change while there are any. */
export const RECOVERY_CODES_SECRET = 'recovery-codes';

const CODES = 10;
/** Crockford's base 32: no i, l, o or u, which are taken for others. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** Of 5 bits each: 60 bits, far beyond what three guesses a lock period could find. */
const LENGTH = 12;
const FORM = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`);
const MISREADINGS: Readonly<Record<string, string>> = { i: '1', l: '1', o: '0' };

export const RECOVERY_CODE_STATEMENTS = {
  // Two that renew at once would leave twenty: the second waits here, and replaces what the first has left.
  lock: { name: 'recovery_codes.lock', text: 'SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE' },
  clear: { name: 'recovery_codes.clear', text: 'DELETE FROM recovery_codes WHERE account_id = $1' },
  insert: {
    name: 'recovery_codes.insert',
    text: 'INSERT INTO recovery_codes (account_id, lookup) SELECT $1, unnest($2::bytea[])',
  },
  use: {
    name: 'recovery_codes.use',
    text: `UPDATE recovery_codes SET used_at = $3
            WHERE lookup = $2 AND account_id = $1 AND used_at IS NULL RETURNING 1`,
  },
  remaining: {
    name: 'recovery_codes.remaining',
    text: 'SELECT count(*)::integer AS remaining FROM recovery_codes WHERE account_id = $1 AND used_at IS NULL',
  },
};

/** @param parts `key` is the server secret RECOVERY_CODES_SECRET */
export function createRecoveryCodes(parts: { db: Db; key: Uint8Array; now: Clock }): RecoveryCodes {
  const { db, key, now } = parts;
  // Keyed, because 60 bits are few enough to be tried out on a plain hash.
  const lookupOf = (account: Account, code: string) =>
    createHmac('sha256', key).update(`${account.id}\0${code}`).digest();

  function draw(account: Account) {
    const codes = Array.from({ length: CODES }, newCode);
    const of = (statement: BoundStatement['statement'], ...values: unknown[]): BoundStatement => ({
      statement,
      values: [account.id, ...values],
    });
    const lookups = codes.map((code) => lookupOf(account, code.replaceAll('-', '')));
    return {
      codes,
      bound: [
        of(RECOVERY_CODE_STATEMENTS.lock),
        of(RECOVERY_CODE_STATEMENTS.clear),
        of(RECOVERY_CODE_STATEMENTS.insert, lookups),
      ],
    };
  }

  return {
    draw,

    async generate(account, also = []) {
      const { codes, bound } = draw(account);
      await db.transact([...bound, ...also]);
      return codes;
    },

    async use(account, typed) {
      const code = readRecoveryCode(typed);
      if (code === undefined) return false;
      const used = await db.run(RECOVERY_CODE_STATEMENTS.use, [account.id, lookupOf(account, code), new Date(now())]);
      return used.length === 1;
    },

    async remaining(account) {
      const [row] = await db.run<{ remaining: number }>(RECOVERY_CODE_STATEMENTS.remaining, [account.id]);
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
 * The characters of a code, as they are stored: people mix up letters that look alike, and leave hyphens out. Undefined
 * when what was typed has another form, however it is read.
 */
export function readRecoveryCode(typed: string): string | undefined {
  const code = readTypedCode(typed)
    .toLowerCase()
    .replaceAll(/[ilo]/g, (letter) => MISREADINGS[letter] ?? letter);
  return FORM.test(code) ? code : undefined;
}
