import type { Command } from 'commander';
import { groups } from '../operations/groups.ts';
import { isPermission, PERMISSIONS, type Permission } from '../operations/permissions.ts';
import { roles } from '../operations/roles.ts';
import { UsageError } from './context.ts';
import { type ListOptions, listed, listOptions } from './lists.ts';
import { changeOptions, DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';
import { namesOf } from './user_names.ts';

/* The nouns `groups` and `roles`. */

interface ChangeOptions extends PrintOptions {
  description?: string;
  permission?: string[];
  dryRun?: boolean;
  force?: boolean;
}

const PROGRESS_EVERY = 10_000;

interface DeleteOptions extends PrintOptions {
  removeMembers?: boolean;
  dryRun?: boolean;
  force?: boolean;
}

const PERMISSION_OPTION = [
  '--permission <permissions>',
  `what people with it may do in the admin API, separated by commas: ${PERMISSIONS.join(', ')}`,
  namesOf,
] as const;

export function groupsCommand(noun: Command, tools: CommandTools): void {
  const { verb, printItem } = tools;
  listVerbs(noun, tools, { one: 'group', operations: groups, columns: ['name', 'description', 'managed_by'] });
  noun
    .command('create')
    .description('create a group')
    .argument('<name>')
    .option('--description <text>', 'for operators')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(async ({ operate }, options, name = '') => {
        printItem(await operate(groups.create, { body: { name, ...textOf(options) } }, options), options);
      }),
    );
  changeOptions(
    noun
      .command('update')
      .description('change a group')
      .argument('<name>')
      .option('--description <text>', 'for operators'),
  ).action(
    verb<ChangeOptions>(async ({ operate }, options, name = '') => {
      const body = given(textOf(options));
      printItem(await operate(groups.update, { params: { name }, body }, options), options);
    }),
  );
}

export function rolesCommand(noun: Command, tools: CommandTools): void {
  const { verb, printItem } = tools;
  listVerbs(noun, tools, {
    one: 'role',
    operations: roles,
    columns: ['name', 'builtin', 'permissions', 'description', 'managed_by'],
  });
  noun
    .command('create')
    .description('create a role')
    .argument('<name>')
    .option('--description <text>', 'for operators')
    .option(...PERMISSION_OPTION)
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(async ({ operate }, options, name = '') => {
        printItem(await operate(roles.create, { body: { name, ...roleOf(options) } }, options), options);
      }),
    );
  changeOptions(
    noun
      .command('update')
      .description('change a role: only what the options name')
      .argument('<name>')
      .option('--description <text>', 'for operators')
      .option(PERMISSION_OPTION[0], `${PERMISSION_OPTION[1]}. Replaces the earlier ones; "" for none`, namesOf),
  ).action(
    verb<ChangeOptions>(async ({ operate }, options, name = '') => {
      const body = given(roleOf(options));
      printItem(await operate(roles.update, { params: { name }, body }, options), options);
    }),
  );
}

/** The verbs that groups and roles have in common. */
function listVerbs(
  noun: Command,
  { verb, printItem, printItems, createProgress }: CommandTools,
  kind: {
    readonly one: 'group' | 'role';
    readonly operations: typeof groups | typeof roles;
    readonly columns: readonly string[];
  },
): void {
  const { one, operations, columns } = kind;
  listOptions(noun.command('list').description(`list all ${one}s by name`)).action(
    verb<ListOptions>(async (context, options) => {
      const items = await listed(context, operations.list as typeof groups.list, options);
      printItems(items as Item[], columns, `There are no ${one}s.`, options, (items as Item[]).map(inTable));
    }),
  );
  noun
    .command('show')
    .description(`show a ${one}`)
    .argument('<name>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options, name = '') => {
        printItem(await operate(operations.show as typeof groups.show, { params: { name } }), options);
      }),
    );
  changeOptions(
    noun
      .command('delete')
      .description(`delete a ${one}; one that has members, only with --remove-members`)
      .argument('<name>')
      .option('--remove-members', 'also when it has members: they lose it'),
  ).action(
    verb<DeleteOptions>(async ({ operate }, options, name = '') => {
      const query = options.removeMembers ? { remove_members: true } : {};
      const shown = createProgress({ every: PROGRESS_EVERY });
      const progress = (done: number) => shown.show(done, `${done} members have lost it`);
      printItem(await operate(operations.remove, { params: { name }, query }, { ...options, progress }), options);
    }),
  );
}

const PERMISSIONS_SHOWN = 3;

/** The item for a table, where many permissions would make a very long line. */
function inTable({ permissions, ...item }: Item): Item {
  if (!Array.isArray(permissions)) return item;
  if (PERMISSIONS.every((one) => permissions.includes(one))) return { ...item, permissions: 'all' };
  const rest = permissions.length - PERMISSIONS_SHOWN;
  if (rest <= 1) return { ...item, permissions };
  return { ...item, permissions: [...permissions.slice(0, PERMISSIONS_SHOWN), `and ${rest} more`] };
}

function textOf({ description }: ChangeOptions) {
  return description === undefined ? {} : { description };
}

function roleOf({ permission, ...options }: ChangeOptions) {
  return { ...textOf(options), ...(permission === undefined ? {} : { permissions: permissionsIn(permission) }) };
}

function permissionsIn(names: readonly string[]): Permission[] {
  const unknown = names.find((name) => !isPermission(name));
  if (unknown !== undefined) throw new UsageError(`${unknown} is no permission; there are ${PERMISSIONS.join(', ')}`);
  return names.filter(isPermission);
}

function given<T extends object>(body: T): T {
  if (Object.keys(body).length === 0) throw new UsageError('nothing to change was given');
  return body;
}
