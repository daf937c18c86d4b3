import { Argument, type Command } from 'commander';
import { auditKeys } from '../operations/audit_keys.ts';
import { keys } from '../operations/keys.ts';
import { secrets } from '../operations/secrets.ts';
import { type Context, UsageError } from './context.ts';
import { rotateDatabasePassword } from './database_password.ts';
import { type ChangeOptions, DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

type Rotate = (tools: CommandTools, options: ChangeOptions) => Promise<Item>;
type RotateByOperation = (context: Context, options: ChangeOptions) => Promise<Item>;

/** By the name that `secrets rotate` takes. All leave running servers without an interruption. */
const ROTATIONS: Readonly<Record<string, Rotate>> = {
  'signing-keys': by(async ({ operate }, options) => operate(keys.rotate, { body: {} }, options)),
  'cookie-keys': by(async ({ operate }, options) => operate(keys.rotate, { body: { ring: 'cookie' } }, options)),
  'audit-key': by(async ({ operate }, options) => operate(auditKeys.rotate, {}, options)),
  'database-password': rotateDatabasePassword,
};

function by(run: RotateByOperation): Rotate {
  return async ({ withContext }, options) => {
    let result: Item = {};
    await withContext(async (context) => {
      result = await run(context, options);
    });
    return result;
  };
}

export function secretsCommand(noun: Command, tools: CommandTools): void {
  const { verb, printItem, printItems } = tools;
  noun
    .command('list')
    .description(
      'list the secrets of the deployment: where they are, since when, and how they are replaced; never their values',
    )
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const { items } = await operate(secrets.list, {});
        printItems(items, ['name', 'from', 'since', 'rotation'], 'There are no secrets.', options);
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
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(async (name: string, options: ChangeOptions) => {
      const rotate = ROTATIONS[name] ?? (() => Promise.reject(new UsageError(`no secret ${name}`)));
      printItem(await rotate(tools, options), options);
    });
}
