import { isDeepStrictEqual } from 'node:util';
import type { Static, TSchema } from 'typebox';
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { compileSchema } from '../operations/schema.ts';
import { detailOf, unknownMember } from '../operations/schema_details.ts';
import { AppError } from '../platform/errors.ts';
import type { WrongValue } from './kind.ts';
import { REFERENCE } from './references.ts';

/** A larger file is not one that people keep in a repository. */
export const BYTES_MAX = 32 * 1_024 * 1_024;
/** Problems that are reported at once. */
export const PROBLEMS_MAX = 20;
const REFERENCE_DETAIL = 'must be env:NAME or file:/path, where the secret is: the file never has it';

/** A problem and its place in the file; both numbers begin with 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface ConfigurationDocument<S extends TSchema> {
  readonly value: Static<S>;
  /** The place of a member, or of the nearest one around it that is in the file. */
  placeOf(path: readonly string[]): { readonly line: number; readonly column: number };
}

/** The file is not as it must be; nothing was changed. */
export class ConfigurationError extends AppError {
  readonly problems: readonly Problem[];
  constructor(file: string, problems: readonly Problem[]) {
    const lines = problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
    super('invalid_configuration_file', lines.join('\n'));
    this.problems = problems;
  }
}

/** Finds what a schema cannot say. @param found what is wrong by the schema. @returns all that is wrong */
export type Judge = (value: unknown, found: readonly WrongValue[]) => readonly WrongValue[];

/**
 * Reads a configuration file: YAML 1.2, of which JSON is a part.
 * @param file its name, for the messages
 * @throws ConfigurationError with the line and the column of each problem
 */
export function readDocument<S extends TSchema>(
  schema: S,
  text: string,
  file: string,
  judge: Judge = (_, found) => found,
): ConfigurationDocument<S> {
  if (Buffer.byteLength(text) > BYTES_MAX) {
    throw new ConfigurationError(file, [{ line: 1, column: 1, message: `is larger than ${BYTES_MAX} bytes` }]);
  }
  const lineCounter = new LineCounter();
  // Tags make other things than maps and lists, such as a set, in which no entry would be found: all would be deleted.
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: false,
    resolveKnownTags: false,
  });
  const placeAt = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = [...document.errors, ...document.warnings].slice(0, PROBLEMS_MAX);
  if (broken.length > 0) {
    throw new ConfigurationError(
      file,
      broken.map(({ message, pos }) => ({ ...placeAt(pos[0]), message })),
    );
  }
  const wrongKeys = problemsOfKeys(document).map(({ offset, message }) => ({ ...placeAt(offset), message }));
  if (wrongKeys.length > 0) throw new ConfigurationError(file, wrongKeys);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    const message = 'declares nothing, and what it has declared before would be deleted: write {} to mean that';
    throw new ConfigurationError(file, [{ line: 1, column: 1, message }]);
  }
  const placeOf = (path: readonly string[]) => placeAt(offsetOf(document.contents, path));
  const value = valueOfDocument(() => document.toJS(), file);
  const problems = judge(value, wrongValues(schema, value))
    .map(({ path, detail }) => ({
      ...placeOf(path),
      message: [...(path.length ? [path.join('.')] : []), detail].join(': '),
    }))
    .filter((one, i, all) => all.findIndex((other) => isDeepStrictEqual(one, other)) === i)
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .slice(0, PROBLEMS_MAX);
  if (problems.length > 0) throw new ConfigurationError(file, problems);
  return { value: value as Static<S>, placeOf };
}

interface KeyProblem {
  readonly offset: number;
  readonly message: string;
}

/**
 * Keys that a map has more than once, and those that are no text. The parser compares each key with all before it, which takes
 * long for many.
 */
function problemsOfKeys(document: Document): KeyProblem[] {
  const problems: KeyProblem[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        const offset = (key as Node | null)?.range?.[0] ?? 0;
        if (!isScalar(key) || key.value === null) {
          problems.push({ offset, message: 'a key must be a text' });
          continue;
        }
        const name = String(key.value);
        if (seen.has(name)) problems.push({ offset, message: `${JSON.stringify(name)} is there twice` });
        seen.add(name);
      }
    },
  });
  return problems.slice(0, PROBLEMS_MAX);
}

/** @throws ConfigurationError for aliases that would make a small file very large */
function valueOfDocument(toValue: () => unknown, file: string): unknown {
  try {
    return toValue();
  } catch (error) {
    throw new ConfigurationError(file, [{ line: 1, column: 1, message: (error as Error).message }]);
  }
}

/** Where the member of a path begins: at its key, or for an element of a list at the element. */
function offsetOf(root: Node | null, path: readonly string[]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const name of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === name);
      if (!pair) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
      continue;
    }
    const items = (node as { readonly items?: readonly Node[] } | null)?.items;
    const item = items?.[Number(name)];
    if (!item) return offset;
    offset = item.range?.[0] ?? offset;
    node = item;
  }
  return offset;
}

/** The problems of a value by its schema. */
function wrongValues(schema: TSchema, value: unknown): WrongValue[] {
  const validator = compileSchema(schema);
  if (validator.Check(value)) return [];
  return [...validator.Errors(value)].flatMap((error) => {
    const { keyword, params, instancePath } = error;
    if (keyword === 'boolean') return []; // the error of an unknown member once more
    const path = instancePath.split('/').slice(1).map(unescaped);
    const { additionalProperties: unknown, requiredProperties: missing } = params as Record<
      string,
      string[] | undefined
    >;
    if (keyword === 'additionalProperties' && unknown) {
      return unknown.map((name) => ({ path: [...path, name], detail: unknownMember(schema, error, name) }));
    }
    if (keyword === 'required' && missing)
      return missing.map((name) => ({ path: [...path, name], detail: 'is missing' }));
    const isReference = keyword === 'pattern' && String(params.pattern) === REFERENCE;
    return [{ path, detail: isReference ? REFERENCE_DETAIL : detailOf(schema, error) }];
  });
}

const unescaped = (name: string) => name.replaceAll('~1', '/').replaceAll('~0', '~');
