import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { createImporter, describePlace, type Entry, type ImportResult } from '../accounts/import.ts';
import {
  type Convert,
  converterFor,
  formatOf,
  type ImportFormat,
  parseFirebaseConfig,
} from '../accounts/import_formats.ts';
import { AppError } from '../platform/errors.ts';
import { linesOf } from '../platform/lines.ts';
import { UsageError } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

interface ImportOptions extends PrintOptions {
  format: ImportFormat | 'auto';
  firebaseConfig?: string;
  dryRun?: boolean;
}

/** People in one transaction. */
const BATCH = 500;
const BEGINNING_BYTES = 256 * 1_024;
const PROGRESS_EVERY = 1_000;

export function usersImportCommand(noun: Command, tools: CommandTools): void {
  noun
    .command('import')
    .description('import accounts with their password hashes from another system; existing accounts are skipped')
    .argument('<file>', 'JSON Lines of Cardea or Auth0, or an export of Keycloak or Firebase')
    .addOption(
      new Option('--format <format>', 'the format of the file')
        .choices(['auto', 'cardea', 'keycloak', 'auth0', 'firebase'])
        .default('auto'),
    )
    .option(
      '--firebase-config <file>',
      'a file with the hash parameters of the Firebase project, as its console shows them',
    )
    .option('--dry-run', 'check everything, change nothing')
    .addHelpText(
      'after',
      '\nA line of Cardea’s own format: {"email":"ada@example.com","email_verified":true,"name":"Ada","password_hash":"$2b$10$…"}' +
        '\nFurther members: preferred_username (or username), the other claims of OpenID Connect, password_set_at,' +
        '\nsub (the subject that apps know), disabled, groups, roles. Bad lines are reported and skipped, with exit code 1. After an interruption, run it again.',
    )
    .option(...JSON_OPTION)
    .action(
      tools.verb<ImportOptions>(async (context, options, file = '') => {
        const source = await openSource(file, options);
        const { passwords } = await context.passwords();
        const dryRun = options.dryRun ?? false;
        const importer = createImporter({
          accounts: (await context.accountStores()).accounts,
          passwords,
          convert: source.convert,
          dryRun,
        });
        await run(source.entries, importer, tools);
        tools.printItem(describe(importer.result, dryRun, options), options);
        const { length: rejected } = importer.result.rejected;
        if (rejected > 0) throw new AppError('import_rejected', `${rejected} were rejected`);
      }),
    );
}

async function run(
  entries: AsyncIterable<Entry[]>,
  importer: ReturnType<typeof createImporter>,
  { note, createProgress }: Pick<CommandTools, 'note' | 'createProgress'>,
): Promise<void> {
  const { result } = importer;
  const progress = createProgress({ every: PROGRESS_EVERY });
  let reported = 0;
  let noted = 0;
  let read = 0;
  const state = () =>
    `${read} read: ${result.imported} imported, ${result.skipped} skipped, ${result.rejected.length} rejected`;
  for await (const batch of inBatches(entries)) {
    await importer.add(batch);
    read += batch.length;
    for (const rejection of result.rejected.slice(reported)) note(`${describePlace(rejection)}: ${rejection.reason}`);
    reported = result.rejected.length;
    for (const one of result.notes.slice(noted)) note(`${describePlace(one)}: ${one.note}`);
    noted = result.notes.length;
    progress.show(read, state());
  }
  progress.end(state());
}

function describe({ imported, skipped, rejected, notes }: ImportResult, dryRun: boolean, { json }: PrintOptions): Item {
  const listed = (all: readonly object[]) => (json ? all.map((one) => ({ ...one })) : all.length);
  return { imported, skipped, dry_run: dryRun, rejected: listed(rejected), notes: listed(notes) };
}

async function* inBatches(source: AsyncIterable<Entry[]>): AsyncGenerator<Entry[]> {
  let gathered: Entry[] = [];
  for await (const entries of source) {
    gathered.push(...entries);
    while (gathered.length >= BATCH) {
      yield gathered.slice(0, BATCH);
      gathered = gathered.slice(BATCH);
    }
  }
  if (gathered.length > 0) yield gathered;
}

interface Source {
  readonly entries: AsyncIterable<Entry[]>;
  readonly convert: Convert;
}

async function openSource(file: string, options: ImportOptions): Promise<Source> {
  const project =
    options.firebaseConfig === undefined ? undefined : parseFirebaseConfig(await readText(options.firebaseConfig));
  const beginning = await beginningOf(file);
  const people = isPersonALine(beginning) ? undefined : await readPeople(file, beginning);
  const firstOfLines = people ? undefined : personInLines(beginning);
  const format = options.format === 'auto' ? formatOf(people ? people[0] : firstOfLines) : options.format;
  if (format === 'firebase' && !project) throw new UsageError('--firebase-config is needed for an export of Firebase');
  return {
    convert: converterFor(format, project),
    entries: people ? numbered(people) : entriesOf(file),
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

async function* numbered(people: readonly unknown[]): AsyncGenerator<Entry[]> {
  yield people.map((value, i) => ({ at: { entry: i + 1 }, value }));
}

async function* entriesOf(file: string): AsyncGenerator<Entry[]> {
  let number = 0;
  for await (const lines of linesOf(file)) {
    yield lines
      .map((line) => ({ line: ++number, text: line.trim() }))
      .filter(({ text }) => text !== '')
      .map(({ line, text }) => ({ at: { line }, value: parse(text) }));
  }
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
