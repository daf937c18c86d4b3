import { type Static, Type } from 'typebox';
import { strict } from '../operations/schema.ts';
import { readBounded } from '../platform/bounded_file.ts';
import { AppError } from '../platform/errors.ts';
import type { Environment } from '../platform/settings.ts';
import { BYTES_MAX, type ConfigurationDocument, readDocument } from './document.ts';
import type { Kind, WrongValue } from './kind.ts';
import { KINDS } from './kinds.ts';

/** The schema of a configuration file. */
export const FILE = strict(
  {
    $schema: Type.Optional(Type.String({ description: 'the URL of this schema; editors complete by it' })),
    ...Object.fromEntries(KINDS.map(({ name, section }) => [name, Type.Optional(section)])),
  },
  { title: 'Configuration of Cardea' },
);

export type FileContent = Static<typeof FILE>;

/** The entries of one kind. */
export function entriesOf(content: FileContent, kind: string): ReadonlyMap<string, unknown> {
  const declared = (content as Readonly<Record<string, unknown>>)[kind] ?? {};
  return new Map(Object.entries(declared));
}

/** Reads and checks the text of a file. @throws ConfigurationError with all problems */
export function readFile(name: string, text: string): ConfigurationDocument<typeof FILE> {
  return readDocument(FILE, text, name, (value, found) =>
    KINDS.reduce((all, kind) => (kind.judge ? judged(kind.name, kind.judge, value, all) : all), found),
  );
}

/** Lets a kind judge its section. */
function judged(section: string, judge: NonNullable<Kind['judge']>, value: unknown, found: readonly WrongValue[]) {
  const content = typeof value === 'object' && value !== null ? (value as FileContent) : {};
  const own = found.filter(({ path }) => path[0] === section);
  const within = judge(
    entriesOf(content, section),
    own.map(({ path, detail }) => ({ path: path.slice(1), detail })),
  );
  return [
    ...found.filter((one) => !own.includes(one)),
    ...within.map(({ path, detail }) => ({ path: [section, ...path], detail })),
  ];
}

/** The JSON Schema, as it is published (draft 2020-12). */
export function jsonSchema(url: string): object {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: url, ...FILE };
}

export interface ConfigurationFile {
  /** For messages. */
  readonly name: string;
  readonly document: ConfigurationDocument<typeof FILE>;
  /** The variables that its references name. */
  readonly env: Environment;
}

/** Reads and checks a file. @throws ConfigurationError, AppError 400 `file_unreadable` */
export function openFile(name: string, env: Environment): ConfigurationFile {
  return { name, env, document: readFile(name, textOf(name)) };
}

function textOf(name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readBounded(name, BYTES_MAX));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'it is not UTF-8';
    const why = cause instanceof RangeError ? cause.message : code;
    throw new AppError('file_unreadable', `${name} cannot be read: ${why}`, { cause });
  }
}
