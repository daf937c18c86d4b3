import { dateFormat } from './dates.ts';
import { isMessageKey, type MessageKey, type Translator } from './messages.ts';

/** A section of the page with a person's data; `items` are lists of fields. */
export interface PersonalSection {
  readonly id: string;
  readonly title: string;
  readonly items: readonly (readonly PersonalField[])[];
  /** There are more than are shown. */
  readonly cut: boolean;
}

export interface PersonalField {
  readonly label: string;
  readonly text?: string;
  readonly fields?: readonly PersonalField[];
}

export interface PersonalDocument {
  readonly issuer: string;
  readonly madeAt: string;
  readonly sections: readonly PersonalSection[];
}

type Data = Readonly<Record<string, unknown>>;

/** What stands at the head of the page, and is no section. */
const HEAD = ['format', 'issuer', 'made_at', 'incomplete', 'apps'];

/**
 * The data of a person as a page shows it: every section and member of it, by its name in the language of the person where that has one.
 * @param zone an IANA time zone; one that is not known here counts as UTC
 */
export function personalDocument(data: Data, { t, locale }: Translator, zone = 'UTC'): PersonalDocument {
  const moment = formatIn(locale, zone);
  const cut = new Set(data.incomplete as readonly string[]);
  const apps = data.apps as Readonly<Record<string, string>>;
  const named = (key: string, otherwise: string) =>
    isMessageKey(key) ? t(key as MessageKey & 'brand.name') : otherwise;

  function text(name: string, value: unknown): string {
    if (value === null || value === undefined || value === '') return t('export.none');
    if (typeof value === 'boolean') return t(value ? 'export.yes' : 'export.no');
    if (value instanceof Date) return moment(value);
    if (name === 'client_id' && typeof value === 'string' && apps[value] !== undefined)
      return `${apps[value]} (${value})`;
    if (name === 'kind' && typeof value === 'string') return named(`account.event.${value}`, value);
    return String(value);
  }

  function field(name: string, value: unknown): PersonalField {
    const label = named(`export.field.${name}`, name);
    if (Array.isArray(value)) {
      if (value.length === 0) return { label, text: t('export.none') };
      if (value.every((one) => typeof one !== 'object'))
        return { label, text: value.map((one) => text(name, one)).join(', ') };
      return { label, fields: value.map((one, i) => ({ label: String(i + 1), fields: fieldsOf(one as Data) })) };
    }
    if (typeof value !== 'object' || value === null || value instanceof Date) return { label, text: text(name, value) };
    const fields = fieldsOf(value as Data);
    return fields.length === 0 ? { label, text: t('export.none') } : { label, fields };
  }

  function fieldsOf(value: Data): PersonalField[] {
    return Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => field(name, member));
  }

  return {
    issuer: String(data.issuer),
    madeAt: moment(new Date(String(data.made_at))),
    sections: Object.entries(data)
      .filter(([name]) => !HEAD.includes(name))
      .map(([name, value]) => ({
        id: name,
        title: named(`export.section.${name}`, name),
        items: (Array.isArray(value) ? value : [value]).map((one) => fieldsOf(one as Data)),
        cut: cut.has(name),
      })),
  };
}

function formatIn(locale: string, zone: string): (at: Date) => string {
  const known = Intl.supportedValuesOf('timeZone').includes(zone) ? zone : 'UTC';
  const format = dateFormat(locale, known, 'instant');
  return (at) => format.format(at);
}
