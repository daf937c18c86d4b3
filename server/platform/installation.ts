import type { Clock } from './clock.ts';
import type { Db } from './db.ts';
import { AppError } from './errors.ts';

export const INSTALLATION_STATEMENTS = {
  find: { name: 'installation.find', text: 'SELECT issuer FROM installation' },
  claim: {
    name: 'installation.claim',
    text: 'INSERT INTO installation (issuer, since) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING',
  },
  move: {
    name: 'installation.move',
    text: 'UPDATE installation SET issuer = $1, since = $2 WHERE issuer <> $1 RETURNING issuer',
  },
};

/** @returns the origin that the database belongs to; undefined before a server has started with it */
export async function issuerOf(db: Db): Promise<string | undefined> {
  const [row] = await db.run<{ issuer: string }>(INSTALLATION_STATEMENTS.find, []);
  return row?.issuer;
}

/**
 * The first server that starts with a database binds it to its issuer. Two issuers with one database would overwrite
 * each other's built-in clients, and accept each other's tokens.
 * @throws AppError 409 `wrong_issuer`
 */
export async function claimIssuer(db: Db, issuer: string, now: Clock): Promise<void> {
  await db.run(INSTALLATION_STATEMENTS.claim, [issuer, new Date(now())]);
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
  await db.run(INSTALLATION_STATEMENTS.claim, [issuer, new Date(now())]);
  return (await db.run(INSTALLATION_STATEMENTS.move, [issuer, new Date(now())])).length > 0;
}
