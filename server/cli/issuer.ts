import type { Command } from 'commander';
import { issuerOf, moveIssuer } from '../platform/installation.ts';
import { type Issuer, readIssuer } from '../platform/issuer.ts';
import { UsageError } from './context.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function issuerCommand(noun: Command, { verb, printItem, note }: CommandTools): void {
  noun
    .command('show')
    .description('show the issuer that the database belongs to')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(
        async ({ db, config }, options) => {
          printItem({ database: (await issuerOf(db)) ?? null, configured: config.issuer.identifier }, options);
        },
        { issuer: 'any' },
      ),
    );

  noun
    .command('move')
    .description('change the issuer that the database belongs to, when the server moves to another URL')
    .argument('<url>', 'the new issuer, such as https://id.example.com')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(
        async ({ db, now }, options, url) => {
          const { identifier } = issuerIn(url);
          const before = (await issuerOf(db)) ?? null;
          const moved = await moveIssuer(db, identifier, now);
          printItem({ before, issuer: identifier, moved }, options);
          if (!moved || before === null) return;
          note(`Set CARDEA_ISSUER=${identifier} and restart every server; until then they still serve ${before}.`);
          note('Apps must be configured with the new issuer: they refuse tokens of an issuer that they do not know.');
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
