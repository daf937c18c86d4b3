import { openLimits } from '../../server/composition/limits.ts';
import { loadConfig } from '../../server/config.ts';
import type { Limits } from '../../server/limit_table.ts';
import type { Clock } from '../../server/platform/clock.ts';
import { type Counter, createMemoryCounter } from '../../server/platform/limits.ts';
import { createTally } from '../../server/platform/tally.ts';

/** The window of most limits. */
export const MINUTE_MS = 60_000;

/** The limits of a server with these settings, without the server. */
export function limitsOf(
  env: Readonly<Record<string, string>>,
  now: Clock = Date.now,
  {
    counter = createMemoryCounter(now),
    onReached = () => {},
  }: { counter?: Counter; onReached?: (name: string) => void } = {},
): Limits {
  const tally = createTally({ now, uptime: now });
  return openLimits(loadConfig(env).limits, { counter, tally, now, onReached });
}

/** Those of mails, as `createMailThrottle` takes them. */
export function mailLimitsOf(limits: Limits) {
  return {
    requests: limits['mail-requests'],
    withLink: limits['mails-with-link'],
    ofRequests: limits['mails-of-requests'],
    notices: limits.notices,
  };
}
