import type { Command } from 'commander';
import { userNames } from '../operations/user_names.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';
import { ofUser, USER } from './user_ref.ts';

/** Reads `a,b`; the empty text is an empty list. */
export function namesOf(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

interface SetOptions extends PrintOptions {
  set?: string[];
  dryRun?: boolean;
}

/** Verbs of `users` for groups and roles. */
export function userNamesCommands(noun: Command, { verb, printItem }: CommandTools): void {
  noun
    .command('groups')
    .description('show or set the groups of a person; CARDEA_SECOND_FACTOR_GROUPS says which need a second factor')
    .argument('<user>', USER)
    .option('--set <groups>', 'replace them with these, separated by commas; "" for none', namesOf)
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<SetOptions>(async (context, options, ref) => {
        const { set: groups } = options;
        const user = await ofUser(context, ref);
        const item = groups
          ? await context.operate(userNames.setGroups, { ...user, body: { groups: [...new Set(groups)] } }, options)
          : await context.operate(userNames.groups, user);
        printItem(item, options);
      }),
    );

  noun
    .command('roles')
    .description('show or set the roles of a person; clients get them by scope or claim mapping')
    .argument('<user>', USER)
    .option('--set <roles>', 'replace them with these, separated by commas; "" for none', namesOf)
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<SetOptions>(async (context, options, ref) => {
        const { set: roles } = options;
        const user = await ofUser(context, ref);
        const item = roles
          ? await context.operate(userNames.setRoles, { ...user, body: { roles: [...new Set(roles)] } }, options)
          : await context.operate(userNames.roles, user);
        printItem(item, options);
      }),
    );
}
