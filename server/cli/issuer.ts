import type { Command } from 'commander';
import { issuerOf, moveIssuer } from '../platform/installation.ts';
import { SETTINGS } from '../settings.ts';
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
          printItem({ database: (await issuerOf(db)) ?? null, configured: config.issuer.origin }, options);
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
          const { origin } = readIssuer(url);
          const before = (await issuerOf(db)) ?? null;
          const moved = await moveIssuer(db, origin, now);
          printItem({ before, issuer: origin, moved }, options);
          if (!moved || before === null) return;
          note(`Set CARDEA_ISSUER=${origin} and restart every server; until then they still serve ${before}.`);
          note('Apps must be configured with the new issuer: they refuse tokens of an issuer that they do not know.');
          if (new URL(before).hostname !== new URL(origin).hostname)
            note('Passkeys belong to the old host name: people sign in with another factor and add a new passkey.');
        },
        { issuer: 'any' },
      ),
    );
}

function readIssuer(url: string): URL {
  try {
    return SETTINGS.CARDEA_ISSUER.read(url) as URL;
  } catch (error) {
    throw new UsageError(`<url> ${(error as Error).message}`);
  }
}
