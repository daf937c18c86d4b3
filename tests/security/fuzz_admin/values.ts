import fc from 'fast-check';
import { type OpenApi, resolve, type Schema } from '../../../server/platform/openapi.ts';
import type { Draw } from '../fuzz/draw.ts';

/** Values of answers, by the name of their member. */
export interface Kept {
  of(name: string): readonly unknown[];
  /** Keeps what is in an answer. */
  keep(value: unknown, name?: string): void;
}

const KEPT_MAX = 25;

export function createKept(): Kept {
  const byName = new Map<string, unknown[]>();
  const keep = (value: unknown, name = ''): void => {
    if (Array.isArray(value)) for (const one of value) keep(one, name);
    else if (isRecord(value)) for (const [member, one] of Object.entries(value)) keep(one, member);
    else if (typeof value === 'number' || (typeof value === 'string' && value !== '')) {
      const kept = byName.get(name) ?? [];
      if (!kept.includes(value)) byName.set(name, [value, ...kept].slice(0, KEPT_MAX));
    }
  };
  return { of: (name) => byName.get(name) ?? [], keep };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is known about a place besides its schema. */
interface Hint {
  readonly name: string;
  readonly example?: unknown;
}

type Keywords = Readonly<{
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  const?: unknown;
  enum?: readonly unknown[];
  type?: string | readonly string[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  minProperties?: number;
  maxProperties?: number;
}>;

export const keywordsOf = (document: OpenApi, schema: Schema): Keywords => resolve(document, schema) as Keywords;

const WORDS = ['Ada', 'staff', 'a', 'Zoë Ångström', '日本語の名前', 'x-y_z.1', 'two words', 'openid'];

/** Values that are valid by a schema, and often by what the server knows besides. */
export function createValues(draw: Draw, document: OpenApi, kept: Pick<Kept, 'of'>) {
  /** A different one, of the same kind. */
  function vary(text: string): string {
    const mark = draw.int(2 ** 32).toString(36);
    if (/^[^@\s:/]+@[^@\s]+$/.test(text)) return `${mark}@example.com`;
    if (/^https?:\/\//.test(text)) return `${text.replace(/\/$/, '')}/${mark}`;
    return `${text}-${mark}`;
  }

  function text({ format, pattern, minLength = 0, maxLength = 100 }: Keywords, { name, example }: Hint): string {
    if (format === 'uuid' || format === 'date-time') {
      const known = kept.of(name);
      if (known.length > 0 && draw.chance(0.8)) return String(draw.pick(known));
      if (typeof example === 'string') return example;
      return format === 'uuid' ? '019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e' : '2026-11-01T08:00:00.000Z';
    }
    const known = kept.of(name);
    const which = draw.int(10);
    if (which < 4 && known.length > 0) return String(draw.pick(known));
    if (typeof example === 'string') return which < 7 ? example : vary(example);
    // fast-check knows no lookahead
    if (pattern !== undefined && !pattern.includes('(?')) {
      const seed = draw.int(2 ** 31);
      return fc.sample(fc.stringMatching(new RegExp(pattern)), { seed, numRuns: 1 })[0] ?? '';
    }
    const made = draw.chance(0.5) ? draw.pick(WORDS) : vary(draw.pick(WORDS));
    return made.slice(0, maxLength).padEnd(minLength, 'x');
  }

  function number({ minimum = 0, maximum = minimum + 1_000 }: Keywords, { name }: Hint): number {
    const numbers = kept.of(name).filter((one) => typeof one === 'number');
    const known = numbers.filter((one) => one >= minimum && one <= maximum);
    if (known.length > 0 && draw.chance(0.3)) return draw.pick(known);
    return draw.pick([minimum, maximum, minimum + draw.int(maximum - minimum + 1)]);
  }

  function list({ items = {}, minItems = 0, maxItems = 4, uniqueItems = false }: Keywords, { name, example }: Hint) {
    const known = Array.isArray(example) ? example : [];
    if (known.length > 0 && draw.chance(0.4)) return known;
    const length = Math.max(minItems, draw.int(Math.min(maxItems, 3) + 1));
    const made = Array.from({ length }, () =>
      value(items, { name, example: known.length > 0 ? draw.pick(known) : undefined }),
    );
    return uniqueItems ? [...new Set(made)] : made;
  }

  function object({ properties = {}, required = [], minProperties = 0, maxProperties }: Keywords, { example }: Hint) {
    const shown = isRecord(example) ? example : {};
    const all = Object.keys(properties);
    if (all.length === 0) return shown;
    // All of the example, since some members are only valid together; of the others about one.
    const share = draw.chance(0.5) ? 1 : 0.6;
    const names = all.filter(
      (name) => required.includes(name) || draw.chance(name in shown ? share : Math.min(0.3, 1 / all.length)),
    );
    // Where one excludes the others, each of them has its turn.
    const enough = names.length >= minProperties && maxProperties !== 1 ? names : [draw.pick(all)];
    return Object.fromEntries(
      enough.map((name) => [name, value(properties[name] ?? {}, { name, example: shown[name] })]),
    );
  }

  function value(schema: Schema, hint: Hint): unknown {
    const keywords = keywordsOf(document, schema);
    const { anyOf = keywords.oneOf, allOf } = keywords;
    if (anyOf) return value(draw.pick(anyOf), hint);
    if (allOf) return Object.assign({}, ...allOf.map((one) => value(one, hint)));
    if ('const' in keywords) return keywords.const;
    // Such as the kind of a destination, which the settings in the example are for.
    if (keywords.enum)
      return draw.pick(keywords.enum.includes(hint.example) && draw.chance(0.5) ? [hint.example] : keywords.enum);
    const type = typeof keywords.type === 'string' ? keywords.type : draw.pick(keywords.type ?? ['any']);
    if (type === 'string') return text(keywords, hint);
    if (type === 'integer' || type === 'number') return number(keywords, hint);
    if (type === 'boolean') return draw.chance(0.5);
    if (type === 'array') return list(keywords, hint);
    if (type === 'object') return object(keywords, hint);
    return type === 'null' ? null : (hint.example ?? draw.json());
  }

  return { value };
}

export type Values = ReturnType<typeof createValues>;
