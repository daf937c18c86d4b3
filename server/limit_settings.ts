import {
  type LimitBases,
  type LimitEntry,
  type LimitInForce,
  type LimitsInForce,
  limitEntries,
  NO_MOST,
} from './limit_table.ts';
import type { LimitUnit } from './platform/limit_state.ts';
import { nearestName } from './platform/nearest_name.ts';
import { reader, split, type ValueSchema } from './platform/settings.ts';

/** What CARDEA_LIMITS changes, by `name.scope`. */
export type LimitChanges = Readonly<Record<string, { readonly max: number; readonly seconds?: number }>>;

const SIZES: Readonly<Record<string, number>> = { KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 };
const WINDOWS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const LIMIT = /^([a-z-]+\.[a-z]+)=(\d{1,15})([KMG]B)?(?:\/(\d{1,4})?([smhd]))?$/;

/** The value of each limit in a configuration file: a number, with the size and the time that it allows. */
const SCHEMA: ValueSchema = {
  type: 'object',
  properties: Object.fromEntries(
    limitEntries().map(({ name, scope, standard, about }) => {
      const size = standard.unit === 'bytes' ? '([KMG]B)?' : '';
      const time = standard.seconds === undefined ? '' : '(/(?!0+[smhd])(\\d{1,4})?[smhd])?';
      const pattern = `^(?!0+(\\D|$))\\d{1,15}${size}${time}$`;
      const schema: ValueSchema = { type: ['integer', 'string'], minimum: 1, maximum: 999_999_999_999_999, pattern };
      return [`${name}.${scope}`, { ...schema, description: about }];
    }),
  ),
  additionalProperties: false,
};

/** Reads `token.client=6000/m, writes.address=60MB/h`. @throws Error with a message that follows the name of the setting */
export const readLimits = reader(SCHEMA, (text): LimitChanges => {
  const entries = new Map(limitEntries().map((entry) => [`${entry.name}.${entry.scope}`, entry.standard]));
  const changes = split(text).map((one) => {
    const [, key, digits, size, count, window] = LIMIT.exec(one) ?? [];
    if (key === undefined) {
      throw new Error(
        `must be limits such as token.client=6000/m, separated by commas; ${JSON.stringify(one)} is none`,
      );
    }
    const standard = entries.get(key);
    if (!standard) {
      const nearest = nearestName([...entries.keys()], key);
      throw new Error(`must name limits that there are: ${key} is none; did you mean ${nearest}?`);
    }
    if (window !== undefined && standard.seconds === undefined) {
      throw new Error(`must give ${key} a number without a time: it limits what there is at once, or for a lifetime`);
    }
    if (size !== undefined && standard.unit !== 'bytes') throw new Error(`must give ${key} a number, not a size`);
    const max = Number(digits) * (size === undefined ? 1 : (SIZES[size] ?? 1));
    const seconds = window === undefined ? undefined : Number(count ?? 1) * (WINDOWS[window] ?? 1);
    if (max < 1 || seconds === 0) throw new Error(`must be at least 1 for ${key}`);
    return [key, { max, ...(seconds === undefined ? {} : { seconds }) }] as const;
  });
  if (new Set(changes.map(([key]) => key)).size < changes.length) throw new Error('must name each limit once');
  return Object.fromEntries(changes);
});

/** The limits that apply, from the table, the settings that defaults follow, and the changes. */
export function limitsInForce(changes: LimitChanges, bases: LimitBases): LimitsInForce {
  const limits: Record<string, Record<string, LimitInForce>> = {};
  for (const { name, scope, standard } of limitEntries()) {
    const { seconds, unit, amount } = standard;
    const max = typeof amount === 'number' ? amount : Math.min(amount.times * bases[amount.of], amount.atMost);
    const changed = changes[`${name}.${scope}`];
    limits[name] = { ...limits[name], [scope]: { max, seconds, unit, ...changed } as LimitInForce };
  }
  return limits as unknown as LimitsInForce;
}

/** As CARDEA_LIMITS has it, such as `6000/m`. */
export function describeLimit({ max, seconds, unit }: LimitInForce): string {
  return `${sizeOf(max, unit)}${seconds === undefined ? '' : `/${windowOf(seconds)}`}`;
}

/** How the default follows from a setting, such as “100 × CARDEA_RATE_LIMIT”; empty where it does not. */
export function describeStandard({ amount, unit }: LimitEntry['standard']): string {
  if (typeof amount === 'number') return '';
  const { times: factor, of: base, atMost } = amount;
  const product = `${factor === 1 ? '' : `${sizeOf(factor, unit)} × `}${base}`;
  return `${product}${atMost === NO_MOST ? '' : `, at most ${atMost}`}`;
}

function sizeOf(amount: number, unit: LimitUnit): string {
  const size = unit === 'bytes' ? ['GB', 'MB', 'KB'].find((one) => amount % (SIZES[one] ?? 1) === 0) : undefined;
  return size === undefined ? String(amount) : `${amount / (SIZES[size] ?? 1)}${size}`;
}

function windowOf(seconds: number): string {
  const unit = ['d', 'h', 'm', 's'].find((one) => seconds % (WINDOWS[one] ?? 1) === 0) ?? 's';
  const count = seconds / (WINDOWS[unit] ?? 1);
  return `${count === 1 ? '' : count}${unit}`;
}
