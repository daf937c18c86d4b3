import type { KeyRing } from '../../keys/rotate.ts';
import type { LoadedKeySet } from '../../keys/store.ts';
import type { Clock } from '../platform/clock.ts';

export interface KeyFollower {
  /** Looks whether there is a newer key set, takes it into use, and tells the others which one is served here. */
  refresh(): Promise<void>;
  /**
   * False when the database has not been reached for so long that the others no longer wait for this node: they may
   * withdraw the key that it still signs with, so it must not sign.
   */
  isInTouch(): boolean;
}

export interface KeyFollowerOptions {
  readonly keyRing: KeyRing;
  readonly nodeId: string;
  readonly now: Clock;
  readonly silenceSeconds: number;
  /** The version that is being served. */
  readonly servedVersion: () => number;
  /** Puts a key set into use. */
  readonly take: (set: LoadedKeySet) => Promise<void>;
}

export function createKeyFollower(options: KeyFollowerOptions): KeyFollower {
  const { keyRing, nodeId, now, take, servedVersion } = options;
  let lastContact = now();
  let following: Promise<void> = Promise.resolve();

  async function follow(): Promise<void> {
    const contact = now();
    let current = await keyRing.acknowledge(nodeId, servedVersion());
    while (current > servedVersion()) {
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
    isInTouch: () => now() - lastContact < options.silenceSeconds * 1000,
  };
}
