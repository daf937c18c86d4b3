import { createDb } from '../../server/platform/db.ts';
import { moveIssuer } from '../../server/platform/installation.ts';

/** Makes a database that another issuer has used that of this one, as `cardea issuer move` does. */
export async function takeOver(url: string, issuer: string): Promise<void> {
  const db = createDb({ url, poolSize: 1 });
  try {
    await moveIssuer(db, issuer, Date.now);
  } finally {
    await db.close();
  }
}
