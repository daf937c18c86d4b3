import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../platform/clock.ts';
import type { NodeFacts } from './facts.ts';

/** The numbers of this node for one minute. */
export interface Minute {
  /** Its end, in milliseconds since the epoch. */
  readonly at: number;
  readonly responses: number;
  /** Responses with a status from 500 on. */
  readonly errors: number;
  readonly signIns: number;
  readonly failedSignIns: number;
  /** The longest delay of the main thread, in milliseconds. */
  readonly delayMs: number;
  readonly memoryBytes: number;
}

export interface History {
  /** The last hour at most, the oldest minute first. */
  minutes(): readonly Minute[];
  /** Ends the minute now; a timer does so each minute. */
  endMinute(): void;
  close(): void;
}

const KEPT = 60;
const MINUTE_MS = 60_000;

/** Keeps the last hour of this node in memory: sixty rows of numbers. */
export function createHistory({ node, now }: { readonly node: NodeFacts; readonly now: Clock }): History {
  const kept: Minute[] = [];
  const delays = monitorEventLoopDelay({ resolution: 20 });
  delays.enable();
  let before = totals(node);

  function endMinute(): void {
    const after = totals(node);
    kept.push({
      at: now(),
      responses: after.responses - before.responses,
      errors: after.errors - before.errors,
      signIns: after.signIns - before.signIns,
      failedSignIns: after.failedSignIns - before.failedSignIns,
      delayMs: Math.round(delays.max / 1e6),
      memoryBytes: process.memoryUsage.rss(),
    });
    if (kept.length > KEPT) kept.shift();
    delays.reset();
    before = after;
  }

  const timer = setInterval(endMinute, MINUTE_MS).unref();
  return {
    minutes: () => kept,
    endMinute,
    close() {
      clearInterval(timer);
      delays.disable();
    },
  };
}

function totals({ requests, signIns }: NodeFacts) {
  const statuses = requests.all().map((one) => one.statuses);
  const done = signIns.all().get('done') ?? 0;
  const all = sum([...signIns.all().values()]);
  return {
    responses: sum(statuses.flat()),
    errors: sum(statuses.map((one) => one[5] ?? 0)),
    signIns: done,
    failedSignIns: all - done,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
