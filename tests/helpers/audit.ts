import { type Audit, openAudit } from '../../server/audit/entries.ts';
import type { Clock } from '../../server/platform/clock.ts';
import type { Db } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';

interface Made {
  readonly db: Db;
  /** base64 */
  readonly masterKey: string;
}

/** Appends to the audit of a deployment, as its server does. */
export function auditOf({ db, masterKey }: Made, now: Clock = Date.now): Promise<Audit> {
  return openAudit({ db, sealer: createSealer([Buffer.from(masterKey, 'base64')]), now });
}

/** Reads the entries that came since the last call, in the order of their ids. @param columns of `audit` */
export function entryReader<Entry>({ db }: Pick<Made, 'db'>, columns: string): () => Promise<Entry[]> {
  const seen = new Set<string>();
  return async () => {
    const rows = await db.run<Entry & { entry_id: string }>(
      { text: `SELECT id AS entry_id, ${columns} FROM audit ORDER BY id` },
      [],
    );
    const fresh = rows.filter(({ entry_id: id }) => !seen.has(id));
    for (const { entry_id: id } of fresh) seen.add(id);
    return fresh.map(({ entry_id: _, ...entry }) => entry as Entry);
  };
}
