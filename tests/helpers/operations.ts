import {
  createAccountStores,
  createClientStores,
  createOperations,
  openFactors,
  openKeyRing,
  openPasswords,
} from '../../server/composition/stores.ts';
import { loadConfig } from '../../server/config.ts';
import type { Actor } from '../../server/operations/actor.ts';
import { PERMISSIONS } from '../../server/operations/permissions.ts';
import { createLog } from '../../server/platform/log.ts';
import { createOutbound } from '../../server/platform/outbound.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import type { Deployment } from './deployment.ts';
import { reusedThread } from './password_threads.ts';
import { defer, type Scope } from './scope.ts';

/** An actor with all permissions, or with the given ones. */
export function actor(rest: Partial<Actor> = {}): Actor {
  return { kind: 'client', id: 'tests', permissions: new Set(PERMISSIONS), ...rest };
}

/** The operations of a deployment, as another process of the same installation has them. */
export async function operationsOf(
  scope: Scope,
  app: Pick<Deployment, 'db' | 'masterKey' | 'issuer' | 'dataDir'>,
  now = Date.now,
) {
  const config = loadConfig({
    CARDEA_ISSUER: app.issuer,
    CARDEA_MASTER_KEY: app.masterKey,
    CARDEA_DATA_DIR: app.dataDir,
  });
  const log = createLog({ level: 'silent', destination: { write() {} } });
  const parts = { config, db: app.db, sealer: createSealer([Buffer.from(app.masterKey, 'base64')]), now, log };
  const stores = await createAccountStores(parts);
  const passwords = await openPasswords(stores, { ...parts, startPasswordThread: reusedThread });
  defer(scope, () => passwords.close());
  const outbound = createOutbound({ allow: [] });
  return createOperations({
    ...parts,
    outbound,
    ...createClientStores({ ...parts, outbound }),
    accountStores: async () => stores,
    factors: () => openFactors(stores, parts),
    passwords: async () => passwords,
    keyRing: () => openKeyRing(parts),
  });
}
