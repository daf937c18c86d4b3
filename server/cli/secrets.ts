import { Argument, type Command } from 'commander';
import { auditKeys } from '../operations/audit_keys.ts';
import { keys } from '../operations/keys.ts';
import { secrets } from '../operations/secrets.ts';
import { type RotateOptions, timeoutOption } from './awaited_servers.ts';
import { UsageError } from './context.ts';
import { rotateDatabasePassword } from './database_password.ts';
import { PASSWORD_STDIN_OPTION } from './input.ts';
import { printKeyChanges } from './keys.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import { rotatePepper } from './pepper.ts';
import { REDIS } from './redis_passwords.ts';
import { MAIL_SERVER, rotateServicePassword, type Service } from './service_passwords.ts';
import type { CommandTools } from './tools.ts';

/** Replaces a secret, and prints the result. */
type Rotate = (tools: CommandTools, options: RotateOptions) => Promise<void>;

interface Rotation {
  readonly rotate: Rotate;
  /** The options that it takes beside those of every rotation. */
  readonly options?: readonly (keyof RotateOptions)[];
}

/** By the name that `secrets rotate` takes. All leave running servers without an interruption. */
const ROTATIONS: Readonly<Record<string, Rotation>> = {
  'signing-keys': { rotate: rotateKeys({}) },
  'cookie-keys': { rotate: rotateKeys({ ring: 'cookie' }) },
  'audit-key': {
    rotate: ({ withContext, printItem }, options) =>
      withContext(async ({ operate }) => printItem(await operate(auditKeys.rotate, {}, options), options)),
  },
  'database-password': { rotate: printed(rotateDatabasePassword), options: ['timeout'] },
  'redis-password': { rotate: printed(rotateOf(REDIS)), options: ['timeout', 'passwordStdin'] },
  'smtp-password': { rotate: printed(rotateOf(MAIL_SERVER)), options: ['timeout', 'passwordStdin'] },
  pepper: { rotate: printed(rotatePepper), options: ['timeout', 'finish'] },
};

/** Options that some rotations take, as they are typed. */
const OF_SOME = { timeout: '--timeout', passwordStdin: '--password-stdin', finish: '--finish' } as const;

function rotateOf(service: Service) {
  return (tools: CommandTools, options: RotateOptions) => rotateServicePassword(service, tools, options);
}

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
    .addOption(timeoutOption())
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(async (name: string, options: RotateOptions, command: Command) => {
      const { rotate, options: taken = [] } = ROTATIONS[name] ?? {};
      if (!rotate) throw new UsageError(`no secret ${name}`);
      for (const [option, typed] of Object.entries(OF_SOME))
        if (command.getOptionValueSource(option) === 'cli' && !taken.some((one) => one === option))
          throw new UsageError(`${name} takes no ${typed}`);
      await rotate(tools, options);
    });
}
