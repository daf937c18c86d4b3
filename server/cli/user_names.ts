import type { Command } from 'commander';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const USER = 'id, e-mail address or username';

/** Reads `a,b`; the empty text is an empty list. */
export function namesOf(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** The verb, its description, and the method that sets it. */
const KINDS = [
  [
    'groups',
    'show or set the groups of a person; CARDEA_SECOND_FACTOR_GROUPS says which need a second factor',
    'setGroups',
  ],
  ['roles', 'show or set the roles of a person; apps get them by scope or claim mapping', 'setRoles'],
] as const;

/** Verbs of `users` for groups and roles. */
export function userNamesCommands(noun: Command, { verb, printItem }: CommandTools): void {
  for (const [kind, description, set] of KINDS) {
    noun
      .command(kind)
      .description(description)
      .argument('<user>', USER)
      .option(`--set <${kind}>`, 'replace them with these, separated by commas; "" for none', namesOf)
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
