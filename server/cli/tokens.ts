import type { Command } from 'commander';
import { tokens } from '../operations/tokens.ts';
import { UsageError } from './context.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';
import { ofUser, USER } from './user_ref.ts';

interface RevokeOptions extends PrintOptions {
  dryRun?: boolean;
  tokenStdin?: boolean;
  jti?: string;
  grant?: string;
  session?: string;
  user?: string;
  client?: string;
}

export function tokensCommand(noun: Command, { verb, printItem, readLine }: CommandTools): void {
  noun
    .command('revoke')
    .description(
      'revoke tokens at once, on all nodes; a resource server that verifies JWTs by itself notices it only by introspection',
    )
    .option('--token-stdin', 'a token (JWT or opaque), read from one line of standard input')
    .option('--jti <jti>', 'a JWT access token, by its "jti"')
    .option('--grant <id>', 'all tokens of a grant: of one client in one session')
    .option('--session <uid>', 'a session (see "users sessions"), with the tokens of its clients')
    .option('--user <user>', `all sessions and tokens of a user: ${USER}`)
    .option('--client <client-id>', 'all tokens of a client')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<RevokeOptions>(async (context, options) => {
        const { json: _, dryRun: __, tokenStdin, user, client, ...named } = options;
        if ([tokenStdin, user, client, ...Object.values(named)].filter((one) => one !== undefined).length !== 1) {
          throw new UsageError('give exactly one option that says what to revoke (see --help)');
        }
        const body = {
          ...named,
          ...(tokenStdin ? { token: await readLine('token') } : {}),
          ...(user === undefined ? {} : { user_id: (await ofUser(context, user)).params.id }),
          ...(client === undefined ? {} : { client_id: client }),
        };
        printItem(await context.operate(tokens.revoke, { body }, options), options);
      }),
    );
}
