import { sql } from 'kysely';
import type { BoundStatement } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';

export const AFTER_RESTORE_STATEMENTS = {
  links: statement('after_restore.links', () => sql`DELETE FROM links`),
};

/** Mailed links end when the database is restored from a backup: one that was used since would work once more. */
export const endLinksAfterRestore = (): BoundStatement => AFTER_RESTORE_STATEMENTS.links.bind();
