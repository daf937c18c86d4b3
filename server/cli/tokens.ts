import type { Command } from 'commander';
import { carryOut } from '../platform/planned.ts';
import type { Endings } from '../records/ending.ts';
import { UsageError } from './context.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

interface RevokeOptions extends PrintOptions {
  tokenStdin?: boolean;
  jti?: string;
  grant?: string;
  session?: string;
  account?: string;
  client?: string;
}

/** By option: what ends the named tokens. */
const ENDINGS = {
  tokenStdin: 'token',
  jti: 'jti',
  grant: 'grant',
  session: 'session',
  account: 'account',
  client: 'client',
} as const satisfies Record<Exclude<keyof RevokeOptions, 'json'>, keyof Endings>;

export function tokensCommand(noun: Command, { verb, printItem, readLine }: CommandTools): void {
  noun
    .command('revoke')
    .description(
      'revoke tokens at once, on all nodes; a resource server that verifies JWTs by itself notices it only by introspection',
    )
    .option('--token-stdin', 'a token (JWT or opaque), read from one line of standard input')
    .option('--jti <jti>', 'a JWT access token, by its "jti"')
    .option('--grant <id>', 'all tokens of a grant: of one app in one session')
    .option('--session <uid>', 'a session (see "users sessions"), with the tokens of its apps')
    .option('--account <user>', 'all sessions and tokens of a person: id, e-mail address or username')
    .option('--client <client-id>', 'all tokens of an app')
    .option(...JSON_OPTION)
    .action(
      verb<RevokeOptions>(async (context, options) => {
        const { json: _, ...given } = options;
        const [one, ...more] = Object.entries(given) as [keyof typeof ENDINGS, string | boolean][];
        if (!one || more.length > 0) {
          throw new UsageError('give exactly one option that says what to revoke (see --help)');
        }
        const [kind, named] = one;
        const endings = await context.services.endings();
        const planned = await endings[ENDINGS[kind]](kind === 'tokenStdin' ? await readLine('token') : String(named));
        printItem({ ...planned.ended(await carryOut(context.db, planned)) }, options);
      }),
    );
}
