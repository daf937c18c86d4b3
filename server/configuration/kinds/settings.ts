import { Type } from 'typebox';
import { strict } from '../../operations/schema.ts';
import { DECLARABLE, settings } from '../../operations/settings.ts';
import { invalidInput } from '../../platform/errors.ts';
import { SETTINGS, type SettingName } from '../../settings.ts';
import type { Kind } from '../kind.ts';

const SETTING_PREFIX = 'CARDEA_';
const keyOf = (name: string) => name.slice(SETTING_PREFIX.length).toLowerCase();

/** Settings have the names of the environment, in lower case and without the prefix. */
export function settingsKind(section: keyof typeof DECLARABLE, description: string): Kind {
  const names = new Map<string, SettingName>(DECLARABLE[section].map((name) => [keyOf(name), name]));
  const nameOf = (key: string) => names.get(key) ?? '';
  const Value = Type.Union([Type.String(), Type.Integer(), Type.Boolean(), Type.Array(Type.String())]);
  const properties = [...names].map(([key, name]) => [
    key,
    Type.Optional({ ...Value, description: SETTINGS[name].about }),
  ]);
  return {
    name: section,
    section: strict(Object.fromEntries(properties), { description }),
    desired(key, entry) {
      const value = [entry].flat().join(',');
      try {
        SETTINGS[names.get(key) as SettingName].read(value);
      } catch (error) {
        throw invalidInput(key, (error as Error).message);
      }
      return { value };
    },
    entryOf: (_, { value }) => plainOf(String(value)),
    async read({ declaredSettings }) {
      const declared = [...(await declaredSettings.list())].filter(([name]) => names.has(keyOf(name)));
      return new Map(declared.map(([name, value]) => [keyOf(name), { members: { value }, managedBy: 'file' }]));
    },
    create: (key, body) => [{ operation: settings.declare, params: { name: nameOf(key) }, body }],
    update: (key, body) => [{ operation: settings.declare, params: { name: nameOf(key) }, body }],
    remove: (key) => [{ operation: settings.withdraw, params: { name: nameOf(key) } }],
  };
}

/** A number or a boolean as YAML writes it, without quotation marks. */
function plainOf(text: string): string | number | boolean {
  if (/^(0|[1-9]\d{0,8})$/.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
}
