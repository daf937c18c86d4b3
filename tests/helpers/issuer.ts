import type { Db } from '../../server/platform/db.ts';
import { createDb } from '../../server/platform/db.ts';
import { issuerOf, movingIssuer } from '../../server/platform/installation.ts';

const MIGRATED = { name: '', text: "SELECT 1 FROM pg_tables WHERE tablename = 'installation'" };

/** Moves a database to this issuer, as `cardea issuer move` does; an empty database has none yet. */
export async function takeOver(url: string, issuer: string): Promise<void> {
  const db = createDb({ url, poolSize: 1 });
  try {
    if ((await db.run(MIGRATED, [])).length > 0) await moveIssuer(db, issuer);
  } finally {
    await db.close();
  }
}

export async function moveIssuer(db: Pick<Db, 'query'>, issuer: string): Promise<void> {
  await db.query(movingIssuer({ before: (await issuerOf(db)) ?? null, issuer }, Date.now));
}
