import type { Command } from 'commander';
import { assertKnown, type MigrationStatus, migrateUp, migrationStatus } from '../platform/migrate.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const COLUMNS = ['name', 'state', 'executed_at'];

export function migrateCommand(noun: Command, { verb, printItems }: CommandTools): void {
  noun
    .command('up')
    .description('migrate the schema to this version of Cardea; safe while servers run')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(
        async ({ db }, options) => {
          const names = new Set(await migrateUp(db));
          const ran = (await migrationStatus(db)).filter((one) => names.has(one.name));
          printItems(ran.map(shown), COLUMNS, 'The schema is up to date.', options);
        },
        { schema: 'any' },
      ),
    );

  noun
    .command('status')
    .description('list the migrations; exit code 1 when a later version of Cardea has migrated the database')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(
        async ({ db }, options) => {
          const migrations = await migrationStatus(db);
          printItems(migrations.map(shown), COLUMNS, 'There are no migrations.', options);
          assertKnown(migrations);
        },
        { schema: 'any' },
      ),
    );
}

const shown = ({ name, state, executedAt }: MigrationStatus) => ({ name, state, executed_at: executedAt ?? null });
