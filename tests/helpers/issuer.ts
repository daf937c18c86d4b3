import { createDb } from '../../server/platform/db.ts';
import { moveIssuer } from '../../server/platform/installation.ts';

const MIGRATED = { name: '', text: "SELECT 1 FROM pg_tables WHERE tablename = 'installation'" };

/** Moves a database to this issuer, as `cardea issuer move` does; an empty database has none yet. */
export async function takeOver(url: string, issuer: string): Promise<void> {
  const db = createDb({ url, poolSize: 1 });
  try {
    if ((await db.run(MIGRATED, [])).length > 0) await moveIssuer(db, issuer, Date.now);
  } finally {
    await db.close();
  }
}
