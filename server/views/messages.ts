import { escapeHtml, Html } from './html.ts';
import ar from './messages/ar.json' with { type: 'json' };
import de from './messages/de.json' with { type: 'json' };
import en from './messages/en.json' with { type: 'json' };

export type MessageKey = keyof typeof en;

/** The names for which the catalogues have a message `<prefix>.<name><suffix>`: a code that a page shows is one of them. */
export type NameUnder<
  Prefix extends string,
  Suffix extends string = '',
  Key = MessageKey,
> = Key extends `${Prefix}.${infer Name}${Suffix}` ? (Name extends `${string}.${string}` ? never : Name) : never;

export function isMessageKey(text: string): text is MessageKey {
  return Object.hasOwn(en, text);
}

/** The names under a prefix, in the order of the English catalogue. */
export function namesUnder<Prefix extends string>(prefix: Prefix): readonly NameUnder<Prefix>[] {
  const names = Object.keys(en).map((key) => (key.startsWith(`${prefix}.`) ? key.slice(prefix.length + 1) : '.'));
  return names.filter((name) => !name.includes('.')) as NameUnder<Prefix>[];
}

interface Catalogue {
  dir: 'ltr' | 'rtl';
  /** Complete by type: a catalogue that lacks a key doesn't compile. */
  messages: Readonly<Record<MessageKey, string>>;
}

const catalogues = {
  en: { dir: 'ltr', messages: en },
  de: { dir: 'ltr', messages: de },
  ar: { dir: 'rtl', messages: ar },
} as const satisfies Record<string, Catalogue>;

/** A BCP 47 tag that has a catalogue. */
export type Locale = keyof typeof catalogues;

export const DEFAULT_LOCALE: Locale = 'en';
export const locales = Object.freeze(Object.keys(catalogues)) as readonly Locale[];

export type MessageValues = Readonly<Record<string, string | Html>>;

export interface Translator {
  locale: Locale;
  dir: Catalogue['dir'];
  /** The message as plain text; the template escapes it. */
  t(key: MessageKey, values?: Readonly<Record<string, string>>): string;
  /** The message as markup: its text escaped, each value escaped, emphasised and isolated from the text's direction. */
  rich(key: MessageKey, values: MessageValues): Html;
}

const PLACEHOLDER = /\{(\w+)\}/g;

function pick<V>(values: Readonly<Record<string, V>>, name: string, key: string): V {
  const value = values[name];
  if (value === undefined) throw new TypeError(`message ${key} needs {${name}}`);
  return value;
}

export function createTranslator(locale: Locale): Translator {
  const { dir, messages }: Catalogue = catalogues[locale];
  const lookUp = (key: MessageKey): string => {
    // Templates are not type-checked, so an unknown key has to throw.
    if (!Object.hasOwn(messages, key)) throw new TypeError(`no message ${key} in ${locale}`);
    return messages[key];
  };
  return {
    locale,
    dir,
    t: (key, values = {}) => lookUp(key).replace(PLACEHOLDER, (_, name: string) => pick(values, name, key)),
    rich: (key, values) =>
      new Html(
        lookUp(key)
          .split(PLACEHOLDER)
          // split() with one group alternates text and placeholder names.
          .map((part, index) =>
            index % 2 === 0 ? escapeHtml(part) : `<bdi class="value">${escapeHtml(pick(values, part, key))}</bdi>`,
          )
          .join(''),
      ),
  };
}

/**
 * Chooses the catalogue by RFC 4647 §3.4 lookup: each range is shortened from the end until a catalogue matches.
 * `ui_locales` (OpenID Connect Core §3.1.2.1, space-separated, best first) comes before the browser's Accept-Language
 * (RFC 9110 §12.5.4, weighted). English when nothing matches.
 */
export function negotiate(uiLocales?: string, acceptLanguage?: string, available: readonly string[] = locales): Locale {
  const ranges = [...(uiLocales ?? '').split(/\s+/), ...acceptedRanges(acceptLanguage ?? '')];
  for (const range of ranges) {
    const match = lookUpRange(range, available);
    // `available` is a parameter for the tests only; in the server each match is a catalogue.
    if (match !== undefined) return match as Locale;
  }
  return DEFAULT_LOCALE;
}

/** Language ranges by descending weight, without those of weight 0, which the browser excludes. */
function acceptedRanges(header: string): string[] {
  return header
    .split(',')
    .map((item) => {
      const [range = '', ...parameters] = item.split(';').map((part) => part.trim());
      const weight = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2);
      return { range, q: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ q }) => q > 0 && q <= 1)
    .sort((a, b) => b.q - a.q)
    .map(({ range }) => range);
}

function lookUpRange(range: string, available: readonly string[]): string | undefined {
  // Profiles may contain en_GB as well as en-GB.
  const subtags = range.toLowerCase().split(/[-_]/);
  // No language tag is longer; do not spend time on it.
  if (subtags.length > 8) return undefined;
  while (subtags.length > 0) {
    const tag = subtags.join('-');
    const match = available.find((candidate) => candidate.toLowerCase() === tag);
    if (match !== undefined) return match;
    // RFC 4647 drops a single-letter subtag along with what it introduces; no catalogue ends in one, so it makes no difference.
    subtags.pop();
  }
  return undefined;
}
