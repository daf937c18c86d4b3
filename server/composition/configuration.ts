import { randomUUID } from 'node:crypto';
import { openAudit } from '../audit/entries.ts';
import type { Config } from '../config.ts';
import { applyFile } from '../configuration/apply.ts';
import { openFile } from '../configuration/file.ts';
import { resolveMasterKeys } from '../master_keys.ts';
import { PERMISSIONS } from '../operations/permissions.ts';
import { systemClock } from '../platform/clock.ts';
import { type Db, withinTransaction } from '../platform/db.ts';
import { createDeclaredSettings } from '../platform/declared_settings.ts';
import type { Logger } from '../platform/log.ts';
import { migrateUp } from '../platform/migrate.ts';
import { createOutbound } from '../platform/outbound.ts';
import { createSealer } from '../platform/sealing.ts';
import type { Environment } from '../platform/settings.ts';
import {
  createAccountStores,
  createClientStores,
  createOperations,
  openFactors,
  openKeyRing,
  openPasswords,
} from './stores.ts';

/**
 * Brings the schema up to date. The entry in the audit is part of the transaction of the migrations, which may make its tables.
 * @returns the migrations that ran
 */
export function migrateAtStart(db: Db, config: Config): Promise<string[]> {
  return migrateUp(db, async (names, send) => {
    const on = withinTransaction(send);
    const sealer = createSealer(await resolveMasterKeys(config));
    const { append } = await openAudit({ db: on, sealer, now: systemClock, issuer: config.issuer.identifier });
    const entry = append({
      actor: { kind: 'system', id: 'start' },
      action: 'migrations.up',
      target: { kind: 'schema', id: names.at(-1) ?? '' },
      outcome: 'done',
      changes: { migrations: { after: names } },
      requestId: randomUUID(),
    });
    await on.transact([entry]);
  });
}

/**
 * Applies CARDEA_CONFIG_FILE, if it is set. Nodes that start together apply it one after another; the second finds nothing
 * to change.
 * @throws ConfigurationError; then nothing is changed
 */
export async function applyConfiguredFile(parts: {
  readonly config: Config;
  readonly db: Db;
  readonly log: Logger;
  readonly env: Environment;
}): Promise<void> {
  const { config, log, env } = parts;
  if (config.configFile === undefined) return;
  const file = openFile(config.configFile, env);
  const services = { ...parts, sealer: createSealer(await resolveMasterKeys(config)), now: systemClock };
  const outbound = createOutbound({ allow: config.outboundAllow });
  const accountStores = () => createAccountStores(services);
  const { runner } = createOperations({
    ...services,
    outbound,
    ...createClientStores({ ...services, outbound }),
    settings: () => [],
    accountStores,
    factors: async () => openFactors(await accountStores(), services),
    passwords: async () => openPasswords(await accountStores(), services),
    keyRing: () => openKeyRing(services),
  });
  const actor = { kind: 'system', id: 'configuration file', permissions: new Set(PERMISSIONS) } as const;
  const { steps, ended } = await applyFile(file, runner.batch, { actor, requestId: randomUUID() });
  for (const { kind, key, action } of steps) log.info({ kind, key, action }, 'the configuration file was applied');
  if (ended.length > 0) log.warn({ ended }, 'the configuration file has texts that were withdrawn: they do not apply');
}

/** The settings that a configuration file declares, by their names in the environment, which overrides them. */
export async function declaredSettingsOf(db: Db): Promise<Environment> {
  return Object.fromEntries(await createDeclaredSettings(db).list());
}
