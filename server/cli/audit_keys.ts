import type { Command } from 'commander';
import { auditKeys } from '../operations/audit_keys.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function keyVerbs(noun: Command, { verb, printItem, printItems }: CommandTools): void {
  noun
    .command('keys')
    .description(
      'list the keys that sign the log, the oldest first; give the id of the newest to those who check proofs',
    )
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const { items } = await operate(auditKeys.list, {});
        const rows = items.map(({ key, signs, from_size, since }) => ({ key_id: key.kid, signs, from_size, since }));
        printItems(items as Item[], ['key_id', 'signs', 'from_size', 'since'], '', options, rows);
      }),
    );
  noun
    .command('rotate-key')
    .description('replace the key that signs the log; what was signed before stays valid')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions & { dryRun?: boolean }>(async ({ operate }, options) => {
        printItem(await operate(auditKeys.rotate, {}, options), options);
      }),
    );
}
