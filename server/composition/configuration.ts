import { randomUUID } from 'node:crypto';
import type { Config } from '../config.ts';
import { applyFile } from '../configuration/apply.ts';
import { openFile } from '../configuration/file.ts';
import { resolveMasterKeys } from '../master_keys.ts';
import { PERMISSIONS } from '../operations/permissions.ts';
import { systemClock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { createDeclaredSettings } from '../platform/declared_settings.ts';
import type { Logger } from '../platform/log.ts';
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
  const steps = await applyFile(file, runner.batch, { actor, requestId: randomUUID() });
  for (const { kind, key, action } of steps) log.info({ kind, key, action }, 'the configuration file was applied');
}

/** The settings that a configuration file declares, by their names in the environment, which overrides them. */
export async function declaredSettingsOf(db: Db): Promise<Environment> {
  return Object.fromEntries(await createDeclaredSettings(db).list());
}
