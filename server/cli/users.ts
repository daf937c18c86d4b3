import { type Command, InvalidArgumentError } from 'commander';
import type { Account } from '../accounts/account.ts';
import { claimsOf } from '../accounts/claims.ts';
import type { Accounts } from '../accounts/store.ts';
import { endSessions } from '../records/overview.ts';
import { UsageError } from './context.ts';
import { PASSWORD_STDIN_OPTION } from './input.ts';
import { inviteVerb } from './mail.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';
import { userFactorsCommands } from './user_factors.ts';
import { namesOf, userNamesCommands } from './user_names.ts';
import { userSessionsCommands } from './user_sessions.ts';
import { usersImportCommand } from './users_import.ts';

interface PasswordOptions extends PrintOptions {
  passwordStdin?: boolean;
  /** False by `--no-password`. */
  password?: boolean;
}

interface CreateOptions extends PasswordOptions {
  email: string;
  username?: string;
  name?: string;
  givenName?: string;
  familyName?: string;
  emailVerified?: boolean;
  group?: string[];
  role?: string[];
}

const USER = 'id, e-mail address or username';
const PAGE = 500;

export function usersCommand(noun: Command, tools: CommandTools): void {
  const { verb, withContext, printItem, printItems, readNewPassword } = tools;
  noun
    .command('create')
    .description('create an account; asks for the password unless an option says otherwise')
    .requiredOption('--email <address>', 'e-mail address, for signing in and for mails')
    .option('--username <name>', 'username, for signing in')
    .option('--name <name>', 'full name')
    .option('--given-name <name>', 'given name')
    .option('--family-name <name>', 'family name')
    .option('--email-verified', 'the address is known to belong to the person')
    .option('--group <groups>', 'groups, separated by commas', namesOf)
    .option('--role <roles>', 'roles, separated by commas', namesOf)
    .option(...PASSWORD_STDIN_OPTION)
    .option('--no-password', 'no password: the person cannot sign in with one')
    .option(...JSON_OPTION)
    .action(async (options: CreateOptions) => {
      if (options.passwordStdin && options.password === false) {
        throw new UsageError('--password-stdin and --no-password exclude each other');
      }
      const {
        passwordStdin: _,
        password: asksForPassword,
        json: __,
        group: groups = [],
        role: roles = [],
        ...profile
      } = options;
      const password = asksForPassword === false ? null : await readNewPassword(options);
      await withContext(async (context) => {
        const { accounts } = await context.accountStores();
        const passwordHash =
          password === null ? null : await (await context.passwords()).change.hashFirst(profile, password);
        printItem(describe(await accounts.create({ ...profile, passwordHash, groups, roles })), options);
      });
    });

  usersImportCommand(noun, tools);
  inviteVerb(noun, tools);

  noun
    .command('list')
    .description('list all accounts, oldest first')
    .option('--limit <n>', 'the number of accounts at most', wholeNumber)
    .option('--after <id>', 'start after the account with this id')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions & { limit?: number; after?: string }>(async (context, options) => {
        const { limit = Number.POSITIVE_INFINITY, after } = options;
        const { accounts } = await context.accountStores();
        const items = (await list(accounts, limit, after)).map(describe);
        const columns = ['id', 'email', 'username', 'name', 'has_password', 'disabled', 'created_at'];
        printItems(items, columns, 'There are no users.', options);
      }),
    );

  noun
    .command('show')
    .description('show an account')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts, attempts } = await context.accountStores();
        const account = await accounts.resolve(ref);
        const locks = await attempts.locksOf(account.id);
        printItem(
          { ...describe(account), locked: locks.map(({ factor, until }) => `${factor} until ${until.toISOString()}`) },
          options,
        );
      }),
    );

  noun
    .command('disable')
    .description('disable an account at once: ends its sessions and tokens, and refuses every sign-in')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts, devices } = await context.accountStores();
        const { id } = await accounts.resolve(ref);
        await accounts.disable(id, [...endSessions(id), devices.forgetOthers(id)]);
        printItem(describe(await accounts.resolve(id)), options);
      }),
    );

  noun
    .command('enable')
    .description('enable an account again')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts } = await context.accountStores();
        const { id } = await accounts.resolve(ref);
        await accounts.enable(id);
        printItem(describe(await accounts.resolve(id)), options);
      }),
    );

  noun
    .command('unlock')
    .description('end all locks that wrong passwords or codes have caused')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts, attempts } = await context.accountStores();
        const { id } = await accounts.resolve(ref);
        const ended = await attempts.locksOf(id);
        await context.db.transact([attempts.unlock(id)]);
        printItem({ ...describe(await accounts.resolve(id)), locks_ended: ended.map(({ factor }) => factor) }, options);
      }),
    );

  userSessionsCommands(noun, tools);
  userNamesCommands(noun, tools);
  userFactorsCommands(noun, tools);

  noun
    .command('set-password')
    .description('set a new password; ends all sessions and tokens of the person, and a lock of the old password')
    .argument('<user>', USER)
    .option(...PASSWORD_STDIN_OPTION)
    .option(...JSON_OPTION)
    .action(async (ref: string, options: PasswordOptions) => {
      const password = await readNewPassword(options);
      await withContext(async (context) => {
        const { accounts } = await context.accountStores();
        const account = await accounts.resolve(ref);
        const { change } = await context.passwords();
        await change.set(account, password, { by: 'operator' });
        printItem(describe(await accounts.resolve(account.id)), options);
      });
    });
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}

async function list(accounts: Accounts, limit: number, first: string | undefined): Promise<Account[]> {
  const listed: Account[] = [];
  for (let after = first; listed.length < limit; ) {
    const page = await accounts.list({ after, limit: Math.min(PAGE, limit - listed.length) });
    listed.push(...page);
    after = page.at(-1)?.id;
    if (page.length < PAGE) break;
  }
  return listed;
}

/** Claims by their standard names, then Cardea's own data of the account. */
function describe(account: Account): Item {
  const { sub: _, updated_at: __, preferred_username: username, ...claims } = claimsOf(account);
  return {
    id: account.id,
    ...(account.subject === undefined ? {} : { sub: account.subject }),
    ...(username === undefined ? {} : { username: account.username }),
    ...(claims as Item),
    has_password: account.passwordHash !== null,
    second_factors: account.secondFactors,
    groups: account.groups,
    roles: account.roles,
    disabled: account.disabled,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  };
}
