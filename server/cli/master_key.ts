import type { Command } from 'commander';
import { AppError } from '../platform/errors.ts';
import { verb } from './context.ts';
import { JSON_OPTION, note, type PrintOptions, printItems } from './output.ts';
import { type Progress, reseal, SEALED_COLUMNS } from './reseal.ts';

export function masterKeyCommand(noun: Command): void {
  noun
    .command('rotate')
    .description('re-seal everything under the first key of CARDEA_MASTER_KEY; safe beside running servers')
    .addHelpText(
      'after',
      '\nPut the new key first and keep the old one behind it, restart every node, run this, then drop the old key.',
    )
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ db, sealer }, options) => {
        const items = [];
        for (const sealed of SEALED_COLUMNS) {
          const total = await reseal(db, sealer, sealed, (progress) => showProgress(sealed.table, progress));
          showProgress(sealed.table, total, true);
          items.push({ table: sealed.table, column: sealed.column, ...total });
        }
        printItems(items, ['table', 'column', 'seen', 'resealed', 'unreadable'], '', options);
        const unreadable = items.reduce((sum, one) => sum + one.unreadable, 0);
        if (unreadable > 0) {
          throw new AppError(
            'sealed_value_unreadable',
            500,
            `${unreadable} values cannot be opened: their master key is not in CARDEA_MASTER_KEY; keep every older key until none is left`,
          );
        }
      }),
    );
}

/** On a terminal one line that moves; in a log one line a table. */
function showProgress(table: string, { seen, resealed }: Progress, isDone = false): void {
  const text = `${table}: ${seen} looked at, ${resealed} re-sealed`;
  if (!process.stderr.isTTY) {
    if (isDone) note(text);
    return;
  }
  process.stderr.write(`\r\u001b[K${text}${isDone ? '\n' : ''}`);
}
