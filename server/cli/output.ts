/** What a verb prints, in the names and shapes that scripts see; people see the same in columns. */
export type Value = string | number | boolean | null | undefined | Date | readonly Value[] | { [name: string]: Value };
export type Item = Record<string, Value>;

export interface PrintOptions {
  json?: boolean;
}

export const JSON_OPTION = ['--json', 'print JSON for scripts'] as const;

/** One thing: a JSON object, or a line a member. */
export function printItem(item: Item, options: PrintOptions): void {
  if (options.json) {
    printJson(item);
    return;
  }
  const lines = Object.entries(item).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  for (const [name, value] of lines) print(`${name.padEnd(width)}  ${cell(value, `\n${' '.repeat(width + 2)}`)}`);
}

/**
 * Several things: a JSON array of whole items, or a table of the columns named.
 * @param empty what people read when there are none
 */
export function printItems(items: readonly Item[], columns: readonly string[], empty: string, options: PrintOptions) {
  if (options.json) {
    printJson(items);
    return;
  }
  if (items.length === 0) {
    print(empty);
    return;
  }
  const rows = [
    columns.map((name) => name.toUpperCase().replaceAll('_', ' ')),
    ...items.map((item) => columns.map((name) => cell(item[name], ' '))),
  ];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => [...(row[i] ?? '')].length)));
  for (const row of rows) {
    print(
      row
        .map((text, i) => text + ' '.repeat((widths[i] ?? 0) - [...text].length))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** Something to know that is not the result: to standard error, so that it never gets into a pipe. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function cell(value: Value, separator: string): string {
  if (value === undefined || value === null || value === '') return '-';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map((one) => cell(one, ' ')).join(separator);
  if (typeof value === 'object') return JSON.stringify(value);
  // A name in the database must not steer the terminal of whoever lists it.
  return String(value).replaceAll(/\p{Cc}/gu, '\u{fffd}');
}
