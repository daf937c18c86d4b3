import type { TObject, TSchema } from 'typebox';
import { membersIn } from '../operations/pages.ts';
import { AppError, invalidParameter } from '../platform/errors.ts';
import { suggestion } from '../platform/nearest_name.ts';

type Query = Readonly<Record<string, unknown>>;

/** Parameters of every change, besides those of its operation. */
export const CONTROLS = ['dryRun', 'force'] as const;

/** @throws AppError 400 */
export function controlsOf(query: Query): Readonly<Record<(typeof CONTROLS)[number], boolean>> {
  return { dryRun: flag(query, 'dryRun'), force: flag(query, 'force') };
}

function flag(query: Query, name: string): boolean {
  const value = query[name];
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw invalidParameter(name, 'must be true or false');
}

/**
 * The parameters of an operation, with numbers and booleans read from their text. A value that is neither stays as it is,
 * and is refused by the schema.
 * @param others parameters that do not belong to the operation
 */
export function operationQuery(
  schema: TObject | undefined,
  query: Query,
  others: readonly string[],
): Query | undefined {
  const given = Object.entries(query).filter(([name]) => !others.includes(name));
  if (!schema) {
    const [unknown] = given;
    if (unknown) throw invalidParameter(unknown[0].slice(0, 100), `is not known here${suggestion(others, unknown[0])}`);
    return undefined;
  }
  return Object.fromEntries(given.map(([name, value]) => [name, converted(schema.properties[name], value)]));
}

/** Where an operation has no body, the value that an error names is a parameter. */
export function inQuery(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'invalid_input') return error;
  const { field, errors, message } = error;
  if (field === undefined || errors.length > 0) return error;
  const named = `${field}: `;
  return invalidParameter(field, message.startsWith(named) ? message.slice(named.length) : message);
}

function converted(schema: TSchema | undefined, value: unknown): unknown {
  const { type } = (schema ?? {}) as { readonly type?: unknown };
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^\d{1,9}$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/**
 * Keeps the members that `fields` names, of the items of a list.
 * @param schema of the answer
 * @throws AppError 400 for a member that no item has
 */
export function pickFields(schema: TSchema, output: Query, fields: unknown): Query {
  if (typeof fields !== 'string' || !Array.isArray(output.items)) return output;
  const names = fieldsOf(schema, fields);
  const pick = (item: Query) => Object.fromEntries(names.flatMap((name) => (name in item ? [[name, item[name]]] : [])));
  return { ...output, items: output.items.map(pick) };
}

function fieldsOf(schema: TSchema, fields: string): string[] {
  const { properties } = schema as { readonly properties?: { readonly items?: { readonly items?: TObject } } };
  const known = Object.keys(properties?.items?.items?.properties ?? {});
  return membersIn(fields, known);
}
