import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { SECONDS_MOST } from './clock.ts';
import { nearestName } from './nearest_name.ts';

/** How one setting is read from the environment, and what the documents say about it. */
export interface Setting<Value = unknown> {
  /** @throws Error with a message that follows the name of the setting, such as `must be true or false` */
  readonly read: Read<Value> & Partial<Pick<Reader<Value>, 'schema'>>;
  /** The text that is read when the setting is not set. */
  readonly fallback?: string;
  /** In words: what holds when the setting is not set, if that is not the same text everywhere. */
  readonly unset?: string;
  /** May be read from a file (`<NAME>_FILE`), and is never shown. */
  readonly secret?: boolean;
  readonly about: string;
}

export type Settings = Readonly<Record<string, Setting>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of each setting of a table; undefined only for a setting without `fallback`. */
export type ValuesOf<Table extends Settings> = {
  readonly [Name in keyof Table]:
    | ReturnType<Table[Name]['read']>
    | (Table[Name] extends { readonly fallback: string } ? never : undefined);
};

type Read<Value> = (text: string) => Value;

/** Reads the text of a setting that a configuration file may have as well. */
export interface Reader<Value> {
  (text: string): Value;
  /** The JSON Schema of its values in a file. A value may have to meet more than it can say. */
  readonly schema: ValueSchema;
}

/** The part of JSON Schema (draft 2020-12) that settings need. */
export interface ValueSchema {
  readonly type: 'boolean' | 'integer' | 'string' | 'array' | 'object' | readonly ['integer', 'string'];
  readonly description?: string;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly items?: ValueSchema;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly additionalProperties?: false;
}

export function reader<Value>(schema: ValueSchema, read: Read<Value>): Reader<Value> {
  return Object.assign((value: string) => read(value), { schema });
}

/** @returns the values, and a sentence for each setting or name that is wrong */
export function readSettings<Table extends Settings>(
  prefix: string,
  table: Table,
  env: Environment,
): { readonly values: ValuesOf<Table>; readonly problems: string[] } {
  const problems = unknownNames(prefix, table, env);
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) {
    try {
      const given = rawValue(name, setting, env) ?? setting.fallback;
      values[name] = given === undefined ? undefined : setting.read(given);
    } catch (error) {
      problems.push(`${name}${fileOf(name, setting, env)} ${(error as Error).message}`);
    }
  }
  // Complete only without problems: the caller throws otherwise.
  return { values: values as ValuesOf<Table>, problems };
}

/**
 * The text of a setting: the value of the variable, or for a secret the content of the file that `<name>_FILE` names.
 * @throws Error with a message that follows the name of the setting
 */
export function rawValue(name: string, setting: Setting, env: Environment): string | undefined {
  const direct = env[name];
  const file = setting.secret ? env[`${name}_FILE`] : undefined;
  if (direct !== undefined && file !== undefined) throw new Error(`is set twice: drop ${name} or ${name}_FILE`);
  return file === undefined ? direct : secretIn(file);
}

/**
 * The content of the file of a secret, without white space around it: editors and `echo` end a file by a line break.
 * @throws Error with a message that follows the name of the setting
 */
export function secretIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** For messages: the file that a setting comes from, never what is in it. */
function fileOf(name: string, setting: Setting, env: Environment): string {
  const file = setting.secret && env[name] === undefined ? env[`${name}_FILE`] : undefined;
  return file === undefined ? '' : ` (in ${file}, which ${name}_FILE names)`;
}

/** @returns a sentence for each name with the prefix that is not a setting, with the nearest name that is one */
function unknownNames(prefix: string, settings: Settings, env: Environment): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith(prefix)) continue;
    const base = !settings[name] && name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : name;
    const setting = settings[base];
    if (!setting) problems.push(`${name} is not a setting; did you mean ${nearestName(Object.keys(settings), base)}?`);
    else if (base !== name && !setting.secret)
      problems.push(`${name} is not a setting: only secrets come from files; set ${base}`);
  }
  return problems;
}

// ---- readers ----

export const text = reader({ type: 'string', minLength: 1 }, (value) => {
  if (value === '') throw new Error('must not be empty');
  return value;
});

/** The content of the file that the setting names. */
export function content(value: string): string {
  try {
    return readFileSync(value, 'utf8');
  } catch (error) {
    throw new Error(`must name a file that can be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The name of a request header, in lower case (RFC 9110 §5.6.2). */
export function headerName(value: string): string {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value)) throw new Error('must be the name of a header');
  return value.toLowerCase();
}

export function integer(least: number, most: number): Reader<number> {
  return reader({ type: 'integer', minimum: least, maximum: most }, (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most)
      throw new Error(`must be a whole number from ${least} to ${most}`);
    return number;
  });
}

export const boolean = reader({ type: 'boolean' }, (value) => {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new Error('must be true or false');
});

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** @param most ten years by default: a longer duration is a mistake, and in the end not a valid date */
export function seconds(least: number, most = SECONDS_MOST): Reader<number> {
  const schema = {
    type: ['integer', 'string'],
    minimum: least,
    maximum: most,
    pattern: durations(least, most),
  } as const;
  return reader(schema, (value) => {
    const [, amount, unit] = /^(\d{1,9})([smhd])?$/.exec(value) ?? [];
    const total = Number(amount) * (UNITS[unit ?? 's'] ?? 1);
    if (!(total >= least)) throw new Error('must be a duration such as 90s, 15m, 12h or 30d');
    if (total > most)
      throw new Error(`must be a duration of at most ${most % 86_400 === 0 ? `${most / 86_400}d` : `${most}s`}`);
    return total;
  });
}

/** A pattern of the durations from one number of seconds to another, such as 90s, 15m, 12h and 30d. */
function durations(least: number, most: number): string {
  const amounts = Object.entries(UNITS).flatMap(([unit, size]) => {
    const range = numbers(Math.ceil(least / size), Math.floor(most / size));
    return range === '' ? [] : [`0*(${range})${unit === 's' ? 's?' : unit}`];
  });
  return `^(?=\\d{1,9}[smhd]?$)(${amounts.join('|')})$`;
}

/** A pattern of the whole numbers from one to another, without leading zeros; empty where there are none. */
export function numbers(least: number, most: number): string {
  const ranges: string[] = [];
  for (let from = least; from <= most; ) {
    // As many digits at the end as may be any: 0 to 9 each.
    let size = 1;
    while (from % (size * 10) === 0 && from + size * 10 - 1 <= most && from >= size * 10) size *= 10;
    const digit = Math.floor(from / size) % 10;
    const last = Math.min(9, digit + Math.floor((most - from + 1) / size) - 1);
    const before = Math.floor(from / size / 10);
    const any = size === 1 ? '' : `\\d{${Math.log10(size)}}`;
    ranges.push(`${before === 0 ? '' : before}${digit === last ? digit : `[${digit}-${last}]`}${any}`);
    from += (last - digit + 1) * size;
  }
  return ranges.join('|');
}

export function oneOf<const Word extends string>(...allowed: readonly Word[]): Reader<Word> {
  return reader({ type: 'string', enum: allowed }, (value) => {
    const word = allowed.find((one) => one === value);
    if (word === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
    return word;
  });
}

export function oneOfNumbers(...allowed: readonly number[]): Reader<number> {
  const read = oneOf(...allowed.map(String));
  return reader({ type: 'integer', enum: allowed }, (value) => Number(read(value)));
}

/** Items separated by commas, each once. */
export function list<Item>(item: Reader<Item>): Reader<Item[]> {
  return reader({ type: 'array', items: item.schema, minItems: 1 }, (value) => {
    const items = split(value).map(item);
    if (items.length === 0) throw new Error('must not be empty');
    return [...new Set(items)];
  });
}

/** Items separated by commas. */
export const texts = reader({ type: 'array', items: { type: 'string', pattern: '^[^,]*$' } }, split);

export function split(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

const HOST = /^(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$|^\[[0-9a-f:]+\]$/;

/** A host, or `*.example.com` for all hosts below one. */
export const host = reader({ type: 'string', pattern: HOST.source }, (value) => {
  if (!HOST.test(value)) throw new Error('must be a host such as app.example.com or *.example.com');
  return value;
});

/** Scheme, host and port, without the port that a scheme has by default. */
const ORIGIN =
  /^(?!https:.*:443$|http:.*:80$)https?:\/\/([^\s/?#@:\\A-Z[\]<>^|%\u0080-\uffff]+|\[[0-9a-f:]+\])(:\d{1,5})?$/;

/** What browsers send as `Origin` (RFC 6454 §6.1): no path, no slash at the end, no default port. */
export const origin = reader({ type: 'string', pattern: ORIGIN.source }, (value) => {
  if (URL.parse(value)?.origin !== value || !/^https?:/.test(value))
    throw new Error('must be an origin such as https://admin.example.com, without a slash at the end');
  return value;
});

export function url(...protocols: readonly string[]): Read<string> {
  return (value) => {
    // Sentinel and Cluster URLs have several hosts, which URL does not parse: check the first.
    const parsed = URL.parse(value.replace(/,[^/]*/, ''));
    if (!parsed || !protocols.includes(parsed.protocol))
      throw new Error(`must be a URL that starts with ${protocols.map((one) => `${one}//`).join(' or ')}`);
    return value;
  };
}

export function addresses(value: string): string[] {
  return split(value).map((one) => {
    const [address = '', bits, ...rest] = one.split('/');
    const version = isIP(address);
    const most = version === 4 ? 32 : 128;
    if (version === 0 || rest.length > 0 || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= most))) {
      throw new Error(`must be addresses or CIDR ranges; ${JSON.stringify(one)} is neither`);
    }
    return one;
  });
}
