import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ValidateFunction } from 'ajv';
import { type Accepted, createProblemFinder } from '../platform/json_schema.ts';
import { checkResourceIdentifier } from './uris.ts';

// Ajv is loaded with the first definition: most deployments have none.
const require = createRequire(import.meta.url);

/** One element of `authorization_details` (RFC 9396 §2). */
export type Detail = Readonly<Record<string, unknown>> & { readonly type: string };

/** A detail as the consent page shows it: the operator's sentence, with values of the request in it. */
export interface DetailText {
  readonly sentence: readonly ({ readonly words: string } | { readonly value: string })[];
  /** Members that are not in the sentence, by path: a person sees everything that they allow. */
  readonly more: readonly { readonly name: string; readonly value: string }[];
}

/** The types of authorization details that an operator has defined. */
export interface DetailsTypes {
  readonly names: readonly string[];
  /** @returns what is wrong with a detail; undefined when it is valid */
  violation(detail: Detail): string | undefined;
  /** True when a detail is for this resource server (RFC 9396 §2.2 `locations`), and so part of tokens for it. */
  reaches(detail: Detail, resource: string): boolean;
  /** In that language, or in English if there is no text in it. */
  describe(detail: Detail, locale: string): DetailText;
}

interface Definition {
  readonly fits: ValidateFunction;
  readonly resources: readonly string[] | undefined;
  readonly consent: Readonly<Record<string, string>>;
}

export const NO_DETAILS_TYPES: DetailsTypes = createDetailsTypes(new Map());

const FALLBACK = 'en';
const TEXT_MAX = 500;
const DETAIL_MAX = 4_000;
const PLACEHOLDER = /\{([^{}]*)\}/;

/**
 * @param path a JSON file: by type, `schema` (a JSON Schema of its other members), `consent` (by language, a sentence
 *   with members in braces) and, if it is only for some resource servers, `resources` (their identifiers)
 * @throws Error with a message that says what is wrong, and where
 */
export function readDetailsTypes(path: string): DetailsTypes {
  try {
    return checkDetailsTypes(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const { syscall, code, message } = cause as NodeJS.ErrnoException;
    const why = cause instanceof SyntaxError ? 'it is not JSON' : syscall === undefined ? message : code;
    throw new Error(`must be a file of types of authorization details: ${why}`, { cause });
  }
}

/** The file: a definition for each type. */
const DEFINITIONS = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    required: ['schema', 'consent'],
    properties: {
      schema: { type: 'object' },
      consent: {
        type: 'object',
        required: [FALLBACK],
        must: `must have a text in ${FALLBACK}`,
        additionalProperties: {
          type: 'string',
          pattern: '\\S',
          maxLength: TEXT_MAX,
          must: `must be a text of at most ${TEXT_MAX} characters`,
        },
      },
      resources: { type: 'array', items: { type: 'string' }, must: 'must be a list of resource identifiers' },
    },
  },
} as const;

const findProblem = createProblemFinder(DEFINITIONS);

/** @throws Error with a message that says what is wrong, and where */
export function checkDetailsTypes(content: unknown): DetailsTypes {
  const problem = findProblem('', content);
  if (problem) throw new Error(`${problem.field || 'it'} ${problem.message}`);
  const types = Object.entries(content as Accepted<typeof DEFINITIONS>);
  return createDetailsTypes(new Map(types.map(([name, definition]) => [name, compileDefinition(name, definition)])));
}

function compileDefinition(name: string, written: Accepted<typeof DEFINITIONS>[string]): Definition {
  return {
    fits: compile(name, written.schema),
    resources: written.resources?.map((one) => checkResourceIdentifier(`${name}.resources`, one)),
    consent: written.consent,
  };
}

/** RFC 9396 §5: an unknown member is refused, also in an inner object, unless the schema allows others. */
function compile(name: string, schema: object): ValidateFunction {
  const { properties, required, ...rest } = closed({ type: 'object', ...schema });
  const members = { ...(properties as object | undefined), type: { const: name } };
  const { Ajv } = require('ajv') as typeof import('ajv');
  try {
    return new Ajv({ strict: true, strictRequired: false }).compile({
      ...rest,
      properties: members,
      ...(required === undefined ? {} : { required }),
    });
  } catch (cause) {
    throw new Error(`${name}.schema is not a JSON Schema: ${(cause as Error).message}`, { cause });
  }
}

function closed(schema: Record<string, unknown>): Record<string, unknown> {
  const { properties, items } = schema;
  const inner = (value: unknown) => (isRecord(value) ? closed(value) : value);
  const isObject = schema.type === 'object' || isRecord(properties);
  return {
    ...(isObject ? { additionalProperties: false } : {}),
    ...schema,
    ...(isRecord(properties)
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, inner(one)])) }
      : {}),
    ...(items === undefined ? {} : { items: inner(items) }),
  };
}

function createDetailsTypes(definitions: ReadonlyMap<string, Definition>): DetailsTypes {
  const definitionOf = (detail: Detail) => definitions.get(detail.type);
  return {
    names: [...definitions.keys()],

    violation(detail) {
      const definition = definitionOf(detail);
      if (!definition) return 'its type is not known';
      if (JSON.stringify(detail).length > DETAIL_MAX) return `it has more than ${DETAIL_MAX} characters`;
      if (!definition.fits(detail)) {
        const [error] = definition.fits.errors ?? [];
        return `${error?.instancePath || 'it'} ${error?.message ?? 'does not fit its type'}`;
      }
      const foreign = locationsOf(detail)?.some((one) => definition.resources?.includes(one) === false);
      return foreign ? 'it is for a location that its type is not for' : undefined;
    },

    reaches(detail, resource) {
      const wanted = locationsOf(detail) ?? definitionOf(detail)?.resources;
      return wanted === undefined || wanted.includes(resource);
    },

    describe(detail, locale) {
      const consent = definitionOf(detail)?.consent ?? {};
      const text = consent[locale] ?? consent[FALLBACK] ?? detail.type;
      // split() with one group alternates words and placeholder names.
      const parts = text.split(new RegExp(PLACEHOLDER, 'g'));
      const mentioned = new Set(parts.filter((_, index) => index % 2 === 1));
      const leaves = leavesOf(detail);
      return {
        sentence: parts.map((part, index) =>
          index % 2 === 0 ? { words: part } : { value: leaves.find(({ name }) => name === part)?.value ?? '—' },
        ),
        more: leaves.filter(({ name }) => name !== 'type' && !mentioned.has(name)),
      };
    },
  };
}

function locationsOf({ locations }: Detail): readonly string[] | undefined {
  return Array.isArray(locations) ? (locations as string[]) : undefined;
}

/** All values of a detail by path, such as `instructedAmount.currency`; a list of plain values is one value. */
function leavesOf(value: unknown, path: readonly string[] = []): { name: string; value: string }[] {
  const isNested = (one: unknown) => typeof one === 'object' && one !== null;
  if (Array.isArray(value) && !value.some(isNested))
    return [{ name: path.join('.'), value: visible(value.join(', ')) }];
  if (!isNested(value)) return [{ name: path.join('.'), value: visible(String(value)) }];
  return Object.entries(value as object).flatMap(([name, one]) => leavesOf(one, [...path, visible(name)]));
}

/** Replaces invisible characters, controls and direction overrides, so that the page cannot show another text. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
