import type { Command } from 'commander';
import { userCredentials } from '../operations/user_credentials.ts';
import { KEEP_PASSWORD_OPTION, PASSWORD_STDIN_OPTION } from './input.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type PrintOptions, showing } from './output.ts';
import type { CommandTools } from './tools.ts';
import { ofUser, USER } from './user_ref.ts';

interface ChangeOptions extends PrintOptions {
  dryRun?: boolean;
}

/** Verbs of `users` for passwords and second factors. */
export function userFactorsCommands(noun: Command, tools: CommandTools): void {
  const { verb, withContext, printItem, readNewPassword } = tools;
  showing(noun.command('factors'), userCredentials.factors)
    .description('show the second factors of a person')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref) => {
        printItem(await context.operate(userCredentials.factors, await ofUser(context, ref), options), options);
      }),
    );

  noun
    .command('reset-factors')
    .description('remove all second factors of a person who has lost them; ends their sessions and tokens')
    .argument('<user>', USER)
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(async (context, options, ref) => {
        printItem(await context.operate(userCredentials.resetFactors, await ofUser(context, ref), options), options);
      }),
    );

  noun
    .command('remove-factor')
    .description('remove one second factor of a person; ends their sessions and tokens')
    .argument('<user>', USER)
    .argument('<factor>', 'totp, recovery_codes, or the id of a passkey, which "users factors" shows')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(async (context, options, ref, factor = '') => {
        const user = await ofUser(context, ref);
        const operation = FACTORS[factor];
        const removed = operation
          ? await context.operate(operation, user, options)
          : await context.operate(
              userCredentials.removePasskey,
              { params: { ...user.params, passkey_id: factor } },
              options,
            );
        printItem(removed, options);
      }),
    );

  showing(noun.command('set-password'), userCredentials.setPassword)
    .description('set a new password; ends all sessions and tokens of the person, and a lock of the old password')
    .argument('<user>', USER)
    .option(...PASSWORD_STDIN_OPTION)
    .option(...KEEP_PASSWORD_OPTION)
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(async (ref: string, options: ChangeOptions & { passwordStdin?: boolean; keepPassword?: boolean }) => {
      const body = {
        password: await readNewPassword(options),
        ...(options.keepPassword ? { password_temporary: false } : {}),
      };
      await withContext(async (context) => {
        const input = { ...(await ofUser(context, ref)), body };
        printItem(await context.operate(userCredentials.setPassword, input, options), options);
      });
    });
}

const FACTORS: Readonly<Record<string, typeof userCredentials.removeTotp | undefined>> = {
  totp: userCredentials.removeTotp,
  recovery_codes: userCredentials.removeRecoveryCodes,
};
