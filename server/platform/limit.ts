import type { Clock } from './clock.ts';
import { AppError } from './errors.ts';
import type { LimitState, LimitUnit } from './limit_state.ts';
import { type Counter, subnet } from './limits.ts';
import type { Tally } from './tally.ts';

/** What a limit of the table counts, for one value of its scope: one client, one address, … */
export interface Limit {
  readonly name: string;
  /** The terms as one caller meets them. */
  state(used: number): LimitState;

  // Exactly, over all nodes: for guesses, and for what costs much. The caller waits for the counter.

  /** @throws AppError 429 when the limit is reached */
  assertAllowed(key: string): Promise<void>;
  count(key: string): Promise<number>;
  /**
   * Counts before the check: of many parallel attempts no more pass than of sequential ones.
   * @returns a value for `refund`, to call when the attempt was a success
   * @throws AppError 429 when the limit is exceeded
   */
  consume(key: string): Promise<string>;
  refund(consumed: string): Promise<void>;
  /** Counts. @returns false when it is one too many */
  admits(key: string): Promise<boolean>;

  // At once, for requests of which there are many: other nodes learn of it a moment later.

  look(key: string): LimitState;
  /** @throws AppError 429 when less than `amount` is left */
  assertLeft(key: string, amount?: number): void;
  add(key: string, amount?: number): LimitState;
}

/** A limit of the whole server, of which each network or client has a share. */
export interface ServerLimit {
  /**
   * Counts `amount` for a share. Half of the whole is for all; of the rest a share may use an eighth of what is left, so
   * that those who use much are refused first, the whole is never exceeded, and newcomers go on (“dynamic thresholds”,
   * Choudhury and Hahne 1998).
   * @param share whom it is counted for, such as a network
   * @param part counts separately, such as one kind of mail
   * @throws AppError 503 when it is one too many
   */
  take(share: string, options?: { readonly amount?: number; readonly part?: string }): LimitState;
  admits(share: string, options?: { readonly amount?: number; readonly part?: string }): boolean;
  /** Takes back what was counted. */
  refund(share: string, amount: number): void;
}

export interface LimitTerms {
  readonly max: number;
  /** The window, which starts at a multiple of its length. */
  readonly seconds: number;
  readonly unit: LimitUnit;
}

export interface LimitParts {
  readonly counter: Counter;
  readonly tally: Tally;
  readonly now: Clock;
  /** Called for each refusal. */
  onReached(name: string): void;
}

const SHARES = 8;

/** @param name with its scope, such as `token.client` */
export function createLimit(name: string, terms: LimitTerms, parts: LimitParts): Limit {
  const { counter, tally } = parts;
  const { keyOf, stateOf, windowMs } = windowsOf(name, terms, parts.now);
  const isOfAddress = name.endsWith('.address');
  const keyFor = (key: string) => keyOf(isOfAddress ? subnet(key) : key);
  const { max } = terms;
  const refusal = (used: number) => {
    parts.onReached(name);
    const limit = stateOf(used);
    return new AppError('rate_limited', `too many requests; try again in ${inSeconds(limit.resetSeconds)}`, { limit });
  };
  return {
    name,
    state: stateOf,
    async assertAllowed(key) {
      const used = await counter.get(keyFor(key));
      if (used >= max) throw refusal(used);
    },
    count: (key) => counter.increment(keyFor(key), windowMs),
    async consume(key) {
      const counted = keyFor(key);
      const used = await counter.increment(counted, windowMs);
      if (used > max) throw refusal(used);
      return counted;
    },
    refund: (consumed) => counter.decrement(consumed),
    async admits(key) {
      const isAdmitted = (await counter.increment(keyFor(key), windowMs)) <= max;
      if (!isAdmitted) parts.onReached(name);
      return isAdmitted;
    },
    look: (key) => stateOf(tally.read(keyFor(key))),
    assertLeft(key, amount = 1) {
      const used = tally.read(keyFor(key));
      if (used + amount > max) throw refusal(max);
    },
    add: (key, amount = 1) => stateOf(tally.add(keyFor(key), windowMs, amount)),
  };
}

/** @param name with its scope, such as `token.server` */
export function createServerLimit(name: string, terms: LimitTerms, parts: LimitParts): ServerLimit {
  const { tally } = parts;
  const { keyOf, stateOf, windowMs } = windowsOf(name, terms, parts.now);
  const { max } = terms;
  const keysOf = (share: string, part: string) => [keyOf(part), keyOf(`${part} ${share}`)] as const;

  function hasLeft(all: number, own: number, amount: number): boolean {
    if (all + amount > max) return false;
    return all < max / 2 || own + amount <= Math.ceil((max - all) / SHARES);
  }

  function admits(share: string, amount: number, part: string): boolean {
    const [all, own] = keysOf(share, part);
    if (!hasLeft(tally.read(all), tally.read(own), amount)) {
      parts.onReached(name);
      return false;
    }
    tally.add(all, windowMs, amount);
    tally.add(own, windowMs, amount);
    return true;
  }

  return {
    take(share, { amount = 1, part = '' } = {}) {
      const isAdmitted = admits(share, amount, part);
      const limit = stateOf(isAdmitted ? tally.read(keyOf(part)) : max);
      if (isAdmitted) return limit;
      throw new AppError('temporarily_unavailable', 'there are too many requests at the moment; try again later', {
        dependency: name,
        limit,
      });
    },
    admits: (share, { amount = 1, part = '' } = {}) => admits(share, amount, part),
    refund(share, amount) {
      for (const key of keysOf(share, '')) tally.add(key, windowMs, -amount);
    },
  };
}

/** The window is part of a key, so a counter starts again without a clock. */
function windowsOf(name: string, { max, seconds, unit }: LimitTerms, now: Clock) {
  const windowMs = seconds * 1_000;
  return {
    windowMs,
    keyOf: (key: string) => `limit:${name}:${key}:${Math.floor(now() / windowMs)}`,
    stateOf: (used: number): LimitState => ({
      name,
      unit,
      max,
      seconds,
      remaining: Math.max(0, max - used),
      resetSeconds: Math.ceil((windowMs - (now() % windowMs)) / 1_000),
    }),
  };
}

const inSeconds = (count: number) => `${count} ${count === 1 ? 'second' : 'seconds'}`;
