import type { Command } from 'commander';
import { describeConfig, loadConfig } from '../config.ts';
import { resolveMasterKeys } from '../master_keys.ts';
import { config } from '../operations/config.ts';
import { isWrapped } from '../platform/key_providers/provider.ts';
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
      'check the CARDEA_* variables and print the settings and limits that follow, with secrets masked; needs no database, and asks the service that has encrypted a master key to decrypt it',
    )
    .option(...JSON_OPTION)
    .action(async (options: PrintOptions) => {
      const settings = describeConfig(env).map((one) => ({ ...one }));
      const config = loadConfig(env);
      if (config.masterKeys.some(isWrapped)) await resolveMasterKeys(config);
      printItems(settings, ['name', 'value', 'source', 'about'], 'There are no settings.', options);
    });
}
