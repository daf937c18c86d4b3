import type { Clock } from './clock.ts';
import type { Db } from './db.ts';
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
  move: statement('installation.move', ($: Claim) =>
    tables
      .updateTable('installation')
      .set({ issuer: $.issuer, since: $.since })
      .where('issuer', '<>', $.issuer)
      .returning('issuer'),
  ),
};

/** @returns the origin that the database belongs to; undefined before a server has started with it */
export async function issuerOf(db: Db): Promise<string | undefined> {
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

/** @returns whether the issuer was a different one before */
export async function moveIssuer(db: Db, issuer: string, now: Clock): Promise<boolean> {
  const claim = { issuer, since: new Date(now()) };
  await db.query(INSTALLATION_STATEMENTS.claim.bind(claim));
  return (await db.query(INSTALLATION_STATEMENTS.move.bind(claim))).length > 0;
}
