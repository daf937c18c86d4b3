import { randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { invalidInput, notFound } from '../platform/errors.ts';
import { hashToken } from '../platform/sealing.ts';
import type { RegistrationPolicy } from './registration_policy.ts';
import { newSecret } from './secrets.ts';

/** An initial access token (RFC 7591 §3): its holder may register a number of clients of a certain kind. */
export interface RegistrationToken {
  readonly id: string;
  readonly policy: RegistrationPolicy;
  readonly usesLeft: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface RegistrationTokens {
  /** @returns it with the token itself, which is not stored. @throws AppError 400 `invalid_input` */
  create(input: {
    policy: RegistrationPolicy;
    uses: number;
    /** Seconds. */
    lifetime: number;
  }): Promise<RegistrationToken & { token: string }>;
  /** @returns undefined for a token that is unknown, used up or expired */
  find(token: string): Promise<RegistrationToken | undefined>;
  /** A statement that counts one use; it rolls the transaction back when another request took the last use. */
  use(id: string): BoundStatement;
  /** Oldest first. */
  list(): Promise<RegistrationToken[]>;
  /** Clients that were registered with it stay. @throws AppError 404 `not_found` */
  revoke(id: string): Promise<void>;
}

interface Row {
  id: string;
  policy: RegistrationPolicy;
  uses_left: number;
  created_at: Date;
  expires_at: Date;
}

const COLUMNS = 'id, policy, uses_left, created_at, expires_at';
const USES_MAX = 1_000_000;

export const REGISTRATION_TOKEN_STATEMENTS = {
  insert: {
    name: 'registration_tokens.insert',
    text: `INSERT INTO registration_tokens (${COLUMNS}, token_hash) VALUES ($1, $2, $3, $4, $5, $6)`,
  },
  find: {
    name: 'registration_tokens.find',
    text: `SELECT ${COLUMNS} FROM registration_tokens WHERE token_hash = $1 AND uses_left > 0 AND expires_at > $2`,
  },
  // Of parallel requests no more succeed than there are uses; `require_single_use` is from migration 0001.
  use: {
    name: 'registration_tokens.use',
    text: `WITH used AS (
             UPDATE registration_tokens SET uses_left = uses_left - 1 WHERE id = $1 AND uses_left > 0 RETURNING 1)
           SELECT require_single_use(1, (SELECT count(*) FROM used))`,
  },
  list: {
    name: 'registration_tokens.list',
    text: `SELECT ${COLUMNS} FROM registration_tokens ORDER BY created_at, id`,
  },
  revoke: { name: 'registration_tokens.revoke', text: 'DELETE FROM registration_tokens WHERE id = $1 RETURNING id' },
};

export function createRegistrationTokens({ db, now }: { db: Db; now: Clock }): RegistrationTokens {
  return {
    async create({ policy, uses, lifetime }) {
      if (!Number.isInteger(uses) || uses < 1 || uses > USES_MAX) {
        throw invalidInput('uses', `must be a whole number from 1 to ${USES_MAX}`);
      }
      const id = randomBytes(8).toString('hex');
      const token = newSecret();
      const createdAt = new Date(now());
      const expiresAt = new Date(now() + lifetime * 1000);
      await db.run(REGISTRATION_TOKEN_STATEMENTS.insert, [
        id,
        JSON.stringify(policy),
        uses,
        createdAt,
        expiresAt,
        hashToken(token),
      ]);
      return { id, policy, usesLeft: uses, createdAt, expiresAt, token };
    },
    async find(token) {
      const [row] = await db.run<Row>(REGISTRATION_TOKEN_STATEMENTS.find, [hashToken(token), new Date(now())]);
      return row && fromRow(row);
    },
    use: (id) => ({ statement: REGISTRATION_TOKEN_STATEMENTS.use, values: [id] }),
    async list() {
      return (await db.run<Row>(REGISTRATION_TOKEN_STATEMENTS.list, [])).map(fromRow);
    },
    async revoke(id) {
      if (id.includes('\0') || (await db.run(REGISTRATION_TOKEN_STATEMENTS.revoke, [id])).length === 0)
        throw notFound('registration token', id);
    },
  };
}

function fromRow(row: Row): RegistrationToken {
  return {
    id: row.id,
    policy: row.policy,
    usesLeft: row.uses_left,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
