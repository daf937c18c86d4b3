import { sql } from 'kysely';
import type { BoundStatement } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';

/**
 * What ends when the database is restored from a backup: it is not known which of these were used, replaced or revoked after the backup,
 * and a refresh token that was replaced since would be accepted from a thief. JWT access tokens, which verifiers check by the keys, and
 * what people have allowed to apps stay.
 */
export const AFTER_RESTORE_STATEMENTS = {
  sessions: statement('after_restore.sessions', () => sql`DELETE FROM sessions`),
  records: statement('after_restore.records', () => sql`DELETE FROM records`),
  userCodes: statement('after_restore.user_codes', () => sql`DELETE FROM user_codes`),
  waiting: statement('after_restore.waiting_requests', () => sql`DELETE FROM waiting_requests`),
  answers: statement('after_restore.repeated_answers', () => sql`DELETE FROM repeated_answers`),
};

export const endAfterRestore = (): BoundStatement[] => Object.values(AFTER_RESTORE_STATEMENTS).map((one) => one.bind());
