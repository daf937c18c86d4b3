import type { Clock } from '../platform/clock.ts';
import { type Counter, createLimits, type Limits } from '../platform/limits.ts';

/** RFC 8628 §5.1: how many user codes may be sent in a minute. Connecting a device needs few, guessing a code needs many. */
const MAX_BY_ADDRESS = 59;
const MAX_BY_SESSION = 19;

export interface UserCodeLimits {
  readonly byAddress: Limits;
  readonly bySession: Limits;
}

/** A guess that was counted, for `Limits.refund`. */
export interface ConsumedUserCode {
  readonly limits: Limits;
  readonly consumed: string;
}

/** @param options `max`: how many failures of other kinds an address may cause; user codes are limited to that as well */
export function createUserCodeLimits(options: { counter: Counter; max: number; now: Clock }): UserCodeLimits {
  const limited = (max: number) => createLimits({ ...options, max: Math.min(max, options.max) });
  return { byAddress: limited(MAX_BY_ADDRESS), bySession: limited(MAX_BY_SESSION) };
}
