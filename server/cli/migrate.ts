import type { Command } from 'commander';
import { migrateUp, migrationStatus } from '../platform/migrate.ts';
import { verb } from './context.ts';
import { JSON_OPTION, type PrintOptions, printItems } from './output.ts';

const COLUMNS = ['name', 'state', 'executed_at'];

export function migrateCommand(noun: Command): void {
  noun
    .command('up')
    .description('bring the schema up to date; safe beside running servers')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(
        async ({ db }, options) => {
          const names = new Set(await migrateUp(db));
          const items = (await status(db)).filter((one) => names.has(one.name));
          printItems(items, COLUMNS, 'The schema is up to date.', options);
        },
        { schema: 'any' },
      ),
    );

  noun
    .command('status')
    .description('which migrations have run')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(
        async ({ db }, options) => printItems(await status(db), COLUMNS, 'There are no migrations.', options),
        { schema: 'any' },
      ),
    );
}

async function status(db: Parameters<typeof migrationStatus>[0]) {
  return (await migrationStatus(db)).map(({ name, executedAt }) => ({
    name,
    state: executedAt === undefined ? 'pending' : 'done',
    executed_at: executedAt ?? null,
  }));
}
