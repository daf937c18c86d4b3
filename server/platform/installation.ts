import { sql } from 'kysely';
import type { Clock } from './clock.ts';
import type { BoundStatement, Db } from './db.ts';
import { AppError } from './errors.ts';
import { statement, tables } from './statement.ts';

interface Claim {
  readonly issuer: string;
  readonly since: Date;
}

export const INSTALLATION_STATEMENTS = {
  find: statement('installation.find', () => tables.selectFrom('installation').select('issuer')),
  claim: statement('installation.claim', ($: Claim) =>
    tables
      .insertInto('installation')
      .values({ issuer: $.issuer, since: $.since })
      .onConflict((conflict) => conflict.column('id').doNothing()),
  ),
  move: statement(
    'installation.move',
    ($: Claim & { readonly before: string | null }) => sql`
      WITH moved AS (
        INSERT INTO installation (issuer, since) VALUES (${$.issuer}, ${$.since})
        ON CONFLICT (id) DO UPDATE SET issuer = excluded.issuer, since = excluded.since
         WHERE installation.issuer = ${$.before}
        RETURNING 1)
      SELECT require_as_read((SELECT count(*) FROM moved))`,
  ),
};

/** @returns the origin that the database belongs to; undefined before a server has started with it */
export async function issuerOf(db: Pick<Db, 'query'>): Promise<string | undefined> {
  const [row] = await db.query(INSTALLATION_STATEMENTS.find.bind());
  return row?.issuer;
}

/**
 * The first server that starts with a database binds it to its issuer. Two issuers with one database would overwrite
 * each other's built-in clients, and accept each other's tokens.
 * @throws AppError 409 `wrong_issuer`
 */
export async function claimIssuer(db: Db, issuer: string, now: Clock): Promise<void> {
  await db.query(INSTALLATION_STATEMENTS.claim.bind({ issuer, since: new Date(now()) }));
  assertIssuer(await issuerOf(db), issuer);
}

/** @throws AppError 409 `wrong_issuer`, with the remedy */
export function assertIssuer(stored: string | undefined, issuer: string): void {
  if (stored === undefined || stored === issuer) return;
  throw new AppError(
    'wrong_issuer',
    `the database belongs to the issuer "${stored}", not to "${issuer}": set CARDEA_ISSUER=${stored}, name another database, or run "cardea issuer move ${issuer}" if the issuer has moved`,
  );
}

/** Binds a database to another issuer; fails by `require_as_read` unless `before` is the one that it belongs to. */
export function movingIssuer(
  { before, issuer }: { readonly before: string | null; readonly issuer: string },
  now: Clock,
): BoundStatement {
  return INSTALLATION_STATEMENTS.move.bind({ before, issuer, since: new Date(now()) });
}
