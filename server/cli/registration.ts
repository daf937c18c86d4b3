import type { Command } from 'commander';
import { registrations } from '../operations/registrations.ts';
import { seconds } from '../platform/settings.ts';
import { UsageError } from './context.ts';
import { itemVerb, listVerb } from './item_verbs.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

interface CreateOptions extends PrintOptions {
  uses: string;
  expires: string;
  redirectHost?: string[];
  grantType?: string[];
  scope?: string;
  dryRun?: boolean;
}

const several = (value: string, before: string[] | undefined) => [...(before ?? []), value];

export function registrationCommand(noun: Command, tools: CommandTools): void {
  const { verb, printItem, note } = tools;
  const token = noun
    .command('token')
    .description('initial access tokens, with which clients register themselves (RFC 7591)');

  token
    .command('create')
    .description('create a token, and print it: it is shown only now')
    .option('--uses <count>', 'the number of clients that may be registered with it', '1')
    .option('--expires <duration>', 'its lifetime, such as 12h', '7d')
    .option(
      '--redirect-host <host>',
      'a host allowed in redirect URIs, *.example.com for all its subdomains; repeat for more (default: any host)',
      several,
    )
    .option(
      '--grant-type <type>',
      'an allowed grant type; repeat for more (default: authorization_code, refresh_token)',
      several,
    )
    .option(
      '--scope <scopes>',
      'the scopes that clients may request, separated by spaces (default: those open to every client)',
    )
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<CreateOptions>(async ({ operate }, options) => {
        const { uses, expires, redirectHost, grantType, scope } = options;
        const body = {
          uses: /^\d+$/.test(uses) ? Number(uses) : Number.NaN,
          expires_in: lifetimeOf(expires),
          ...(redirectHost ? { redirect_hosts: redirectHost } : {}),
          ...(grantType ? { grant_types: grantType } : {}),
          ...(scope === undefined ? {} : { scope }),
        };
        const created = await operate(registrations.create, { body }, options);
        const { id, token, ...rest } = created;
        printItem(created, options, { id, token, ...rest });
        if (!options.json && token !== undefined)
          note('Keep the token now: it is stored as a hash, and cannot be shown again.');
      }),
    );

  listVerb(token, tools, {
    about: 'list all tokens, without their secret values',
    operation: registrations.list,
    columns: ['id', 'uses_left', 'redirect_hosts', 'grant_types', 'scope', 'expires_at'],
    empty: 'There are no registration tokens.',
  });
  const one = { id: 'id' };
  itemVerb(token, tools, {
    ...one,
    name: 'show',
    about: 'show a token, without its secret value',
    operation: registrations.show,
  });
  itemVerb(token, tools, {
    ...one,
    name: 'revoke',
    about: 'revoke a token; clients that were registered with it stay',
    operation: registrations.remove,
  });
}

function lifetimeOf(duration: string): number {
  try {
    return seconds(60)(duration) as number;
  } catch (error) {
    throw new UsageError(`--expires ${(error as Error).message}`);
  }
}
