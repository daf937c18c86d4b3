import type { Command } from 'commander';
import { issuer } from '../operations/issuer.ts';
import { type Issuer, readIssuer } from '../platform/issuer.ts';
import { UsageError } from './context.ts';
import { type ChangeOptions, DRY_RUN_OPTION, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function issuerCommand(noun: Command, { verb, printItem, note }: CommandTools): void {
  noun
    .command('show')
    .description('show the issuer that the database belongs to')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(
        async ({ operate }, options) => {
          printItem(await operate(issuer.show, {}), options);
        },
        { issuer: 'any' },
      ),
    );

  noun
    .command('move')
    .description('change the issuer that the database belongs to, when the server moves to another URL')
    .argument('<url>', 'the new issuer, such as https://id.example.com')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(
        async ({ operate }, options, url = '') => {
          const { identifier } = issuerIn(url);
          const result = await operate(issuer.move, { body: { issuer: identifier } }, options);
          printItem(result, options);
          const { moved, before } = result;
          if (!moved || before === null || options.dryRun) return;
          note(`Set CARDEA_ISSUER=${identifier} and restart every server; until then they still serve ${before}.`);
          note(
            'Clients must be configured with the new issuer: they refuse tokens of an issuer that they do not know.',
          );
          if (new URL(before).hostname !== new URL(identifier).hostname)
            note('Passkeys belong to the old host name: people sign in with another factor and add a new passkey.');
        },
        { issuer: 'any' },
      ),
    );
}

function issuerIn(url: string): Issuer {
  try {
    return readIssuer(url);
  } catch (error) {
    throw new UsageError(`<url> ${(error as Error).message}`);
  }
}
