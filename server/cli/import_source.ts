import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  type Convert,
  converterFor,
  type ForeignFormat,
  formatOf,
  parseFirebaseConfig,
} from '../accounts/import_formats.ts';
import { jsonLines } from '../operations/json_lines.ts';
import type { InputLine } from '../operations/operation.ts';
import { lineOf } from '../operations/user_lines.ts';
import { AppError } from '../platform/errors.ts';
import { UsageError } from './context.ts';

/* Reads files with people, of Cardea and of other systems, as lines of an import. */

export const FORMATS = ['auto', 'cardea', 'keycloak', 'auth0', 'firebase'] as const;

export interface SourceOptions {
  readonly format: (typeof FORMATS)[number];
  readonly firebaseConfig?: string;
}

export interface Source {
  readonly lines: AsyncIterable<readonly InputLine[]>;
  /** The unit that the number of a place counts. */
  readonly unit: 'line' | 'entry';
  /** Takes what could not be carried over of a person. */
  notesOf(number: number): readonly string[];
}

const LINE_MAX = 1024 * 1024;
const BEGINNING_BYTES = 256 * 1_024;

/** @throws AppError 400, UsageError */
export async function openSource(file: string, options: SourceOptions): Promise<Source> {
  const project =
    options.firebaseConfig === undefined ? undefined : parseFirebaseConfig(await readText(options.firebaseConfig));
  const beginning = await beginningOf(file);
  const people = isPersonALine(beginning) ? undefined : await readPeople(file, beginning);
  const firstOfLines = people ? undefined : personInLines(beginning);
  const asked = options.format === 'auto' ? formatOf(people ? people[0] : firstOfLines) : options.format;
  const format: ForeignFormat | undefined = asked === 'cardea' ? undefined : asked;
  if (format === 'firebase' && !project) throw new UsageError('--firebase-config is needed for an export of Firebase');
  const lines = people ? numbered(people) : jsonLines(createReadStream(file), LINE_MAX);
  const { convertAll, notesOf } = conversion(format && converterFor(format, project));
  return { unit: people ? 'entry' : 'line', lines: convertAll(lines), notesOf };
}

/** @param convert undefined for lines that are Cardea's own */
function conversion(convert: Convert | undefined) {
  /** Of people whose result is not known yet. */
  const notes = new Map<number, readonly string[]>();

  function converted(line: InputLine): InputLine {
    if (!convert || line.value instanceof Error) return line;
    try {
      const { notes: left = [], ...person } = convert(line.value);
      if (left.length > 0) notes.set(line.number, left);
      return { ...line, value: lineOf(person) };
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      return { ...line, value: error };
    }
  }

  return {
    async *convertAll(source: AsyncIterable<readonly InputLine[]>): AsyncGenerator<InputLine[]> {
      for await (const lines of source) yield lines.map(converted);
    },
    notesOf(number: number): readonly string[] {
      const found = notes.get(number) ?? [];
      notes.delete(number);
      return found;
    },
  };
}

const LINES_LOOKED_AT = 20;
/** The first line of a document that continues. */
const OPEN_LINE = /^[[{].*[[{,]$|^[[{]$/;

const linesIn = (text: string) => text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));

/** True when the first line is a complete object with one person: then each line has one. */
function isPersonALine(beginning: string): boolean {
  const [first = ''] = linesIn(beginning);
  return isPerson(parse(first));
}

const isPerson = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Error) &&
  peopleIn(value) === undefined;

/** The first person of a file with one person a line; bad lines before it are skipped. */
function personInLines(beginning: string): object | undefined {
  return linesIn(beginning).slice(0, LINES_LOOKED_AT).map(parse).find(isPerson);
}

/**
 * A complete export: a list of people or an object with such a list, in any number of lines. Only parsing the whole file
 * distinguishes it from JSON Lines.
 * @returns undefined for a file of lines of which the first is bad
 */
async function readPeople(file: string, beginning: string): Promise<readonly unknown[] | undefined> {
  const parsed = parse(await readText(file));
  const people = Array.isArray(parsed) ? parsed : peopleIn(parsed);
  if (people) return people;
  const [first = ''] = linesIn(beginning);
  if (parsed instanceof Error && !OPEN_LINE.test(first) && personInLines(beginning)) return undefined;
  throw new AppError('import_unreadable', 'the file is neither JSON Lines nor an export with a list of users');
}

function peopleIn(parsed: unknown): readonly unknown[] | undefined {
  const users = typeof parsed === 'object' && parsed !== null ? (parsed as { users?: unknown }).users : undefined;
  return Array.isArray(users) ? users : undefined;
}

async function* numbered(people: readonly unknown[]): AsyncGenerator<InputLine[]> {
  for (const [i, value] of people.entries()) yield [{ number: i + 1, value, bytes: 0 }];
}

/** @returns an Error for a text that is not JSON; its message does not quote the text */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return new Error('is not JSON');
  }
}

async function beginningOf(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(file, { end: BEGINNING_BYTES - 1 })) chunks.push(chunk as Buffer);
  } catch (error) {
    throw unreadable(file, error);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readFile(file));
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): AppError {
  const { code = 'it cannot be read' } = cause as NodeJS.ErrnoException;
  return new AppError('file_unreadable', `${file}: ${code}`, { cause });
}
