import type { Locale } from './messages.ts';

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** In the largest unit that gives a whole number or at least two: 30 minutes, 1 hour, 24 hours, 7 days. */
export function durationOf(seconds: number, locale: Locale): string {
  const [unit, size] = UNITS.find(([, one]) => seconds >= 2 * one || (one === 3_600 && seconds === one)) ?? [
    'minute',
    60,
  ];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.round(seconds / size));
}
