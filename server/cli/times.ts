import type { Command } from 'commander';
import { readTime } from '../platform/filter.ts';
import { UsageError } from './context.ts';

const DAY = /^\d{4}-\d\d-\d\d$/;

/** @returns a time as of RFC 3339; a day is its midnight in UTC. @throws UsageError, which names the option and both forms */
export function timeIn(option: string, text: string): string {
  const time = readTime(DAY.test(text) ? `${text}T00:00:00Z` : text);
  if (time) return time.toISOString();
  throw new UsageError(
    `${option}: must be a day, such as 2026-11-01 (its midnight in UTC), or a time as of RFC 3339, such as 2026-11-01T08:00:00Z`,
  );
}

export interface PeriodOptions {
  filter?: string;
  from?: string;
  to?: string;
}

/** Adds the options of a period to a list of what has a time. */
export function periodOptions(command: Command): Command {
  return command
    .option('--from <time>', 'only from this day or time on, such as 2026-11-01 or 2026-11-01T08:00:00Z')
    .option('--to <time>', 'only before this day or time');
}

/** @param member the time of an item @returns the filter that was given and the period; undefined for neither */
export function filterOfPeriod(member: string, { filter, from, to }: PeriodOptions): string | undefined {
  const parts = [
    ...(filter === undefined ? [] : [`(${filter})`]),
    ...(from === undefined ? [] : [`${member} ge "${timeIn('--from', from)}"`]),
    ...(to === undefined ? [] : [`${member} lt "${timeIn('--to', to)}"`]),
  ];
  return from === undefined && to === undefined ? filter : parts.join(' and ');
}
