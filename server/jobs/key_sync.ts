import type { KeyRing } from '../../keys/rotate.ts';
import type { LoadedKeySet } from '../../keys/store.ts';

export interface KeySync {
  /** Looks whether there is a newer key set, takes it into use, and tells the others which one is served here. */
  refresh(): Promise<void>;
  /**
   * False when the database has not been reached for so long that the others no longer wait for this node: they may
   * withdraw the key that it still signs with, so it must not sign.
   */
  isInTouch(): boolean;
}

export interface KeySyncOptions {
  readonly keyRing: KeyRing;
  readonly nodeId: string;
  /** Milliseconds that only ever grow: a wall clock that is set back must not make a cut-off node trust itself. */
  readonly uptime: () => number;
  readonly silenceSeconds: number;
  /** The version that is being served. */
  readonly servedVersion: () => number;
  /** Puts a key set into use. */
  readonly activate: (set: LoadedKeySet) => Promise<void>;
}

export function createKeySync(options: KeySyncOptions): KeySync {
  const { keyRing, nodeId, uptime, activate: take, servedVersion } = options;
  let lastContact = uptime();
  let following: Promise<void> = Promise.resolve();

  async function follow(): Promise<void> {
    const contact = uptime();
    let current = await keyRing.acknowledge(nodeId, servedVersion());
    // Not just a newer one: a database that was restored from a backup goes back.
    while (current !== servedVersion()) {
      await take(await keyRing.load());
      current = await keyRing.acknowledge(nodeId, servedVersion());
    }
    lastContact = contact;
  }

  return {
    // One after the other: an acknowledgement must never be overtaken by an older one.
    refresh() {
      following = following.catch(() => {}).then(follow);
      return following;
    },
    isInTouch: () => uptime() - lastContact < options.silenceSeconds * 1000,
  };
}
