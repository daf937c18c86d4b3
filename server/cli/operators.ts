import { type Command, Option } from 'commander';
import { operators } from '../operations/operators.ts';
import { UsageError } from './context.ts';
import { PASSWORD_STDIN_OPTION } from './input.ts';
import { type ChangeOptions, DRY_RUN_OPTION, JSON_OPTION, showing } from './output.ts';
import type { CommandTools } from './tools.ts';

interface BootstrapOptions extends ChangeOptions {
  user?: string;
  email?: string;
  name?: string;
  passwordStdin?: boolean;
  /** False by `--no-password`. */
  password?: boolean;
  client?: string;
  console?: string;
}

export function operatorsCommand(noun: Command, { withContext, printItem, note, readNewPassword }: CommandTools): void {
  showing(noun.command('bootstrap'), operators.bootstrap)
    .description('make the first administrator, and clients for the first tokens of the admin API')
    .option('--email <address>', 'of a new user; asks for its password unless an option says otherwise')
    .option('--name <name>', 'full name, for a new user')
    .option(...PASSWORD_STDIN_OPTION)
    .option('--no-password', 'no password: the person cannot sign in with one')
    .addOption(new Option('--user <user>', 'id, e-mail address or username of a user that exists').conflicts('email'))
    .option(
      '--client <name>',
      'also make a machine client with all scopes, and print its secret, which is shown only now',
    )
    .option('--console <redirect-uri>', 'also make a client by which people use the API')
    .option('--force', 'although there is an administrator already')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(async (options: BootstrapOptions) => {
      const { user, email, name, client, console: redirectUri, dryRun = false, force = false, full } = options;
      if ((user === undefined) === (email === undefined)) throw new UsageError('give either --email or --user');
      if (user !== undefined && (options.passwordStdin || name !== undefined))
        throw new UsageError('--name and --password-stdin are for a new user, with --email');
      if (options.passwordStdin && options.password === false)
        throw new UsageError('--password-stdin and --no-password exclude each other');
      const asks = email !== undefined && options.password !== false;
      const body = {
        ...(user === undefined ? {} : { user }),
        ...(email === undefined ? {} : { email }),
        ...(name === undefined ? {} : { name }),
        ...(asks ? { password: await readNewPassword(options) } : {}),
        ...(client === undefined ? {} : { client }),
        ...(force ? { another: true } : {}),
        ...(redirectUri === undefined ? {} : { console_redirect_uri: redirectUri }),
      };
      await withContext(async ({ operate, config }) => {
        const made = await operate(operators.bootstrap, { body }, { dryRun, full });
        printItem(made, options);
        if (!options.json && !dryRun) for (const line of nextSteps(config.issuer.identifier, made)) note(line);
      });
    });
}

interface Made {
  readonly client_id: string | null;
  readonly console_client_id: string | null;
}

/** How to get the first token. */
function nextSteps(issuer: string, { client_id: machine, console_client_id: app }: Made): string[] {
  const steps = [
    ...(machine === null
      ? []
      : [
          'Keep the secret now: it is stored as a hash, and cannot be shown again. A token for an hour, with the secret as password:',
          `  curl -sS -u ${machine} -d grant_type=client_credentials -d 'scope=cardea:users:read' ${issuer}/token`,
          'The token shows what it permits:',
          `  curl -sS -H 'Authorization: Bearer TOKEN' ${issuer}/api/v1/me`,
        ]),
    ...(app === null ? [] : [`People get tokens by the client ${app} (authorization code with PKCE).`]),
    ...(machine === null && app === null
      ? ['For tokens register a client: cardea operators bootstrap --help, or cardea clients create --help.']
      : []),
  ];
  return [...steps, 'More is in ops/docs/admin-api.md.'];
}
