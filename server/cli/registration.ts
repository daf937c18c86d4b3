import type { Command } from 'commander';
import { checkPolicy } from '../clients/registration_policy.ts';
import type { RegistrationToken } from '../clients/registration_tokens.ts';
import { seconds } from '../platform/settings.ts';
import { UsageError } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import { everyItem } from './pages.ts';
import type { CommandTools } from './tools.ts';

interface CreateOptions extends PrintOptions {
  uses: string;
  expires: string;
  redirectHost?: string[];
  grantType?: string[];
  scope?: string;
}

const several = (value: string, before: string[] | undefined) => [...(before ?? []), value];

export function registrationCommand(noun: Command, { verb, printItem, printItems, note }: CommandTools): void {
  const token = noun
    .command('token')
    .description('initial access tokens, with which apps register themselves (RFC 7591)');

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
      'the scopes that clients may request, separated by spaces (default: those open to every app)',
    )
    .option(...JSON_OPTION)
    .action(
      verb<CreateOptions>(async (context, options) => {
        const policy = checkPolicy({
          redirectHosts: options.redirectHost,
          grantTypes: options.grantType,
          scopes: options.scope,
        });
        const { token: value, ...made } = await context.registrationTokens.create({
          policy,
          uses: /^\d+$/.test(options.uses) ? Number(options.uses) : Number.NaN,
          lifetime: lifetimeOf(options.expires),
        });
        const { id, ...rest } = describe(made);
        printItem({ id, token: value, ...rest }, options);
        if (!options.json) note('Keep the token now: it is stored as a hash, and cannot be shown again.');
      }),
    );

  token
    .command('list')
    .description('list all tokens, without their secret values')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options) => {
        const items = (await everyItem(context.registrationTokens.list)).map(describe);
        const columns = ['id', 'uses_left', 'redirect_hosts', 'grant_types', 'scope', 'expires_at'];
        printItems(items, columns, 'There are no registration tokens.', options);
      }),
    );

  token
    .command('revoke')
    .description('revoke a token; clients that were registered with it stay')
    .argument('<id>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, id = '') => {
        await context.registrationTokens.revoke(id);
        printItem({ id, revoked: true }, options);
      }),
    );
}

function lifetimeOf(duration: string): number {
  try {
    return seconds(60)(duration) as number;
  } catch (error) {
    throw new UsageError(`--expires ${(error as Error).message}`);
  }
}

function describe({ id, policy, usesLeft, createdAt, expiresAt }: RegistrationToken): Item {
  return {
    id,
    uses_left: usesLeft,
    grant_types: policy.grantTypes,
    ...(policy.redirectHosts ? { redirect_hosts: policy.redirectHosts } : {}),
    ...(policy.scopes ? { scope: policy.scopes.join(' ') } : {}),
    created_at: createdAt,
    expires_at: expiresAt,
  };
}
