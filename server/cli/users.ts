import { type Command, Option } from 'commander';

import { userDeletion } from '../operations/user_deletion.ts';
import { userInactivity } from '../operations/user_inactivity.ts';
import { REASONS, userRestriction } from '../operations/user_restriction.ts';
import { userState } from '../operations/user_state.ts';
import { users } from '../operations/users.ts';
import { UsageError } from './context.ts';
import { KEEP_PASSWORD_OPTION, PASSWORD_STDIN_OPTION } from './input.ts';
import { type ListOptions, listed, listOptions } from './lists.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions, showing } from './output.ts';
import type { CommandTools } from './tools.ts';
import { userFactorsCommands } from './user_factors.ts';
import { namesOf, userNamesCommands } from './user_names.ts';
import { profileOf, profileOptions, removing } from './user_profile.ts';
import { ofUser, USER } from './user_ref.ts';
import { acceptedText, userSessionsCommands } from './user_sessions.ts';
import { usersDataExportCommand } from './users_data_export.ts';
import { usersExportCommand } from './users_export.ts';
import { usersImportCommand } from './users_import.ts';

interface ChangeOptions extends PrintOptions {
  dryRun?: boolean;
}

interface CreateOptions extends ChangeOptions {
  email: string;
  emailVerified?: boolean;
  group?: string[];
  role?: string[];
  passwordStdin?: boolean;
  keepPassword?: boolean;
  /** False by `--no-password`. */
  password?: boolean;
}

const GROUP_OPTION = ['--group <groups>', 'groups, separated by commas', namesOf] as const;
const ROLE_OPTION = ['--role <roles>', 'roles, separated by commas', namesOf] as const;

export function usersCommand(noun: Command, tools: CommandTools): void {
  const { verb, withContext, printItem, printItems, readNewPassword } = tools;
  profileOptions(
    showing(noun.command('create'), users.create)
      .description('create a user; asks for the password unless an option says otherwise')
      .requiredOption('--email <address>', 'e-mail address, for signing in and for mails')
      .option('--email-verified', 'the address is known to belong to the person')
      .option(...GROUP_OPTION)
      .option(...ROLE_OPTION),
  )
    .option(...PASSWORD_STDIN_OPTION)
    .option(...KEEP_PASSWORD_OPTION)
    .option('--no-password', 'no password: the person cannot sign in with one')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(async (options: CreateOptions) => {
      if (options.passwordStdin && options.password === false) {
        throw new UsageError('--password-stdin and --no-password exclude each other');
      }
      if (options.keepPassword && options.password === false) {
        throw new UsageError('--keep-password and --no-password exclude each other');
      }
      const password = options.password === false ? {} : { password: await readNewPassword(options) };
      await withContext(async ({ operate }) => {
        const { email, emailVerified, group: groups, role: roles } = options;
        const body = {
          email,
          ...(emailVerified ? { email_verified: true } : {}),
          ...profileOf(options),
          ...(groups ? { groups } : {}),
          ...(roles ? { roles } : {}),
          ...password,
          ...(options.keepPassword ? { password_temporary: false } : {}),
        };
        printItem(await operate(users.create, { body }, options), options);
      });
    });

  usersImportCommand(noun, tools);
  usersExportCommand(noun, tools);
  usersDataExportCommand(noun, tools);

  profileOptions(
    showing(noun.command('invite'), userState.invite)
      .description('create a user without a password, and mail a link to set one; repeat it to mail another link')
      .requiredOption('--email <address>', 'e-mail address, for signing in and for mails')
      .option(...GROUP_OPTION)
      .option(...ROLE_OPTION),
  )
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<CreateOptions>(async ({ operate }, options) => {
        const { email, group: groups, role: roles } = options;
        const names = { ...(groups ? { groups } : {}), ...(roles ? { roles } : {}) };
        const body = { email, ...profileOf(options), ...names };
        printItem(await operate(userState.invite, { body }, options), options);
      }),
    );

  listOptions(
    showing(noun.command('list'), users.list)
      .description('list all users, the newest first')
      .option('--search <beginning>', 'those whose e-mail address, username or name begins so'),
  ).action(
    verb<ListOptions & { search?: string }>(async (context, { search, ...options }) => {
      const columns = [
        'id',
        'email',
        'username',
        'name',
        'has_password',
        'disabled',
        'restricted_at',
        'deletion_due_at',
        'created_at',
      ];
      const further = search === undefined ? {} : { search };
      const items = (await listed(context, users.list, options, further)) as Item[];
      printItems(items, columns, 'There are no users.', options);
    }),
  );

  showing(noun.command('show'), users.show)
    .description('show a user')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref) => {
        const user = await context.operate(users.show, await ofUser(context, ref), options);
        const locked = user.locked.map(({ factor, locked_until }) => `${factor} until ${locked_until}`);
        const accepted = user.accepted_texts.map(acceptedText);
        printItem(user, options, { ...user, locked, accepted_texts: accepted });
      }),
    );

  profileOptions(
    showing(noun.command('update'), users.update)
      .description('change a user: only what the options name; "" removes a value')
      .argument('<user>', USER)
      .option('--email <address>', 'e-mail address; not verified unless --email-verified says so')
      .option('--email-verified', 'the address is known to belong to the person')
      .option('--no-email-verified', 'the address is not known to belong to the person'),
  )
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<Partial<CreateOptions> & ChangeOptions>(async (context, options, ref) => {
        const { email, emailVerified } = options;
        const body = {
          ...(email === undefined ? {} : { email }),
          ...(emailVerified === undefined ? {} : { email_verified: emailVerified }),
          ...removing(profileOf(options)),
        };
        if (Object.keys(body).length === 0) throw new UsageError('nothing to change was given');
        printItem(await context.operate(users.update, { ...(await ofUser(context, ref)), body }, options), options);
      }),
    );

  const simple = [
    ['disable', 'disable a user at once: ends its sessions and tokens, and refuses every sign-in', userState.disable],
    ['enable', 'enable a user again', userState.enable],
    [
      'delete',
      'plan that a user is erased after CARDEA_DELETION_GRACE (0: now), until when restore undoes it; ends its sessions and tokens now',
      userDeletion.remove,
    ],
    ['restore', 'undo the planned deletion of a user, within CARDEA_DELETION_GRACE', userDeletion.restore],
    ['lift-restriction', 'lift the restriction of a user', userRestriction.lift],
    [
      'erase',
      'erase a user with everything of the person, now and for ever, without CARDEA_DELETION_GRACE',
      userDeletion.erase,
    ],
  ] as const;
  for (const [name, description, operation] of simple) {
    showing(noun.command(name), operation)
      .description(description)
      .argument('<user>', USER)
      .option(...DRY_RUN_OPTION)
      .option(...JSON_OPTION)
      .action(
        verb<ChangeOptions>(async (context, options, ref) => {
          const done = await context.operate(
            operation as typeof userState.disable,
            await ofUser(context, ref),
            options,
          );
          printItem(done, options);
        }),
      );
  }

  showing(noun.command('restrict'), userRestriction.restrict)
    .description(
      'restrict the processing of a user’s data (GDPR Art. 18): they are stored, and nothing else is done with them',
    )
    .argument('<user>', USER)
    .addOption(new Option('--reason <reason>', 'why, by Art. 18(1)').choices([...REASONS]).makeOptionMandatory())
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions & { reason: (typeof REASONS)[number] }>(async (context, options, ref) => {
        const input = { ...(await ofUser(context, ref)), body: { reason: options.reason } };
        printItem(await context.operate(userRestriction.restrict, input, options), options);
      }),
    );

  noun
    .command('inactive')
    .description(
      'count the users whom the policy for inactive accounts would warn, disable and delete now (CARDEA_INACTIVE_WARN, …_DISABLE, …_ERASE)',
    )
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) =>
        printItem(await operate(userInactivity.inactive, {}), options),
      ),
    );

  showing(noun.command('unlock'), userState.unlock)
    .description('end all locks that wrong passwords or codes have caused')
    .argument('<user>', USER)
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(async (context, options, ref) => {
        const user = await context.operate(userState.unlock, await ofUser(context, ref), options);
        printItem(user, options, { ...user, locks_ended: user.locks_ended.map(({ factor }) => factor) });
      }),
    );

  userSessionsCommands(noun, tools);
  userNamesCommands(noun, tools);
  userFactorsCommands(noun, tools);
}
