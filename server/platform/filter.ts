import { type Filter, parse } from 'scim2-parse-filter';
import { invalidInput } from './errors.ts';
import { suggestion } from './nearest_name.ts';

/* Filters of lists, in the syntax of SCIM 2.0 (RFC 7644 §3.4.2.2), on declared fields only. */

export type FieldType = 'text' | 'time' | 'boolean' | 'number' | 'id' | 'texts';

export type Operator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le' | 'pr';

/** A field by which a list can be filtered. */
export interface FilterField {
  /** `texts`: a list of texts, of which a comparison needs one that matches; `id`: a UUID; `number`: an integer. */
  readonly type: FieldType;
  /** Those of RFC 7644 Table 3 that the field allows. */
  readonly operators: readonly Operator[];
  /** Said with the refusal of another operator. */
  readonly otherwise?: string;
  /** Also allows `eq null` and `ne null`. */
  readonly nullable?: boolean;
  /** The form in which texts are stored and compared. */
  readonly normalise?: (text: string) => string;
}

export type FilterFields = Readonly<Record<string, FilterField>>;

export type FilterValue = string | number | boolean | Date;

/** One comparison of a declared field with a value of the field's type. */
export interface Comparison {
  readonly op: Operator;
  readonly field: string;
  /** Absent for `pr`. */
  readonly value?: FilterValue;
}

/** A filter whose fields, operators and values were checked. */
export type Condition =
  | { readonly op: 'and' | 'or'; readonly all: readonly Condition[] }
  | { readonly op: 'not'; readonly condition: Condition }
  | Comparison;

const LENGTH_MAX = 1_024;
const COMPARISONS_MAX = 10;
const DEPTH_MAX = 5;

/** A string of JSON (RFC 8259 §7), which RFC 7644 takes values from. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws AppError 400 `invalid_input`, field `filter`, with a message that says what is possible */
export function readFilter(text: string, fields: FilterFields): Condition {
  if (text.length > LENGTH_MAX) throw refused(`must have at most ${LENGTH_MAX} characters`);
  const strings: string[] = [];
  // The parser is given a number in place of each string: it reads escapes in a way of its own, and takes exponential time
  // for a string that does not end.
  const simple = text.replace(QUOTED, (quoted) => `"${strings.push(readString(quoted)) - 1}"`);
  if (simple.replace(/"\d+"/g, '').includes('"')) throw refused('has a string without an end');
  if (depthOf(simple) > DEPTH_MAX) throw refused(`must have at most ${DEPTH_MAX} levels of parentheses`);
  let parsed: Filter;
  try {
    parsed = parse(simple);
  } catch {
    throw refused(`is not a filter; write one as in: ${exampleOf(fields)} (texts and times in quotation marks)`);
  }
  const budget = { left: COMPARISONS_MAX };
  return check(parsed, { fields, strings, budget });
}

interface Reading {
  readonly fields: FilterFields;
  readonly strings: readonly string[];
  readonly budget: { left: number };
}

function check(filter: Filter, reading: Reading): Condition {
  if ('filters' in filter) return { op: filter.op, all: filter.filters.map((one) => check(one, reading)) };
  if ('filter' in filter) return { op: 'not', condition: check(filter.filter, reading) };
  if ('valFilter' in filter) throw refused(`${nameOf(filter.attrPath)} has no members to filter by in brackets`);
  reading.budget.left -= 1;
  if (reading.budget.left < 0) throw refused(`must have at most ${COMPARISONS_MAX} comparisons`);
  return checkComparison(filter, reading);
}

function checkComparison(
  filter: Exclude<Filter, { filters: unknown } | { filter: unknown } | { valFilter: unknown }>,
  { fields, strings }: Reading,
): Condition {
  // names of attributes are compared without case (RFC 7643 §2.1)
  const field = Object.keys(fields).find((one) => one === filter.attrPath.toLowerCase());
  const declared = field === undefined ? undefined : fields[field];
  if (field === undefined || !declared) {
    const names = Object.keys(fields);
    const near = suggestion(names, filter.attrPath.toLowerCase());
    throw refused(`${nameOf(filter.attrPath)} is no field to filter by; those are ${names.join(', ')}${near}`);
  }
  const op = filter.op as Operator;
  const present: Condition = { op: 'pr', field };
  if ('compValue' in filter && filter.compValue === null && declared.nullable) {
    if (op === 'eq') return { op: 'not', condition: present };
    if (op === 'ne') return present;
  }
  if (!declared.operators.includes(op)) {
    const possible = declared.operators.length === 0 ? '' : `, but by ${declared.operators.join(', ')}`;
    const otherwise = declared.otherwise === undefined ? '' : `: ${declared.otherwise}`;
    throw refused(`${field} cannot be compared by ${op}${possible}${otherwise}`);
  }
  if (!('compValue' in filter)) return present;
  const given = typeof filter.compValue === 'string' ? strings[Number(filter.compValue)] : filter.compValue;
  return { op, field, value: checkValue(given, field, declared) };
}

const TYPES: Readonly<Record<FieldType, { read(value: unknown): FilterValue | undefined; rule: string }>> = {
  text: { read: textOf, rule: 'a string, such as "ada"' },
  texts: { read: textOf, rule: 'a string, such as "ada"' },
  time: {
    read: (value) => (typeof value === 'string' ? readTime(value) : undefined),
    rule: 'a time, such as "2026-01-31T12:00:00Z"',
  },
  boolean: { read: (value) => (typeof value === 'boolean' ? value : undefined), rule: 'true or false' },
  number: { read: (value) => (Number.isSafeInteger(value) ? (value as number) : undefined), rule: 'an integer' },
  id: {
    read: (value) => (typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined),
    rule: 'a UUID, such as "01990000-0000-7000-8000-000000000000"',
  },
};

function checkValue(given: unknown, field: string, { type, normalise }: FilterField): FilterValue {
  const value = TYPES[type].read(given);
  if (value === undefined) throw refused(`${field} is compared with ${TYPES[type].rule}`);
  return typeof value === 'string' && normalise ? normalise(value) : value;
}

/** Postgres stores no NUL, and lone surrogates have no UTF-8 form. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0') ? value : undefined;
}

const TIME = /^((?!0000)\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i;

/** @returns a time of RFC 3339 §5.6, to the millisecond; undefined when it is none */
export function readTime(text: string): Date | undefined {
  const [, date, time] = TIME.exec(text) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const local = new Date(`${date}T${time}Z`);
  // JavaScript takes 31 April for 1 May
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${date}T${time}`)) return undefined;
  const read = new Date(text.toUpperCase());
  return Number.isNaN(read.getTime()) ? undefined : read;
}

function readString(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw refused('has a string that is none of JSON; write \\" for a quotation mark and \\\\ for a backslash');
  }
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '(' || character === '[') depth += 1;
    if (character === ')' || character === ']') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function exampleOf(fields: FilterFields): string {
  const [name, field] = Object.entries(fields)[0] ?? [];
  if (name === undefined || !field) return 'name eq "ada"';
  const { rule } = TYPES[field.type];
  const op = field.operators.find((one) => one !== 'pr');
  return op ? `${name} ${op} ${/".*"|true/.exec(rule)?.[0] ?? '1'}` : `${name} pr`;
}

/** What a message says of a name that somebody sent. */
function nameOf(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}

function refused(message: string) {
  return invalidInput('filter', message);
}

/** What a field of an item has: undefined or null for nothing, an array for `texts`. */
export type FieldValue = FilterValue | readonly string[] | null | undefined;

/** Evaluates a filter as the database does. A field without a value matches no comparison (RFC 7644 §3.4.2.2). */
export function matches(condition: Condition, read: (field: string) => FieldValue): boolean {
  if ('all' in condition) {
    return condition.op === 'and'
      ? condition.all.every((one) => matches(one, read))
      : condition.all.some((one) => matches(one, read));
  }
  if ('condition' in condition) return !matches(condition.condition, read);
  const { op, field, value } = condition;
  if (op === 'ne') return !matches({ op: 'eq', field, ...(value === undefined ? {} : { value }) }, read);
  const stored = read(field);
  const values = Array.isArray(stored) ? (stored as readonly string[]) : [stored as FilterValue | null | undefined];
  return values.some(
    (one) => one !== null && one !== undefined && (op === 'pr' || COMPARE[op](plain(one), plain(value))),
  );
}

type Plain = string | number | boolean;

const plain = (value: FilterValue | undefined): Plain => (value instanceof Date ? value.getTime() : (value ?? ''));

const COMPARE: Readonly<Record<Exclude<Operator, 'ne' | 'pr'>, (a: Plain, b: Plain) => boolean>> = {
  eq: (a, b) => a === b,
  co: (a, b) => String(a).includes(String(b)),
  sw: (a, b) => String(a).startsWith(String(b)),
  ew: (a, b) => String(a).endsWith(String(b)),
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
};
