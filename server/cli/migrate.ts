import type { Command } from 'commander';
import { NO_LINES } from '../operations/json_lines.ts';
import { migrations } from '../operations/migrations.ts';
import { assertKnown } from '../platform/migrate.ts';
import { assertRestored } from '../platform/unfinished_restore.ts';
import { type ChangeOptions, DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const COLUMNS = ['name', 'state', 'executed_at'];

export function migrateCommand(noun: Command, { verb, printItems }: CommandTools): void {
  noun
    .command('up')
    .description('migrate the schema to this version of Cardea; safe while servers run')
    .option(DRY_RUN_OPTION[0], 'list the migrations that would run; change nothing')
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(
        async ({ stream }, options) => {
          const running = await stream(migrations.up, { query: undefined, lines: NO_LINES }, options);
          const items: Item[] = [];
          for (let lines = await running.next(); lines; lines = await running.next()) items.push(...lines);
          printItems(items, COLUMNS, 'The schema is up to date.', options);
        },
        { schema: 'any' },
      ),
    );

  noun
    .command('status')
    .description(
      'list the migrations; exit code 1 when a later version of Cardea has migrated the database, or a restore of it is unfinished',
    )
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(
        async ({ db, operate }, options) => {
          const { items } = await operate(migrations.list, {});
          printItems(items, COLUMNS, 'There are no migrations.', options);
          assertKnown(items);
          await assertRestored(db);
        },
        { schema: 'any' },
      ),
    );
}
