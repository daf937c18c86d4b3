/** What a formatter is for: a point in time, the name of its zone, a day, an instant with its seconds, or all of it as a mail has it. */
const STYLES = {
  moment: { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' },
  zone: { timeZoneName: 'short' },
  day: { dateStyle: 'long' },
  instant: { dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' },
  mail: { dateStyle: 'full', timeStyle: 'long' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

export type DateStyle = keyof typeof STYLES;

/** Locales times zones that people have, with some room: each takes some 50 KiB, so there must not be any number of them. */
const MOST = 200;
const made = new Map<string, Intl.DateTimeFormat>();

/**
 * A formatter, made once for a locale, a zone and a style: making one takes a hundred times as long as using it. When
 * there are too many the one that was not used for longest goes.
 * @param zone of the IANA database. @throws RangeError for one that this machine does not know
 */
export function dateFormat(locale: string, zone: string, style: DateStyle): Intl.DateTimeFormat {
  const key = `${locale} ${zone} ${style}`;
  const format = made.get(key) ?? new Intl.DateTimeFormat(locale, { ...STYLES[style], timeZone: zone });
  made.delete(key);
  made.set(key, format);
  const oldest = made.size > MOST ? made.keys().next().value : undefined;
  if (oldest !== undefined) made.delete(oldest);
  return format;
}
