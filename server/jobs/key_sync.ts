import type { KeyRing } from '../../keys/rotate.ts';
import type { LoadedKeySet } from '../../keys/store.ts';

export interface KeySync {
  /** Loads and activates the current key set, and tells the other nodes which version this one serves. */
  refresh(): Promise<void>;
  /**
   * False when this node has not reached the database for so long that the others no longer wait for it. They may withdraw
   * the key that it signs with, so it must stop signing.
   */
  isInTouch(): boolean;
}

export interface KeySyncOptions {
  readonly keyRing: KeyRing;
  readonly nodeId: string;
  /** Monotonic milliseconds: setting back the wall clock must not let a disconnected node continue to sign. */
  readonly uptime: () => number;
  readonly silenceSeconds: number;
  /** The version that is being served. */
  readonly servedVersion: () => number;
  readonly activate: (set: LoadedKeySet) => Promise<void>;
}

export function createKeySync(options: KeySyncOptions): KeySync {
  const { keyRing, nodeId, uptime, activate, servedVersion } = options;
  let lastContact = uptime();
  let syncing: Promise<void> = Promise.resolve();

  async function sync(): Promise<void> {
    const contact = uptime();
    let current = await keyRing.acknowledge(nodeId, servedVersion());
    // `!==`: the version of a database that was restored from a backup is lower.
    while (current !== servedVersion()) {
      await activate(await keyRing.load());
      current = await keyRing.acknowledge(nodeId, servedVersion());
    }
    lastContact = contact;
  }

  return {
    // One after the other, so that the last acknowledgement is of the newest version.
    refresh() {
      syncing = syncing.catch(() => {}).then(sync);
      return syncing;
    },
    isInTouch: () => uptime() - lastContact < options.silenceSeconds * 1000,
  };
}
