import type { Command } from 'commander';
import { keys } from '../operations/keys.ts';
import type { OutputOf } from '../operations/run.ts';
import { listed } from './lists.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const COLUMNS = [
  'kid',
  'alg',
  'state',
  'created_at',
  'activated_at',
  'retiring_at',
  'retires_at',
  'retired_at',
  'revoked',
];

interface ChangeOptions extends PrintOptions {
  dryRun?: boolean;
}

/** The result of a rotation: a table of what was done. @param empty printed when nothing was */
export function printKeyChanges(
  { printItem, printItems }: Pick<CommandTools, 'printItem' | 'printItems'>,
  changed: OutputOf<typeof keys.rotate.schemas>,
  options: PrintOptions,
  empty = 'There was nothing to do: the next key waits until everybody can know it.',
): void {
  if (options.json) printItem(changed, options);
  else printItems(changed.done, ['do', 'ring', 'kid', 'state'], empty, options);
}

export function keysCommand(noun: Command, tools: CommandTools): void {
  const { verb, printItems } = tools;

  noun
    .command('list')
    .description('list all keys, oldest first')
    .option('--all', 'include the keys that sign cookies')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions & { all?: boolean }>(async (context, { all = false, ...options }) => {
        const items = await listed(context, keys.list, {}, { all });
        printItems(items as Item[], COLUMNS, 'There are no keys yet; a server makes them when it starts.', options);
      }),
    );

  noun
    .command('rotate')
    .description(
      'replace the active key: the next one signs as soon as every node and every verifier can have fetched it',
    )
    .option('--now', 'for an emergency: a new key signs at once, before verifiers have fetched it')
    .option('--ring <name>', 'RS256, ES256, EdDSA or cookie (default: all that sign tokens)')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions & { now?: boolean; ring?: string }>(async ({ operate }, options) => {
        const { now = false, ring } = options;
        const rotated = await operate(keys.rotate, { body: { now, ...(ring === undefined ? {} : { ring }) } }, options);
        printKeyChanges(tools, rotated, options);
      }),
    );

  noun
    .command('revoke')
    .description('revoke a key at once: its signatures are refused from now on')
    .argument('<kid>')
    // A thumbprint (RFC 7638) begins with "-" as often as with any other of 64 characters.
    .allowUnknownOption()
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(async ({ operate }, options, kid = '') => {
        printKeyChanges(tools, await operate(keys.revoke, { params: { kid } }, options), options, '');
      }),
    );
}
