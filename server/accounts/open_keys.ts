import type { Clock } from '../platform/clock.ts';
import { createOpenedSealer, deriveSealingKey, type OpenedKey, type Sealer } from '../platform/sealing.ts';
import { openDataKey } from './rows.ts';

/** People's own keys that were opened a short time ago: opening one costs more than opening the profile with it. */
export interface OpenKeys {
  /**
   * @param keep false: for one of many people, whose keys would drive those of people who are signing in out of the cache
   * @returns a sealer for one request; its key is cleared when Node collects it
   * @throws AppError `sealed_value_unreadable`
   */
  sealerOf(accountId: string, sealedKey: Buffer, keep: boolean): Sealer;
  /** Number of keys in memory. */
  readonly size: number;
}

const KEYS_MAX = 2_000;
const KEPT_MS = 5 * 60_000;

interface Kept {
  readonly key: OpenedKey;
  readonly until: number;
}

/**
 * At most `max` keys, each for five minutes. Their bytes are overwritten with zeros when they leave. A `KeyObject` cannot be
 * overwritten, so each request has one of its own.
 * @param parts `later` calls a function after a time, which must not keep the process alive; `derive` makes the bytes that are kept
 */
export function createOpenKeys(parts: {
  sealer: Sealer;
  now: Clock;
  max?: number;
  later?: (work: () => void, ms: number) => void;
  derive?: (secret: Uint8Array) => OpenedKey;
}): OpenKeys {
  const { sealer, now, max = KEYS_MAX, later = (work, ms) => void setTimeout(work, ms).unref() } = parts;
  const { derive = deriveSealingKey } = parts;
  // The sealed key is part of the name, so a key is only found by a caller that could open it anyway, and never after it was
  // deleted from the database. All are kept for the same time: the first is the oldest.
  const kept = new Map<string, Kept>();
  let waits = false;

  function forget(name: string, { key }: Kept): void {
    key.bytes.fill(0);
    kept.delete(name);
  }

  function forgetOld(): void {
    for (const [name, one] of kept) {
      if (one.until > now()) break;
      forget(name, one);
    }
  }

  /** Keys also leave when there are no more sign-ins. */
  function waitForOldest(): void {
    const [oldest] = kept.values();
    if (waits || !oldest) return;
    waits = true;
    later(
      () => {
        waits = false;
        forgetOld();
        waitForOldest();
      },
      Math.max(oldest.until - now(), 1),
    );
  }

  function keep(name: string, key: OpenedKey): void {
    const [oldest] = kept;
    if (oldest && kept.size >= max) forget(...oldest);
    kept.set(name, { key, until: now() + KEPT_MS });
    waitForOldest();
  }

  return {
    sealerOf(accountId, sealedKey, keeps) {
      forgetOld();
      const name = `${accountId} ${sealedKey.toString('latin1')}`;
      const found = kept.get(name);
      if (found) return createOpenedSealer(found.key);
      const dataKey = openDataKey(sealer, accountId, sealedKey);
      const key = derive(dataKey);
      dataKey.fill(0);
      const opened = createOpenedSealer(key);
      if (keeps) keep(name, key);
      else key.bytes.fill(0);
      return opened;
    },
    get size() {
      return kept.size;
    },
  };
}
