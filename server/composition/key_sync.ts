import { randomUUID } from 'node:crypto';
import { keyPolicy } from '../../keys/policy.ts';
import { silenceSeconds } from '../../keys/ring.ts';
import type { KeyRing } from '../../keys/rotate.ts';
import { CHANNEL as KEYS_CHANNEL, type LoadedKeySet } from '../../keys/store.ts';
import { signedLifetimes } from '../config.ts';
import { createKeySync } from '../jobs/key_sync.ts';
import { createServing, type Served } from '../oidc/serving.ts';
import { isDatabaseAway } from '../platform/db_errors.ts';
import type { Infrastructure } from './infrastructure.ts';

/**
 * Registers this node with the key ring, serves its key set, and serves each later one as soon as the node learns of it.
 * @param serve makes the provider of a key set
 */
export async function serveLatestKeys(
  { config, log, messenger, uptime, onClose }: Infrastructure,
  keyRing: KeyRing,
  serve: (set: LoadedKeySet) => Promise<Served>,
) {
  const nodeId = randomUUID();
  await keyRing.acknowledge(nodeId, 0);
  onClose(nodeId, (id) => keyRing.forgetNode(id).catch(() => {}));
  await keyRing.maintain();
  const serving = createServing(await serve(await keyRing.load()));
  const keySync = createKeySync({
    keyRing,
    nodeId,
    uptime,
    silenceSeconds: silenceSeconds(keyPolicy(config.keys, signedLifetimes(config))),
    servedVersion: () => serving.current().version,
    activate: async (set) => serving.swap(await serve(set)),
  });
  await keySync.refresh();
  const refreshSoon = () =>
    void keySync.refresh().catch((error) => {
      log[isDatabaseAway(error) ? 'debug' : 'warn']({ error }, 'the new keys could not be loaded yet');
    });
  messenger.on(KEYS_CHANNEL, refreshSoon);
  messenger.onGap(refreshSoon);
  return { serving, keySync };
}
