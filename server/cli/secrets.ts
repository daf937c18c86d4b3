import { Argument, type Command } from 'commander';
import { auditKeys } from '../operations/audit_keys.ts';
import { keys } from '../operations/keys.ts';
import { secrets } from '../operations/secrets.ts';
import { type RotateOptions, TIMEOUT_OPTION } from './awaited_servers.ts';
import { UsageError } from './context.ts';
import { rotateDatabasePassword } from './database_password.ts';
import { PASSWORD_STDIN_OPTION } from './input.ts';
import { printKeyChanges } from './keys.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import { rotatePepper } from './pepper.ts';
import { MAIL_SERVER, REDIS, rotateServicePassword } from './service_passwords.ts';
import type { CommandTools } from './tools.ts';

/** Replaces a secret, and prints the result. */
type Rotate = (tools: CommandTools, options: RotateOptions) => Promise<void>;

/** By the name that `secrets rotate` takes. All leave running servers without an interruption. */
const ROTATIONS: Readonly<Record<string, Rotate>> = {
  'signing-keys': rotateKeys({}),
  'cookie-keys': rotateKeys({ ring: 'cookie' }),
  'audit-key': ({ withContext, printItem }, options) =>
    withContext(async ({ operate }) => printItem(await operate(auditKeys.rotate, {}, options), options)),
  'database-password': printed(rotateDatabasePassword),
  'redis-password': printed((tools, options) => rotateServicePassword(REDIS, tools, options)),
  'smtp-password': printed((tools, options) => rotateServicePassword(MAIL_SERVER, tools, options)),
  pepper: printed(rotatePepper),
};

function printed(run: (tools: CommandTools, options: RotateOptions) => Promise<Item>): Rotate {
  return async (tools, options) => tools.printItem(await run(tools, options), options);
}

function rotateKeys(body: { readonly ring?: string }): Rotate {
  return (tools, options) =>
    tools.withContext(async ({ operate }) =>
      printKeyChanges(tools, await operate(keys.rotate, { body }, options), options),
    );
}

export function secretsCommand(noun: Command, tools: CommandTools): void {
  const { verb, printItems } = tools;
  noun
    .command('list')
    .description(
      'list the secrets of the deployment: where they are, since when, and how they are replaced; never their values',
    )
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const { items } = await operate(secrets.list, {});
        const columns = ['name', 'from', 'since', 'servers', 'rotation'];
        const shown = items.map((item) => ({
          ...item,
          servers: item.servers && `${item.servers.using} of ${item.servers.running}`,
        }));
        printItems(items, columns, 'There are no secrets.', options, shown);
      }),
    );

  noun
    .command('rotate')
    .description('replace a secret while servers run')
    .addArgument(new Argument('<name>', 'which one').choices(Object.keys(ROTATIONS)))
    .addHelpText(
      'after',
      '\nOthers have commands of their own: master-key rotate, clients rotate-secret, audit destinations rotate-secret.' +
        '\n"secrets list" says how each is replaced, and ops/docs/secrets.md explains it.',
    )
    .option(
      PASSWORD_STDIN_OPTION[0],
      'smtp-password, redis-password: read the new one, which the service has already, from standard input',
    )
    .option('--finish', 'pepper: remove the old one, when no password needs it')
    .option(...TIMEOUT_OPTION)
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(async (name: string, options: RotateOptions) => {
      const rotate = ROTATIONS[name] ?? (() => Promise.reject(new UsageError(`no secret ${name}`)));
      await rotate(tools, options);
    });
}
