import type { Command } from 'commander';
import type { Account } from '../accounts/account.ts';
import { removeSecondFactors } from '../accounts/second_factors.ts';
import { endSessions } from '../records/overview.ts';
import type { Context } from './context.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const USER = 'id, e-mail address or username';

/** Verbs of `users` for second factors. */
export function userFactorsCommands(noun: Command, { verb, printItem }: CommandTools): void {
  noun
    .command('factors')
    .description('show the second factors of a person')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts } = await context.accountStores();
        const account = await accounts.resolve(ref);
        printItem(await describeFactors(context, account), options);
      }),
    );

  noun
    .command('reset-factors')
    .description('remove all second factors of a person who has lost them; ends their sessions and tokens')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts, attempts, events, mails } = await context.accountStores();
        const account = await accounts.resolve(ref);
        await removeSecondFactors(context.db, account, [
          ...endSessions(account.id),
          attempts.unlock(account.id),
          ...account.secondFactors.flatMap((factor) => [
            events.append(account, `${factor}_removed`),
            mails.enqueue({ kind: 'factor_removed', accountId: account.id, details: { factor } }),
          ]),
        ]);
        printItem({ id: account.id, removed: account.secondFactors }, options);
      }),
    );
}

async function describeFactors(context: Context, account: Account) {
  const { passkeys, recoveryCodes } = await context.factors();
  return {
    id: account.id,
    second_factors: account.secondFactors,
    recovery_codes: await recoveryCodes.remaining(account),
    passkeys: (await passkeys.list(account)).map((passkey) => ({
      name: passkey.name,
      backed_up: passkey.backedUp,
      created_at: passkey.createdAt,
      last_used_at: passkey.lastUsedAt,
    })),
  };
}
