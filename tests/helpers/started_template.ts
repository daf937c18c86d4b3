import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../server/app.ts';
import { loadConfig } from '../../server/config.ts';
import { createDb } from '../../server/platform/db.ts';
import { createLog } from '../../server/platform/log.ts';
import { MIGRATED, type Template } from './postgres.ts';
import { remember } from './secrets.ts';

const MASTER_KEY = createHash('sha256').update('the template of the tests').digest('base64');

/** The master key that seals what the template holds. */
export const startedMasterKey = (): string => remember('master_key', MASTER_KEY);

/**
 * A database that a server has started with once: it holds signing keys, secrets and built-in clients, which take most
 * of the time of a first start. Its issuer is that of the next start.
 */
export const STARTED: Template = {
  name: () => `${MIGRATED.name()}_started`,
  from: MIGRATED,
  async make(url) {
    const dataDir = mkdtempSync(join(tmpdir(), 'cardea-test-data-'));
    const db = createDb({ url });
    try {
      const config = loadConfig({
        CARDEA_DATA_DIR: dataDir,
        CARDEA_ISSUER: 'http://localhost:3000',
        CARDEA_DEMO: 'false',
        CARDEA_DATABASE_URL: url,
        CARDEA_MASTER_KEY: startedMasterKey(),
      });
      const app = await createApp({ config, settings: [], db, log: createLog({ level: 'silent' }) });
      await app.close();
      // In SQL, because a database that has an issuer never loses it: `cardea issuer move` names the next one.
      await db.run({ name: '', text: 'DELETE FROM installation' }, []);
    } finally {
      await db.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};
