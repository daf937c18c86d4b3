/** The styles of dates: a point in time, the name of its zone, a day, a time with seconds, and the long form of mails. */
const STYLES = {
  moment: { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' },
  zone: { timeZoneName: 'short' },
  day: { dateStyle: 'long' },
  instant: { dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' },
  mail: { dateStyle: 'full', timeStyle: 'long' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

export type DateStyle = keyof typeof STYLES;

/** Each formatter takes some 50 KiB, so their number is bounded; this is enough for the usual locales and zones. */
const MAX_FORMATS = 200;
const made = new Map<string, Intl.DateTimeFormat>();

/**
 * A formatter, cached by locale, zone and style: creating one takes a hundred times as long as using it. The one that was
 * not used for longest is dropped when there are too many.
 * @param zone of the IANA database. @throws RangeError for one that this machine does not know
 */
export function dateFormat(locale: string, zone: string, style: DateStyle): Intl.DateTimeFormat {
  const key = `${locale} ${zone} ${style}`;
  const format = made.get(key) ?? new Intl.DateTimeFormat(locale, { ...STYLES[style], timeZone: zone });
  made.delete(key);
  made.set(key, format);
  const oldest = made.size > MAX_FORMATS ? made.keys().next().value : undefined;
  if (oldest !== undefined) made.delete(oldest);
  return format;
}

/** True when this machine knows a time zone: a profile may name any. */
export function isTimeZone(zone: string): boolean {
  try {
    return dateFormat('en', zone, 'day') !== undefined;
  } catch {
    return false;
  }
}
