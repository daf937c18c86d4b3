import { type Static, Type } from 'typebox';
import { strict } from '../operations/schema.ts';
import { readBounded } from '../platform/bounded_file.ts';
import { AppError } from '../platform/errors.ts';
import type { Environment } from '../platform/settings.ts';
import { BYTES_MAX, type ConfigurationDocument, readDocument } from './document.ts';
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
  return { name, env, document: readDocument(FILE, textOf(name), name) };
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
