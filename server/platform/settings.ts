import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { SECONDS_MOST } from './clock.ts';

/** How settings are read from an environment, whatever they are about. */
export interface Setting {
  readonly read: Read;
  /** As one would write it; undefined when there is none or when it is derived. */
  readonly fallback?: string;
  /** May come from a file, and is never shown. */
  readonly secret?: boolean;
  readonly about: string;
}

export type Settings = Readonly<Record<string, Setting>>;
export type Environment = Readonly<Record<string, string | undefined>>;

type Read = (text: string) => unknown;

/**
 * The text of a setting: the variable's, or for a secret the content of the file that `<name>_FILE` names.
 * @throws Error in words that fit behind the setting's name
 */
export function rawValue(name: string, setting: Setting, env: Environment): string | undefined {
  const direct = env[name];
  const file = setting.secret ? env[`${name}_FILE`] : undefined;
  if (direct !== undefined && file !== undefined) throw new Error(`is set twice: drop ${name} or ${name}_FILE`);
  if (file === undefined) return direct;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`cannot be read from ${name}_FILE (${(error as NodeJS.ErrnoException).code})`);
  }
}

/**
 * @param prefix of the names that are ours
 * @returns what is wrong with names that have it, each with the nearest that exists
 */
export function unknownNames(prefix: string, settings: Settings, env: Environment): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith(prefix)) continue;
    const base = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : name;
    const setting = settings[base];
    if (!setting) problems.push(`${name} is not a setting; did you mean ${nearestName(settings, base)}?`);
    else if (base !== name && !setting.secret)
      problems.push(`${name} is not a setting: only secrets come from files; set ${base}`);
  }
  return problems;
}

function nearestName(settings: Settings, name: string): string {
  return Object.keys(settings).reduce((best, candidate) =>
    distance(name, candidate) < distance(name, best) ? candidate : best,
  );
}

/** Levenshtein distance, by rows. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

// ---- readers: each returns the value or throws what is wrong, in words that fit behind the setting's name ----

export function text(value: string): string {
  if (value === '') throw new Error('must not be empty');
  return value;
}

/** The content of a file that the setting names. */
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

export function integer(least: number, most: number): Read {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most)
      throw new Error(`must be a whole number from ${least} to ${most}`);
    return number;
  };
}

export function boolean(value: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new Error('must be true or false');
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** @param most ten years by default: what lies beyond is no duration that anybody means, and in the end no date */
export function seconds(least: number, most = SECONDS_MOST): Read {
  return (value) => {
    const [, amount, unit] = /^(\d{1,9})([smhd])?$/.exec(value) ?? [];
    const total = Number(amount) * (UNITS[unit ?? 's'] ?? 1);
    if (!(total >= least)) throw new Error('must be a duration such as 90s, 15m, 12h or 30d');
    if (total > most)
      throw new Error(`must be a duration of at most ${most % 86_400 === 0 ? `${most / 86_400}d` : `${most}s`}`);
    return total;
  };
}

export function oneOf(...allowed: readonly string[]): (value: string) => string {
  return (value) => {
    if (!allowed.includes(value)) throw new Error(`must be one of ${allowed.join(', ')}`);
    return value;
  };
}

export function oneOfNumbers(...allowed: readonly number[]): Read {
  return (value) => Number(oneOf(...allowed.map(String))(value));
}

export function list(read: (value: string) => string): Read {
  return (value) => {
    const items = split(value).map(read);
    if (items.length === 0) throw new Error('must not be empty');
    return [...new Set(items)];
  };
}

export function split(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

const HOST = /^(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$|^\[[0-9a-f:]+\]$/;

/** A host, or `*.example.com` for all below one. */
export function host(value: string): string {
  if (!HOST.test(value)) throw new Error('must be a host such as app.example.com or *.example.com');
  return value;
}

export function issuer(value: string): URL {
  const parsed = URL.parse(value);
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) throw new Error('must be an http or https URL');
  if (
    parsed.pathname !== '/' ||
    parsed.search ||
    parsed.hash ||
    parsed.username ||
    parsed.password ||
    value.endsWith('/')
  ) {
    throw new Error(`must be an origin alone, such as ${parsed.origin}`);
  }
  return parsed;
}

export function url(...protocols: readonly string[]): Read {
  return (value) => {
    // Several hosts, as Sentinel and Cluster have them, are no URL: look at the first.
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
