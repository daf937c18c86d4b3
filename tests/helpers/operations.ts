import type { Caller } from '../../server/admin/callers.ts';
import {
  createAccountStores,
  createClientStores,
  createOperations,
  openFactors,
  openKeyRing,
  openPasswords,
} from '../../server/composition/stores.ts';
import { describeConfig, loadConfig } from '../../server/config.ts';
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

/** A caller of the API who stays the same. */
export function caller(rest: Partial<Actor> = {}): Caller {
  return { ...actor(rest), again: async () => actor(rest) };
}

/** A deployment, or its database alone. */
export type OperatedDatabase = Pick<Deployment, 'db' | 'databaseUrl' | 'masterKey' | 'issuer' | 'dataDir'> & {
  /** More settings. */
  readonly env?: Readonly<Record<string, string>>;
};

export const environmentOf = (app: OperatedDatabase) => ({
  CARDEA_ISSUER: app.issuer,
  CARDEA_MASTER_KEY: app.masterKey,
  CARDEA_DATA_DIR: app.dataDir,
  CARDEA_DATABASE_URL: app.databaseUrl,
  ...app.env,
});

/**
 * The operations of a deployment, as another process of the same installation has them.
 * @param allow addresses on which documents of clients are fetched although they are not public; default: none
 */
export async function operationsOf(scope: Scope, app: OperatedDatabase, now = Date.now, allow: readonly string[] = []) {
  const env = environmentOf(app);
  const config = loadConfig(env);
  const log = createLog({ level: 'silent', destination: { write() {} } });
  const parts = { config, db: app.db, sealer: createSealer([Buffer.from(app.masterKey, 'base64')]), now, log };
  const stores = await createAccountStores(parts);
  const passwords = await openPasswords(stores, { ...parts, startPasswordThread: reusedThread });
  defer(scope, () => passwords.close());
  const outbound = createOutbound({ allow });
  return createOperations({
    ...parts,
    outbound,
    settings: () => describeConfig(env),
    ...createClientStores({ ...parts, outbound }),
    accountStores: async () => stores,
    factors: () => openFactors(stores, parts),
    passwords: async () => passwords,
    keyRing: () => openKeyRing(parts),
  });
}
