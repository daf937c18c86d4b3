import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { Argument, type Command } from 'commander';
import { auditKeys } from '../operations/audit_keys.ts';
import { keys } from '../operations/keys.ts';
import { secrets } from '../operations/secrets.ts';
import { newDatabasePassword, withPassword } from '../platform/database_password.ts';
import { createDb, ping } from '../platform/db.ts';
import { secretIn } from '../platform/settings.ts';
import { type Context, UsageError } from './context.ts';
import { type ChangeOptions, DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

type Rotate = (context: Context, options: ChangeOptions) => Promise<Item>;

/** By the name that `secrets rotate` takes. All leave running servers without an interruption. */
const ROTATIONS: Readonly<Record<string, Rotate>> = {
  'signing-keys': async ({ operate }, options) => operate(keys.rotate, { body: {} }, options),
  'cookie-keys': async ({ operate }, options) => operate(keys.rotate, { body: { ring: 'cookie' } }, options),
  'audit-key': async ({ operate }, options) => operate(auditKeys.rotate, {}, options),
  'database-password': rotateDatabasePassword,
};

export function secretsCommand(noun: Command, { verb, printItem, printItems }: CommandTools): void {
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
    .action(
      verb<ChangeOptions>(async (context, options, name = '') => {
        const rotate = ROTATIONS[name] ?? (() => Promise.reject(new UsageError(`no secret ${name}`)));
        printItem(await rotate(context, options), options);
      }),
    );
}

/**
 * The database gets the new password, then the file of the URL has it. Connections that a server opens in between are tried again
 * (platform/db.ts). When the file cannot be replaced the database gets the old password again.
 */
async function rotateDatabasePassword({ config, operate }: Context, options: ChangeOptions): Promise<Item> {
  const file = config.secretFiles.CARDEA_DATABASE_URL;
  if (file === undefined)
    throw new UsageError('the URL must come from a file that servers read again: set CARDEA_DATABASE_URL_FILE');
  const before = secretIn(file);
  const password = newDatabasePassword();
  const after = withPassword(before, password);
  const put = prepared(file, after);
  try {
    await operate(secrets.changeDatabasePassword, { body: { password } }, options);
    if (options.dryRun) return { file, rotated: false };
    try {
      put.replace();
    } catch (error) {
      await operate(secrets.changeDatabasePassword, { body: { password: passwordOf(before) } });
      throw error;
    }
    await assertOpens(after);
    return { file, rotated: true };
  } finally {
    put.discard();
  }
}

/** A file that will replace another one at once, with the same rights. A link stays, and what it leads to is replaced. */
function prepared(link: string, content: string) {
  const file = realpathSync(link);
  const { mode, uid, gid } = statSync(file);
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(
      `${file} cannot be replaced by this user, or is a secret of a container: see ops/docs/secrets.md`,
    );
  }
  const next = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(next, `${content}\n`, { mode: 0o600, flag: 'wx', flush: true });
  chmodSync(next, mode);
  if (process.getuid?.() === 0) chownSync(next, uid, gid);
  return { replace: () => renameSync(next, file), discard: () => rmSync(next, { force: true }) };
}

const passwordOf = (url: string): string => decodeURIComponent(new URL(url).password);

async function assertOpens(url: string): Promise<void> {
  const db = createDb({ url, poolSize: 1 });
  try {
    await ping(db);
  } finally {
    await db.close();
  }
}
