import { Argument, type Command } from 'commander';
import { loadConfig } from '../config.ts';
import { makeWrappedKey } from '../master_keys.ts';
import { NO_LINES } from '../operations/json_lines.ts';
import { masterKey } from '../operations/master_key.ts';
import { KEY_PROVIDERS, type KeyProviderName } from '../platform/key_providers/provider.ts';
import { type ChangeOptions, DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function masterKeyCommand(
  noun: Command,
  { env, verb, printItem, printItems, note, createProgress }: CommandTools,
): void {
  noun
    .command('new')
    .description('make a master key, encrypted by a key provider: the text for CARDEA_MASTER_KEY; needs no database')
    .addArgument(new Argument('<provider>', 'the service whose settings are set').choices(KEY_PROVIDERS))
    .option(...JSON_OPTION)
    .action(async (provider: KeyProviderName, options: PrintOptions) => {
      // The other settings may be incomplete while there is no key.
      const own = Object.entries(env).filter(([name]) => /^CARDEA_(VAULT|AWS_KMS)_/.test(name));
      printItem({ master_key: await makeWrappedKey(provider, loadConfig(Object.fromEntries(own))) }, options);
    });
  noun
    .command('rotate')
    .description('encrypt everything again under the first key of CARDEA_MASTER_KEY; safe while servers run')
    .addHelpText(
      'after',
      '\nPut the new key behind the old one and restart every server, then before it and restart every server again, run this, and drop' +
        '\nthe old key. It is refused while a running server does not have the new key. (ops/docs/secrets.md)',
    )
    .option(DRY_RUN_OPTION[0], 'count what it would encrypt, and what no key can open; change nothing')
    .option('--force', 'also when a running server does not have the new key')
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(async ({ stream, sealer }, options) => {
        const items: Item[] = [];
        const done = options.dryRun ? 'to encrypt again' : 'encrypted again';
        const progress = createProgress({ every: Number.POSITIVE_INFINITY });
        const running = await stream(masterKey.rotate, { query: undefined, lines: NO_LINES }, options);
        for (let lines = await running.next(); lines; lines = await running.next()) {
          for (const { complete, ...item } of lines) {
            const state = `${item.table}.${item.column}: ${item.seen} looked at, ${item.resealed} ${done}`;
            if (complete) progress.end(state);
            else progress.show(item.seen, state);
            if (complete) items.push(item);
          }
        }
        printItems(items, ['table', 'column', 'seen', 'resealed', 'unreadable'], '', options);
        if (running.failure() !== undefined) throw running.failure();
        if (!options.json && items.every(({ resealed }) => resealed === 0))
          note(
            `There was nothing to do: everything is encrypted under the first key of CARDEA_MASTER_KEY, ${sealer.keyIds[0]}, already. ` +
              'To rotate to another key, put it first (ops/docs/secrets.md).',
          );
      }),
    );
}
