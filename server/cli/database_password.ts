import { realpathSync, rmSync } from 'node:fs';
import { secrets } from '../operations/secrets.ts';
import { leftBeside, newDatabasePassword, respelled, withPassword } from '../platform/database_password.ts';
import { createDb, type Db } from '../platform/db.ts';
import { isPasswordRefused } from '../platform/db_errors.ts';
import { AppError, isUnavailable } from '../platform/errors.ts';
import { secretIn } from '../platform/settings.ts';
import { awaitServers, type RotateOptions } from './awaited_servers.ts';
import { type Context, UsageError } from './context.ts';
import type { ChangeOptions, Item } from './output.ts';
import { reason } from './reason.ts';
import { prepared, replaceFile, secretFileOf } from './secret_file.ts';
import type { CommandTools } from './tools.ts';

const NAME = 'cardea command';
const LOCK = "SELECT pg_try_advisory_lock(hashtextextended('cardea database password', 0)) AS got";

/** A connection that was closed here may still be within its transaction there. */
const UNDER_WAY = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE usename = current_user AND application_name = '${NAME}'
  AND pid <> pg_backend_pid() AND xact_start IS NOT NULL) AS under_way`;

/**
 * All servers have to read the file again, which is tried first. The database gets the new password, then the file of the URL has it, and
 * then all servers read it; one process at a time. Connections that a server opens in between are tried again (platform/db.ts). When the file cannot be replaced the database gets the old password again. A rotation that
 * was ended in between is finished instead.
 * @throws AppError 409 `conflict` when another process rotates, or when it is not known which password holds
 */
export async function rotateDatabasePassword(
  { env, withContext, createProgress, note }: CommandTools,
  options: RotateOptions,
): Promise<Item> {
  const file = secretFileOf(env, 'CARDEA_DATABASE_URL');
  assertHasPassword(file);
  const awaited = (context: Context, text: string, how: 'use' | 'read' = 'use') =>
    awaitServers(context, {
      setting: 'CARDEA_DATABASE_URL',
      file,
      text,
      how,
      timeout: options.timeout,
      progress: createProgress({ every: 1 }),
    });
  const lock = await locked(file);
  try {
    let result = await finishLeft(file, options);
    if (result && options.dryRun) return result;
    // It reads the file after the lock was taken: another process may have replaced it before.
    if (!result)
      await withContext(async (context) => {
        if (!options.dryRun) await tryFile(file, (text) => awaited(context, text, 'read'));
        result = await rotate(context, file, options);
      });
    if (options.dryRun) return result ?? {};
    for (const one of leftBeside(file)) {
      rmSync(one, { force: true });
      note(`removed ${one}, which a rotation had left that did not end: the database has the password in ${file}`);
    }
    // By a connection with the new password.
    await withContext(async (context) => {
      result = { ...result, servers: await awaited(context, secretIn(file)) };
    });
    return result ?? {};
  } finally {
    await lock.end();
  }
}

/** @throws UsageError before anything is tried */
function assertHasPassword(file: string): void {
  try {
    withPassword(secretIn(file), '-');
  } catch {
    throw new UsageError(
      `the URL in ${file} must have one host, a user and a password before the @ (postgres://USER:PASSWORD@HOST/DATABASE): ` +
        'with another one, replace the password by yourself (ops/docs/secrets.md)',
    );
  }
}

type Client = Awaited<ReturnType<Db['connect']>>;

/** A session that holds the lock until it ends. ALTER ROLE does not end it. */
async function locked(file: string): Promise<Client> {
  const client = await connected(file);
  try {
    const { rows } = await client.query<{ got: boolean }>(LOCK);
    if (rows[0]?.got) return client;
    throw new AppError(
      'conflict',
      'another process replaces the password of the database at this moment; try again when it has ended',
    );
  } catch (error) {
    await client.end();
    throw error;
  }
}

/** By the password in the file, or by one that an unfinished rotation has left beside it. */
async function connected(file: string): Promise<Client> {
  try {
    return await connect(() => secretIn(file));
  } catch (error) {
    const left = isPasswordRefused(error) ? leftBeside(file) : [];
    if (left.length === 0) throw error;
    for (const one of left) {
      const client = await connect(secretIn(one)).catch(refusedOnly);
      if (client) return client;
    }
    throw new AppError(
      'conflict',
      `the database refuses the password in ${file} and those that rotations have left in ${left.join(', ')}: ` +
        `give the role a password by ALTER ROLE, and write the URL with it into ${file}`,
    );
  }
}

async function connect(url: string | (() => string)): Promise<Client> {
  const db = createDb({ url, poolSize: 1, name: NAME });
  try {
    return await db.connect();
  } finally {
    await db.close();
  }
}

function refusedOnly(error: unknown): undefined {
  if (!isPasswordRefused(error)) throw error;
}

/** @returns undefined when the file works */
async function finishLeft(file: string, { dryRun }: ChangeOptions): Promise<Item | undefined> {
  const left = leftBeside(file);
  if (left.length === 0 || (await opens(secretIn(file)))) return undefined;
  for (const one of left) {
    if (!(await opens(secretIn(one)))) continue;
    if (!dryRun) replaceFile(one, realpathSync(file));
    return { file, rotated: !dryRun, finished: one };
  }
  return undefined;
}

/**
 * A server that does not read this file again would lose the database with the new password, so all have to read the same password in
 * another spelling first.
 * @throws AppError 409 `conflict`
 */
async function tryFile(file: string, awaited: (text: string) => Promise<number>): Promise<void> {
  const before = secretIn(file);
  const text = respelled(before);
  prepared(file, text).replace();
  try {
    await awaited(text);
  } catch (error) {
    const why = `${reason(error)}. Nothing was changed: with another password such a server would lose the database`;
    throw new AppError('conflict', why, { cause: error });
  } finally {
    prepared(file, before).replace();
  }
}

async function rotate({ operate }: Context, file: string, options: ChangeOptions): Promise<Item> {
  const before = secretIn(file);
  const password = newDatabasePassword();
  const after = withPassword(before, password);
  const put = prepared(file, after);
  try {
    await operate(secrets.changeDatabasePassword, { body: { password } }, options);
  } catch (error) {
    const now = options.dryRun || !isUnavailable(error) ? 'before' : await passwordNow(before, after);
    if (now === undefined) throw kept(put.path, file, error);
    if (now === 'before') {
      put.discard();
      throw error;
    }
  }
  if (options.dryRun) {
    put.discard();
    return { file, rotated: false };
  }
  try {
    put.replace();
  } catch (error) {
    try {
      await operate(secrets.changeDatabasePassword, { body: { password: passwordOf(before) } });
    } catch {
      if ((await passwordNow(before, after)) !== 'before') throw kept(put.path, file, error);
    }
    put.discard();
    throw error;
  }
  if (!(await opens(after))) throw new Error(`the database refuses the new password in ${file}`);
  return { file, rotated: true };
}

/** The file has the only copy of a password that the database may have. */
const kept = (path: string, file: string, error: unknown): AppError =>
  new AppError(
    'conflict',
    `the rotation did not end, and ${path} was kept: the database may have the password in it (${reason(error)}). ` +
      `When the database answers, run this command again; if the password in ${file} is refused, "mv ${path} ${file}" does the same`,
    { cause: error },
  );

/** @returns which of two passwords the role has; undefined when that is not known */
async function passwordNow(before: string, after: string): Promise<'before' | 'after' | undefined> {
  try {
    const [old, next] = [await opens(before), await opens(after)];
    if (next && !old) return 'after';
    return old && !next && !(await isUnderWay(before)) ? 'before' : undefined;
  } catch {
    return undefined;
  }
}

async function isUnderWay(url: string): Promise<boolean> {
  const client = await connect(url);
  try {
    const { rows } = await client.query<{ under_way: boolean }>(UNDER_WAY);
    return rows[0]?.under_way ?? true;
  } finally {
    await client.end();
  }
}

/** @returns false when the password is refused. @throws AppError when that cannot be tried */
async function opens(url: string): Promise<boolean> {
  const client = await connect(url).catch(refusedOnly);
  await client?.end();
  return client !== undefined;
}

const passwordOf = (url: string): string => decodeURIComponent(new URL(url).password);
