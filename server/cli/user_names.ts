import type { Command } from 'commander';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const USER = 'id, e-mail address or username';

/** `a,b` as it stands on a command line; nothing for none. */
export function namesOf(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** What the operator says of a person: the verb, what it is about, and how it is set. */
const KINDS = [
  [
    'groups',
    'the groups that a person is in; CARDEA_SECOND_FACTOR_GROUPS says which need a second factor',
    'setGroups',
  ],
  ['roles', 'the roles that a person has; apps read them by scope or mapping', 'setRoles'],
] as const;

/** Verbs of `users` about groups and roles. */
export function userNamesCommands(noun: Command, { verb, printItem }: CommandTools): void {
  for (const [kind, description, set] of KINDS) {
    noun
      .command(kind)
      .description(description)
      .argument('<user>', USER)
      .option(`--set <${kind}>`, 'these instead, separated by commas; "" for none', namesOf)
      .option(...JSON_OPTION)
      .action(
        verb<PrintOptions & { set?: string[] }>(async (context, options, ref = '') => {
          const { accounts } = await context.accountStores();
          const { id } = await accounts.resolve(ref);
          if (options.set) await accounts[set](id, options.set);
          const account = await accounts.resolve(id);
          printItem({ id, [kind]: account[kind] }, options);
        }),
      );
  }
}
