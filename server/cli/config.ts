import type { Command } from 'commander';
import { describeConfig } from '../config.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function configCommand(noun: Command, { env, printItems }: CommandTools): void {
  noun
    .command('check')
    .description('check the CARDEA_* variables and print the settings and limits in force, with secrets masked')
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
