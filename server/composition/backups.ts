import pkg from '../../package.json' with { type: 'json' };
import { openAudit } from '../audit/entries.ts';
import { createAuditLog } from '../audit/listing.ts';
import { type Backups, createBackups } from '../backup/backups.ts';
import type { Config } from '../config.ts';
import { SEALED } from '../operations/sealed_columns.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Sealer } from '../platform/sealing.ts';

interface Parts {
  readonly config: Config;
  readonly db: Db;
  readonly sealer: Sealer;
  readonly now: Clock;
  readonly stopping?: AbortSignal | undefined;
}

/** Backups of the database, by the settings. */
export function openBackups({ config, db, sealer, now, stopping }: Parts): Backups {
  return createBackups({
    db,
    sealer,
    now,
    version: pkg.version,
    sealed: SEALED,
    settings: config.backup,
    stopping,
    async inspect(on: Db) {
      const open = () => openAudit({ db: on, sealer, now, issuer: config.issuer.identifier });
      const running = await createAuditLog({ db: on, open }).verify({ since: undefined, heads: [] });
      let findings = 0;
      for (let step = await running.next(); ; step = await running.next()) {
        if (step.done) return { audit: findings, auditEvents: step.value.events };
        findings += step.value.findings.length;
      }
    },
  });
}
