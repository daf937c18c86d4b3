import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '../../server/platform/db.ts';
import { claimIssuer } from '../../server/platform/installation.ts';
import { createSeeder, type Seeder } from './deployment.ts';
import type { OperatedDatabase } from './operations.ts';
import { databaseUrl } from './postgres.ts';
import { defer, type Scope } from './scope.ts';
import { STARTED, startedMasterKey } from './started_template.ts';

/** Not in production, so that mails need no mail server. */
const ISSUER = 'http://localhost:3000';

/** The database of an installation whose server does not run: nothing is sent or ended but by the test. */
export async function operatedDatabase(scope: Scope): Promise<OperatedDatabase & { readonly seed: Seeder }> {
  const masterKey = startedMasterKey();
  const dataDir = mkdtempSync(join(tmpdir(), 'cardea-test-data-'));
  defer(scope, () => rmSync(dataDir, { recursive: true, force: true }));
  const url = await databaseUrl(scope, STARTED);
  const db = createDb({ url });
  defer(scope, () => db.close());
  await claimIssuer(db, ISSUER, Date.now);
  return { db, databaseUrl: url, masterKey, issuer: ISSUER, dataDir, seed: await createSeeder(db, masterKey) };
}
