import { Type } from 'typebox';
import type { Settings } from '../platform/settings.ts';
import { POLICIES, type SettingName } from '../settings.ts';
import { change } from './operation.ts';
import { strict } from './schema.ts';

/** Settings of the section `limits` of a configuration file. */
const LIMITS: readonly SettingName[] = [
  'CARDEA_RATE_LIMIT',
  'CARDEA_LIMITS',
  'CARDEA_REGISTRATION_QUOTA',
  'CARDEA_MAIL_LIMIT',
  'CARDEA_MAIL_LIMIT_ADDRESS',
];

/**
 * Settings that a configuration file may declare, by its section. Not among them: those of one process, such as its port, and
 * secrets.
 */
export const DECLARABLE = {
  policies: Object.entries(POLICIES as Settings)
    .filter(([name, { secret }]) => !secret && !LIMITS.includes(name as SettingName))
    .map(([name]) => name as SettingName),
  limits: LIMITS,
} as const satisfies Readonly<Record<string, readonly SettingName[]>>;

const Name = Type.Enum([...DECLARABLE.policies, ...DECLARABLE.limits], { description: 'as in the environment' });
const NAMED = strict({ name: Name });

/** The settings that a configuration file declares: policies and limits. Nothing else changes them. */
export const settings = {
  declare: change({
    name: 'settings.declare',
    permission: 'config:write',
    target: 'setting',
    summary: 'Declare a setting, from the next start of each server',
    schemas: {
      params: NAMED,
      body: strict({ value: Type.String({ maxLength: 10_000 }) }),
      output: strict({ name: Name, value: Type.String() }),
    },
    example: {
      input: { params: { name: 'CARDEA_PASSWORD_POLICY' }, body: { value: 'nist' } },
      output: { name: 'CARDEA_PASSWORD_POLICY', value: 'nist' },
    },
    async plan({ declaredSettings }, { params: { name }, body: { value } }) {
      const before = (await declaredSettings.list()).get(name);
      return {
        statements: before === value ? [] : [declaredSettings.declare(name, value)],
        target: { kind: 'setting', id: name },
        changes: before === value ? {} : { value: { ...(before === undefined ? {} : { before }), after: value } },
        result: () => ({ name, value }),
      };
    },
  }),

  withdraw: change({
    name: 'settings.withdraw',
    permission: 'config:write',
    target: 'setting',
    summary: 'Withdraw a declared setting, so that its default applies',
    schemas: { params: NAMED, output: strict({ name: Name, withdrawn: Type.Literal(true) }) },
    example: {
      input: { params: { name: 'CARDEA_PASSWORD_POLICY' } },
      output: { name: 'CARDEA_PASSWORD_POLICY', withdrawn: true },
    },
    async plan({ declaredSettings }, { params: { name } }) {
      const before = (await declaredSettings.list()).get(name);
      return {
        statements: [declaredSettings.withdraw(name)],
        target: { kind: 'setting', id: name },
        changes: before === undefined ? {} : { value: { before } },
        result: () => ({ name, withdrawn: true as const }),
      };
    },
  }),
};
