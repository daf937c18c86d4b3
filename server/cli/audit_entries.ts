import type { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { audit } from '../operations/audit.ts';
import { NO_LINES } from '../operations/json_lines.ts';
import type { OutputOf } from '../operations/run.ts';
import { UsageError } from './context.ts';
import { type ListOptions, listed, listOptions } from './lists.ts';
import { type Item, JSON_OPTION, type PrintOptions, showing } from './output.ts';
import { filterOfPeriod, type PeriodOptions, periodOptions } from './times.ts';
import type { CommandTools } from './tools.ts';

const PROGRESS_EVERY = 10_000;
const COLUMNS = ['id', 'at', 'actor_kind', 'actor_id', 'action', 'target_kind', 'target_id', 'outcome', 'reason'];

/** `cardea audit list`, `show` and `export` */
export function entryVerbs(noun: Command, tools: CommandTools): void {
  const { verb, printItem, printItems } = tools;
  const list = listOptions(noun.command('list').description('list what was done and by whom, the newest first'));
  showing(periodOptions(list), audit.list).action(
    verb<ListOptions & PeriodOptions>(async (context, options) => {
      const filter = filterOfPeriod('at', options);
      const { filter: _, ...others } = options;
      const items = await listed(context, audit.list, { ...others, ...(filter === undefined ? {} : { filter }) });
      const changed = changedIn(items);
      const columns = [...COLUMNS, ...(options.full ? ['address'] : []), ...(changed > 0 ? ['intact'] : [])];
      printItems(items as Item[], columns, 'There are no entries.', options);
      noteChanged(tools, changed);
    }),
  );
  const show = noun.command('show').description('show an entry, with what was changed').argument('<id>');
  showing(show, audit.show)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options, id = '') => {
        const entry = await operate(audit.show, { params: { id } }, options);
        printItem(entry as Item, options);
        noteChanged(tools, changedIn([entry]));
      }),
    );
  exportVerb(noun, tools);
}

const changedIn = (entries: readonly { readonly intact?: boolean }[]): number =>
  entries.filter(({ intact }) => intact === false).length;

function noteChanged({ note }: Pick<CommandTools, 'note'>, changed: number): void {
  if (changed === 0) return;
  note(`${changed} of these are not as Cardea has written them (intact: no): see \`cardea audit verify\``);
}

function exportVerb(noun: Command, { verb, printPart, createProgress, note }: CommandTools): void {
  const command = noun
    .command('export')
    .description(
      'print entries as JSON Lines or CSV, the oldest first. Addresses and devices are in full, which the audit keeps: ' +
        'who gets them masked uses the API',
    )
    .option('--filter <filter>', 'only those that match, as in the API: at ge "2026-11-01T00:00:00Z"')
    .option('--format <format>', 'jsonl or csv', 'jsonl');
  periodOptions(command).action(
    verb<PeriodOptions & { format: string }>(async ({ stream }, { format, ...period }) => {
      if (format !== 'jsonl' && format !== 'csv') throw new UsageError('--format: must be jsonl or csv');
      const filter = filterOfPeriod('at', period);
      const query = filter === undefined ? {} : { filter };
      const running = await stream(audit.export, { query, lines: NO_LINES });
      const progress = createProgress({ every: PROGRESS_EVERY, amidResult: true });
      if (format === 'csv' && !(await printPart(stringify([CSV_COLUMNS])))) return running.stop();
      let [exported, changed] = [0, 0];
      for (let some = await running.next(); some; some = await running.next()) {
        const text = format === 'csv' ? csvOf(some) : some.map((entry) => `${JSON.stringify(entry)}\n`).join('');
        if (text !== '' && !(await printPart(text))) return running.stop();
        exported += some.length;
        changed += changedIn(some);
        progress.show(exported, `${exported} exported`);
      }
      progress.end(`${exported} exported`);
      noteChanged({ note }, changed);
    }),
  );
}

type Entry = OutputOf<typeof audit.export.schemas>;
const CSV_COLUMNS = Object.keys(audit.export.schemas.output.properties) as (keyof Entry)[];

/** A spreadsheet must not run what a stranger has sent: such cells begin with an apostrophe. */
function csvOf(entries: readonly Entry[]): string {
  return stringify(
    entries.map((entry) =>
      CSV_COLUMNS.map((name) => (name === 'changes' ? JSON.stringify(entry.changes) : entry[name])),
    ),
    { escape_formulas: true },
  );
}
