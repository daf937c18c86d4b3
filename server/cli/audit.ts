import type { Command } from 'commander';
import { audit } from '../operations/audit.ts';
import { type ListOptions, listed, listOptions } from './lists.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function auditCommand(noun: Command, { verb, printItem, printItems }: CommandTools): void {
  listOptions(noun.command('list').description('list what operators did, the newest first')).action(
    verb<ListOptions>(async (context, options) => {
      const columns = ['at', 'actor_kind', 'actor_id', 'action', 'target_kind', 'target_id', 'outcome', 'reason'];
      printItems((await listed(context, audit.list, options)) as Item[], columns, 'There are no entries.', options);
    }),
  );

  noun
    .command('show')
    .description('show an entry, with what was changed')
    .argument('<id>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options, id = '') => {
        printItem((await operate(audit.show, { params: { id } })) as Item, options);
      }),
    );
}
