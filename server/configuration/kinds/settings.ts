import { type TSchema, Type } from 'typebox';
import { strict } from '../../operations/schema.ts';
import { DECLARABLE, settings } from '../../operations/settings.ts';
import { invalidInput } from '../../platform/errors.ts';
import type { Setting, ValueSchema } from '../../platform/settings.ts';
import { split } from '../../platform/settings.ts';
import { SETTINGS, type SettingName } from '../../settings.ts';
import type { Kind, WrongValue } from '../kind.ts';

const SETTING_PREFIX = 'CARDEA_';

/** The name of a setting in the file. */
export const keyOf = (name: string) => name.slice(SETTING_PREFIX.length).toLowerCase();

/** Settings have the names of the environment, in lower case and without the prefix. */
export function settingsKind(section: keyof typeof DECLARABLE, description: string): Kind {
  const names = new Map<string, SettingName>(DECLARABLE[section].map((name) => [keyOf(name), name]));
  const nameOf = (key: string) => names.get(key) ?? '';
  const properties = [...names].map(([key, name]) => [key, Type.Optional(schemaOf(SETTINGS[name]))] as const);

  /** @param member of the value, if only that is wrong */
  function refusal(key: string, entry: unknown, member?: string): string | undefined {
    const name = names.get(key);
    if (name === undefined) return undefined;
    try {
      SETTINGS[name].read(textOf(member === undefined ? entry : partOf(entry, member)));
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  return {
    name: section,
    section: strict(Object.fromEntries(properties), { description }),
    judge(entries, found) {
      const worded = found.map((one): WrongValue => {
        const [key = '', member] = one.path;
        return { ...one, detail: refusal(key, entries.get(key), member) ?? one.detail };
      });
      const unseen = [...entries].filter(([key]) => found.every(({ path }) => path[0] !== key));
      const more = unseen.flatMap(([key, entry]) => {
        const detail = refusal(key, entry);
        return detail === undefined ? [] : [{ path: [key], detail }];
      });
      return [...worded, ...more];
    },
    desired(key, entry) {
      const problem = refusal(key, entry);
      if (problem !== undefined) throw invalidInput(key, problem);
      return { value: textOf(entry) };
    },
    entryOf: (key, { value }) => fileValueOf(SETTINGS[names.get(key) as SettingName], String(value)),
    async read({ declaredSettings }) {
      const declared = [...(await declaredSettings.list())].filter(([name]) => names.has(keyOf(name)));
      return new Map(declared.map(([name, value]) => [keyOf(name), { members: { value }, managedBy: 'file' }]));
    },
    create: (key, body) => [{ operation: settings.declare, params: { name: nameOf(key) }, body }],
    update: (key, body) => [{ operation: settings.declare, params: { name: nameOf(key) }, body }],
    remove: (key) => [{ operation: settings.withdraw, params: { name: nameOf(key) } }],
  };
}

/** The JSON Schema of a setting, from its reader. */
function schemaOf({ read, fallback, unset, about }: Setting): TSchema {
  const { type } = read.schema ?? {};
  const what = type === 'array' ? about.replace(/, separated by commas(,(?= ))?/, '') : about;
  const description = `${what}. Default: ${fallback === '' ? 'none' : (fallback ?? unset)}`;
  return Type.Unsafe({ ...read.schema, description });
}

/** The text of a value, as the environment has it. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map((pair) => pair.join('='))
    .join(',');
}

/** A list or map with one member of another. */
function partOf(value: unknown, member: string): unknown {
  if (Array.isArray(value)) return value[Number(member)];
  return typeof value === 'object' && value !== null ? { [member]: Reflect.get(value, member) } : value;
}

/** The value of a text, as the file has it. */
export function fileValueOf({ read }: Pick<Setting, 'read'>, text: string): unknown {
  return FORMS[[read.schema?.type].flat()[0] ?? 'string'](text);
}

const FORMS: Readonly<Record<Exclude<ValueSchema['type'], readonly string[]>, (text: string) => unknown>> = {
  boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
  integer: numberOf,
  string: (text) => text,
  array: split,
  object: (text) =>
    Object.fromEntries(
      split(text).map((one) => {
        const [name, ...rest] = one.split('=');
        return [name, numberOf(rest.join('='))];
      }),
    ),
};

function numberOf(text: string): number | string {
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}
