import { sql } from 'kysely';
import type { BoundStatement, Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { statement } from '../platform/statement.ts';
import type { Account } from './account.ts';

/** The role of which one person at least must be left. The index of migration 0027 has its name too. */
export const ADMINISTRATOR = 'cardea-admin';

/** For as long as a transaction counts administrators. */
const LOCK = sql`pg_advisory_xact_lock(hashtextextended('cardea administrators', 0))`;

const IS_ADMINISTRATOR = sql`${sql.lit(ADMINISTRATOR)} = ANY (roles) AND is_usable(accounts)`;

/**
 * With a password or a passkey. An address does not count: a link for a new password could be mailed there, but the mail may not
 * arrive.
 */
const CAN_SIGN_IN = sql`(password_hash IS NOT NULL OR EXISTS (SELECT 1 FROM passkeys WHERE account_id = accounts.id))`;

export const ADMINISTRATOR_STATEMENTS = {
  // A statement of its own: the next one then sees what the transactions did that held the lock before.
  lock: statement('administrators.lock', () => sql`SELECT ${LOCK}`),
  require: statement(
    'administrators.require',
    () => sql`SELECT require_administrator((SELECT count(*) FROM accounts WHERE ${IS_ADMINISTRATOR}))`,
  ),
  requireAble: statement(
    'administrators.require_able',
    () =>
      sql`SELECT require_administrator((SELECT count(*) FROM accounts WHERE ${IS_ADMINISTRATOR} AND ${CAN_SIGN_IN}))`,
  ),
  // Of others they do nothing: a change of factors does not know the roles that the account has by then.
  lockOf: statement(
    'administrators.lock_of',
    ($: { accountId: string }) => sql`SELECT ${LOCK} FROM accounts WHERE id = ${$.accountId} AND ${IS_ADMINISTRATOR}`,
  ),
  requireAbleOf: statement(
    'administrators.require_able_of',
    ($: { accountId: string }) => sql`
      SELECT require_administrator((SELECT count(*) FROM accounts WHERE ${IS_ADMINISTRATOR} AND ${CAN_SIGN_IN}))
        FROM accounts WHERE id = ${$.accountId} AND ${IS_ADMINISTRATOR}`,
  ),
  requireNone: statement(
    'administrators.require_none',
    () => sql`SELECT require_rows((SELECT count(*) FROM (SELECT 1) AS one
                                       WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE ${IS_ADMINISTRATOR})))`,
  ),
  find: statement(
    'administrators.find',
    () => sql<{ id: string }>`SELECT id FROM accounts WHERE ${IS_ADMINISTRATOR} ORDER BY id LIMIT 1`,
  ),
};

/** True for an account that can act as administrator. */
export function isAdministrator({ roles, standing }: Pick<Account, 'roles' | 'standing'>): boolean {
  return roles.includes(ADMINISTRATOR) && standing === 'active';
}

/**
 * The statements at the end of a transaction that takes an administrator away. They refuse it by `require_administrator` when no
 * other is left; the lock makes sure that of two administrators who remove each other at the same time one stays. After one who
 * could sign in another one must be able to: somebody who was invited may never come.
 */
export function requireAdministrator(removed: Pick<Account, 'passwordHash' | 'secondFactors'>): BoundStatement[] {
  const couldSignIn = removed.passwordHash !== null || hasPasskey(removed);
  const { lock, require, requireAble } = ADMINISTRATOR_STATEMENTS;
  return [lock.bind(), couldSignIn ? requireAble.bind() : require.bind()];
}

/**
 * The same at the end of a transaction that changes the factors of an account: an administrator who has no password signs in by a
 * passkey alone.
 * @param before as it was read; the transaction has the condition that its credentials have not changed since
 */
export function requireAbleAdministrator(
  before: Pick<Account, 'id' | 'passwordHash' | 'secondFactors'>,
): BoundStatement[] {
  if (before.passwordHash !== null || !hasPasskey(before)) return [];
  const accountId = before.id;
  const { lockOf, requireAbleOf } = ADMINISTRATOR_STATEMENTS;
  return [lockOf.bind({ accountId }), requireAbleOf.bind({ accountId })];
}

function hasPasskey({ secondFactors }: Pick<Account, 'secondFactors'>): boolean {
  return secondFactors.includes('passkey');
}

/** The error of a transaction that `require_administrator` refused. */
export function lastAdministrator(cause: unknown): AppError {
  const message =
    'this is the last person with the role cardea-admin who can sign in: first give the role to another person, or give this person a password';
  return new AppError('last_administrator', message, { cause });
}

/**
 * The statements at the beginning of a transaction that is for an installation without an administrator; they refuse it by
 * `require_rows` when there is one.
 */
export function requireNoAdministrator(): BoundStatement[] {
  return [ADMINISTRATOR_STATEMENTS.lock.bind(), ADMINISTRATOR_STATEMENTS.requireNone.bind()];
}

export async function hasAdministrator(db: Pick<Db, 'query'>): Promise<boolean> {
  return (await db.query(ADMINISTRATOR_STATEMENTS.find.bind())).length > 0;
}
