import type { Command } from 'commander';
import type { Operation } from '../operations/operation.ts';
import { isPersonal } from '../operations/personal_fields.ts';
import type { Environment } from '../platform/settings.ts';

/** A printed value, with the names and types of the JSON output; without --json it is printed in columns. */
export type Value = string | number | boolean | null | undefined | Date | readonly Value[] | { [name: string]: Value };
export type Item = Record<string, Value>;

export interface PrintOptions {
  json?: boolean;
  full?: boolean | undefined;
}

export const JSON_OPTION = ['--json', 'print JSON for scripts'] as const;
export const DRY_RUN_OPTION = [
  '--dry-run',
  'check everything, and show what would be the result; change nothing',
] as const;

/** Adds the option `--full` to a verb whose operation answers with personal data. */
export function showing(verb: Command, { schemas }: Operation): Command {
  return isPersonal(schemas.output)
    ? verb.option('--full', 'show personal data in full, which the audit keeps; it is masked without')
    : verb;
}

/** The options of a verb that changes something. */
export interface ChangeOptions extends PrintOptions {
  dryRun?: boolean;
  force?: boolean;
}

export function changeOptions(verb: Command): Command {
  return verb
    .option(...DRY_RUN_OPTION)
    .option('--force', 'also when the configuration file manages it')
    .option(...JSON_OPTION);
}

export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Results go to standard output; everything else goes to standard error, so that it never gets into a pipe. */
export interface Output {
  /** True when standard output is a terminal that shows colours, and the environment does not ask for none (https://no-color.org). */
  readonly colours: boolean;
  /**
   * One item: a JSON object, or a line for each member. The JSON is the output of the operation as it is, as the API sends it.
   * @param shown for people instead
   */
  printItem(item: Item, options: PrintOptions, shown?: Item): void;
  /**
   * Several items: a JSON array, or a table of the given columns. The array has the `items` of all pages, as the API sends them.
   * @param empty printed for people when there are none
   * @param shown for people instead
   */
  printItems(
    items: readonly Item[],
    columns: readonly string[],
    empty: string,
    options: PrintOptions,
    shown?: readonly Item[],
  ): void;
  /** A result that is printed as it is. */
  printText(text: string): void;
  /** The same for one that is followed by others, as fast as they are read. @returns false when the reader has closed its end */
  printPart(text: string): Promise<boolean>;
  /** A message beside the result. */
  note(text: string): void;
  /**
   * The progress of a long verb: on a terminal one line that changes, in a log a line from time to time.
   * @param options `amidResult`: the verb prints its result at the same time, so that a terminal that shows the result shows no progress
   */
  createProgress(options: { every: number; amidResult?: boolean }): Progress;
}

export interface Progress {
  /** @param done what `every` counts */
  show(done: number, text: string): void;
  /** The final state. */
  end(text: string): void;
}

export function createOutput(host: {
  readonly env: Environment;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}): Output {
  const { env, stdout, stderr } = host;
  const printText = (text: string) => void stdout.write(text);
  const note = (text: string) => void stderr.write(`${text}\n`);
  return {
    colours: (stdout.isTTY ?? false) && (env.NO_COLOR ?? '') === '',
    printItem: (item, options, shown = item) => printText(options.json ? jsonOf(item) : lines(shown)),
    printItems: (items, columns, empty, options, shown = items) =>
      printText(options.json ? jsonOf(items) : items.length === 0 ? `${empty}\n` : table(shown, columns)),
    printText,
    async printPart(text) {
      if (stdout.write(text)) return stdout.writable;
      return new Promise((done) => {
        const settle = () => {
          for (const event of ['drain', 'close', 'error']) stdout.off(event, settle);
          done(stdout.writable);
        };
        for (const event of ['drain', 'close', 'error']) stdout.on(event, settle);
      });
    },
    note,
    createProgress({ every, amidResult = false }) {
      if (amidResult && stdout.isTTY) return { show() {}, end() {} };
      let noted = 0;
      return {
        show(done, text) {
          if (stderr.isTTY) stderr.write(`\r\u001b[K${text}`);
          else if (done - noted >= every) {
            noted = done;
            note(text);
          }
        },
        end(text) {
          if (stderr.isTTY) stderr.write(`\r\u001b[K${text}\n`);
          else note(text);
        },
      };
    },
  };
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function lines(item: Item): string {
  const shown = Object.entries(item).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${cell(value, `\n${' '.repeat(width + 2)}`)}\n`).join('');
}

function table(items: readonly Item[], columns: readonly string[]): string {
  const rows = [
    columns.map((name) => name.toUpperCase().replaceAll('_', ' ')),
    ...items.map((item) => columns.map((name) => cell(item[name], ' '))),
  ];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => [...(row[i] ?? '')].length)));
  const padded = (text: string, i: number) => text + ' '.repeat((widths[i] ?? 0) - [...text].length);
  return rows.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('');
}

function cell(value: Value, separator: string): string {
  if (value === undefined || value === null || value === '') return '-';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map((one) => cell(one, ' ')).join(separator);
  if (typeof value === 'object') return JSON.stringify(value);
  // A name in the database must not send control characters to the terminal.
  return String(value).replaceAll(/\p{Cc}/gu, '\u{fffd}');
}
