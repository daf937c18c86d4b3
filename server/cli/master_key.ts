import type { Command } from 'commander';
import { SEALED } from '../composition/sealed_columns.ts';
import { AppError } from '../platform/errors.ts';
import { type Progress, reseal } from '../platform/reseal.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function masterKeyCommand(noun: Command, { verb, printItems, createProgress }: CommandTools): void {
  noun
    .command('rotate')
    .description('encrypt everything again under the first key of CARDEA_MASTER_KEY; safe while servers run')
    .addHelpText(
      'after',
      '\nPut the new key first and keep the old one behind it, restart every node, run this, then drop the old key.',
    )
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ db, sealer }, options) => {
        const items = [];
        for (const sealed of SEALED) {
          const progress = createProgress({ every: Number.POSITIVE_INFINITY });
          const state = ({ seen, resealed }: Progress) => `${sealed.table}: ${seen} looked at, ${resealed} re-sealed`;
          const total = await reseal(db, sealer, sealed, (now) => progress.show(now.seen, state(now)));
          progress.end(state(total));
          items.push({ table: sealed.table, column: sealed.column, ...total });
        }
        printItems(items, ['table', 'column', 'seen', 'resealed', 'unreadable'], '', options);
        const unreadable = items.reduce((sum, one) => sum + one.unreadable, 0);
        if (unreadable > 0) {
          throw new AppError(
            'sealed_value_unreadable',
            `${unreadable} values cannot be opened: their master key is not in CARDEA_MASTER_KEY; keep every older key until none is left`,
          );
        }
      }),
    );
}
