import type { Command } from 'commander';
import { describeConfig } from '../config.ts';
import { config } from '../operations/config.ts';
import { configFileCommands } from './config_file.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function configCommand(noun: Command, tools: CommandTools): void {
  const { env, printItems, verb } = tools;
  configFileCommands(noun, tools);
  noun
    .command('show')
    .description('print the settings in force, with those that a configuration file declares and with secrets masked')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const { items } = await operate(config.show, {});
        printItems(items, ['name', 'value', 'source', 'about'], 'There are no settings.', options);
      }),
    );
  noun
    .command('check')
    .description(
      'check the CARDEA_* variables and print the settings and limits that follow, with secrets masked; needs no database',
    )
    .option(...JSON_OPTION)
    .action((options: PrintOptions) => {
      printItems(
        describeConfig(env).map((one) => ({ ...one })),
        ['name', 'value', 'source', 'about'],
        'There are no settings.',
        options,
      );
    });
}
